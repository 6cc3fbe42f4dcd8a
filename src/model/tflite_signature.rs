//! The signatures of a TensorFlow Lite file: which it has, which of them is meant, and the
//! file with the graph of that one first, from where every runtime takes it.

use anyhow::{Context, Result, bail, ensure};
use tract_tflite::tflite::{self as schema, BuiltinOperator};

use crate::record::named_signature::{NamedSignature, NamedTensor};
use crate::record::signature::Signature;

/// The signature that is run where several are there and none is named: TensorFlow's own
/// word for the default.
const DEFAULT: &str = "serving_default";
/// The first operator of StableHLO's (`STABLEHLO_LOGISTIC` of `schema.fbs`); some of them
/// call graphs.
const FIRST_STABLEHLO: i32 = 162;

/// All signatures of a file, in its order.
///
/// # Errors
/// One of them names a graph or a tensor that is not there.
pub(crate) fn all(model: &schema::Model<'_>) -> Result<Vec<NamedSignature>> {
    let graphs = model.subgraphs().unwrap_or_default();
    let definitions = model.signature_defs().into_iter().flatten();
    definitions
        .map(|definition| {
            let name = definition.signature_key().unwrap_or_default().to_owned();
            let at = definition.subgraph_index() as usize;
            ensure!(at < graphs.len(), "its signature '{name}' names a graph that is not in it");
            let tensors = graphs.get(at).tensors().unwrap_or_default();
            let named = |map: schema::TensorMap<'_>| {
                let tensor = map.tensor_index() as usize;
                let of = || format!("its signature '{name}' names a tensor that is not in it");
                let tensor = (tensor < tensors.len()).then(|| tensors.get(tensor));
                Ok(NamedTensor {
                    name: map.name().unwrap_or_default().to_owned(),
                    tensor: tensor.with_context(of)?.name().unwrap_or_default().to_owned(),
                })
            };
            let inputs =
                definition.inputs().into_iter().flatten().map(named).collect::<Result<_>>();
            let outputs =
                definition.outputs().into_iter().flatten().map(named).collect::<Result<_>>();
            Ok(NamedSignature { graph: at, inputs: inputs?, outputs: outputs?, name })
        })
        .collect()
}

/// The one that is `wanted`; else the default, that of the first graph, or the first.
///
/// # Errors
/// None has the wanted name, or its graph cannot be run as the first of the file.
pub(crate) fn chosen(
    model: &schema::Model<'_>,
    all: &[NamedSignature],
    wanted: Option<&str>,
) -> Result<Option<NamedSignature>> {
    let by = |holds: &dyn Fn(&NamedSignature) -> bool| all.iter().find(|it| holds(it));
    let found = match wanted {
        Some(wanted) => match by(&|it| it.name == wanted) {
            Some(found) => Some(found),
            None if all.is_empty() => {
                bail!("'{wanted}' was requested, but it has no signatures; leave out --signature")
            }
            None => bail!(
                "it has no signature '{wanted}'; --signature takes one of {}",
                all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
        },
        None => by(&|it| it.name == DEFAULT).or(by(&|it| it.graph == 0)).or(all.first()),
    };
    let called = found.filter(|it| it.graph > 0 && calls(model, it.graph));
    if let Some(found) = called {
        bail!(
            "the graph of its signature '{}' is called by others of its graphs, or its operators \
             call graphs, so that it does not run alone; export it to a file of its own",
            found.name
        );
    }
    Ok(found.cloned())
}

/// Whether an operator calls the first graph or `graph`, or may do so.
fn calls(model: &schema::Model<'_>, graph: usize) -> bool {
    let codes = model.operator_codes().unwrap_or_default();
    let is_moved = |index: i32| index == 0 || usize::try_from(index) == Ok(graph);
    let calls = |operator: schema::Operator<'_>| {
        let at = operator.opcode_index() as usize;
        let Some(code) = (at < codes.len()).then(|| codes.get(at)) else { return false };
        match BuiltinOperator(code.builtin_code().0.max(i32::from(code.deprecated_builtin_code())))
        {
            BuiltinOperator::IF => operator.builtin_options_as_if_options().is_none_or(|it| {
                is_moved(it.then_subgraph_index()) || is_moved(it.else_subgraph_index())
            }),
            BuiltinOperator::WHILE => {
                operator.builtin_options_as_while_options().is_none_or(|it| {
                    is_moved(it.cond_subgraph_index()) || is_moved(it.body_subgraph_index())
                })
            }
            BuiltinOperator::CALL_ONCE => operator
                .builtin_options_as_call_once_options()
                .is_none_or(|it| is_moved(it.init_subgraph_index())),
            BuiltinOperator::CALL => true,
            BuiltinOperator(other) => other >= FIRST_STABLEHLO,
        }
    };
    let graphs = model.subgraphs().into_iter().flatten();
    graphs.flat_map(|graph| graph.operators().into_iter().flatten()).any(calls)
}

/// Whether a runtime that knows no signatures takes another graph of the file, or one that
/// takes the first signature another signature.
pub(crate) fn is_moved(signature: &Signature) -> bool {
    signature.graph() > 0 || signature.choices.len() > 1
}

/// Makes `graph` the first of a file, and the file one without signatures.
///
/// `None` where the file is none of ours.
#[must_use]
pub fn move_first(bytes: &mut [u8], graph: usize) -> Option<()> {
    let model = schema::root_as_model(bytes).ok()?;
    let graphs = model.subgraphs().filter(|graphs| graph < graphs.len())?;
    let place = |of: &[u8]| of.as_ptr() as usize - bytes.as_ptr() as usize;
    let start = place(graphs.bytes());
    let positions = [0, graph].map(|at| (start + at * size_of::<u32>(), graphs.get(at)._tab.loc()));
    let [(first, first_graph), (other, other_graph)] = positions;
    // A table's place is told relative to where it is told.
    let offset = |graph: usize, from: usize| u32::try_from(graph.checked_sub(from)?).ok();
    let mut changes =
        vec![(first, offset(other_graph, first)?), (other, offset(first_graph, other)?)];
    if let Some(signatures) = model.signature_defs() {
        // The number of elements is in front of them.
        changes.push((place(signatures.bytes()).checked_sub(size_of::<u32>())?, 0));
    }
    for (at, value) in changes {
        bytes.get_mut(at..at + size_of::<u32>())?.copy_from_slice(&value.to_le_bytes());
    }
    Some(())
}
