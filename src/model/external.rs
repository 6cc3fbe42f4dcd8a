//! Weights that an ONNX file keeps in other files: they have to lie in its folder.
//!
//! A location that leaves the folder would make a runtime read any file of the
//! machine. Every tensor of the file is looked at, wherever it hangs: a runtime
//! follows the one that we overlook.
//!
//! Format: <https://onnx.ai/onnx/repo-docs/ExternalData.html>.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto,
};

/// The files that tensors of a model lie in, relative to its folder, and how many bytes
/// each has at least.
pub(crate) type ExternalFiles = BTreeMap<PathBuf, u64>;

/// The files of `model`.
///
/// # Errors
/// A location that is empty, absolute, or leaves the folder.
pub(crate) fn files(model: &ModelProto) -> Result<ExternalFiles> {
    let mut files = ExternalFiles::new();
    let training = model.training_info.iter();
    let training = training.flat_map(|info| info.initialization.iter().chain(&info.algorithm));
    for graph in model.graph.iter().chain(training) {
        of_graph(graph, &mut files)?;
    }
    for function in &model.functions {
        of_nodes(&function.node, &mut files)?;
    }
    Ok(files)
}

/// Bytes of the external `files` of `model`, which are beside it and have at least `least`
/// bytes each.
///
/// # Errors
/// A file that is missing or too short, or that is a link out of the folder although the model
/// itself is no link: caches link all files of a model, but a single link could lead anywhere.
pub(crate) fn bytes(model: &Path, files: &[PathBuf], least: &[u64]) -> Result<u64> {
    if files.is_empty() {
        return Ok(0);
    }
    let folder = fs::canonicalize(model.parent().unwrap_or(Path::new("/")))?;
    files.iter().enumerate().try_fold(0, |sum, (index, file)| {
        let path = fs::canonicalize(folder.join(file)).with_context(|| {
            format!(
                "its weights '{}' are not beside it; put that file into {}",
                file.display(),
                folder.display()
            )
        })?;
        ensure!(
            path.starts_with(&folder) || model.is_symlink(),
            "its weights '{}' are a link to a place outside the model's folder, which is refused",
            file.display()
        );
        let (length, least) = (fs::metadata(path)?.len(), least.get(index).copied());
        ensure!(
            least.is_none_or(|least| length >= least),
            "its weights '{}' are cut short: {length} bytes of {} bytes; get that file again",
            file.display(),
            least.unwrap_or_default()
        );
        Ok(sum + length)
    })
}

fn of_graph(graph: &GraphProto, files: &mut ExternalFiles) -> Result<()> {
    graph.initializer.iter().try_for_each(|tensor| of_tensor(tensor, files))?;
    graph.sparse_initializer.iter().try_for_each(|tensor| of_sparse(tensor, files))?;
    of_nodes(&graph.node, files)
}

/// Recursion ends: the decoder refuses messages that are nested over 100 deep.
fn of_nodes(nodes: &[NodeProto], files: &mut ExternalFiles) -> Result<()> {
    nodes.iter().flat_map(|node| &node.attribute).try_for_each(|it| of_attribute(it, files))
}

fn of_attribute(attribute: &AttributeProto, files: &mut ExternalFiles) -> Result<()> {
    attribute.t.iter().chain(&attribute.tensors).try_for_each(|it| of_tensor(it, files))?;
    let sparse = attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors);
    sparse.into_iter().try_for_each(|it| of_sparse(it, files))?;
    attribute.g.iter().chain(&attribute.graphs).try_for_each(|it| of_graph(it, files))
}

fn of_sparse(tensor: &SparseTensorProto, files: &mut ExternalFiles) -> Result<()> {
    tensor.values.iter().chain(&tensor.indices).try_for_each(|it| of_tensor(it, files))
}

fn of_tensor(tensor: &TensorProto, files: &mut ExternalFiles) -> Result<()> {
    // A key that occurs twice counts twice: runtimes may use either.
    for location in tensor.external_data.iter().filter(|entry| entry.key == "location") {
        let path = Path::new(&location.value);
        let inside = !location.value.is_empty()
            && path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        ensure!(
            inside,
            "its tensor '{}' refers to data in '{}', outside the model's folder, which is refused",
            tensor.name,
            location.value
        );
        let number = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key == key)?;
            entry.value.parse::<u64>().ok()
        };
        let end = number("offset").unwrap_or(0).saturating_add(number("length").unwrap_or(0));
        let known = files.entry(path.to_owned()).or_default();
        *known = end.max(*known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::StringStringEntryProto;

    use super::*;

    fn tensor(location: &str) -> TensorProto {
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        TensorProto {
            name: "w".into(),
            external_data: vec![entry("offset", "0"), entry("location", location)],
            ..TensorProto::default()
        }
    }

    /// A model with the tensor in a node's attribute, two graphs deep.
    fn nested(location: &str) -> ModelProto {
        let holds = |attribute| NodeProto { attribute: vec![attribute], ..NodeProto::default() };
        let constant =
            holds(AttributeProto { t: Some(tensor(location)), ..AttributeProto::default() });
        let inner = GraphProto { node: vec![constant], ..GraphProto::default() };
        let branch = holds(AttributeProto { g: Some(inner), ..AttributeProto::default() });
        let graph = GraphProto { node: vec![branch], ..GraphProto::default() };
        ModelProto { graph: Some(graph), ..ModelProto::default() }
    }

    #[test]
    fn a_tensor_is_found_wherever_it_hangs() {
        assert!(files(&nested("a/b.bin")).unwrap().keys().eq([Path::new("a/b.bin")]));
        for outside in ["../b.bin", "/etc/passwd", "a/../../b", ""] {
            let error = files(&nested(outside)).unwrap_err().to_string();
            assert!(error.contains("outside the model's folder"), "{error}");
        }
    }

    #[test]
    fn weights_are_counted_and_may_be_no_link_out() {
        let root = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(root.path()).unwrap().join("model");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("w.bin"), [0; 10]).unwrap();
        fs::write(folder.join("../secret"), [0; 10]).unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        let model = folder.join("m.onnx");
        fs::write(&model, [0]).unwrap();
        assert_eq!(bytes(&model, &["w.bin".into()], &[10]).unwrap(), 10);
        let error = |file: &str| format!("{:#}", bytes(&model, &[file.into()], &[11]).unwrap_err());
        assert!(error("link").contains("a link to a place outside"), "{}", error("link"));
        assert!(error("w.bin").contains("10 bytes of 11"), "{}", error("w.bin"));
        assert!(error("gone").contains("not beside it"), "{}", error("gone"));
        // A cache links the model and its weights alike.
        let linked = folder.join("linked.onnx");
        std::os::unix::fs::symlink("m.onnx", &linked).unwrap();
        assert_eq!(bytes(&linked, &["link".into()], &[]).unwrap(), 10);
    }
}
