//! Why a runtime did not accept a model, worded so that it leads to a remedy: without the paths of
//! the machine that built the runtime, and without its dumps of operators.

use std::path::Path;

use crate::model::onnx_domains::MICROSOFT;
use crate::record::signature::Signature;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{cannot_load, one_line};

/// Longest part of a runtime's own message that is passed on.
const LONGEST: usize = 300;

/// The refusal of a TensorFlow Lite model for its operators that are none of TensorFlow Lite's own.
/// `None` if it has no such operator.
pub(crate) fn of_custom_operators(model: &Path, signature: &Signature) -> Option<BackendError> {
    // The names of the format's own operators are in capitals.
    let custom = |(name, _): &&(String, usize)| name.chars().any(char::is_lowercase);
    let names: Vec<&str> =
        signature.operators.iter().filter(custom).map(|(name, _)| name.as_str()).collect();
    let first = names.first()?;
    let all = names.join(", ");
    let reason = if names.contains(&"edgetpu-custom-op") {
        "it is compiled for the Edge TPU (operator edgetpu-custom-op), which this runtime does not have; use the model that edgetpu_compiler was given, or --delegate external:libedgetpu.so.1 if you have such a device"
            .to_owned()
    } else if first.starts_with("Flex") {
        format!(
            "it holds TensorFlow's own operators ({all}), which this runtime does not have; convert it with only TFLITE_BUILTINS, without SELECT_TF_OPS, or give the Flex delegate with --delegate external:PATH"
        )
    } else {
        format!(
            "it holds custom operators ({all}), which this runtime does not have; convert it without them, or give the library that has them with --delegate external:PATH"
        )
    };
    Some(BackendError::Unsupported(cannot_load(model, &reason)))
}

/// The refusal of an ONNX model for its operators that are none of ONNX's own. `None` where
/// it has no such operator, or `runtime` has them.
pub(crate) fn of_foreign_operators(
    model: &Path,
    runtime: &str,
    signature: &Signature,
) -> Option<BackendError> {
    let is_microsoft = |name: &&String| name.starts_with(MICROSOFT);
    let all = &signature.foreign_operators;
    let others: Vec<&str> = all.iter().filter(|it| !is_microsoft(it)).map(String::as_str).collect();
    let own: Vec<&str> = all.iter().filter(is_microsoft).map(String::as_str).collect();
    let reason = if !others.is_empty() {
        format!(
            "it holds operators that are not ONNX's ({}), which {runtime} does not have; export it \
             without them",
            others.join(", ")
        )
    } else if !own.is_empty() && runtime != ONNXRUNTIME {
        format!(
            "it holds ONNX Runtime's own operators ({}), which {runtime} does not have; use backend \
             onnxruntime, or export it without its optimisations",
            own.join(", ")
        )
    } else if !signature.own_operators.is_empty() && runtime != ONNXRUNTIME {
        format!(
            "it defines operators of its own ({}), which {runtime} does not read; use backend \
             onnxruntime, or inline them with onnx.inliner",
            signature.own_operators.join(", ")
        )
    } else {
        return None;
    };
    Some(BackendError::Unsupported(cannot_load(model, &reason)))
}

/// What a runtime said of a TensorFlow Lite model that the file itself does not explain, with the
/// usual cause: these runtimes do not name the operator that they do not know. `package` is what
/// `fetch` calls the runtime.
pub(crate) fn of_tflite(model: &Path, package: &str, said: &str) -> BackendError {
    BackendError::Failed(cannot_load(
        model,
        &format!(
            "{}; the usual cause is an operator, or a version of one, that is newer than the runtime: run 'shutterbench fetch {package}' for the newest known version, or convert the model with an older converter",
            plain(said)
        ),
    ))
}

/// As users know it.
pub(crate) const ONNXRUNTIME: &str = "ONNX Runtime";

/// Whether no runtime here can run the model without a delegate for it, whatever it says
/// while it loads.
pub(crate) fn is_of_other_hardware(signature: &Signature) -> bool {
    signature
        .operators
        .iter()
        .any(|(name, _)| name == "edgetpu-custom-op" || name.starts_with("Flex"))
}

/// What ONNX Runtime says of a model that it did not load.
pub(crate) fn of_onnxruntime(model: &Path, version: &str, said: &str) -> BackendError {
    let said = one_line(said);
    let reason = if let Some((own, most)) = versions(&said, "IR version: ", "IR version: ") {
        format!(
            "its IR version {own} is newer than {most}, the newest that ONNX Runtime {version} reads; \
             run 'shutterbench fetch onnxruntime' for the newest known version, or export the model with IR version {most}"
        )
    } else if let Some((own, most)) = versions(&said, "pset ", "till opset ") {
        format!(
            "its opset {own} is newer than {most}, the newest that ONNX Runtime {version} reads; \
             run 'shutterbench fetch onnxruntime' for the newest known version, or export the model with opset {most}"
        )
    } else if let Some(operator) = unregistered(&said) {
        format!(
            "it holds the operator {operator}, which ONNX Runtime {version} does not have in the file's opset; \
             run 'shutterbench fetch onnxruntime' for the newest known version, or export the model with an opset that has it"
        )
    } else {
        return BackendError::Failed(cannot_load(model, &plain(&said)));
    };
    BackendError::Unsupported(cannot_load(model, &reason))
}

/// The operator in `No Op registered for Name with domain_version of 13`.
fn unregistered(said: &str) -> Option<&str> {
    let (_, after) = said.split_once("No Op registered for ")?;
    after.split(' ').next().filter(|name| !name.is_empty())
}

/// The number after the first `own`, and that after the last `most`, if it is smaller.
fn versions(said: &str, own: &str, most: &str) -> Option<(u64, u64)> {
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u64>().ok()
    };
    let after = |(at, mark): (usize, &str)| number(&said[at + mark.len()..]);
    let first = said.match_indices(own).find_map(after)?;
    let last = said.rmatch_indices(most).find_map(after)?;
    (first > last).then_some((first, last))
}

/// A message without its position in the runtime's sources, cut where it begins to print a graph.
pub(crate) fn plain(said: &str) -> String {
    let mut text = one_line(said);
    // `/onnxruntime_src/onnxruntime/core/graph/model.cc:256 onnxruntime::Model::Model(...) `
    while let Some(start) = text.find("/onnxruntime_src/") {
        let rest = &text[start..];
        let place = rest.find(' ').map_or(rest.len(), |end| end + 1);
        let signature = rest[place..].find(") ").filter(|_| rest[place..].contains("::"));
        let end = signature.map_or(place, |end| place + end + 2);
        text.replace_range(start..start + end, "");
    }
    if let Some((_, after)) = text.split_once(" failed:")
        && text.starts_with("Load model from ")
    {
        text = after.trim().to_owned();
    }
    let dump = text.find(" { ").filter(|at| *at > 0);
    let long = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    if let Some(end) = dump.into_iter().chain(long).min() {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: &BackendError) -> String {
        error.to_string()
    }

    #[test]
    fn versions_are_named_and_sources_are_not() {
        let of = |text: &str| said(&of_onnxruntime(Path::new("/home/me/m.onnx"), "1.2", text));
        let ir = of("Load model from /home/me/m.onnx failed:/onnxruntime_src/a/model.cc:256 \
            onnxruntime::Model::Model(onnx::ModelProto&&, const Path&) Unsupported model IR \
            version: 99, max supported IR version: 13");
        assert!(ir.contains("IR version 99 is newer than 13") && ir.contains("fetch"), "{ir}");
        let opset = of("x.cc:1 ONNX Runtime only *guarantees* support for models stamped with \
            official released onnx opset versions. Opset 99 is under development. Current \
            official support for domain ai.onnx is till opset 24.");
        assert!(opset.contains("opset 99 is newer than 24"), "{opset}");
        let other = of("Load model from /home/me/m.onnx failed:/onnxruntime_src/a/b.cc:9 \
            virtual void onnxruntime::X::y(const T&) Fatal error: Foo(1) is not a registered op");
        assert!(other.ends_with("m.onnx: Fatal error: Foo(1) is not a registered op"), "{other}");
        for text in [ir, opset, other] {
            assert!(!text.contains("_src") && !text.contains("/home"), "{text}");
        }
    }

    #[test]
    fn graphs_are_not_printed() {
        assert_eq!(plain("Unsupported: OperatorCode { builtin: 1 }"), "Unsupported: OperatorCode…");
        assert_eq!(plain(&"x".repeat(999)).chars().count(), LONGEST + 1);
    }
}
