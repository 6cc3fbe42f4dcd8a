//! Getting a device ready for a run: one that begins, or one that goes on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::device::adb::AdbServer;
use crate::device::bundle::Bundle;
use crate::device::connection::Connection;
use crate::device::deploy::deploy;
use crate::device::device_build::{DeviceBuild, PROGRAM};
use crate::device::name::DeviceName;
use crate::device::payload::{Payload, Payloads};
use crate::device::platform::Platform;
use crate::device::remote_path::{ANDROID_FOLDER, BOARD_FOLDER, RemotePath};
use crate::device::remote_run::{RemoteRun, SET_TASK_PROFILE};
use crate::device::{c_library, hints, same_build};
use crate::file_hash;
use crate::run::suite_file::SuiteFile;
use crate::run::{journal, replay, same_options};

/// A sweep and the devices that it is for.
pub(crate) struct FleetRequest<'a> {
    /// The devices.
    pub devices: Vec<DeviceName>,
    /// adb's server.
    pub server: AdbServer,
    /// shutterbench's folder there, where it is not the usual one.
    pub root: Option<RemotePath>,
    /// What to measure, with paths here.
    pub wanted: &'a SuiteFile,
    /// Options of the command line that no suite file has.
    pub flags: Vec<String>,
    /// Name of the run.
    pub run_id: String,
    /// Whether a run that was begun in its folder goes on.
    pub go_on: bool,
    /// The run's folder here; with several devices, that of their folders.
    pub out: PathBuf,
    /// How long, and for whom.
    pub terms: DeviceTerms,
    /// Under which task profile of Android's its workers run; absent: that of the shell.
    pub task_profile: Option<String>,
}

/// How long a run may take, and what is left on the device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeviceTerms {
    /// Most time for the whole of a device's run.
    pub timeout: Option<Duration>,
    /// How long to wait for a device that went away.
    pub patience: Duration,
    /// Remove everything from the device afterwards.
    pub clean: bool,
}

/// Takes lines about a device as they come.
pub(crate) type Tell<'a> = &'a (dyn Fn(&DeviceName, &str) + Sync);

/// The suite file as it was sent, in the run's folder here.
const SUITE: &str = "suite.toml";

/// A device that has everything it needs.
pub(crate) struct Job {
    pub(crate) connection: Connection,
    pub(crate) remote_run: RemoteRun,
    pub(crate) folder: PathBuf,
    /// Whether the run was begun before.
    pub(crate) resume: bool,
    /// No other shutterbench may follow the same run.
    _lock: File,
}

/// Makes sure that a run can go on: it runs no longer, and its files are there.
pub(crate) fn recover(remote_run: &RemoteRun, folder: &Path) -> Result<Job> {
    let lock = journal::lock(folder)?;
    let connection = Connection::new(remote_run.device.clone(), remote_run.server.clone());
    connection.ask(&remote_run.ending_script())?;
    let program = &remote_run.program;
    connection.ask(&format!("[ -x {program} ]")).with_context(|| {
        format!("the run's files are no longer on the device ({program}); start a new run")
    })?;
    restore_journal(&connection, remote_run, folder)?;
    let (remote_run, folder) = (remote_run.clone(), folder.to_owned());
    Ok(Job { connection, remote_run, folder, resume: true, _lock: lock })
}

/// A device that lost the journal gets the one that came home before.
fn restore_journal(connection: &Connection, remote_run: &RemoteRun, folder: &Path) -> Result<()> {
    let here = folder.join(journal::FILE_NAME);
    let (there, result) = (remote_run.journal(), remote_run.result());
    let script = format!("mkdir -p {result}; [ -s {there} ] && echo begun; true");
    if here.is_file() && !connection.ask(&script)?.contains("begun") {
        connection.ask(&format!("rm -f {there}"))?;
        connection.push(&here, &there)?;
    }
    Ok(())
}

/// What is left to do with a device.
pub(crate) enum PreparedDevice {
    /// A run.
    Ready(Box<Job>),
    /// Nothing: its run, in this folder, came to its end before.
    Done(DeviceName, PathBuf),
}

/// Gets `device` ready for a run whose folder here is `folder`.
///
/// # Errors
/// What keeps it from being ready; nothing was begun.
pub(crate) fn prepare(
    request: &FleetRequest,
    device: &DeviceName,
    folder: PathBuf,
    payloads: &Payloads,
    tell: Tell<'_>,
) -> Result<PreparedDevice> {
    let begun = begun(request, device, &folder, payloads)?;
    if begun.is_some() && is_finished(&folder) {
        return Ok(PreparedDevice::Done(device.clone(), folder));
    }
    let connection = Connection::new(device.clone(), request.server.clone());
    let platform = Platform::of(&connection)?;
    let target = platform.target().with_context(|| format!("device {device}"))?;
    let root = match begun.as_ref().map(|remote_run| &remote_run.root).or(request.root.as_ref()) {
        Some(root) => root.clone(),
        None => {
            let usual = if platform.android { ANDROID_FOLDER } else { BOARD_FOLDER };
            usual.parse().map_err(anyhow::Error::msg)?
        }
    };
    let build = DeviceBuild::find(target, &request.wanted.backends)
        .with_context(|| format!("device {device}"))?;
    c_library::check(&connection, target, &build.file)?;
    let payload = payloads.of(request.wanted, &root)?;
    let bundles: Vec<&Bundle> = std::iter::once(&build.program)
        .chain(build.runtimes.iter().map(|runtime| &runtime.bundle))
        .chain(&payload.bundles)
        .collect();
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let lock = journal::lock(&folder)?;
    let deployed = deploy(&connection, &root, &bundles, &folder)?;
    tell(
        device,
        &format!(
            "{target}: {} of {} parts pushed ({:.1} MB), {} images",
            deployed.pushed,
            deployed.pushed + deployed.kept,
            deployed.bytes as f64 / 1e6,
            payload.images
        ),
    );
    for hint in hints::of(&connection) {
        tell(device, &hint);
    }
    let program = build.program.folder(&root).join(PROGRAM);
    let resume = begun.is_some();
    let run_id = begun.as_ref().map_or(&request.run_id, |remote_run| &remote_run.run_id).clone();
    let mut remote_run =
        RemoteRun::new(device.clone(), request.server.clone(), run_id, &root, program);
    remote_run.program_sha256 = file_hash::of(&build.file);
    remote_run.environment = environment(&build, &root);
    remote_run.task_profile.clone_from(&request.task_profile);
    check_task_profile(&connection, &remote_run)?;
    same_build::check(&connection, &remote_run, target)?;
    remote_run.flags.clone_from(&request.flags);
    match begun {
        Some(begun) => go_on(&connection, &begun, &remote_run, &payload.suite, &folder)?,
        None => send_suite(&connection, &remote_run, &payload.suite, &folder)?,
    }
    remote_run.keep(&folder)?;
    Ok(PreparedDevice::Ready(Box::new(Job { connection, remote_run, folder, resume, _lock: lock })))
}

/// Refuses a task profile on a device that has no program to set it.
fn check_task_profile(connection: &Connection, remote_run: &RemoteRun) -> Result<()> {
    if remote_run.task_profile.is_some() {
        let script = format!("command -v {SET_TASK_PROFILE} >/dev/null && echo there; true");
        ensure!(
            connection.ask(&script)?.contains("there"),
            "device {} lacks {SET_TASK_PROFILE}, with which Android sets task profiles; omit --task-profile",
            remote_run.device
        );
    }
    Ok(())
}

/// What is known of the run in `folder`, where that goes on.
fn begun(
    request: &FleetRequest,
    device: &DeviceName,
    folder: &Path,
    payloads: &Payloads,
) -> Result<Option<RemoteRun>> {
    let holds_run = folder.join(journal::FILE_NAME).exists();
    let shown = folder.display();
    if !request.go_on {
        ensure!(
            !holds_run,
            "{shown} holds a run already; continue it with --resume or name another folder with --out"
        );
        return Ok(None);
    }
    let Some(remote_run) = RemoteRun::of(folder)? else {
        ensure!(
            !holds_run,
            "{shown} holds a run that was measured here and not on device {device}; name another folder with --out"
        );
        return Ok(None);
    };
    ensure!(
        remote_run.device == *device,
        "{shown} holds a run of device {}, not of {device}; name that one, or another folder with --out",
        remote_run.device
    );
    ensure!(
        request.root.as_ref().is_none_or(|root| *root == remote_run.root),
        "the run in {shown} was begun with --device-folder {}; give that, or name another folder with --out",
        remote_run.root
    );
    let payload: &Payload = &*payloads.of(request.wanted, &remote_run.root)?;
    let (then, now) =
        (SuiteFile::read(&folder.join(SUITE))?, SuiteFile::parse(&payload.suite, folder)?);
    same_options::check_suites(folder, &then, &now)?;
    Ok(Some(remote_run))
}

/// Whether the run in `folder` came to its end.
pub(crate) fn is_finished(folder: &Path) -> bool {
    replay::read(folder).is_ok_and(|run| run.finished.is_some())
}

/// Makes sure that a run that was begun runs no longer, and that all of it is there again
/// where the device lost it.
fn go_on(
    connection: &Connection,
    begun: &RemoteRun,
    now: &RemoteRun,
    suite: &str,
    folder: &Path,
) -> Result<()> {
    ensure!(
        begun.program == now.program,
        "the program for device {} is not the one that began the run in {}; bring that one back, or name another folder with --out",
        now.device,
        folder.display()
    );
    connection.ask(&begun.ending_script())?;
    keep_suite(suite, folder)?;
    connection.ask(&format!("mkdir -p {}", now.folder))?;
    connection.push(&folder.join(SUITE), &now.suite())?;
    restore_journal(connection, now, folder)
}

/// Where the program finds the libraries there.
fn environment(build: &DeviceBuild, root: &RemotePath) -> Vec<(String, String)> {
    let mut environment = Vec::new();
    let mut folders = Vec::new();
    for runtime in &build.runtimes {
        let folder = runtime.bundle.folder(root);
        for library in &runtime.libraries {
            let path = folder.join(library.file_name()).to_string();
            environment.push((library.variable().to_owned(), path));
        }
        folders.push(folder.to_string());
    }
    // For a program that is linked to one of them.
    environment.push(("LD_LIBRARY_PATH".to_owned(), folders.join(":")));
    environment
}

fn send_suite(
    connection: &Connection,
    remote_run: &RemoteRun,
    suite: &str,
    folder: &Path,
) -> Result<()> {
    keep_suite(suite, folder)?;
    connection.ask(&format!("rm -rf {0} && mkdir -p {0}", remote_run.folder))?;
    connection.push(&folder.join(SUITE), &remote_run.suite())
}

fn keep_suite(suite: &str, folder: &Path) -> Result<()> {
    let here = folder.join(SUITE);
    fs::write(&here, suite).with_context(|| format!("cannot write {}", here.display()))
}
