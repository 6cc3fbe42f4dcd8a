//! How it was measured, on what, and what was assumed; and what delegates took.

use std::fmt::Write as _;

use crate::record::coverage::DelegateStatus;
use crate::record::delegate::Delegate;
use crate::record::named_cpus;
use crate::record::names::together;
use crate::record::option_set::OptionSet;
use crate::record::options::{Amount, Options};
use crate::record::run::Run;
use crate::report::contents_note;
use crate::report::html::escape::text;
use crate::report::orientation_note;
use crate::report::{portable, preprocessing_note};
use crate::stats::stopping::{AUTO_PROCESSES, LEAST_RUNS};
use crate::table::row::Row;
use crate::table::units::bytes;

/// What each delegate took of each model's graph.
pub fn coverage(rows: &[Row]) -> String {
    let mut body = String::new();
    let mut seen = Vec::new();
    for row in rows.iter().filter(|row| row.delegate != Delegate::None) {
        let key = (&row.model, row.asked_for());
        let Some(status) = row.delegate_status else { continue };
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        coverage_line(&mut body, row, status);
    }
    if body.is_empty() {
        return String::new();
    }
    format!(
        "<section id=\"coverage\" class=\"long\" aria-labelledby=\"coverage-title\"><h2 id=\"coverage-title\">What the delegates took</h2><p class=\"lead\">From the runtime's own plan or profiler, not from what was requested.</p>\
         <div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"coverage-title\"><table><thead><tr><th scope=\"col\">model</th><th scope=\"col\">asked for</th><th scope=\"col\">took</th><th scope=\"col\" class=\"n\">nodes</th><th scope=\"col\" class=\"n\">of</th><th scope=\"col\" class=\"n\">pieces</th></tr></thead><tbody>{body}</tbody></table></div></section>\n"
    )
}

fn coverage_line(body: &mut String, row: &Row, status: DelegateStatus) {
    let (class, word) = match status {
        DelegateStatus::Full => ("", "everything"),
        DelegateStatus::Partial => ("", "a part"),
        DelegateStatus::None => (" warning", "nothing"),
        DelegateStatus::Unknown => ("", "the runtime does not report it"),
    };
    let count = |count: Option<u32>| count.map_or(String::new(), |count| count.to_string());
    // Writing to a String does not fail.
    let _ = write!(
        body,
        "<tr><th scope=\"row\"><span class=\"name\">{}</span></th><td>{}</td><td><span class=\"tag{class}\">{word}</span></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        text(&row.model),
        text(&row.asked_for()),
        count(row.nodes_delegated),
        count(row.nodes_total),
        count(row.partitions),
    );
}

/// Host, runtimes, options, dataset, assumptions and definitions.
pub fn section(run: &Run, rows: &[Row]) -> String {
    let header = &run.header;
    let mut html = String::from(
        "<section id=\"method\" class=\"long\" aria-labelledby=\"method-title\"><h2 id=\"method-title\">Host and method</h2>",
    );
    list(&mut html, "The machine", &host(run));
    list(&mut html, "Merged from", &parts(run));
    let runtimes: Vec<(String, String)> = header
        .runtimes
        .iter()
        .map(|runtime| {
            let hash = runtime.sha256.as_deref().map_or(String::new(), hash);
            (runtime.backend.to_string(), format!("{}{hash}", text(&runtime.version)))
        })
        .collect();
    list(&mut html, "The runtimes", &runtimes);
    list(&mut html, "How it was measured", &method(&header.options));
    list(&mut html, "The images", &dataset(run));
    let pipelines = header.pipelines.iter();
    let pipelines: Vec<(String, String)> =
        pipelines.map(|it| (together(&it.models), text(&it.to_string()))).collect();
    list(&mut html, "From photo to input", &pipelines);
    let mut assumed = header.assumptions.clone();
    assumed.extend(preprocessing_note::offer(run));
    assumptions(&mut html, &assumed);
    html.push_str(DEFINITIONS);
    let models: Vec<(String, String)> = header
        .models
        .iter()
        .map(|model| {
            let source = model
                .description
                .source
                .as_deref()
                .map_or(String::new(), |source| format!("; from {}", text(source)));
            (
                model.name.clone(),
                format!("{}, {}{}{source}", model.format, bytes(model.bytes), hash(&model.sha256)),
            )
        })
        .collect();
    if !models.is_empty() {
        let _ = write!(
            html,
            "<details><summary>The {} model files and their hashes</summary>",
            models.len()
        );
        list(&mut html, "Models", &models);
        html.push_str("</details>");
    }
    let seconds: f64 = rows.iter().filter_map(|row| row.seconds).sum();
    let _ = writeln!(
        html,
        "<p class=\"dim\">Measuring took {:.0} seconds in total. Seed {}. results.csv, predictions.csv and run.json in the run's folder hold every number on this page; 'shutterbench report RUN --samples FILE' writes the timed runs behind them.</p></section>",
        seconds, header.options.seed
    );
    html
}

fn hash(sha256: &str) -> String {
    format!("<br><span class=\"hash\">SHA-256 {}</span>", text(sha256))
}

/// A titled list of terms; the terms are text, the definitions HTML.
fn list(html: &mut String, title: &str, items: &[(String, String)]) {
    if items.is_empty() {
        return;
    }
    let _ = write!(html, "<h3>{title}</h3><dl>");
    for (term, definition) in items {
        let _ = write!(html, "<dt>{}</dt><dd>{definition}</dd>", text(term));
    }
    html.push_str("</dl>");
}

fn host(run: &Run) -> Vec<(String, String)> {
    let host = &run.header.host;
    let mut items = vec![
        ("Device".to_owned(), text(&run.header.device)),
        (
            "Processor".to_owned(),
            format!("{}, {} logical CPUs, {}", text(&host.cpu), host.cores, text(&host.arch)),
        ),
        ("System".to_owned(), text(&host.os)),
        ("Memory".to_owned(), bytes(host.memory_bytes)),
    ];
    let mut add = |term: &str, value: Option<String>| {
        items.push((term.to_owned(), value.unwrap_or_else(|| "unknown".into())));
    };
    let highest = host.max_mhz.iter().max().filter(|mhz| **mhz > 0);
    add("Highest frequency", highest.map(|mhz| format!("{mhz} MHz")));
    add("Governor", host.governor.as_deref().map(text));
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    add("Turbo", host.turbo.map(on));
    add("Two threads per core", host.smt.map(on));
    add("Load at the start", host.load_before.map(|load| format!("{load:.2}")));
    if let Some(finished) = &run.finished {
        add("Load at the end", finished.load_after.map(|load| format!("{load:.2}")));
    }
    items.push((
        "Clock".to_owned(),
        format!(
            "monotonic, steps of {} ns, {} ns per reading",
            host.clock_precision_ns, host.clock_cost_ns
        ),
    ));
    items
}

/// The runs that a merged run was made from.
fn parts(run: &Run) -> Vec<(String, String)> {
    let words = |part: &crate::record::header::Part| {
        let shard = part.shard.map_or(String::new(), |shard| format!(", shard {shard}"));
        let host = &part.host;
        format!(
            "{}{shard}: {}, {}, {}",
            text(&part.device),
            text(&host.cpu),
            text(&host.arch),
            text(&host.os)
        )
    };
    run.header.parts.iter().map(|part| (part.run_id.clone(), words(part))).collect()
}

fn method(options: &Options) -> Vec<(String, String)> {
    let Some(latency) = &options.latency else {
        return vec![("Latency".to_owned(), "not measured".to_owned())];
    };
    let cpus = |cpus: &[usize]| match cpus {
        [] => "not pinned".to_owned(),
        cpus => named_cpus::in_words(cpus),
    };
    let named = latency.affinities.iter().map(|it| format!("{}: {}", it.name, cpus(&it.cpus)));
    let affinity = match named.collect::<Vec<_>>() {
        none if none.is_empty() => cpus(&latency.affinity),
        named => named.join("; "),
    };
    let mut items = vec![
        ("Order".to_owned(), format!("{}: {}", latency.order, order_words(latency.order))),
        (
            "Visits".to_owned(),
            format!(
                "a first run that is recorded separately, untimed runs until two windows agree, then timed runs: at least {LEAST_RUNS}, for at least {} ms; only the clock is read between two runs",
                latency.block_ms
            ),
        ),
        (
            "Warm-up".to_owned(),
            match latency.warmup {
                Amount::Auto => "until its times are steady".to_owned(),
                Amount::Fixed(runs) => format!("{runs} runs"),
            },
        ),
        (
            "Timed runs".to_owned(),
            match latency.runs {
                Amount::Auto => format!(
                    "until the median is known to within 1%, for {} to {} s per case",
                    latency.min_seconds, latency.max_seconds
                ),
                Amount::Fixed(runs) => format!("{runs} per case"),
            },
        ),
        (
            "Processes per case".to_owned(),
            match latency.processes {
                Amount::Auto => format!("as many as the time allows, at most {AUTO_PROCESSES}"),
                Amount::Fixed(processes) => processes.to_string(),
            },
        ),
        ("CPUs".to_owned(), affinity),
        ("Pause between visits".to_owned(), format!("{} s", latency.cooldown_seconds)),
    ];
    for OptionSet { name, backend, set } in &options.option_sets {
        items.push((format!("Options {name}"), format!("{set} ({backend})")));
    }
    if let Some(budget) = latency.budget_ms {
        items.push(("Latency budget".to_owned(), format!("{budget} ms")));
    }
    items
}

const fn order_words(order: crate::record::options::Order) -> &'static str {
    match order {
        crate::record::options::Order::Interleaved => {
            "every case once per round, so that a slow minute affects all of them alike"
        }
        crate::record::options::Order::Sequential => {
            "case after case, so that a slow minute affects only some of them"
        }
    }
}

fn dataset(run: &Run) -> Vec<(String, String)> {
    let Some(dataset) = portable::header(&run.header).dataset else {
        return Vec::new();
    };
    let mut items = vec![
        ("Folder".to_owned(), text(&dataset.path.display().to_string())),
        ("Scored".to_owned(), format!("{} images of {} classes", dataset.images, dataset.classes)),
        (
            "Listing".to_owned(),
            format!("<span class=\"hash\">SHA-256 {}</span>", text(&dataset.listing_sha256)),
        ),
    ];
    if let Some(digits) = contents_note::digits(run) {
        let digits = format!("<span class=\"hash\">sum of SHA-256 {digits}</span>");
        items.push(("Contents".to_owned(), digits));
    }
    if let Some(warning) = contents_note::warning(run) {
        items.push(("Changed meanwhile".to_owned(), text(warning)));
    }
    if let Some(sentence) = orientation_note::sentence(run) {
        items.push(("EXIF orientation".to_owned(), text(&sentence)));
    }
    if !dataset.unreadable.is_empty() {
        /// More names than this say nothing.
        const MOST: usize = 20;
        let named = dataset.unreadable.iter().take(MOST);
        let named: Vec<String> =
            named.map(|(file, reason)| text(&format!("{file}: {reason}"))).collect();
        let more = dataset.unreadable.len().saturating_sub(MOST);
        let more = if more == 0 { String::new() } else { format!("<br>and {more} more") };
        items.push((
            "Left out, unreadable".to_owned(),
            format!("{}<br>{}{more}", dataset.unreadable.len(), named.join("<br>")),
        ));
    }
    items
}

fn assumptions(html: &mut String, assumptions: &[String]) {
    if assumptions.is_empty() {
        return;
    }
    html.push_str("<h3>Assumed, not stated</h3><ul>");
    for assumption in assumptions {
        let _ = write!(html, "<li>{}</li>", text(assumption));
    }
    html.push_str("</ul>");
}

const DEFINITIONS: &str = "<h3>What the terms mean</h3><dl>\
<dt>p50, p90, p99</dt><dd>50%, 90% or 99% of all timed runs took at most this long. The first inference and the warm-up are not included.</dd>\
<dt>95% interval of a median</dt><dd>Student's t over the processes, or over tenths of the rounds of a single one, since consecutive runs are not independent.</dd>\
<dt>Top-1, Top-5</dt><dd>Share of the images whose true class ranks first, or among the first five. With equal scores the lower class ranks first. Intervals are 95% Wilson intervals.</dd>\
<dt>not distinguishable</dt><dd>Latencies: the 95% intervals overlap, so another run could reverse the order. Accuracies: McNemar's exact test on the same images gives p of 0.05 or more.</dd>\
<dt>multimodal</dt><dd>The case ran at two or more distinct speeds, each shown with its median and its share of the runs.</dd>\
<dt>Pareto front</dt><dd>Cases that no other case beats in both latency and Top-1.</dd></dl>";
