//! A run on a device: what was sent where, kept in the run's folder here, so
//! that the run can be found there again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::device::adb::AdbServer;
use crate::device::name::DeviceName;
use crate::device::remote_path::RemotePath;
use crate::host::process_place::TASK_PROFILE;

/// File name in the run's folder here.
pub(crate) const FILE_NAME: &str = "device.json";
/// Android's program that puts a process under a task profile.
pub(crate) const SET_TASK_PROFILE: &str = "settaskprofile";
/// The schema that this program writes and reads.
const SCHEMA: u32 = 1;
/// The run's folder there, inside [`RemoteRun::folder`].
const RESULT: &str = "result";

/// A run on a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemoteRun {
    schema: u32,
    /// The device.
    pub device: DeviceName,
    /// adb's server, if it is reached through one.
    pub server: AdbServer,
    /// The run's name.
    pub run_id: String,
    /// shutterbench's folder there.
    pub root: RemotePath,
    /// The folder with its suite, process id and result there.
    pub folder: RemotePath,
    /// The program there.
    pub program: RemotePath,
    /// SHA-256 of the program, where a build kept it that knew to.
    #[serde(default)]
    pub program_sha256: Option<String>,
    /// What the program finds in its environment: names and paths.
    pub environment: Vec<(String, String)>,
    /// Under which task profile of Android's it runs, if not under the shell's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_profile: Option<String>,
    /// Options of the command line that no suite file has.
    pub flags: Vec<String>,
}

impl RemoteRun {
    /// A run that is to begin.
    #[must_use]
    pub(crate) fn new(
        device: DeviceName,
        server: AdbServer,
        run_id: String,
        root: &RemotePath,
        program: RemotePath,
    ) -> Self {
        let folder = root.join("runs").join(&run_id);
        let (schema, root) = (SCHEMA, root.clone());
        let (environment, flags) = (Vec::new(), Vec::new());
        let program_sha256 = None;
        Self {
            schema,
            device,
            server,
            run_id,
            root,
            folder,
            program,
            program_sha256,
            environment,
            task_profile: None,
            flags,
        }
    }

    /// Keeps it in `folder`.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(crate) fn keep(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        crate::report::file::write(&folder.join(FILE_NAME), |to| to.write_all(text.as_bytes()))
    }

    /// The remote_run of the run in `folder`; `None` if that was no device's.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn of(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            return Ok(None);
        }
        let context = || format!("{} cannot be used", path.display());
        let text = fs::read_to_string(&path).with_context(context)?;
        let remote_run: Self = serde_json::from_str(&text).with_context(context)?;
        ensure!(
            remote_run.schema == SCHEMA,
            "{} was written by another version of shutterbench",
            path.display()
        );
        Ok(Some(remote_run))
    }

    /// The suite file there.
    #[must_use]
    pub(crate) fn suite(&self) -> RemotePath {
        self.folder.join("suite.toml")
    }

    /// The run's folder there.
    #[must_use]
    pub(crate) fn result(&self) -> RemotePath {
        self.folder.join(RESULT)
    }

    /// The journal there.
    #[must_use]
    pub(crate) fn journal(&self) -> RemotePath {
        self.result().join(crate::run::journal::FILE_NAME)
    }

    /// A script that runs the program to its end and then prints `ended CODE`.
    /// It leaves its process id behind. What it says of progress comes on
    /// standard error; when its standard input ends, it ends as by Ctrl-C.
    #[must_use]
    pub(crate) fn script(&self, resume: bool) -> String {
        let Self { folder, program, flags, .. } = self;
        let what = if resume {
            format!("--resume {}", self.result())
        } else {
            format!("{} --out {}", self.suite(), self.result())
        };
        format!(
            "cd {folder} && sh -c 'echo $$ >pid; {}exec env {} {program} run {what} --lifeline {} >/dev/null'; \
             echo ended $?",
            self.under_task_profile(),
            self.environment(),
            flags.join(" ")
        )
    }

    /// A script that has the program say which build it is.
    #[must_use]
    pub(crate) fn version_script(&self) -> String {
        format!("env {} {} --version", self.environment(), self.program)
    }

    /// The part of the script that puts its shell, and so all that it becomes, under the task
    /// profile.
    fn under_task_profile(&self) -> String {
        self.task_profile.as_ref().map_or(String::new(), |profile| {
            format!(
                "{SET_TASK_PROFILE} $$ {profile} >&2 || {{ \
                 echo \"error: {SET_TASK_PROFILE} refused {profile}; omit --task-profile\" >&2; \
                 exit 2; }}; "
            )
        })
    }

    fn environment(&self) -> String {
        let profile = self.task_profile.iter().map(|name| (TASK_PROFILE, name));
        let named = self.environment.iter().map(|(name, value)| (name.as_str(), value));
        let variables = named.chain(profile).map(|(name, value)| format!("{name}={value}"));
        variables.collect::<Vec<_>>().join(" ")
    }

    /// A script that ends the program, should it still run: politely, so that
    /// it keeps what it has, then not. A program may outlive its connection.
    #[must_use]
    pub(crate) fn ending_script(&self) -> String {
        let Self { folder, program, .. } = self;
        format!(
            "p=$(cat {folder}/pid 2>/dev/null) || exit 0; \
             alive() {{ grep -q {program} /proc/$p/cmdline 2>/dev/null; }}; \
             alive || exit 0; kill -INT $p; i=0; \
             while alive; do i=$((i+1)); [ $i -lt 100 ] || kill -KILL $p; \
             [ $i -lt 200 ] || exit 1; sleep 0.1; done"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errand_is_kept_and_found() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RemoteRun::of(folder.path()).unwrap(), None);
        let root: RemotePath = "/data/local/tmp/shutterbench".parse().unwrap();
        let program = root.join("program").join("x");
        let device: DeviceName = "R58M".parse().unwrap();
        let remote_run =
            RemoteRun::new(device, AdbServer::default(), "20260101-1".into(), &root, program);
        remote_run.keep(folder.path()).unwrap();
        assert_eq!(RemoteRun::of(folder.path()).unwrap(), Some(remote_run));
        let stated = RemoteRun::of(folder.path()).unwrap().unwrap();
        assert!(!stated.script(false).contains(SET_TASK_PROFILE));
        let profile = Some("SCHED_SP_TOP_APP".to_owned());
        let script = RemoteRun { task_profile: profile, ..stated }.script(false);
        let (set, run) = script.split_once("; exec env ").unwrap();
        assert!(set.contains("settaskprofile $$ SCHED_SP_TOP_APP"), "{script}");
        assert!(run.contains("SHUTTERBENCH_TASK_PROFILE=SCHED_SP_TOP_APP "), "{script}");
        fs::write(folder.path().join(FILE_NAME), "{}").unwrap();
        assert!(RemoteRun::of(folder.path()).is_err());
    }
}
