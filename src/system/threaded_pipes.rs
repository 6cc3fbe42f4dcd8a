//! A child's pipes where no call waits for several: a thread waits for each.

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::system::pipe_readiness::{Ready, taken_from};

/// How much goes through a pipe at once.
const CHUNK: usize = 64 << 10;

/// The parent's ends of a child's pipes.
pub(crate) struct ThreadedPipes {
    events: Receiver<PipeEvent>,
    /// Takes what the child's standard input is to have; none once it is closed.
    to_write: Option<Sender<Vec<u8>>>,
    /// Whether the child has not taken the last bytes yet.
    writing: bool,
    stdout: Unread,
    stderr: Unread,
}

/// What came from a pipe and nobody has read yet.
#[derive(Default)]
struct Unread {
    bytes: Vec<u8>,
    closed: bool,
}

/// What one of the threads tells.
enum PipeEvent {
    Written,
    StdinClosed,
    /// Standard output had these bytes; none: it is closed.
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

impl ThreadedPipes {
    /// Takes the pipes of a child. The threads end when the child has closed its pipes.
    ///
    /// # Errors
    /// A child without pipes.
    pub(crate) fn of(child: &mut Child) -> io::Result<Self> {
        let (mut stdin, stdout, stderr) = taken_from(child)?;
        let (tell, events) = channel();
        let (to_write, written) = channel::<Vec<u8>>();
        read(stdout, tell.clone(), PipeEvent::Stdout);
        read(stderr, tell.clone(), PipeEvent::Stderr);
        thread::spawn(move || {
            for bytes in written {
                let outcome = stdin.write_all(&bytes).and_then(|()| stdin.flush());
                let event =
                    if outcome.is_ok() { PipeEvent::Written } else { PipeEvent::StdinClosed };
                if tell.send(event).is_err() || outcome.is_err() {
                    return;
                }
            }
        });
        let (stdout, stderr) = (Unread::default(), Unread::default());
        Ok(Self { events, to_write: Some(to_write), writing: false, stdout, stderr })
    }

    /// Waits until a pipe has something to do, at most for `slice`; for standard input only when
    /// `sending`.
    ///
    /// # Errors
    /// None here.
    pub(crate) fn wait(&mut self, sending: bool, slice: Duration) -> io::Result<Ready> {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        let mut ready = self.ready(sending);
        if ready.nothing {
            match self.events.recv_timeout(slice) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => return Ok(ready),
                Err(RecvTimeoutError::Disconnected) => self.stdout.closed = true,
            }
            ready = Ready { nothing: false, ..self.ready(sending) };
        }
        Ok(ready)
    }

    fn ready(&self, sending: bool) -> Ready {
        let stdin = sending && !self.writing;
        let stdout = self.stdout.closed || !self.stdout.bytes.is_empty();
        let stderr = !self.stderr.bytes.is_empty();
        Ready { nothing: !(stdin || stdout || stderr), stdin, stdout, stderr }
    }

    fn take(&mut self, event: PipeEvent) {
        match event {
            PipeEvent::Written => self.writing = false,
            PipeEvent::StdinClosed => (self.writing, self.to_write) = (false, None),
            PipeEvent::Stdout(bytes) => self.stdout.add(bytes),
            PipeEvent::Stderr(bytes) => self.stderr.add(bytes),
        }
    }

    /// Hands a part of `bytes` to the thread that writes.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`], or a pipe that is closed.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.writing {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let part = &bytes[..bytes.len().min(CHUNK)];
        let sent = self.to_write.as_ref().is_some_and(|it| it.send(part.to_vec()).is_ok());
        self.writing = sent;
        if sent { Ok(part.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    /// Reads what standard output had; 0 if it is closed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`].
    pub(crate) fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stdout.read(into)
    }

    /// Reads what standard error had; 0 if it is closed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`].
    pub(crate) fn hear(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        self.stderr.read(into)
    }
}

impl Unread {
    fn add(&mut self, bytes: Vec<u8>) {
        self.closed |= bytes.is_empty();
        self.bytes.extend(bytes);
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            return if self.closed { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let count = into.len().min(self.bytes.len());
        into[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        Ok(count)
    }
}

/// Reads a pipe to its end. One that breaks ends like one that is closed.
fn read(
    mut pipe: impl Read + Send + 'static,
    tell: Sender<PipeEvent>,
    event: fn(Vec<u8>) -> PipeEvent,
) {
    thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match pipe.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            if tell.send(event(chunk[..read].to_vec())).is_err() || read == 0 {
                return;
            }
        }
    });
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    const SLICE: Duration = Duration::from_secs(30);

    fn started(script: &str) -> (Child, ThreadedPipes) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let pipes = ThreadedPipes::of(&mut child).unwrap();
        (child, pipes)
    }

    #[test]
    fn a_lot_goes_in_and_comes_back_and_the_end_is_seen() {
        let (mut child, mut pipes) = started("echo ready >&2; exec head -c 1000000");
        let sent: Vec<u8> = (0..1_000_000_u32).map(|at| at as u8).collect();
        let (mut unsent, mut back, mut heard) = (sent.as_slice(), Vec::new(), Vec::new());
        let mut buffer = [0; 4096];
        loop {
            let ready = pipes.wait(!unsent.is_empty(), SLICE).unwrap();
            assert!(!ready.nothing);
            if ready.stdin {
                unsent = &unsent[pipes.send(unsent).unwrap()..];
            }
            if ready.stderr {
                let read = pipes.hear(&mut buffer).unwrap();
                heard.extend_from_slice(&buffer[..read]);
            }
            if ready.stdout {
                match pipes.receive(&mut buffer).unwrap() {
                    0 => break,
                    read => back.extend_from_slice(&buffer[..read]),
                }
            }
        }
        assert!(back == sent && child.wait().unwrap().success());
        assert_eq!(heard, b"ready\n");
    }

    #[test]
    fn silence_is_waited_for_and_a_closed_input_is_an_error() {
        let (mut child, mut pipes) = started("exec sleep 60");
        let ready = pipes.wait(false, Duration::from_millis(20)).unwrap();
        assert!(ready.nothing && !ready.stdout);
        assert_eq!(pipes.receive(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        child.kill().unwrap();
        child.wait().unwrap();
        let lost = loop {
            match pipes.send(b"x") {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => break error,
                _ => pipes.wait(true, SLICE).map(drop).unwrap(),
            }
        };
        assert_eq!(lost.kind(), io::ErrorKind::BrokenPipe);
    }
}
