//! The protocol between parent and child.
//!
//! A frame is a header of two little-endian `u32` (length of the JSON part, length of the payload),
//! the JSON of a [`Request`] or [`Reply`], and the payload: raw tensor bytes, one tensor after the
//! other. Nothing crosses the pipe during a run; between two runs a worker reports about once a
//! second that it is working.

use crate::record::visit::{Loaded, Memory, Visited};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::operator_profile::OperatorProfile;
use crate::record::setting_values::SettingValues;
use crate::record::signature::Shaped;
use crate::runtime::opened_runtime::OpenedRuntime;
use crate::worker::photo_runs::PhotoPlan;
use crate::worker::visit_plan::{PacedPlan, VisitPlan};

/// Which requests and replies these are, and what they mean. It is raised when a program of
/// another number would misread them. Programs that do not report theirs are older than 2.
pub const PROTOCOL: u32 = 3;

/// What the parent asks. Each request gets one [`Reply`], and any number of
/// [`Reply::Working`] before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Load the model; the first request, once.
    Load {
        /// The model file.
        model: PathBuf,
        /// The runtime.
        backend: BackendKind,
        /// What the graph is handed to.
        delegate: Delegate,
        /// The runtime's own settings.
        #[serde(default, skip_serializing_if = "SettingValues::is_empty")]
        options: SettingValues,
        /// CPU threads requested.
        threads: NonZeroUsize,
        /// Images per run.
        batch: NonZeroUsize,
        /// The shapes that it runs with; a program of before reads the file alone.
        #[serde(default)]
        shaped: Option<Box<Shaped>>,
        /// CPUs to pin this process to; empty: not pinned.
        affinity: Vec<usize>,
        /// Address-space limit in bytes.
        memory_limit_bytes: Option<u64>,
    },
    /// Open a runtime and report what it says of itself.
    Open {
        /// The runtime.
        backend: BackendKind,
    },
    /// Take the payload as the input tensors for the runs to come.
    SetInputs,
    /// Take the payload as images that the runs to come take in turn, in place of inputs that stay.
    RotateInputs {
        /// How many images the payload holds.
        images: u32,
    },
    /// Run once and report how long it took: the first inference.
    First,
    /// Make a visit, or a window of warm-up.
    Visit(VisitPlan),
    /// Make a paced visit.
    Paced(PacedPlan),
    /// Take the payload as the photos of the end-to-end visits to come.
    SetPhotos(Box<PhotoPlan>),
    /// Make a visit of runs from photos to classes.
    EndToEnd(VisitPlan),
    /// Run on each of `count` inputs in the payload and send the outputs back;
    /// for a model of several inputs, each is all of them, one after the other.
    Infer {
        /// How many inputs the payload holds.
        count: u32,
        /// Which output is sent back.
        #[serde(default)]
        output: usize,
    },
    /// Report the memory and threads that this process has now.
    Memory,
    /// Report what the delegate really took. Asked after the last visit, since finding out may take
    /// memory and an extra run.
    Coverage,
    /// Profile runs on the inputs in the payload, operator by operator. Asked last, since it loads
    /// the model once more.
    Profile {
        /// How many runs.
        runs: usize,
    },
}

/// What the child answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// The model is ready.
    Loaded(Box<Loaded>),
    /// The runtime is open.
    Opened(Box<OpenedRuntime>),
    /// The runtime is not on this machine.
    Absent {
        /// Why it cannot be used.
        reason: String,
        /// The command or setting that brings it.
        remedy: String,
    },
    /// Inputs are set.
    InputsSet,
    /// The request is being worked on.
    Working,
    /// Timings of a visit, or of the first inference (one run).
    Visited(Box<Visited>),
    /// Outputs follow in the payload: that of each input, one after the other.
    Outputs {
        /// How many.
        count: u32,
    },
    /// Memory and threads of this process.
    Memory(Memory),
    /// What the delegate really took.
    Coverage(Coverage),
    /// What the operators took.
    Profile(Box<OperatorProfile>),
    /// This backend cannot run this case.
    Unsupported {
        /// Why, in one sentence.
        reason: String,
    },
    /// It should have worked and did not.
    Failed {
        /// Why, in one sentence.
        reason: String,
    },
}

/// Longest JSON part that is believed.
const MAX_JSON: u32 = 64 << 20;
/// Longest payload that is believed.
const MAX_PAYLOAD: u32 = 1 << 30;

/// Writes one frame and flushes it.
///
/// # Errors
/// What the pipe says; `InvalidInput` for a part too long for a frame.
pub fn write_frame<T: Serialize>(
    to: &mut impl Write,
    message: &T,
    payload: &[u8],
) -> io::Result<()> {
    to.write_all(&frame_head(message, payload.len())?)?;
    to.write_all(payload)?;
    to.flush()
}

/// All of a frame that comes before its payload of `payload_len` bytes.
///
/// # Errors
/// `InvalidInput` for a part too long for a frame.
pub(crate) fn frame_head<T: Serialize>(message: &T, payload_len: usize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(message)?;
    let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "frame too long");
    let json_len = u32::try_from(json.len()).ok().filter(|len| *len <= MAX_JSON);
    let payload_len = u32::try_from(payload_len).ok().filter(|len| *len <= MAX_PAYLOAD);
    let mut head = Vec::with_capacity(8 + json.len());
    head.extend(json_len.ok_or_else(too_long)?.to_le_bytes());
    head.extend(payload_len.ok_or_else(too_long)?.to_le_bytes());
    head.extend(json);
    Ok(head)
}

/// Reads one frame. `Ok(None)` is a clean end of the stream.
///
/// # Errors
/// `UnexpectedEof` inside a frame; `InvalidData` for lengths or JSON that our own program would not
/// send.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut first = [0_u8; 1];
    loop {
        match from.read(&mut first) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut rest = [0_u8; 7];
    from.read_exact(&mut rest)?;
    let json_len = u32::from_le_bytes([first[0], rest[0], rest[1], rest[2]]);
    let payload_len = u32::from_le_bytes([rest[3], rest[4], rest[5], rest[6]]);
    if json_len > MAX_JSON || payload_len > MAX_PAYLOAD {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame header out of bounds"));
    }
    let json = read_vec(from, json_len)?;
    let message = serde_json::from_slice(&json)?;
    Ok(Some((message, read_vec(from, payload_len)?)))
}

/// What is set aside for a payload before it has come; address space only.
const ROOM: usize = 4 << 20;

/// Reads exactly `len` bytes, growing beyond [`ROOM`] as they arrive, so that a lying
/// header costs no more memory than the peer sends.
fn read_vec(from: &mut impl Read, len: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ROOM.min(len as usize));
    from.take(u64::from(len)).read_to_end(&mut bytes)?;
    if bytes.len() == len as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_pipe() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Request::Infer { count: 2, output: 0 }, &[1, 2, 3]).unwrap();
        write_frame(&mut pipe, &Request::Memory, &[]).unwrap();
        let mut from = pipe.as_slice();
        let (first, payload) = read_frame::<Request>(&mut from).unwrap().unwrap();
        assert_eq!((first, payload), (Request::Infer { count: 2, output: 0 }, vec![1, 2, 3]));
        assert_eq!(read_frame::<Request>(&mut from).unwrap().unwrap().0, Request::Memory);
        assert!(read_frame::<Request>(&mut from).unwrap().is_none());
    }

    /// A message of every kind.
    fn messages() -> Vec<String> {
        let delegate = Delegate::None;
        let requests = [
            Request::Load {
                model: "m.tflite".into(),
                backend: BackendKind::Tflite,
                delegate: delegate.clone(),
                options: [("key".to_owned(), "value".to_owned())].into_iter().collect(),
                threads: NonZeroUsize::MIN,
                batch: NonZeroUsize::MIN,
                shaped: None,
                affinity: vec![0],
                memory_limit_bytes: None,
            },
            Request::Open { backend: BackendKind::Tract },
            Request::SetInputs,
            Request::RotateInputs { images: 2 },
            Request::First,
            Request::Visit(VisitPlan::only(3, 1)),
            Request::Paced(PacedPlan {
                period_ns: 1,
                settle_frames: 2,
                timed_frames: 3,
                yardstick: true,
            }),
            Request::EndToEnd(VisitPlan::only(3, 1)),
            Request::Infer { count: 2, output: 0 },
            Request::Memory,
            Request::Coverage,
            Request::Profile { runs: 3 },
        ];
        let loaded = Loaded { backend_version: "1".into(), load_ns: 1, ..Loaded::default() };
        let (reason, remedy) = (String::new(), String::new());
        let replies = [
            Reply::Loaded(Box::new(loaded)),
            Reply::Opened(Box::new(OpenedRuntime {
                version: "1".into(),
                delegates: vec![(delegate, None)],
            })),
            Reply::Absent { reason: reason.clone(), remedy },
            Reply::InputsSet,
            Reply::Working,
            Reply::Visited(Box::default()),
            Reply::Outputs { count: 2 },
            Reply::Memory(Memory { resident_bytes: 1, peak_bytes: 2, threads: 3 }),
            Reply::Coverage(Coverage::default()),
            Reply::Profile(Box::default()),
            Reply::Unsupported { reason: reason.clone() },
            Reply::Failed { reason },
        ];
        let requests = requests.iter().map(|it| serde_json::to_string(it).unwrap());
        requests.chain(replies.iter().map(|it| serde_json::to_string(it).unwrap())).collect()
    }

    #[test]
    fn the_messages_are_those_of_the_protocol_s_number() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/worker-protocol.jsonl");
        let found = format!("{{\"protocol\":{PROTOCOL}}}\n{}\n", messages().join("\n"));
        if std::env::var_os("SHUTTERBENCH_WRITE_DOCS").is_some() {
            std::fs::write(path, &found).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap() == found,
            "raise PROTOCOL if a program that says what is in {path} would misread this, \
             then write the file again (SHUTTERBENCH_WRITE_DOCS=1):\n{found}"
        );
    }

    #[test]
    fn a_torn_or_lying_frame_is_an_error() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Request::Infer { count: 2, output: 0 }, &[1, 2, 3]).unwrap();
        for cut in 1..pipe.len() {
            assert!(read_frame::<Request>(&mut &pipe[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read_frame::<Request>(&mut [0xff_u8; 16].as_slice()).is_err());
    }
}
