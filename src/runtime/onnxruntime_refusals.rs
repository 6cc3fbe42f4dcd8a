//! What a provider of ONNX Runtime takes and why not the rest: from a session that is made for this
//! and never run, with every message of ONNX Runtime and its providers.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use ort::AsPointer;
use ort::logging::LogLevel;
use ort::session::Session as RuntimeSession;
use ort::session::builder::SessionBuilder;
use ort::sys::{OrtEpAssignedNode, OrtEpAssignedSubgraph, OrtStatusPtr};

use crate::model::onnx_division::{self, AssignedNode};
use crate::record::operator_profile::{GraphDivision, Refusal};
use crate::record::tensor::TensorInfo;
use crate::runtime::heard_stderr::{self, Onward};
use crate::runtime::onnxruntime_recipe::OnnxruntimeRecipe;
use crate::runtime::told_refusals;

/// Has a session record which provider got which node (1.24 on; others ignore the key).
const RECORD_ASSIGNMENT: &str = "session.record_ep_graph_assignment_info";
/// Bytes of messages that are kept.
const KEPT_BYTES: usize = 4 << 20;

/// What a provider leaves.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub division: Option<GraphDivision>,
    pub refusals: Vec<Refusal>,
}

/// Asks about the provider of `recipe`, whose session takes `inputs`.
///
/// # Errors
/// What ONNX Runtime says.
pub(crate) fn of(recipe: &OnnxruntimeRecipe, inputs: &[TensorInfo]) -> ort::Result<Left> {
    let Some(provider) = recipe.provider() else { return Ok(Left::default()) };
    let said = Arc::new(Mutex::new(String::new()));
    // A provider may also use the log of the environment, or print by itself.
    recipe.environment.set_log_level(LogLevel::Verbose);
    let (session, printed) = heard_stderr::during(Onward::No, || explaining(recipe, &said));
    recipe.environment.set_log_level(LogLevel::Warning);
    let assigned = assigned(&session?)?;
    let (taken, left): (Vec<_>, Vec<_>) =
        assigned.into_iter().partition(|(name, _)| name == provider.name());
    let pieces: Vec<Vec<AssignedNode>> = taken.into_iter().map(|(_, nodes)| nodes).collect();
    let left: Vec<AssignedNode> = left.into_iter().flat_map(|(_, nodes)| nodes).collect();
    let names: Vec<(&str, &str)> = left.iter().map(|(name, kind)| (&**name, &**kind)).collect();
    let log = said.lock().unwrap_or_else(PoisonError::into_inner).clone() + &printed;
    let refusals = told_refusals::of(&log, &names);
    let file = std::fs::read(&recipe.model).ok();
    let told = !(pieces.is_empty() && left.is_empty());
    let division = file.filter(|_| told);
    let division = division.map(|file| onnx_division::of(&file, inputs, &pieces, &left));
    Ok(Left { division, refusals })
}

/// A session that tells everything into `said`.
fn explaining(
    recipe: &OnnxruntimeRecipe,
    said: &Arc<Mutex<String>>,
) -> ort::Result<RuntimeSession> {
    let plain = |error: ort::Error<SessionBuilder>| ort::Error::new(error.to_string());
    recipe.session(|builder| {
        let to = Arc::clone(said);
        let keep = move |_: LogLevel, _: &str, _: &str, _: &str, message: &str| {
            let mut text = to.lock().unwrap_or_else(PoisonError::into_inner);
            if text.len() + message.len() < KEPT_BYTES {
                text.push_str(message);
                text.push('\n');
            }
        };
        builder
            .with_logger(Arc::new(keep))
            .map_err(plain)?
            .with_log_level(LogLevel::Verbose)
            .map_err(plain)?
            .with_config_entry(RECORD_ASSIGNMENT, "1")
            .map_err(plain)
    })
}

/// The pieces of the graph, with the provider of each.
fn assigned(session: &RuntimeSession) -> ort::Result<Vec<(String, Vec<AssignedNode>)>> {
    let api = ort::api();
    // SAFETY: the session is live and owns what it lists, for longer than this function.
    let pieces: &[*const OrtEpAssignedSubgraph] = unsafe {
        list(|to, count| (api.Session_GetEpGraphAssignmentInfo)(session.ptr(), to, count))?
    };
    let of_piece = |piece: &*const OrtEpAssignedSubgraph| {
        // SAFETY: the piece is the session's, as are its nodes and their texts.
        unsafe {
            let provider = text(|to| (api.EpAssignedSubgraph_GetEpName)(*piece, to))?;
            let nodes: &[*const OrtEpAssignedNode] =
                list(|to, count| (api.EpAssignedSubgraph_GetNodes)(*piece, to, count))?;
            let node = |node: &*const OrtEpAssignedNode| {
                let name = text(|to| (api.EpAssignedNode_GetName)(*node, to))?;
                Ok((name, text(|to| (api.EpAssignedNode_GetOperatorType)(*node, to))?))
            };
            Ok((provider, nodes.iter().map(node).collect::<ort::Result<Vec<_>>>()?))
        }
    };
    pieces.iter().map(of_piece).collect()
}

/// # Safety
/// `get` writes the address of so many pointers, which live as long as the result is used.
unsafe fn list<'a, T>(
    get: impl FnOnce(*mut *const *const T, *mut usize) -> OrtStatusPtr,
) -> ort::Result<&'a [*const T]> {
    let (mut first, mut count) = (ptr::null(), 0);
    // SAFETY: as the caller promises.
    unsafe {
        ort::Error::result_from_status(get(&raw mut first, &raw mut count))?;
        Ok(if first.is_null() { &[] } else { std::slice::from_raw_parts(first, count) })
    }
}

/// # Safety
/// `get` writes null or the address of a string that is live.
unsafe fn text(get: impl FnOnce(*mut *const c_char) -> OrtStatusPtr) -> ort::Result<String> {
    let mut address = ptr::null();
    // SAFETY: as the caller promises.
    unsafe {
        ort::Error::result_from_status(get(&raw mut address))?;
        if address.is_null() {
            return Ok(String::new());
        }
        Ok(CStr::from_ptr(address).to_string_lossy().into_owned())
    }
}
