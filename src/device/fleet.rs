//! One sweep on several devices at the same time. Each is prepared before any
//! of them begins, so that what is wrong with a request is found before
//! anything is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::device::adb::AdbServer;
use crate::device::bundle::Bundle;
use crate::device::c_library;
use crate::device::collect_journal::collect;
use crate::device::connection::Connection;
use crate::device::deploy::{clean, deploy};
use crate::device::device_build::{DeviceBuild, PROGRAM};
use crate::device::hints;
use crate::device::name::{DeviceName, Selector};
use crate::device::payload::Payload;
use crate::device::platform::Platform;
use crate::device::remote_path::{ANDROID_FOLDER, BOARD_FOLDER, RemotePath};
use crate::device::remote_run::RemoteRun;
use crate::device::remote_session::{RemoteEnd, RemoteSession};
use crate::record::run::Run;
use crate::run::journal;
use crate::run::suite_file::SuiteFile;

/// A sweep and the devices that it is for.
pub struct FleetRequest<'a> {
    /// The devices.
    pub devices: Vec<DeviceName>,
    /// adb's server.
    pub server: AdbServer,
    /// shutterbench's folder there, if it is not the default.
    pub root: Option<RemotePath>,
    /// What to measure, with paths here.
    pub wanted: &'a SuiteFile,
    /// Options of the command line that no suite file has.
    pub flags: Vec<String>,
    /// Name of the run.
    pub run_id: String,
    /// The run's folder here; with several devices, that of their folders.
    pub out: PathBuf,
    /// The limits.
    pub terms: DeviceTerms,
}

/// How long a run may take, and what is left on the device.
#[derive(Debug, Clone, Copy)]
pub struct DeviceTerms {
    /// Maximum time for the whole of a device's run.
    pub timeout: Option<Duration>,
    /// How long to wait for a device that went away.
    pub patience: Duration,
    /// Remove everything from the device afterwards.
    pub clean: bool,
}

/// The result of one device.
pub struct DeviceResult {
    /// The device.
    pub device: DeviceName,
    /// The run's folder here.
    pub folder: PathBuf,
    /// How it ended.
    pub ended: RemoteEnd,
    /// What was measured, as far as it was collected.
    pub run: Option<Run>,
    /// What went wrong, one sentence each.
    pub problems: Vec<String>,
}

/// Takes lines about a device as they come.
pub type Tell<'a> = &'a (dyn Fn(&DeviceName, &str) + Sync);

/// The devices that selectors name.
///
/// # Errors
/// A device that is not there or not ready, none at all, or this machine
/// together with others.
pub fn resolve(
    selectors: &[Selector],
    server: &AdbServer,
    tell: &dyn Fn(&str),
) -> Result<Vec<DeviceName>> {
    ensure!(
        !selectors.contains(&Selector::Local),
        "--device takes either 'local' or other devices; a run on this machine would disturb their transfers"
    );
    let needs_adb = |s: &Selector| !matches!(s, Selector::One(DeviceName::Ssh(_)));
    let listed = if selectors.iter().any(needs_adb) { server.devices()? } else { Vec::new() };
    let mut devices = Vec::new();
    for selector in selectors {
        match selector {
            Selector::Local => {}
            Selector::All => {
                for device in &listed {
                    match device.obstacle() {
                        None => devices.push(DeviceName::Adb(device.serial.clone())),
                        Some(obstacle) => tell(&format!("left out: {obstacle}")),
                    }
                }
                ensure!(
                    !devices.is_empty(),
                    "no device is ready; 'shutterbench list devices' shows what adb sees"
                );
            }
            Selector::One(device @ DeviceName::Ssh(_)) => devices.push(device.clone()),
            Selector::One(device @ DeviceName::Adb(serial)) => {
                let found = listed.iter().find(|listed| listed.serial == *serial);
                let found = found.with_context(|| {
                    let others: Vec<&str> = listed.iter().map(|d| d.serial.as_str()).collect();
                    let others = if others.is_empty() { "none".into() } else { others.join(", ") };
                    format!("adb does not list device '{serial}'; attached: {others}")
                })?;
                if let Some(obstacle) = found.obstacle() {
                    anyhow::bail!("{obstacle}");
                }
                devices.push(device.clone());
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    devices.retain(|device| seen.insert(device.clone()));
    Ok(devices)
}

/// Prepares every device, then runs on all of them at the same time.
///
/// # Errors
/// What kept a device from being prepared; then nothing was measured on any.
pub fn run(
    request: &FleetRequest,
    interrupt: &AtomicBool,
    tell: Tell<'_>,
) -> Result<Vec<DeviceResult>> {
    let several = request.devices.len() > 1;
    let folder = |device: &DeviceName| {
        if several { request.out.join(device.as_folder()) } else { request.out.clone() }
    };
    let jobs: Vec<Job> =
        for_each(&request.devices, |device| prepare(request, device, folder(device), tell))
            .into_iter()
            .collect::<Result<_>>()?;
    Ok(for_each(&jobs, |job| job.carry_out(request.terms, false, interrupt, tell)))
}

/// Continues the runs of devices, each with its folder here, all at the same time.
///
/// # Errors
/// A device that is not there; then none continues.
pub fn resume(
    remote_runs: &[(RemoteRun, PathBuf)],
    terms: DeviceTerms,
    interrupt: &AtomicBool,
    tell: Tell<'_>,
) -> Result<Vec<DeviceResult>> {
    let jobs: Vec<Job> = for_each(remote_runs, |(remote_run, folder)| recover(remote_run, folder))
        .into_iter()
        .collect::<Result<_>>()?;
    Ok(for_each(&jobs, |job| job.carry_out(terms, true, interrupt, tell)))
}

/// Makes sure that a run can continue: it is no longer running, and its files are there.
fn recover(remote_run: &RemoteRun, folder: &Path) -> Result<Job> {
    let connection = Connection::new(remote_run.device.clone(), remote_run.server.clone());
    connection.ask(&remote_run.ending_script())?;
    let program = &remote_run.program;
    connection.ask(&format!("[ -x {program} ]")).with_context(|| {
        format!("the run's files are no longer on the device ({program}); start a new run")
    })?;
    restore_journal(&connection, remote_run, folder)?;
    Ok(Job { connection, remote_run: remote_run.clone(), folder: folder.to_owned() })
}

/// A device that lost the journal gets the copy that was collected before.
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

/// A device that has everything it needs.
struct Job {
    connection: Connection,
    remote_run: RemoteRun,
    folder: PathBuf,
}

fn prepare(
    request: &FleetRequest,
    device: &DeviceName,
    folder: PathBuf,
    tell: Tell<'_>,
) -> Result<Job> {
    ensure!(
        !folder.join(journal::FILE_NAME).exists(),
        "{} already holds a run; continue it with --resume, or choose another folder with --out",
        folder.display()
    );
    let connection = Connection::new(device.clone(), request.server.clone());
    let platform = Platform::of(&connection)?;
    let target = platform.target().with_context(|| format!("device {device}"))?;
    let root = match &request.root {
        Some(root) => root.clone(),
        None => {
            let usual = if platform.android { ANDROID_FOLDER } else { BOARD_FOLDER };
            usual.parse().map_err(anyhow::Error::msg)?
        }
    };
    let build = DeviceBuild::find(target, &request.wanted.backends)
        .with_context(|| format!("device {device}"))?;
    c_library::check(&connection, target, &build.file)?;
    let payload = Payload::new(request.wanted, &root)?;
    let bundles: Vec<&Bundle> = std::iter::once(&build.program)
        .chain(build.runtimes.iter().map(|runtime| &runtime.bundle))
        .chain(&payload.bundles)
        .collect();
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not create the folder {}", folder.display()))?;
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
    let mut remote_run = RemoteRun::new(
        device.clone(),
        request.server.clone(),
        request.run_id.clone(),
        &root,
        program,
    );
    remote_run.environment = environment(&build, &root);
    remote_run.flags.clone_from(&request.flags);
    send_suite(&connection, &remote_run, &payload.suite, &folder)?;
    remote_run.keep(&folder)?;
    Ok(Job { connection, remote_run, folder })
}

/// The environment in which the program finds the libraries there.
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
    let here = folder.join("suite.toml");
    fs::write(&here, suite).with_context(|| format!("could not write {}", here.display()))?;
    connection.ask(&format!("rm -rf {0} && mkdir -p {0}", remote_run.folder))?;
    connection.push(&here, &remote_run.suite())
}

impl Job {
    fn carry_out(
        &self,
        terms: DeviceTerms,
        resume: bool,
        interrupt: &AtomicBool,
        tell: Tell<'_>,
    ) -> DeviceResult {
        let device = &self.remote_run.device;
        let tell = |line: &str| tell(device, line);
        let session = RemoteSession {
            connection: &self.connection,
            remote_run: &self.remote_run,
            timeout: terms.timeout,
            patience: terms.patience,
            interrupt,
            tell: &tell,
        };
        let followed = session.is_begun().and_then(|begun| session.follow(resume && begun));
        let (ended, last_line) =
            followed.unwrap_or_else(|error| (RemoteEnd::Gone, format!("{error:#}")));
        let mut problems = Vec::new();
        match ended {
            RemoteEnd::Code(0 | 1 | 130) => {}
            RemoteEnd::Code(_) => problems.push(format!(
                "device {device}: {}",
                last_line.trim_start_matches("shutterbench: ")
            )),
            RemoteEnd::TimedOut => problems.push(format!(
                "device {device} took longer than --device-timeout and was stopped; continue with 'shutterbench run --resume {}'",
                self.folder.display()
            )),
            RemoteEnd::Gone => problems.push(format!(
                "device {device} is gone ({last_line}); what it measured is kept there; when it is back, continue with 'shutterbench run --resume {}'",
                self.folder.display()
            )),
        }
        let run = self.come_home(&ended, &session, terms, &mut problems);
        DeviceResult { device: device.clone(), folder: self.folder.clone(), ended, run, problems }
    }

    /// Whatever was measured is collected, however the run ended.
    fn come_home(
        &self,
        ended: &RemoteEnd,
        session: &RemoteSession,
        terms: DeviceTerms,
        problems: &mut Vec<String>,
    ) -> Option<Run> {
        if *ended == RemoteEnd::Gone || !session.is_begun().unwrap_or(false) {
            return None;
        }
        let run = match collect(&self.connection, &self.remote_run, &self.folder) {
            Ok(run) => run,
            Err(error) => {
                problems.push(format!("{error:#}"));
                return None;
            }
        };
        if run.finished.is_some() {
            let tidied = if terms.clean {
                clean(&self.connection, &self.remote_run.root)
            } else {
                self.connection.ask(&format!("rm -rf {}", self.remote_run.folder)).map(|_| ())
            };
            problems.extend(tidied.err().map(|error| format!("{error:#}")));
        }
        Some(run)
    }
}

/// Runs `job` for each item, all at the same time, and returns the results in the items' order.
fn for_each<T: Sync, R: Send>(items: &[T], job: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(|| job(item))).collect();
        // A panic of a job is this program's own, so it is propagated.
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
