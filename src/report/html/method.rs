//! How it was measured, on what, and what was assumed.

use crate::record::description::Model;
use crate::record::header::Runtime;
use crate::record::named_cpus;
use crate::record::names::together;
use crate::record::option_set::OptionSet;
use crate::record::options::{Amount, Options};
use crate::record::run::Run;
use crate::report::conditions_note;
use crate::report::contents_note;
use crate::report::orientation_note;
use crate::report::{portable, preprocessing_note};
use crate::stats::stopping::{AUTO_PROCESSES, LEAST_RUNS};
use crate::table::row::Row;
use crate::table::units::bytes;

/// Host, runtimes, options, dataset and assumptions.
pub(crate) struct MethodSection {
    pub lists: Vec<TermList>,
    pub assumptions: Vec<String>,
    pub models: Vec<Term>,
    /// All that was measured took as long.
    pub seconds: String,
    pub seed: u64,
}

/// A titled list.
pub(crate) struct TermList {
    pub title: &'static str,
    pub items: Vec<Term>,
}

/// A term, and the lines that say what it is here.
pub(crate) struct Term {
    pub term: String,
    pub lines: Vec<TermLine>,
}

/// A line of a term.
pub(crate) enum TermLine {
    Words(String),
    /// A checksum, in small letters, and words after it.
    Hash {
        hash: String,
        after: String,
    },
}

impl TermLine {
    fn sha256(sha256: &str, after: String) -> Self {
        Self::Hash { hash: format!("SHA-256 {sha256}"), after }
    }
}

impl Term {
    /// In one line.
    fn new(term: impl Into<String>, words: impl Into<String>) -> Self {
        Self { term: term.into(), lines: vec![TermLine::Words(words.into())] }
    }
}

/// The section.
pub(crate) fn section(run: &Run, rows: &[Row]) -> MethodSection {
    let header = &run.header;
    let pipelines = header.pipelines.iter();
    let pipelines = pipelines.map(|it| Term::new(together(&it.models), it.to_string()));
    let lists = [
        TermList { title: "The machine", items: host(run) },
        TermList { title: "Merged from", items: parts(run) },
        TermList { title: "The runtimes", items: header.runtimes.iter().map(runtime).collect() },
        TermList { title: "How it was measured", items: method(&header.options) },
        TermList { title: "Unlike in an app", items: conditions(run) },
        TermList { title: "The images", items: dataset(run) },
        TermList { title: "From photo to input", items: pipelines.collect() },
    ];
    let mut assumptions = header.assumptions.clone();
    assumptions.extend(preprocessing_note::offer(run));
    let seconds: f64 = rows.iter().filter_map(|row| row.seconds).sum();
    MethodSection {
        lists: lists.into_iter().filter(|list| !list.items.is_empty()).collect(),
        assumptions,
        models: header.models.iter().map(model).collect(),
        seconds: format!("{seconds:.0}"),
        seed: header.options.seed,
    }
}

fn runtime(runtime: &Runtime) -> Term {
    let mut term = Term::new(runtime.backend.to_string(), runtime.version.clone());
    let hash = runtime.sha256.as_deref();
    term.lines.extend(hash.map(|hash| TermLine::sha256(hash, String::new())));
    term
}

fn model(model: &Model) -> Term {
    let source = model.description.source.as_deref();
    let source = source.map_or(String::new(), |source| format!("; from {source}"));
    let mut term =
        Term::new(model.name.clone(), format!("{}, {}", model.format, bytes(model.bytes)));
    term.lines.push(TermLine::sha256(&model.sha256, source));
    term
}

fn host(run: &Run) -> Vec<Term> {
    let host = &run.header.host;
    let mut items = vec![
        Term::new("Device", run.header.device.clone()),
        Term::new("Processor", format!("{}, {} logical CPUs, {}", host.cpu, host.cores, host.arch)),
        Term::new("System", host.os.clone()),
        Term::new("Memory", bytes(host.memory_bytes)),
    ];
    let mut add = |term: &str, value: Option<String>| {
        items.push(Term::new(term, value.unwrap_or_else(|| "unknown".into())));
    };
    let highest = host.max_mhz.iter().max().filter(|mhz| **mhz > 0);
    add("Highest frequency", highest.map(|mhz| format!("{mhz} MHz")));
    add("Governor", host.governor.clone());
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    add("Turbo", host.turbo.map(on));
    add("Two threads per core", host.smt.map(on));
    add("Load at the start", host.load_before.map(|load| format!("{load:.2}")));
    if let Some(finished) = &run.finished {
        add("Load at the end", finished.load_after.map(|load| format!("{load:.2}")));
    }
    items.push(Term::new(
        "Clock",
        format!(
            "monotonic, steps of {} ns, {} ns per reading",
            host.clock_precision_ns, host.clock_cost_ns
        ),
    ));
    items
}

/// The runs that a merged run was made from.
fn parts(run: &Run) -> Vec<Term> {
    let words = |part: &crate::record::header::Part| {
        let shard = part.shard.map_or(String::new(), |shard| format!(", shard {shard}"));
        let host = &part.host;
        format!("{}{shard}: {}, {}, {}", part.device, host.cpu, host.arch, host.os)
    };
    run.header.parts.iter().map(|part| Term::new(part.run_id.clone(), words(part))).collect()
}

fn method(options: &Options) -> Vec<Term> {
    let Some(latency) = &options.latency else {
        return vec![Term::new("Latency", "not measured")];
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
        Term::new("Order", format!("{}: {}", latency.order, order_words(latency.order))),
        Term::new(
            "Visits",
            format!(
                "a first run that is recorded separately, untimed runs until two windows agree, then timed runs: at least {LEAST_RUNS}, for at least {} ms",
                latency.block_ms
            ),
        ),
        Term::new(
            "Warm-up",
            match latency.warmup {
                Amount::Auto => "until its times are steady".to_owned(),
                Amount::Fixed(runs) => format!("{runs} runs"),
            },
        ),
        Term::new(
            "Timed runs",
            match latency.runs {
                Amount::Auto => format!(
                    "until the median is known to within 1%, for {} to {} s per case",
                    latency.min_seconds, latency.max_seconds
                ),
                Amount::Fixed(runs) => format!("{runs} per case"),
            },
        ),
        Term::new(
            "Processes per case",
            match latency.processes {
                Amount::Auto => format!("as many as the time allows, at most {AUTO_PROCESSES}"),
                Amount::Fixed(processes) => processes.to_string(),
            },
        ),
        Term::new("Inputs of timed runs", latency.inputs.words()),
        Term::new("CPUs", affinity),
        Term::new("Pause between visits", format!("{} s", latency.cooldown_seconds)),
    ];
    for OptionSet { name, backend, set } in &options.option_sets {
        items.push(Term::new(format!("Options {name}"), format!("{set} ({backend})")));
    }
    if let Some(budget) = latency.budget_ms {
        items.push(Term::new("Latency budget", format!("{budget} ms")));
    }
    items
}

/// What the processes were denied, or given, that an app is not.
fn conditions(run: &Run) -> Vec<Term> {
    let sentences = conditions_note::sentences(run).into_iter();
    sentences.map(|sentence| Term::new("Conditions", sentence)).collect()
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

fn dataset(run: &Run) -> Vec<Term> {
    let Some(dataset) = portable::header(&run.header).dataset else {
        return Vec::new();
    };
    let hash = |title: &str, hash: TermLine| Term { term: title.into(), lines: vec![hash] };
    let mut items = vec![
        Term::new("Folder", dataset.path.display().to_string()),
        Term::new("Scored", format!("{} images of {} classes", dataset.images, dataset.classes)),
        hash("Listing", TermLine::sha256(&dataset.listing_sha256, String::new())),
    ];
    if let Some(digits) = contents_note::digits(run) {
        let digits = format!("sum of SHA-256 {digits}");
        items.push(hash("Contents", TermLine::Hash { hash: digits, after: String::new() }));
    }
    let warning = contents_note::warning(run);
    items.extend(warning.map(|warning| Term::new("Changed meanwhile", warning)));
    let orientation = orientation_note::sentence(run);
    items.extend(orientation.map(|sentence| Term::new("EXIF orientation", sentence)));
    if !dataset.unreadable.is_empty() {
        items.push(unreadable(&dataset.unreadable));
    }
    items
}

/// The images that were left out.
fn unreadable(unreadable: &[(String, String)]) -> Term {
    /// More names than this say nothing.
    const MOST: usize = 20;
    let mut term = Term::new("Left out, unreadable", unreadable.len().to_string());
    let named = unreadable.iter().take(MOST);
    term.lines.extend(named.map(|(file, reason)| TermLine::Words(format!("{file}: {reason}"))));
    let more = unreadable.len().saturating_sub(MOST);
    term.lines.extend((more > 0).then(|| TermLine::Words(format!("and {more} more"))));
    term
}
