//! A run on a device from its start to its end, over connections that break.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::device::connection::Connection;
use crate::device::remote_run::RemoteRun;
use crate::host::bounded_command;

/// How often the program here looks at the one there.
const LOOK: Duration = Duration::from_millis(20);
/// How long a run may take to end politely: its present block, or a worker
/// that hangs for as long as `--timeout` allows by default.
const GRACE: Duration = Duration::from_secs(90);
/// How often a broken connection is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// Maximum connections of one run: with more breaks than this, nothing can be measured.
const MOST_CONNECTIONS: u32 = 20;

/// How a run on a device ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RemoteEnd {
    /// On its own, with this exit code.
    Code(i32),
    /// Because it took longer than `--device-timeout`.
    TimedOut,
    /// The device went away and did not come back in time, or the user did not
    /// wait for it.
    Gone,
}

/// The limits of a run, and who follows it.
pub(crate) struct RemoteSession<'a> {
    /// The way to the device.
    pub connection: &'a Connection,
    /// The run.
    pub remote_run: &'a RemoteRun,
    /// Maximum time in total.
    pub timeout: Option<Duration>,
    /// How long to wait for a device that went away.
    pub patience: Duration,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
    /// Takes the lines that the run prints.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// How one connection ended.
enum ConnectionEnd {
    Code(i32),
    TimedOut,
    Broken,
}

impl RemoteSession<'_> {
    /// Follows the run to its end. With `resume`, one that was begun before. Returns how it ended,
    /// and its last line.
    ///
    /// # Errors
    /// The program that connects cannot be started.
    pub(crate) fn follow(&self, mut resume: bool) -> Result<(RemoteEnd, String)> {
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut last_line = String::new();
        for _ in 0..MOST_CONNECTIONS {
            match self.connect(resume, deadline, &mut last_line)? {
                ConnectionEnd::Code(code) => return Ok((RemoteEnd::Code(code), last_line)),
                ConnectionEnd::TimedOut => return Ok((RemoteEnd::TimedOut, last_line)),
                ConnectionEnd::Broken => {}
            }
            (self.tell)("the connection broke; waiting for the device");
            if !self.wait_for_device() {
                break;
            }
            // The program may still run there: it must not be two.
            if self.connection.ask(&self.remote_run.ending_script()).is_err() {
                continue;
            }
            if self.interrupted() {
                break;
            }
            resume = self.is_begun()?;
            (self.tell)("the device is back; continuing");
        }
        Ok((RemoteEnd::Gone, last_line))
    }

    /// Whether the run has a journal there.
    ///
    /// # Errors
    /// A device that cannot be reached.
    pub(crate) fn is_begun(&self) -> Result<bool> {
        let script = format!("[ -s {} ] && echo begun; true", self.remote_run.journal());
        Ok(self.connection.ask(&script)?.contains("begun"))
    }

    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    fn wait_for_device(&self) -> bool {
        let deadline = Instant::now() + self.patience;
        loop {
            if self.connection.is_there() {
                return true;
            }
            if self.interrupted() || Instant::now() >= deadline {
                return false;
            }
            thread::sleep(RETRY);
        }
    }

    fn connect(
        &self,
        resume: bool,
        deadline: Option<Instant>,
        last_line: &mut String,
    ) -> Result<ConnectionEnd> {
        let mut child = self
            .connection
            .start(&self.remote_run.script(resume))
            .with_context(|| format!("device {} could not be asked", self.remote_run.device))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (parted, said, last) = thread::scope(|scope| {
            let out = scope.spawn(|| out.map(text).unwrap_or_default());
            let err = scope.spawn(|| err.map(|pipe| self.relay(pipe)).unwrap_or_default());
            let parted = self.attend(&mut child, deadline);
            (parted, out.join().unwrap_or_default(), err.join().unwrap_or_default())
        });
        if !last.is_empty() {
            *last_line = last;
        }
        let code = said.lines().find_map(|line| line.strip_prefix("ended ")?.trim().parse().ok());
        Ok(match (parted, code) {
            (ConnectionEnd::TimedOut, _) => ConnectionEnd::TimedOut,
            (_, Some(code)) => ConnectionEnd::Code(code),
            (_, None) => ConnectionEnd::Broken,
        })
    }

    /// Waits for the connection's end. Holding its standard input open is what
    /// keeps the run going.
    fn attend(&self, child: &mut Child, deadline: Option<Instant>) -> ConnectionEnd {
        let mut input = child.stdin.take();
        let mut timed_out = false;
        let mut grace: Option<Instant> = None;
        while let Ok(None) = child.try_wait() {
            thread::sleep(LOOK);
            let now = Instant::now();
            timed_out |= deadline.is_some_and(|deadline| now >= deadline);
            if grace.is_none() && (timed_out || self.interrupted()) {
                input = None;
                grace = Some(now + GRACE);
            }
            if grace.is_some_and(|grace| now >= grace) {
                // It did not end when asked; if the device is gone, this fails, and the program
                // there ends with its input.
                let _ = self.connection.shell(&self.remote_run.ending_script());
                bounded_command::end(child);
                break;
            }
        }
        drop(input);
        if timed_out { ConnectionEnd::TimedOut } else { ConnectionEnd::Broken }
    }

    /// Passes lines on as they arrive, and returns the last one.
    fn relay(&self, pipe: impl Read) -> String {
        let mut last = String::new();
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            // Its files there are not the run's files here.
            if !line.is_empty() && !line.starts_with("written: ") {
                (self.tell)(line);
                line.clone_into(&mut last);
            }
        }
        last
    }
}

fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // A pipe that breaks ends like one that is closed.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
