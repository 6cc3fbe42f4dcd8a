//! `shutterbench run --device`: the same run on other machines.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use time::OffsetDateTime;

use crate::cli::output::{ExitStatus, print, print_json, tell};
use crate::cli::run_args::RunArgs;
use crate::cli::settings_file;
use crate::decide::complete::is_complete;
use crate::device::chosen_devices::resolve;
use crate::device::fleet;
use crate::device::fleet::DeviceResult;
use crate::device::name::DeviceName;
use crate::device::prepare::{FleetRequest, is_finished};
use crate::device::remote_run::RemoteRun;
use crate::device::remote_session::RemoteEnd;
use crate::record::run::Run;
use crate::report::terminal_page::terminal_page;
use crate::run::merge::merge_source::MergeSource;
use crate::run::plan;
use crate::run::suite_file::SuiteFile;
use crate::table::row::Row;

/// Runs on the requested devices.
///
/// # Errors
/// One sentence for what is wrong with the request or a device; nothing was
/// measured.
pub(crate) fn run(
    args: &RunArgs,
    wanted: &SuiteFile,
    interrupt: &AtomicBool,
) -> Result<ExitStatus> {
    let (out, homecomings) = measured(args, wanted, interrupt)?;
    conclude(&out, &homecomings, args, interrupt)
}

/// What the requested devices measured, and the folder that it is in.
///
/// # Errors
/// As of [`run`].
pub(crate) fn measured(
    args: &RunArgs,
    wanted: &SuiteFile,
    interrupt: &AtomicBool,
) -> Result<(PathBuf, Vec<DeviceResult>)> {
    ensure!(
        args.ab.is_empty() && args.against.is_none(),
        "--ab and --against compare on this machine; omit --device"
    );
    ensure!(
        wanted.energy_meter.is_none(),
        "--energy-meter names a command of this machine, but --device measures on another; use --energy, which reads the device's own gauges"
    );
    let server = args.on.server.server();
    let devices = resolve(&args.on.device, &server, &tell)?;
    let mut run_id = plan::run_id(OffsetDateTime::now_utc())?;
    let flags = [("--quiet", args.quiet), ("--in-process", args.in_process)];
    let out = args.out.clone().unwrap_or_else(|| Path::new("results").join(&run_id));
    if args.go_on {
        ensure!(
            devices.len() == 1 || RemoteRun::of(&out)?.is_none(),
            "{} holds a run of one device; name another folder with --out for several",
            out.display()
        );
        // Devices that join a run later have its name.
        for (begun, folder) in remote_runs_below(&out)? {
            ensure!(
                devices.contains(&begun.device),
                "{} holds a run of device {}, which you did not name; name it too",
                folder.display(),
                begun.device
            );
            run_id = begun.run_id;
        }
    }
    let request = FleetRequest {
        devices,
        server,
        root: args.on.device_folder.clone(),
        wanted,
        flags: flags.iter().filter(|(_, given)| *given).map(|(flag, _)| (*flag).into()).collect(),
        out: out.clone(),
        run_id,
        go_on: args.go_on,
        terms: args.on.terms(),
        task_profile: args.on.task_profile.clone(),
    };
    let homecomings = fleet::run(&request, interrupt, &teller(args.quiet))?;
    Ok((out, homecomings))
}

/// Continues a device's run, or the unfinished ones of several; `None` if the run in `folder`
/// did not run on a device.
///
/// # Errors
/// A device that is not there.
pub(crate) fn resume(
    args: &RunArgs,
    folder: &Path,
    interrupt: &AtomicBool,
) -> Result<Option<ExitStatus>> {
    let Some(homecomings) = resumed(args, folder, interrupt)? else { return Ok(None) };
    conclude(folder, &homecomings, args, interrupt).map(Some)
}

/// What devices measured whose runs are continued; `None` if the run in `folder` did not run on
/// a device.
///
/// # Errors
/// A device that is not there.
pub(crate) fn resumed(
    args: &RunArgs,
    folder: &Path,
    interrupt: &AtomicBool,
) -> Result<Option<Vec<DeviceResult>>> {
    let remote_runs = match RemoteRun::of(folder)? {
        Some(remote_run) => vec![(remote_run, folder.to_owned())],
        None => remote_runs_below(folder)?,
    };
    if remote_runs.is_empty() {
        return Ok(None);
    }
    let (finished, unfinished): (Vec<_>, Vec<_>) =
        remote_runs.into_iter().partition(|(_, folder)| is_finished(folder));
    let tell = teller(args.quiet);
    let mut homecomings = fleet::resume(&unfinished, args.on.terms(), interrupt, &tell)?;
    for (_, folder) in finished {
        homecomings.push(DeviceResult::of_finished(&folder)?);
    }
    Ok(Some(homecomings))
}

/// The runs of a sweep over several devices, one folder each.
fn remote_runs_below(folder: &Path) -> Result<Vec<(RemoteRun, PathBuf)>> {
    // A folder that cannot be read is refused where a run is expected in it.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort_unstable();
    let remote_runs = folders.into_iter().map(|folder| Ok((RemoteRun::of(&folder)?, folder)));
    let remote_runs: Vec<(Option<RemoteRun>, PathBuf)> = remote_runs.collect::<Result<_>>()?;
    Ok(remote_runs
        .into_iter()
        .filter_map(|(remote_run, folder)| Some((remote_run?, folder)))
        .collect())
}

fn teller(quiet: bool) -> impl Fn(&DeviceName, &str) + Sync {
    move |device: &DeviceName, line: &str| {
        if !quiet {
            tell(&format!("[{device}] {line}"));
        }
    }
}

/// Shows what was collected. The runs of several devices become one once all are complete.
fn conclude(
    out: &Path,
    homecomings: &[DeviceResult],
    args: &RunArgs,
    interrupt: &AtomicBool,
) -> Result<ExitStatus> {
    for problem in homecomings.iter().flat_map(|home| &home.problems) {
        tell(problem);
    }
    let refused =
        |home: &DeviceResult| matches!(home.ended, RemoteEnd::Code(_)) && home.run.is_none();
    ensure!(!homecomings.iter().all(refused), "nothing was measured");
    let home: Vec<(&Path, &Run)> = homecomings
        .iter()
        .filter_map(|home| Some((home.folder.as_path(), home.run.as_ref()?)))
        .collect();
    let whole =
        home.iter().all(|(_, run)| run.finished.is_some()) && home.len() == homecomings.len();
    // A device's part is merged with its other parts first.
    let mergeable = home.len() > 1 && !home.iter().any(|(_, run)| run.header.is_part());
    let merged = if whole && mergeable { Some(merged(out, &home)?) } else { None };
    let shown: Vec<(&Path, &Run)> = match &merged {
        Some(run) => vec![(out, run)],
        None => home,
    };
    let rows: Vec<Row> = shown.iter().flat_map(|(_, run)| crate::table::rows::rows(run)).collect();
    if args.json {
        print_json(&rows)?;
    } else {
        let color = std::io::stdout().is_terminal();
        for (_, run) in &shown {
            let rows = crate::table::rows::rows(run);
            print(terminal_page(run, &rows, None, color).as_bytes())?;
        }
    }
    for (folder, run) in &shown {
        if args.samples {
            crate::report::run_files::write_samples(run, folder)?;
        }
        let files = ["results.csv", "report.html"].map(|file| folder.join(file));
        files.iter().for_each(|file| tell(&format!("written: {}", file.display())));
    }
    if interrupt.load(Ordering::Relaxed) {
        tell(&format!("interrupted; continue with 'shutterbench run --resume {}'", out.display()));
        return Ok(ExitStatus::Interrupted);
    }
    let complete = whole && homecomings.iter().all(|home| home.problems.is_empty());
    let scored = |(_, run): &(&Path, &Run)| is_complete(run, &crate::table::rows::rows(run));
    let good = complete && shown.iter().all(scored);
    let ending = if good { ExitStatus::Good } else { ExitStatus::Bad };
    let finished = homecomings.iter().filter_map(|home| home.run.as_ref());
    settings_file::judge(args, finished.filter(|run| run.finished.is_some()), ending)
}

/// The runs of several devices as one, in the folder above theirs.
fn merged(out: &Path, runs: &[(&Path, &Run)]) -> Result<Run> {
    let source = |(folder, run): &(&Path, &Run)| MergeSource {
        folder: (*folder).to_owned(),
        run: (*run).clone(),
    };
    let merged = crate::run::merge::runs::merge(runs.iter().map(source).collect())?;
    crate::run::merge::keep::keep(&merged, out)?;
    crate::report::run_files::write_all(&merged, out)?;
    Ok(merged)
}
