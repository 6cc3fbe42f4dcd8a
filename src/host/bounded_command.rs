//! Running a program that may hang: a device that hangs makes `adb` hang, and Android's own tools
//! wait for services.

use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How often a child is checked.
const LOOK: Duration = Duration::from_millis(10);

/// The output of a program and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProgramOutput {
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
    pub(crate) fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The last line of its output, for a message.
    #[must_use]
    pub(crate) fn last_line(&self) -> &str {
        self.lines().last().unwrap_or("nothing")
    }

    /// The last line that mentions an error, else the last line: adb shows its progress after the
    /// error.
    #[must_use]
    pub(crate) fn complaint(&self) -> &str {
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
/// It cannot be started, or [`io::ErrorKind::TimedOut`]: it was killed, or has left a process
/// behind that keeps its output open.
pub(crate) fn output(command: &mut Command, patience: Duration) -> io::Result<ProgramOutput> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    attended(child.spawn()?, patience)
}

/// The same, with a standard input that `feed` writes.
///
/// # Errors
/// See [`output`]; also what `feed` said, where the program succeeded without it.
pub(crate) fn fed(
    command: &mut Command,
    patience: Duration,
    feed: impl FnOnce(ChildStdin) -> io::Result<()> + Send + 'static,
) -> io::Result<ProgramOutput> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn()?;
    let feeder = child.stdin.take().map(|input| thread::spawn(|| feed(input)));
    let said = attended(child, patience)?;
    let fed = feeder.map_or(Ok(()), |feeder| {
        feeder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    // Why a program did not take its input it tells itself.
    if said.is_success() { fed.map(|()| said) } else { Ok(said) }
}

/// The same, with a standard output that goes into a file.
///
/// # Errors
/// See [`output`].
pub(crate) fn into_file(
    command: &mut Command,
    patience: Duration,
    to: File,
) -> io::Result<ProgramOutput> {
    let child = command.stdin(Stdio::null()).stdout(to).stderr(Stdio::piped());
    attended(child.spawn()?, patience)
}

fn attended(mut child: Child, patience: Duration) -> io::Result<ProgramOutput> {
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
    Ok(ProgramOutput { code, out: text_of(out, deadline)?, err: text_of(err, deadline)? })
}

/// Kills a child and waits for it.
pub(crate) fn end(child: &mut Child) {
    // Both fail only if it has already ended, which is the goal.
    let _ = child.kill();
    let _ = child.wait();
}

fn reader(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends like one that is closed, and nobody may be left to be told.
        let _ = pipe.read_to_end(&mut bytes);
        let _ = tell.send(bytes);
    });
    told
}

fn text_of(reader: Option<Receiver<Vec<u8>>>, deadline: Instant) -> io::Result<String> {
    let Some(reader) = reader else { return Ok(String::new()) };
    let left = deadline.saturating_duration_since(Instant::now());
    let bytes = reader.recv_timeout(left.max(LOOK)).map_err(|_| io::ErrorKind::TimedOut)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
    fn what_a_program_is_fed_and_where_its_output_goes_are_whole() {
        let patience = Duration::from_secs(60);
        let feed = |mut input: ChildStdin| input.write_all(&[b'x'; 300_000]);
        let said = fed(Command::new("sh").args(["-c", "wc -c"]), patience, feed).unwrap();
        assert_eq!(said.out.trim(), "300000");
        // One that does not read to the end fails by its own words, or by the feed's.
        let mut command = Command::new("sh");
        let said = fed(command.args(["-c", "echo full >&2; exit 3"]), patience, feed).unwrap();
        assert_eq!((said.code, said.last_line()), (Some(3), "full"));
        assert!(fed(&mut Command::new("true"), patience, feed).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut command = Command::new("printf");
        into_file(command.arg("\\000\\377"), patience, file.reopen().unwrap()).unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), [0, 255]);
    }

    #[test]
    fn a_silent_program_is_ended() {
        let mut command = Command::new("sleep");
        let error = output(command.arg("1000"), Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo done"]);
        let error = output(&mut command, Duration::from_secs(2)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
