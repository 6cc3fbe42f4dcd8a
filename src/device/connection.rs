//! A device that commands and files are sent to, by adb or by ssh.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::device::adb::AdbServer;
use crate::device::name::DeviceName;
use crate::device::remote_path::RemotePath;
use crate::device::ssh_host::SshHost;
use crate::host::bounded_command;
use crate::host::bounded_command::ProgramOutput;
use crate::system::processes;

/// How long a short command may take on a device.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long files may take: a model set over USB 2, a dataset over wireless.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(3600);
/// Options of every ssh command: never prompt, and notice a dead connection.
const SSH_OPTIONS: [&str; 8] = [
    "-oBatchMode=yes",
    "-oConnectTimeout=10",
    "-oServerAliveInterval=5",
    "-oServerAliveCountMax=3",
    "-oForwardX11=no",
    "-oForwardAgent=no",
    "-oClearAllForwardings=yes",
    "-oLogLevel=ERROR",
];

/// A device and the way to it. A script that is run there is one of this
/// program's own: nothing that a user named is a part of it, but the folder,
/// which is a [`RemotePath`].
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    device: DeviceName,
    server: AdbServer,
    /// Whether files go through the shell there, since its sshd has no SFTP.
    lacks_sftp: Arc<AtomicBool>,
}

impl Connection {
    /// The way to a device. Nothing is sent yet.
    #[must_use]
    pub(crate) fn new(device: DeviceName, server: AdbServer) -> Self {
        Self { device, server, lacks_sftp: Arc::default() }
    }

    /// The device.
    #[must_use]
    pub(crate) const fn device(&self) -> &DeviceName {
        &self.device
    }

    /// Runs a script for the device's shell to its end.
    ///
    /// # Errors
    /// The device cannot be reached or does not answer. How the script ended
    /// is in the answer.
    pub(crate) fn shell(&self, script: &str) -> Result<ProgramOutput> {
        let mut command = self.shell_command(script);
        self.told(bounded_command::output(&mut command, PATIENCE))
    }

    /// Runs a script that is expected to succeed, and returns its output.
    ///
    /// # Errors
    /// See [`Self::shell`]; also a script that failed, with its message.
    pub(crate) fn ask(&self, script: &str) -> Result<String> {
        let said = self.shell(script)?;
        ensure!(said.is_success(), "device {}: {}", self.device, said.last_line());
        Ok(said.out)
    }

    /// Starts a script whose standard input, output and error are ours. The
    /// terminal's Ctrl-C does not reach it.
    ///
    /// # Errors
    /// The local program cannot be started.
    pub(crate) fn start(&self, script: &str) -> io::Result<Child> {
        self.shell_command(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    /// Whether it answers.
    #[must_use]
    pub(crate) fn is_there(&self) -> bool {
        let mut command = self.shell_command("echo here");
        bounded_command::output(&mut command, Duration::from_secs(15))
            .is_ok_and(|said| said.is_success() && said.out.trim() == "here")
    }

    /// Copies a file or folder to `to`, which must not exist.
    ///
    /// # Errors
    /// The message of the transferring program: no space, a folder that cannot be written, a device
    /// that is gone.
    pub(crate) fn push(&self, from: &Path, to: &RemotePath) -> Result<()> {
        let said = match &self.device {
            DeviceName::Adb(name) => {
                let mut adb = self.server.command();
                adb.args(name.options()).arg("push").arg(from).arg(to.as_str());
                bounded_command::output(&mut adb, TRANSFER_PATIENCE)
            }
            DeviceName::Ssh(host) => {
                let mut scp = scp(host);
                scp.arg("-r").arg("--").arg(from).arg(host.path_of_scp(to));
                self.by_scp(scp, || self.push_through_shell(from, to))
            }
        };
        let said = self.told(said)?;
        ensure!(
            said.is_success(),
            "device {}: could not push {}: {}",
            self.device,
            to,
            said.complaint()
        );
        Ok(())
    }

    /// Copies a file from the device.
    ///
    /// # Errors
    /// See [`Self::push`].
    pub(crate) fn pull(&self, from: &RemotePath, to: &Path) -> Result<()> {
        let said = match &self.device {
            DeviceName::Adb(name) => {
                let mut adb = self.server.command();
                adb.args(name.options()).args(["pull", from.as_str()]).arg(to);
                bounded_command::output(processes::own_group(&mut adb), TRANSFER_PATIENCE)
            }
            DeviceName::Ssh(host) => {
                let mut scp = scp(host);
                processes::own_group(scp.arg("--").arg(host.path_of_scp(from)).arg(to));
                self.by_scp(scp, || {
                    let mut cat = self.shell_command(&format!("exec cat {from}"));
                    bounded_command::into_file(&mut cat, TRANSFER_PATIENCE, File::create(to)?)
                })
            }
        };
        let said = self.told(said)?;
        ensure!(
            said.is_success(),
            "device {}: could not pull {from}: {}",
            self.device,
            said.complaint()
        );
        Ok(())
    }

    /// Has scp transfer something, and what it cannot for want of SFTP `otherwise`.
    fn by_scp(
        &self,
        mut scp: Command,
        otherwise: impl Fn() -> io::Result<ProgramOutput>,
    ) -> io::Result<ProgramOutput> {
        if self.lacks_sftp.load(Ordering::Relaxed) {
            return otherwise();
        }
        let said = bounded_command::output(&mut scp, TRANSFER_PATIENCE)?;
        // An sshd without SFTP closes the connection; an older scp asks for a scp there.
        let is_refused = said.code == Some(255) || said.err.contains("not found");
        if !is_refused || !self.is_there() {
            return Ok(said);
        }
        self.lacks_sftp.store(true, Ordering::Relaxed);
        otherwise()
    }

    /// Copies a file or folder as the standard input of a shell there.
    fn push_through_shell(&self, from: &Path, to: &RemotePath) -> io::Result<ProgramOutput> {
        let from = from.to_owned();
        if !from.is_dir() {
            let mut cat = self.shell_command(&format!("exec cat >{to}"));
            return bounded_command::fed(&mut cat, TRANSFER_PATIENCE, move |mut input| {
                io::copy(&mut File::open(from)?, &mut input).map(|_| ())
            });
        }
        let mut tar = self.shell_command(&format!(
            "command -v tar >/dev/null || {{ echo 'it has neither SFTP nor tar; install one of them' >&2; exit 1; }}; \
             mkdir {to} && cd {to} && exec tar xf -"
        ));
        bounded_command::fed(&mut tar, TRANSFER_PATIENCE, move |input| {
            let mut archive = tar::Builder::new(input);
            archive.mode(tar::HeaderMode::Deterministic);
            archive.append_dir_all(".", from)?;
            archive.into_inner().map(|_| ())
        })
    }

    fn shell_command(&self, script: &str) -> Command {
        let mut command = match &self.device {
            DeviceName::Adb(name) => {
                let mut adb = self.server.command();
                // Without a terminal there: lines come as they are, and the end
                // of our input is the end of the script's.
                adb.args(name.options()).args(["shell", "-T", script]);
                adb
            }
            DeviceName::Ssh(host) => {
                let mut ssh = Command::new("ssh");
                // The login shell there may be any; the script is for sh.
                ssh.args(SSH_OPTIONS).arg("-T").args(host.for_ssh());
                ssh.arg(format!("exec sh -c {}", quoted(script)));
                ssh
            }
        };
        processes::own_group(&mut command);
        command
    }

    fn told(&self, outcome: io::Result<ProgramOutput>) -> Result<ProgramOutput> {
        match outcome {
            Ok(said) => match self.lost(&said) {
                Some(reason) => bail!("device {} could not be reached: {reason}", self.device),
                None => Ok(said),
            },
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                bail!("device {} does not answer", self.device)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(anyhow!(
                "the program {} was not found; install it",
                match self.device {
                    DeviceName::Adb(_) => "adb",
                    DeviceName::Ssh(_) => "ssh (or scp)",
                }
            )),
            Err(error) => Err(error).with_context(|| format!("device {}", self.device)),
        }
    }

    /// Why the device was not reached, if it was not: ssh then ends with 255, adb with 1 and its
    /// own message.
    fn lost(&self, said: &ProgramOutput) -> Option<String> {
        let unreached = match self.device {
            DeviceName::Ssh(_) => said.code == Some(255),
            DeviceName::Adb(_) => {
                let words = said.last_line();
                let of_adb = |word: &str| words.starts_with(word);
                said.code == Some(1)
                    && (of_adb("error: device")
                        || of_adb("error: closed")
                        || of_adb("adb: error: failed to get feature set"))
                    || of_adb("error: no device")
                    || of_adb("adb: device")
            }
        };
        unreached.then(|| match (&self.device, said.last_line()) {
            (DeviceName::Ssh(host), words) => {
                let words = if words == "nothing" { "ssh gave no reason" } else { words };
                let ssh = host.command();
                format!("{words}; make sure that '{ssh}' works here without a prompt")
            }
            (DeviceName::Adb(_), words) => words.trim_start_matches("error: ").to_owned(),
        })
    }
}

fn scp(host: &SshHost) -> Command {
    let mut scp = Command::new("scp");
    scp.args(SSH_OPTIONS).args(host.options_of_scp());
    scp
}

/// Text as one word of a POSIX shell.
#[must_use]
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_stays_one_word() {
        for hostile in ["", "a b", "it's", "$(touch x)", "`x`; rm -rf \"y\"\n\\", "--", "*"] {
            let script = format!("printf %s {}", quoted(hostile));
            let mut command = Command::new("sh");
            let said = bounded_command::output(command.args(["-c", &script]), PATIENCE).unwrap();
            assert_eq!(said.out, hostile);
        }
    }
}
