//! Running a program that may hang: a device that hangs makes `adb` hang.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a child is checked.
const LOOK: Duration = Duration::from_millis(10);

/// The output of a program and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl ProgramOutput {
    /// Whether it ended with exit code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line of its output, for a message.
    #[must_use]
    pub fn last_line(&self) -> &str {
        self.lines().last().unwrap_or("nothing")
    }

    /// The last line that mentions an error, else the last line: adb shows its progress after the
    /// error.
    #[must_use]
    pub fn complaint(&self) -> &str {
        let complains = |line: &&str| line.contains("error:") || line.contains("failed");
        self.lines().filter(complains).last().unwrap_or_else(|| self.last_line())
    }

    /// Lines of standard output, then of standard error, without empty ones.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = [&self.out, &self.err].into_iter().flat_map(|text| text.split(['\n', '\r']));
        lines.map(str::trim).filter(|line| !line.is_empty())
    }
}

/// Runs `command` to its end, at most for `patience`.
///
/// # Errors
/// It cannot be started, or [`io::ErrorKind::TimedOut`]: it was killed.
pub fn output(command: &mut Command, patience: Duration) -> io::Result<ProgramOutput> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let out = child.stdout.take().map(reader);
    let err = child.stderr.take().map(reader);
    let deadline = Instant::now() + patience;
    let code = loop {
        match child.try_wait()? {
            Some(status) => break status.code(),
            None if Instant::now() >= deadline => {
                end(&mut child);
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
            None => thread::sleep(LOOK),
        }
    };
    Ok(ProgramOutput { code, out: text_of(out), err: text_of(err) })
}

/// Kills a child and waits for it.
pub fn end(child: &mut Child) {
    // Both fail only if it has already ended, which is the goal.
    let _ = child.kill();
    let _ = child.wait();
}

fn reader(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends like one that is closed.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn text_of(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_and_the_code_come_back() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo 'first\n last ' >&2; exit 7"]);
        let said = output(&mut command, Duration::from_secs(60)).unwrap();
        assert_eq!((said.code, said.out.as_str()), (Some(7), "out\n"));
        assert_eq!((said.last_line(), said.is_success()), ("last", false));
    }

    #[test]
    fn an_error_before_the_last_line_is_found() {
        let out = "adb: error: failed to copy 'x': No space left on device\r[  1%] x: 100%\n";
        let said = ProgramOutput { code: Some(1), out: out.into(), err: String::new() };
        assert!(said.complaint().ends_with("No space left on device"), "{}", said.complaint());
    }

    #[test]
    fn a_silent_program_is_ended() {
        let mut command = Command::new("sleep");
        let error = output(command.arg("1000"), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
