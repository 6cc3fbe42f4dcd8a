//! A worker on a thread of this process: for debuggers and profilers. What
//! kills it kills the program.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::record::status::Status;
use crate::worker::engine::Engine;
use crate::worker::heartbeat::Heartbeat;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::{Reply, Request};

type RequestFrame = (Request, Vec<u8>);
type ReplyFrame = (Reply, Vec<u8>);

/// An engine on its own thread: a runtime's session stays on the thread that made it.
pub(crate) struct InProcess {
    questions: Sender<RequestFrame>,
    answers: Receiver<ReplyFrame>,
}

impl InProcess {
    /// Starts the thread; it ends when this is dropped.
    #[must_use]
    pub(crate) fn start() -> Self {
        let (questions, asked) = channel::<RequestFrame>();
        let (answer, answers) = channel();
        thread::spawn(move || {
            let mut engine = Engine::new(Heartbeat::mute());
            for (request, payload) in asked {
                if answer.send(engine.answer(request, &payload)).is_err() {
                    break;
                }
            }
        });
        Self { questions, answers }
    }
}

impl Link for InProcess {
    fn ask(&mut self, request: &Request, payload: &[u8]) -> Result<(Reply, Vec<u8>), Fault> {
        let gone = || {
            Fault::new(
                Status::Crashed,
                "its thread panicked; without --in-process only its process would have been lost"
                    .into(),
            )
        };
        self.questions.send((request.clone(), payload.to_vec())).map_err(|_| gone())?;
        self.answers.recv().map_err(|_| gone())
    }

    fn process(&self) -> Option<u32> {
        None
    }
}
