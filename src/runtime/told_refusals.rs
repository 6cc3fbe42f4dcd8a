//! Why nodes were refused, from what runtimes, delegates and providers print.

use crate::record::operator_profile::Refusal;

/// Longest reason that is kept.
const MOST_CHARS: usize = 240;
/// Reasons that are kept of a case.
const MOST_REASONS: usize = 200;
/// Words of which a line that speaks of a refusal has one.
const REFUSING: [&str; 9] = [
    "not support",
    "unsupported",
    "refused",
    "rejected",
    "fallback",
    "fall back",
    "not delegated",
    "failed to delegate",
    "kernel not found",
];

/// A line without what stands before its message, as it is shown.
pub(crate) fn message(line: &str) -> String {
    let line = line.trim();
    let of_tflite = ["ERROR: ", "WARNING: ", "INFO: ", "VERBOSE: "];
    let plain = of_tflite.iter().find_map(|level| line.strip_prefix(level)).unwrap_or(line);
    plain.chars().filter(|it| !it.is_control()).take(MOST_CHARS).collect::<String>().trim().into()
}

/// The refusals that `log` tells of. `left` are the nodes that stayed with the runtime, name and
/// type of operator, of which a line of no known form may speak.
pub(crate) fn of(log: &str, left: &[(&str, &str)]) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = Vec::new();
    // Whether the lines above began a list, as that of TensorFlow Lite's GPU delegate.
    let mut in_list = false;
    // What was said since the last line that named a node with its answer.
    let mut reasons: Vec<String> = Vec::new();
    for line in log.lines().map(message) {
        if line.contains("perations are not supported by ") && line.ends_with(':') {
            in_list = true;
            continue;
        }
        let listed = in_list.then(|| of_list(&line)).flatten();
        in_list = listed.is_some();
        let refusal = listed
            .or_else(|| answered(&line, &mut reasons))
            .or_else(|| by_words(&line))
            .or_else(|| of_left(&line, left));
        match refusal {
            Some(refusal) if !found.contains(&refusal) && found.len() < MOST_REASONS => {
                found.push(refusal);
            }
            _ => {}
        }
    }
    found
}

/// `SOFTMAX: Operation is not supported.` in the list of TensorFlow Lite's GPU delegates.
fn of_list(line: &str) -> Option<Refusal> {
    let (operator, reason) = line.split_once(": ")?;
    let is_operator = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    // A custom operator has its name behind it.
    let first = operator.split_whitespace().next()?;
    first.chars().all(is_operator).then(|| Refusal {
        operator: operator.into(),
        reason: reason.into(),
        ..Refusal::default()
    })
}

/// `Operator type: [Softmax] index: [5] name: [prob] supported: [0]`, as the providers for Core ML,
/// NNAPI and QNN print it after the reasons.
fn answered(line: &str, reasons: &mut Vec<String>) -> Option<Refusal> {
    let Some(answer) = field(line, "supported: [") else {
        if is_refusing(line) {
            reasons.push(line.to_owned());
        }
        return None;
    };
    let said = std::mem::take(reasons);
    let operator = field(line, "Operator type: [").or_else(|| field(line, "OpType: ["))?;
    matches!(answer, "0" | "false").then(|| Refusal {
        index: None,
        name: field(line, "name: [").unwrap_or_default().into(),
        operator: operator.into(),
        reason: if said.is_empty() { "not supported".into() } else { said.join("; ") },
    })
}

/// What stands between `begin` and the next bracket.
fn field<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    Some(line.split_once(begin)?.1.split_once(']')?.0)
}

/// Sentences that name the node:
/// - `Operator SOFTMAX (v2) refused by NNAPI delegate: ...` (TensorFlow Lite),
/// - `CUDA kernel not found in registries for Op type: Gelu node name: act` (ONNX Runtime),
/// - `Force fallback to CPU execution for node: shape because ...` (ONNX Runtime).
fn by_words(line: &str) -> Option<Refusal> {
    if let Some((operator, reason)) =
        line.strip_prefix("Operator ").and_then(|rest| rest.split_once(" refused by "))
    {
        let operator = operator.split_whitespace().next()?;
        return Some(refusal("", operator, reason.split_once(": ").map_or(reason, |it| it.1)));
    }
    if let Some((what, node)) = line.split_once(" not found in registries for Op type: ") {
        let (operator, name) = node.split_once(" node name: ").unwrap_or((node, ""));
        return Some(refusal(name.trim(), operator.trim(), &format!("{what} not found")));
    }
    let (_, node) = line.split_once("fallback to CPU execution for node: ")?;
    let (name, reason) = node.split_once(" because ")?;
    Some(refusal(name.trim(), "", reason.trim()))
}

fn refusal(name: &str, operator: &str, reason: &str) -> Refusal {
    Refusal { index: None, name: name.into(), operator: operator.into(), reason: reason.into() }
}

/// A line that refuses something and names a node that was left, or its type: kept as it is.
fn of_left(line: &str, left: &[(&str, &str)]) -> Option<Refusal> {
    if !is_refusing(line) {
        return None;
    }
    let names = |wanted: &str| {
        let is_part = |c: char| c.is_alphanumeric() || "_/.:".contains(c);
        !wanted.is_empty()
            && line.split(|c| !is_part(c)).any(|word| word.trim_matches(['.', ':']) == wanted)
    };
    let named = left.iter().find(|(name, _)| names(name));
    if let Some((name, operator)) = named {
        return Some(refusal(name, operator, line));
    }
    let (_, operator) = left.iter().find(|(_, operator)| names(operator))?;
    Some(refusal("", operator, line))
}

fn is_refusing(line: &str) -> bool {
    let line = line.to_lowercase();
    REFUSING.iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(log: &str, left: &[(&str, &str)]) -> Vec<(String, String, String)> {
        of(log, left).into_iter().map(|it| (it.name, it.operator, it.reason)).collect()
    }

    fn three(name: &str, operator: &str, reason: &str) -> (String, String, String) {
        (name.into(), operator.into(), reason.into())
    }

    #[test]
    fn lists_of_gpu_delegates_are_read_to_their_end() {
        let log = "INFO: Created GPU delegate.\n\
            ERROR: Following operations are not supported by GPU delegate:\n\
            SOFTMAX: Operation is not supported.\n\
            CUSTOM TFLite_Detection_PostProcess: no kernel\n\
            29 operations will run on the GPU, and the remaining 2 operations will run on the CPU.\n\
            INFO: initialised\nTIME: 3 ms\n";
        let expected = [
            three("", "SOFTMAX", "Operation is not supported."),
            three("", "CUSTOM TFLite_Detection_PostProcess", "no kernel"),
        ];
        assert_eq!(told(log, &[]), expected);
    }

    #[test]
    fn answers_of_providers_come_with_what_was_said_before() {
        let log = "Dynamic shape is not supported for input x\n\
            Operator type: [Softmax] index: [5] name: [prob] supported: [0]\n\
            Operator type: [Conv] index: [6] name: [c] supported: [1]\n\
            Node supported: [0] Operator type: [Pad] index: [7] name: [p] as part of the NodeUnit\n";
        let expected = [
            three("prob", "Softmax", "Dynamic shape is not supported for input x"),
            three("p", "Pad", "not supported"),
        ];
        assert_eq!(told(log, &[]), expected);
    }

    #[test]
    fn sentences_that_name_a_node_are_read() {
        let log = "Operator SOFTMAX (v2) refused by NNAPI delegate: Unsupported operand type.\n\
            CUDA kernel not found in registries for Op type: Gelu node name: act\n\
            Force fallback to CPU execution for node: shape because the CPU is faster\n";
        let expected = [
            three("", "SOFTMAX", "Unsupported operand type."),
            three("act", "Gelu", "CUDA kernel not found"),
            three("shape", "", "the CPU is faster"),
        ];
        assert_eq!(told(log, &[]), expected);
    }

    #[test]
    fn other_lines_count_only_if_they_refuse_a_node_that_was_left() {
        let left = [("block/pool", "AVERAGE_POOL_2D"), ("prob", "SOFTMAX")];
        let log = "driver: SOFTMAX on INT8 is unsupported\n\
            driver: block/pool was rejected\n\
            driver: CONV_2D is unsupported\n\
            driver: SOFTMAX_V2 is unsupported\n\
            driver: SOFTMAX compiled\n\
            driver: SOFTMAX on INT8 is unsupported\n";
        let expected = [
            three("", "SOFTMAX", "driver: SOFTMAX on INT8 is unsupported"),
            three("block/pool", "AVERAGE_POOL_2D", "driver: block/pool was rejected"),
        ];
        assert_eq!(told(log, &left), expected);
    }
}
