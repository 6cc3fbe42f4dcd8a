//! The child's side: `shutterbench worker`, started by the program itself.

use std::io::{BufReader, BufWriter, ErrorKind};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail};

use crate::system::{processes, requests};
use crate::worker::engine::Engine;
use crate::worker::heartbeat::{Heartbeat, Pipe};
use crate::worker::protocol::{Request, read_frame, write_frame};

/// Serves requests from standard input until it ends.
///
/// # Errors
/// A pipe that breaks, or a parent that is not the one that started this.
pub(crate) fn serve(parent: u32) -> Result<()> {
    let requests = match requests::of(parent) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("'shutterbench worker' is started by shutterbench itself; use 'shutterbench run'")
        }
        requests => requests.context("could not watch the parent process")?,
    };
    processes::disable_core_dumps().context("could not disable core dumps")?;
    let mut requests = BufReader::new(requests);
    let stdout = requests::take_stdout().context("could not keep standard output")?;
    let replies: Pipe = Arc::new(Mutex::new(stdout));
    let mut engine = Engine::new(Heartbeat::over(Arc::clone(&replies)));
    while let Some((request, payload)) = read_frame::<Request>(&mut requests)? {
        if let Request::Load { memory_limit_bytes: Some(bytes), .. } = &request {
            processes::limit_memory(*bytes).context("could not limit memory")?;
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
