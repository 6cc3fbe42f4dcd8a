//! The parent's side of a child process: it notices exits, signals, silence and memory limits, and
//! keeps the child's last output.

use std::io::{self, Cursor};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::host::memory;
use crate::record::status::Status;
use crate::system::WorkerPipes;
use crate::system::process_end::{self, EndedBy, ProcessEnd};
use crate::system::processes;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request, frame_head, read_frame};
use crate::worker::reply_deadline::{Expired, ReplyDeadline};
use crate::worker::stderr_tail::StderrTail;

/// How long a child may take to end after its pipes closed.
const REAP_PATIENCE: Duration = Duration::from_secs(2);
/// How many times the timeout a runtime may take to load a model, or to report what a delegate
/// took, while its process is alive: compiling for an accelerator is one call that takes minutes.
const LOAD_PATIENCE: u32 = 5;
/// How much is read from a pipe at once.
const CHUNK: usize = 64 << 10;

/// A child process that serves one case.
pub(crate) struct WorkerProcess {
    child: Child,
    pipes: WorkerPipes,
    /// Bytes of a reply that is not complete yet.
    received: Vec<u8>,
    stderr_tail: StderrTail,
    timeout: Duration,
    memory_limited: bool,
    /// [`memory::out_of_memory_kills`] when it was started.
    kills_before: Option<u64>,
}

impl WorkerProcess {
    /// Starts a worker. To be called from a thread that outlives the worker:
    /// Linux ties 'dies with the parent' to the parent's thread.
    ///
    /// # Errors
    /// The system starts no further process.
    pub(crate) fn start(
        program: &Path,
        timeout: Duration,
        memory_limited: bool,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("worker").arg(std::process::id().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C in the terminal reaches only us: the current visit is finished.
        let mut child = processes::own_group(&mut command).spawn()?;
        let pipes = WorkerPipes::of(&mut child)?;
        Ok(Self {
            child,
            pipes,
            received: Vec::new(),
            stderr_tail: StderrTail::default(),
            timeout,
            memory_limited,
            kills_before: memory::out_of_memory_kills(),
        })
    }

    /// Sends `head` and then `payload`, and reads until a whole reply is there.
    fn exchange(
        &mut self,
        head: &[u8],
        payload: &[u8],
        mut patience: ReplyDeadline,
    ) -> Result<(Reply, Vec<u8>), Lost> {
        let (mut unsent, mut later) = (head, payload);
        loop {
            match self.take_reply()? {
                Some((Reply::Working, _)) => continue,
                Some(reply) => return Ok(reply),
                None => {}
            }
            let slice = patience.slice();
            let begin = Instant::now();
            let ready = self.pipes.wait(!unsent.is_empty(), slice).map_err(|_| Lost::Closed)?;
            if ready.stderr {
                self.drain_stderr();
            }
            let mut alive = ready.stdout;
            if ready.stdin {
                alive |= self.send(&mut unsent, &mut later)?;
            }
            if ready.stdout {
                self.receive()?;
            }
            if alive {
                patience.heard(begin.elapsed());
            } else {
                // Output of a runtime is not a sign of life of the worker.
                patience.waited(slice, begin.elapsed());
            }
            if let Some(exhausted) = patience.exhausted().filter(|_| ready.nothing) {
                return Err(Lost::Silent(exhausted));
            }
        }
    }

    /// Sends what the pipe takes of `unsent`, of which `later` is the rest. Says whether
    /// it took anything.
    fn send<'a>(&mut self, unsent: &mut &'a [u8], later: &mut &'a [u8]) -> Result<bool, Lost> {
        match self.pipes.send(unsent) {
            Ok(sent) if sent == unsent.len() => *unsent = std::mem::take(later),
            Ok(sent) => *unsent = &unsent[sent..],
            Err(error) if is_passing(&error) => return Ok(false),
            Err(_) => return Err(Lost::Closed),
        }
        Ok(true)
    }

    fn receive(&mut self) -> Result<(), Lost> {
        let mut chunk = [0; CHUNK];
        match self.pipes.receive(&mut chunk) {
            Ok(0) => Err(Lost::Closed),
            Ok(read) => {
                self.received.extend_from_slice(&chunk[..read]);
                Ok(())
            }
            Err(error) if is_passing(&error) => Ok(()),
            Err(_) => Err(Lost::Closed),
        }
    }

    /// A complete reply, if the bytes received so far hold one.
    fn take_reply(&mut self) -> Result<Option<(Reply, Vec<u8>)>, Lost> {
        let Some(header) = self.received.first_chunk::<8>() else { return Ok(None) };
        let [j0, j1, j2, j3, p0, p1, p2, p3] = *header;
        let json_len = u32::from_le_bytes([j0, j1, j2, j3]) as usize;
        let payload_len = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
        if self.received.len() < 8 + json_len + payload_len {
            return Ok(None);
        }
        let mut cursor = Cursor::new(self.received.as_slice());
        let reply = read_frame(&mut cursor).ok().flatten().ok_or(Lost::Nonsense)?;
        let used = usize::try_from(cursor.position()).map_err(|_| Lost::Nonsense)?;
        self.received.drain(..used);
        Ok(Some(reply))
    }

    fn drain_stderr(&mut self) {
        let mut chunk = [0; CHUNK];
        // Bounded, so that a flood cannot keep us here past the deadline.
        for _ in 0..16 {
            match self.pipes.hear(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(read) => self.stderr_tail.hear(&chunk[..read]),
            }
        }
    }

    /// Ends the child and says how it was lost.
    fn fault(&mut self, lost: Lost) -> Fault {
        let silent = matches!(lost, Lost::Silent(_));
        if silent || matches!(lost, Lost::Nonsense) {
            self.kill();
        }
        let ended = self.reap().map(process_end::of);
        self.drain_stderr();
        let words = self.stderr_tail.summary();
        let killed =
            matches!(lost, Lost::Closed) && ended.as_ref().is_some_and(|end| self.was_killed(end));
        let (status, what) = match (lost, ended) {
            (Lost::Silent(Expired::Silence(time)), _) => (
                Status::Timeout,
                format!(
                    "it did not respond for {} s and was killed; raise --timeout if it needs longer",
                    time.as_secs_f64()
                ),
            ),
            (Lost::Silent(Expired::Whole(time)), _) => (
                Status::Timeout,
                format!(
                    "its runtime was not ready after {} s, so it was killed; raise --timeout if it needs longer",
                    time.as_secs_f64()
                ),
            ),
            (Lost::Nonsense, _) => (Status::Crashed, "it sent an invalid reply".to_owned()),
            (Lost::Closed, Some(end)) => self.describe(&end),
            (Lost::Closed, None) => {
                (Status::Crashed, "it closed its pipe but did not exit".to_owned())
            }
        };
        let reason = if words.is_empty() { what } else { format!("{what}: {words}") };
        Fault { status, reason, killed }
    }

    fn describe(&self, end: &ProcessEnd) -> (Status, String) {
        let what = format!("its process {}", end.words);
        if self.memory_limited && self.stderr_tail.tell_of_memory() {
            return (Status::OutOfMemory, format!("{what}, out of memory"));
        }
        match end.by {
            EndedBy::Kill => killed(what, self.kernel_ran_out_of_memory()),
            EndedBy::Itself | EndedBy::Others => (Status::Crashed, what),
        }
    }

    /// Whether someone else ended it: no runtime sends such a signal to itself.
    fn was_killed(&self, end: &ProcessEnd) -> bool {
        match end.by {
            EndedBy::Kill => self.kernel_ran_out_of_memory() != Some(true),
            EndedBy::Others => true,
            EndedBy::Itself => false,
        }
    }

    /// Whether the kernel ended a process for lack of memory since this one was started; `None` if
    /// it does not report it.
    fn kernel_ran_out_of_memory(&self) -> Option<bool> {
        Some(memory::out_of_memory_kills()? > self.kills_before?)
    }

    /// Waits a little for the child to end on its own, then ends it.
    fn reap(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + REAP_PATIENCE;
        while Instant::now() < deadline {
            self.drain_stderr();
            match self.child.try_wait() {
                Ok(Some(exit)) => return Some(exit),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(_) => return None,
            }
        }
        self.kill();
        None
    }

    fn kill(&mut self) {
        // Fails only if the child has already ended, which is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Link for WorkerProcess {
    fn ask(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>), Fault> {
        let head = frame_head(request, payload.len())
            .map_err(|error| Fault::new(Status::Failed, error.to_string()))?;
        // Runs are reported one by one; single calls of the runtime are bounded here.
        let single_call = matches!(request, Request::Load { .. } | Request::Coverage);
        let whole = single_call.then(|| self.timeout.saturating_mul(LOAD_PATIENCE));
        let patience = ReplyDeadline::new(self.timeout, whole);
        self.exchange(&head, payload, patience).map_err(|lost| self.fault(lost))
    }

    fn process(&self) -> Option<u32> {
        Some(self.child.id())
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a SIGKILL means. The kernel's out-of-memory killer sends it, and counts that; under our
/// own limit an allocation fails and the runtime gives up.
fn killed(what: String, ran_out: Option<bool>) -> (Status, String) {
    match ran_out {
        Some(true) => (Status::OutOfMemory, format!("{what}, out of memory")),
        Some(false) => (Status::Crashed, what),
        None => {
            (Status::Crashed, format!("{what}; this system does not report whether memory ran out"))
        }
    }
}

/// How a child was lost.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// Its pipes closed.
    Closed,
    /// It was silent for too long, or took too long.
    Silent(Expired),
    /// It sent something that is not a reply.
    Nonsense,
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_called_that_unless_the_kernel_counted_it_as_lack_of_memory() {
        let of = |ran_out| killed("its process was terminated by SIGKILL".to_owned(), ran_out);
        assert_eq!(of(Some(true)).0, Status::OutOfMemory);
        let expected = (Status::Crashed, "its process was terminated by SIGKILL".to_owned());
        assert_eq!(of(Some(false)), expected);
        let (status, words) = of(None);
        assert_eq!(status, Status::Crashed);
        assert!(words.contains("SIGKILL") && !words.contains("out of memory"), "{words}");
    }
}
