//! Which layer of a file a node of a runtime's plan belongs to, so that runtimes can be set side by
//! side: they fuse activations into what comes before, and add to names.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use prost::Message;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use crate::model::tflite_nodes;
use crate::record::format::Format;

/// Operators that runtimes fuse into the convolution or product before them.
const FUSED: [&str; 8] =
    ["BatchNormalization", "Clip", "Elu", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Relu"];
/// What they are fused into.
const FUSING: [&str; 4] = ["Conv", "ConvTranspose", "Gemm", "MatMul"];
/// What runtimes write behind the name of a node that they changed: OpenVINO, and ONNX Runtime for
/// its own layouts. Behind [`NUMBERED`] ONNX Runtime writes a number.
const ADDED: [&str; 3] = ["/WithoutBiases", "_nchwc", "_nhwc"];
const NUMBERED: &str = "_token_";

/// The layers of a file: its nodes, an activation together with the convolution before it.
#[derive(Debug, Default)]
pub(crate) struct FileLayers {
    /// By the name of a node or of what it makes; `None` if several have it.
    layers: HashMap<String, Option<String>>,
}

impl FileLayers {
    /// Of a file; there are none if we cannot read it.
    pub(crate) fn read(path: &Path, format: Format) -> Self {
        let bytes = fs::read(path).unwrap_or_default();
        let mut this = Self::default();
        match format {
            Format::Tflite => {
                for node in tflite_nodes::of(&bytes) {
                    this.add(&node.name, &node.name);
                }
            }
            Format::Onnx => {
                let model = ModelProto::decode(bytes.as_slice()).ok();
                if let Some(graph) = model.and_then(|model| model.graph) {
                    this.add_graph(&graph);
                }
            }
        }
        this
    }

    /// The layer of a node that a runtime calls `name`.
    pub(crate) fn layer_of(&self, name: &str) -> Option<&str> {
        let known = |name: &str| self.layers.get(name).and_then(Option::as_deref);
        let mut rest = Some(bare(name));
        // Parts of a layer may be told apart behind points.
        let mut shorter = std::iter::from_fn(|| {
            let now = rest?;
            rest = now.rsplit_once('.').map(|(before, _)| before);
            Some(now)
        });
        known(name).or_else(|| shorter.find_map(known))
    }

    fn add(&mut self, name: &str, layer: &str) {
        if name.is_empty() || layer.is_empty() {
            return;
        }
        let known = self.layers.entry(name.to_owned()).or_insert_with(|| Some(layer.to_owned()));
        if known.as_deref() != Some(layer) {
            *known = None;
        }
    }

    fn add_graph(&mut self, graph: &GraphProto) {
        let mut readers = HashMap::<&str, usize>::new();
        let outputs = graph.output.iter().map(|output| &output.name);
        for name in graph.node.iter().flat_map(|node| &node.input).chain(outputs) {
            *readers.entry(name).or_default() += 1;
        }
        let constants: HashSet<&str> =
            graph.initializer.iter().map(|it| it.name.as_str()).collect();
        // By value: the layer that makes it, if something could be fused into that.
        let mut open = HashMap::<&str, &str>::new();
        for node in &graph.node {
            let made = node.output.first().map_or("", String::as_str);
            let own = if node.name.is_empty() { made } else { &node.name };
            let before = is_fused(node, &constants)
                .filter(|from| readers.get(from) == Some(&1))
                .and_then(|from| open.get(from).copied());
            let layer = before.unwrap_or(own);
            if before.is_some() || FUSING.contains(&node.op_type.as_str()) {
                open.insert(made, layer);
            }
            for name in node.output.iter().chain([&node.name]) {
                self.add(name, layer);
            }
        }
    }
}

/// A name without what runtimes write behind it.
fn bare(mut name: &str) -> &str {
    let numbered = |name| {
        let (before, number): (&str, &str) = str::rsplit_once(name, NUMBERED)?;
        number.parse::<u64>().is_ok().then_some(before)
    };
    loop {
        let added = ADDED.iter().find_map(|added| name.strip_suffix(added));
        match added.or_else(|| numbered(name)) {
            Some(shorter) => name = shorter,
            None => return name,
        }
    }
}

/// The value that a node changes element by element, if it may be fused into what makes it: an
/// activation, or the addition of a constant.
fn is_fused<'a>(node: &'a NodeProto, constants: &HashSet<&str>) -> Option<&'a str> {
    let [first, rest @ ..] = node.input.as_slice() else { return None };
    let adds = node.op_type == "Add" && rest.iter().all(|it| constants.contains(it.as_str()));
    (adds || FUSED.contains(&node.op_type.as_str())).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operator: &str, name: &str, from: &[&str], to: &str) -> NodeProto {
        NodeProto {
            name: name.into(),
            op_type: operator.into(),
            input: from.iter().map(|it| (*it).into()).collect(),
            output: vec![to.into()],
            ..NodeProto::default()
        }
    }

    #[test]
    fn an_activation_belongs_to_the_convolution_before_it() {
        let nodes = vec![
            node("Conv", "stem", &["x", "w"], "a"),
            node("Clip", "stem_relu6", &["a", "low", "high"], "b"),
            node("Conv", "deep", &["b", "w"], "c"),
            node("Relu", "apart", &["c"], "d"),
            node("Add", "sum", &["c", "d"], "e"),
            node("Softmax", "", &["e"], "scores"),
        ];
        let mut layers = FileLayers::default();
        layers.add_graph(&GraphProto { node: nodes, ..GraphProto::default() });
        for (name, layer) in [
            ("stem", Some("stem")),
            ("stem_relu6", Some("stem")),
            ("b_nchwc", Some("stem")),
            ("stem/WithoutBiases", Some("stem")),
            ("stem_token_39", Some("stem")),
            ("stem_token_x", None),
            ("stem.einsum.pack_a", Some("stem")),
            // Two nodes read what the convolution makes.
            ("deep", Some("deep")),
            ("apart.max.prefused", Some("apart")),
            ("sum", Some("sum")),
            ("scores", Some("scores")),
            ("17", None),
            ("made up", None),
        ] {
            assert_eq!(layers.layer_of(name), layer, "{name}");
        }
    }

    #[test]
    fn a_name_that_several_have_is_none() {
        let nodes = vec![node("Conv", "a", &["x"], "b"), node("Conv", "c", &["b"], "a")];
        let mut layers = FileLayers::default();
        layers.add_graph(&GraphProto { node: nodes, ..GraphProto::default() });
        assert_eq!((layers.layer_of("a"), layers.layer_of("c")), (None, Some("c")));
    }
}
