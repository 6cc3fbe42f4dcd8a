//! Operators of an ONNX file that are none of ONNX's own.

use std::collections::{BTreeSet, HashMap};

use tract_onnx::pb::{FunctionProto, GraphProto, NodeProto};

/// The domains of the operators that the ONNX standard defines.
const STANDARD: [&str; 6] = [
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
];
/// The domain of ONNX Runtime's own operators, which its optimisations write.
pub(crate) const MICROSOFT: &str = "com.microsoft";

/// Operators as `domain:Operator`, each once, in the order of their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OperatorDomains {
    /// Those that some runtime has to have besides ONNX's.
    pub foreign: Vec<String>,
    /// Those that the file itself defines, by a function.
    pub own: Vec<String>,
}

impl OperatorDomains {
    /// Of a graph, the graphs inside its nodes (the branches of an `If`), and the functions of
    /// its file.
    pub(crate) fn of(graph: &GraphProto, functions: &[FunctionProto]) -> Self {
        let named = |it: &FunctionProto| format!("{}:{}", it.domain(), it.name());
        let functions: HashMap<String, &FunctionProto> =
            functions.iter().map(|it| (named(it), it)).collect();
        let (mut foreign, mut own) = (BTreeSet::new(), BTreeSet::new());
        let mut nodes = Vec::new();
        collect(&graph.node, &mut nodes);
        while let Some(node) = nodes.pop() {
            let name = format!("{}:{}", node.domain, node.op_type);
            match functions.get(&name) {
                // Only what is called counts.
                Some(function) if !own.contains(&name) => {
                    collect(&function.node, &mut nodes);
                    own.insert(name);
                }
                Some(_) => {}
                None if STANDARD.contains(&node.domain.as_str()) => {}
                None => {
                    foreign.insert(name);
                }
            }
        }
        Self { foreign: foreign.into_iter().collect(), own: own.into_iter().collect() }
    }
}

/// The operator of a node, if its meaning is known: another domain's may have the name of one of
/// ONNX's.
pub(crate) fn known(node: &NodeProto) -> Option<&str> {
    let is_known = STANDARD.contains(&node.domain.as_str()) || node.domain == MICROSOFT;
    is_known.then_some(node.op_type.as_str())
}

/// All nodes, those of graphs in attributes too; the decoder limits how deep these go.
fn collect<'a>(nodes: &'a [NodeProto], all: &mut Vec<&'a NodeProto>) {
    for node in nodes {
        all.push(node);
        for attribute in &node.attribute {
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                collect(&graph.node, all);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::AttributeProto;

    use super::*;

    fn node(domain: &str, op_type: &str) -> NodeProto {
        NodeProto { domain: domain.into(), op_type: op_type.into(), ..NodeProto::default() }
    }

    fn function(domain: &str, name: &str, node: Vec<NodeProto>) -> FunctionProto {
        FunctionProto {
            domain: Some(domain.into()),
            name: Some(name.into()),
            node,
            ..FunctionProto::default()
        }
    }

    #[test]
    fn every_graph_and_called_function_is_looked_through() {
        let mut branch = node("", "If");
        let inner = GraphProto { node: vec![node("com.me", "Relu")], ..GraphProto::default() };
        branch.attribute.push(AttributeProto { g: Some(inner), ..AttributeProto::default() });
        let graph = GraphProto {
            node: vec![
                node("ai.onnx.ml", "Scaler"),
                node("ai.onnx.contrib", "DecodeImage"),
                node("com.microsoft", "BiasGelu"),
                node("com.microsoft", "BiasGelu"),
                node("mine", "Block"),
                branch,
            ],
            ..GraphProto::default()
        };
        let functions = [
            function("mine", "Block", vec![node("", "Relu"), node("mine", "Inner")]),
            function("mine", "Inner", vec![node("com.microsoft", "FusedConv")]),
            function("mine", "Unused", vec![node("elsewhere", "Op")]),
        ];
        let found = OperatorDomains::of(&graph, &functions);
        let foreign = [
            "ai.onnx.contrib:DecodeImage",
            "com.me:Relu",
            "com.microsoft:BiasGelu",
            "com.microsoft:FusedConv",
        ];
        assert_eq!(found.foreign, foreign);
        assert_eq!(found.own, ["mine:Block", "mine:Inner"]);
    }
}
