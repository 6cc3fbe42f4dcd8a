//! One sweep on several devices at the same time. Each is prepared before any
//! of them begins, so that what is wrong with a request is found before
//! anything is measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::thread;

use anyhow::Result;

use crate::device::collect_journal::collect;
use crate::device::deploy::clean;
use crate::device::name::DeviceName;
use crate::device::payload::Payloads;
use crate::device::prepare::{
    DeviceTerms, FleetRequest, Job, PreparedDevice, Tell, prepare, recover,
};
use crate::device::remote_run::RemoteRun;
use crate::device::remote_session::{RemoteEnd, RemoteSession};
use crate::record::run::Run;
use crate::run::replay;

/// The result of one device.
pub(crate) struct DeviceResult {
    /// The run's folder here.
    pub folder: PathBuf,
    /// How it ended.
    pub ended: RemoteEnd,
    /// What was measured, as far as it was collected.
    pub run: Option<Run>,
    /// What went wrong, one sentence each.
    pub problems: Vec<String>,
}

impl DeviceResult {
    /// What a device brought before.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(crate) fn of_finished(folder: &Path) -> Result<Self> {
        let run = Some(replay::read(folder)?);
        let (folder, ended, problems) = (folder.to_owned(), RemoteEnd::Code(0), Vec::new());
        Ok(Self { folder, ended, run, problems })
    }
}

/// Prepares every device, then runs on all of them at the same time.
///
/// # Errors
/// What kept a device from being prepared; then nothing was measured on any.
pub(crate) fn run(
    request: &FleetRequest,
    interrupt: &AtomicBool,
    tell: Tell<'_>,
) -> Result<Vec<DeviceResult>> {
    let several = request.devices.len() > 1;
    let folder = |device: &DeviceName| {
        if several { request.out.join(device.as_folder()) } else { request.out.clone() }
    };
    let payloads = Payloads::default();
    let prepare = |device: &DeviceName| prepare(request, device, folder(device), &payloads, tell);
    let prepared: Vec<PreparedDevice> =
        for_each(&request.devices, prepare).into_iter().collect::<Result<_>>()?;
    for_each(&prepared, |one| match one {
        PreparedDevice::Ready(job) => Ok(job.carry_out(request.terms, interrupt, tell)),
        PreparedDevice::Done(device, folder) => {
            tell(device, "already finished: nothing is left to measure");
            DeviceResult::of_finished(folder)
        }
    })
    .into_iter()
    .collect()
}

/// Continues the runs of devices, each with its folder here, all at the same time.
///
/// # Errors
/// A device that is not there; then none continues.
pub(crate) fn resume(
    remote_runs: &[(RemoteRun, PathBuf)],
    terms: DeviceTerms,
    interrupt: &AtomicBool,
    tell: Tell<'_>,
) -> Result<Vec<DeviceResult>> {
    let jobs: Vec<Job> = for_each(remote_runs, |(remote_run, folder)| recover(remote_run, folder))
        .into_iter()
        .collect::<Result<_>>()?;
    Ok(for_each(&jobs, |job| job.carry_out(terms, interrupt, tell)))
}

impl Job {
    fn carry_out(
        &self,
        terms: DeviceTerms,
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
        let followed = session.is_begun().and_then(|begun| session.follow(self.resume && begun));
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
        DeviceResult { folder: self.folder.clone(), ended, run, problems }
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
