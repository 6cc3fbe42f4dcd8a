//! The child's side: `shutterbench worker`, started by the program itself.

use std::fs::File;
use std::io::{BufReader, BufWriter, stdin};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, dup, dup2_stdout, getppid};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::worker::engine::Engine;
use crate::worker::heartbeat::{Heartbeat, Pipe};
use crate::worker::protocol::{Request, read_frame, write_frame};

/// Serves requests from standard input until it ends.
///
/// # Errors
/// A pipe that breaks, or a parent that is not the one that started this.
pub(crate) fn serve(parent: u32) -> Result<()> {
    follow_parent(parent)?;
    // A dump of a crashed runtime would fill the disk of a long sweep.
    limit(Resource::Core, 0).context("could not disable core dumps")?;
    let mut requests = BufReader::new(stdin().lock());
    let replies: Pipe = Arc::new(Mutex::new(take_stdout()?));
    let mut engine = Engine::new(Heartbeat::over(Arc::clone(&replies)));
    while let Some((request, payload)) = read_frame::<Request>(&mut requests)? {
        if let Request::Load { memory_limit_bytes: Some(bytes), .. } = &request {
            limit(Resource::As, *bytes).context("could not limit memory")?;
        }
        let (reply, payload) = engine.answer(request, &payload);
        // No thread panics while it holds the pipe.
        let mut pipe = replies.lock().map_err(|_| anyhow!("the reply pipe was lost"))?;
        write_frame(&mut BufWriter::new(&mut *pipe), &reply, &payload)?;
    }
    // Runtimes' destructors have crashed after good measurements; the parent
    // already has everything, so they are not run.
    std::process::exit(0);
}

/// Limits both what a process may use and what it may raise that to. Both are of 64 bits
/// everywhere, unlike those of setrlimit(2) in a 32-bit C library.
fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// Dies with the parent, even while a runtime hangs.
fn follow_parent(parent: u32) -> Result<()> {
    die_with_parent().context("could not watch the parent process")?;
    // The parent may have died before the line above.
    if i32::try_from(parent).map(Pid::from_raw) != Ok(getppid()) {
        bail!("'shutterbench worker' is started by shutterbench itself; use 'shutterbench run'");
    }
    Ok(())
}

#[cfg(not(target_os = "android"))]
fn die_with_parent() -> nix::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)
}

/// Since there is no safe prctl(2) on Android: a thread that sleeps until the request pipe has no
/// writer any more.
#[cfg(target_os = "android")]
fn die_with_parent() -> nix::Result<()> {
    use std::os::fd::AsFd;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    std::thread::spawn(|| {
        let requests = stdin();
        // No event is requested: a hang-up is always reported (poll(2)).
        let mut pipe = [PollFd::new(requests.as_fd(), PollFlags::empty())];
        while !matches!(poll(&mut pipe, PollTimeout::NONE), Ok(1..)) {}
        let _ = nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGKILL);
    });
    Ok(())
}

/// Keeps standard output for replies and sends what runtimes print there to
/// standard error: a driver's printf would corrupt the protocol.
fn take_stdout() -> Result<File> {
    let replies = dup(std::io::stdout()).context("could not keep standard output")?;
    dup2_stdout(std::io::stderr()).context("could not redirect standard output")?;
    Ok(File::from(replies))
}
