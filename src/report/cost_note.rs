//! What each model computes, from its file, beside the rate at which its fastest case does.

use std::fmt::Write as _;

use crate::decide::highlights::fastest_of_each_model;
use crate::record::cost::Cost;
use crate::record::run::{CaseRecord, Run};
use crate::table::batch_size::{images_per_run, macs_per_image};
use crate::table::row::Row;
use crate::table::units::{bytes, large, ms, one_line, three_digits};

/// What the section is about, in a sentence or two.
pub(crate) const LEAD: &str = "From the files alone: multiply-accumulates of convolutions and matrix products, weights, activations (all tensors that operators write), and multiply-accumulates per byte that operators read and write. The rate is that of the model's fastest case; its share is of what a large float32 matrix product reached on as many threads, so 8-bit arithmetic may exceed 100%.";
/// The columns.
pub(crate) const TITLES: [&str; 10] = [
    "model",
    "MACs per image",
    "parameters",
    "weights",
    "activations per image",
    "MACs per byte",
    "fastest case",
    "p50 ms",
    "GMAC/s",
    "of a large product",
];
/// How many of them are text.
pub(crate) const IS_TEXT: [bool; 10] =
    [true, false, false, false, false, false, true, false, false, false];

/// A line per model whose cost is known, in the order of the columns; empty where something was not
/// measured or cannot be derived.
pub(crate) fn lines(run: &Run, rows: &[Row]) -> Vec<[String; 10]> {
    let fastest =
        fastest_of_each_model(rows, (0..rows.len()).filter(|index| rows[*index].may_be_fastest()));
    let line = |model: &crate::record::description::Model| {
        let cost = model.signature.cost.as_ref()?;
        let row = fastest.iter().map(|index| &rows[*index]).find(|row| row.model == model.name);
        let any = row.or_else(|| rows.iter().find(|row| row.model == model.name))?;
        let rate = row.and_then(gmacs_per_second);
        let share = row
            .zip(rate)
            .and_then(|(row, rate)| Some(rate / reachable(run, Some(&row.device), row.threads)?));
        let or_empty = |text: Option<String>| text.unwrap_or_default();
        Some([
            one_line(&model.name),
            or_empty(any.macs.map(large)),
            or_empty(cost.parameters.map(large)),
            weights(cost),
            or_empty(any.activation_bytes.map(bytes)),
            or_empty(cost.intensity().map(three_digits)),
            or_empty(row.map(|row| format!("{}, threads {}", row.ran_on(), row.threads))),
            or_empty(row.and_then(|row| row.latency_p50_us).map(ms)),
            or_empty(rate.map(three_digits)),
            or_empty(share.map(|share| format!("{:.0}%", share * 100.0))),
        ])
    };
    run.header.models.iter().filter_map(line).collect()
}

/// Bytes of the weights, with their type where most are of one.
fn weights(cost: &Cost) -> String {
    match cost.weights.first() {
        Some(most) => format!("{} ({})", bytes(cost.weight_bytes()), most.element),
        None => String::new(),
    }
}

/// Thousands of millions of multiply-accumulates per second at the median.
pub(crate) fn gmacs_per_second(row: &Row) -> Option<f64> {
    Some(row.macs? as f64 / 1e3 / row.latency_per_image_us?)
}

/// What a large product would reach on a device with so many threads.
fn reachable(run: &Run, device: Option<&str>, threads: usize) -> Option<f64> {
    let machine = run.header.machine(device);
    Some(machine.host.product_gmacs? * threads as f64)
}

/// The rate of a case whose runs take `run_ns`, in words: '4.20 GMAC/s, 31% of what a large matrix
/// product reaches'.
pub(crate) fn rate_words(run: &Run, record: &CaseRecord, run_ns: f64) -> Option<String> {
    let case = &record.case;
    let model = run.header.models.iter().find(|model| model.name == case.model)?;
    let macs = macs_per_image(model)? as f64 * images_per_run(run, record) as f64;
    let rate = macs / run_ns;
    let reachable = reachable(run, case.device.as_deref(), case.threads.get());
    let share = reachable.map_or(String::new(), |reachable| {
        let share = rate / reachable * 100.0;
        format!(", {share:.0}% of what a large matrix product reaches")
    });
    Some(format!("{} GMAC/s{share}", three_digits(rate)))
}

/// The section of report.md.
pub(crate) fn markdown(run: &Run, rows: &[Row], escape: fn(&str) -> String) -> String {
    let lines = lines(run, rows);
    if lines.is_empty() {
        return String::new();
    }
    let mut text = format!("\n<details><summary>Computation</summary>\n\n{LEAD}\n\n");
    let rule = IS_TEXT.map(|is_text| if is_text { "---" } else { "--:" });
    // Writing to a String does not fail.
    let _ = writeln!(text, "| {} |\n|{}|", TITLES.join(" | "), rule.join("|"));
    for line in lines {
        let _ = writeln!(text, "| {} |", line.map(|cell| escape(&cell)).join(" | "));
    }
    text + "\n</details>\n"
}
