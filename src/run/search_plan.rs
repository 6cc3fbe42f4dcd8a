//! What a search for the best case of one model looks at, on the machine that it runs on.

use std::num::NonZeroUsize;

use anyhow::{Result, bail, ensure};
use strum::VariantArray;

use crate::host::affinity;
use crate::model::select;
use crate::record::backend_kind::BackendKind;
use crate::record::capabilities::{Measured, Threads};
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::format::Format;
use crate::record::header::Header;
use crate::record::narrowing::Narrowing;
use crate::record::option_set::{self, OptionSet};
use crate::record::options::{Amount, NonNegative};
use crate::record::search_request::SearchRequest;
use crate::run::suite_file::SuiteFile;
use crate::runtime::backend_error::BackendError;
use crate::worker::runtime_probe::probe;
use crate::worker::worker_source::WorkerSource;

/// Minimum time in the timed runs of a visit while there are several cases.
const BLOCK_MS: f64 = 10.0;
/// Maximum time in the timed runs of the best case: the others are beaten by then.
const MAX_SECONDS: f64 = 2.0;
/// Untimed runs of a process: each visit begins with untimed runs of its own until it has
/// settled.
const WARMUP_RUNS: u32 = 5;
/// The margin, unless stated otherwise, in percent.
const MARGIN_PERCENT: f64 = 2.0;
/// Single processes of one case differ by up to 0.8% (docs/measurement.md).
pub(crate) const LEAST_MARGIN: f64 = 1.0;
pub(crate) const MOST_MARGIN: f64 = 50.0;

/// What `wanted` asks for, with what it leaves to the search; and a sentence for each runtime that
/// is left out.
///
/// # Errors
/// One sentence: what cannot be searched.
pub(crate) fn completed(
    wanted: &SuiteFile,
    search: &SearchRequest,
) -> Result<(SuiteFile, Vec<String>)> {
    let percent = search.margin_percent.unwrap_or(MARGIN_PERCENT);
    ensure!(
        (LEAST_MARGIN..=MOST_MARGIN).contains(&percent),
        "a search's margin is in percent, from {LEAST_MARGIN} to {MOST_MARGIN}, not {percent}"
    );
    if let Some(what) = beyond(wanted) {
        bail!("a search times plain runs on one machine; remove {what}");
    }
    let model = only_model(wanted)?;
    let mut suite = wanted.clone();
    let left_out;
    (suite.backends, left_out) = backends(wanted, model.format)?;
    if suite.threads.is_empty() {
        suite.threads = thread_counts();
    }
    if suite.options.is_empty() && !search.no_options {
        suite.options = tried(&suite.backends, &suite.delegates);
    }
    let seconds = NonNegative::try_from(MAX_SECONDS).map_err(anyhow::Error::msg)?;
    let suite = SuiteFile {
        affinity: suite.affinity.or_else(clusters),
        accuracy: Some(false),
        warmup: suite.warmup.or(Some(Amount::Fixed(WARMUP_RUNS))),
        processes: suite.processes.or(Some(Amount::Fixed(1))),
        max_seconds: suite.max_seconds.or(Some(seconds)),
        ..suite
    };
    Ok((suite, left_out))
}

/// What a suite states that a search does not do.
fn beyond(wanted: &SuiteFile) -> Option<&'static str> {
    [
        ("rate", !wanted.rate.is_empty()),
        ("streams", !wanted.streams.is_empty()),
        ("find_rate", wanted.find_rate.is_some()),
        ("end_to_end", wanted.end_to_end == Some(true)),
        ("cold_starts", wanted.cold_starts.is_some()),
        ("sustained", wanted.sustained.is_some()),
        ("energy", wanted.energy == Some(true)),
        ("shard", wanted.shard.is_some()),
        ("partition", wanted.partition.is_some()),
        ("latency = false", wanted.latency == Some(false)),
    ]
    .into_iter()
    .find_map(|(name, is_stated)| is_stated.then_some(name))
}

/// Makes the run of `header` a search; `threads_asked` says whether numbers of threads were
/// stated.
pub(crate) fn narrow(header: &mut Header, search: &SearchRequest, threads_asked: bool) {
    // What is judged is whether a case computes the file as it is, not how well it was quantised.
    for model in &mut header.models {
        model.description.reference = None;
    }
    header.references.clear();
    if !threads_asked {
        let is_one = |case: &Case| case.backend.capabilities().threads != Threads::AsAsked;
        header.cases.retain(|case| case.threads == NonZeroUsize::MIN || !is_one(case));
    }
    if let Some(latency) = &mut header.options.latency {
        latency.narrowing = Some(Narrowing {
            margin_percent: search.margin_percent.unwrap_or(MARGIN_PERCENT),
            seconds: search.seconds.map(NonNegative::get),
            block_ms: BLOCK_MS,
            any_precision: search.reduced_precision,
        });
    }
}

/// The model of a search.
///
/// # Errors
/// Several of them, or none.
pub(crate) fn only_model(wanted: &SuiteFile) -> Result<Model> {
    ensure!(!wanted.models.is_empty(), "a search is for one model; name it");
    let models = select::select(&wanted.models, wanted.describe.signature.as_deref())?;
    let count = models.len();
    match <[Model; 1]>::try_from(models) {
        Ok([model]) => Ok(model),
        Err(_) => bail!("tune searches for one model, and --model names {count}; name one of them"),
    }
}

/// The runtimes that were named, or all that are present and read the model; with a sentence
/// for each that is left out.
fn backends(wanted: &SuiteFile, format: Format) -> Result<(Vec<BackendKind>, Vec<String>)> {
    if !wanted.backends.is_empty() {
        return Ok((wanted.backends.clone(), Vec::new()));
    }
    // It is the same library as tflite.
    let kinds = BackendKind::VARIANTS.iter().filter(|kind| **kind != BackendKind::Tflitec);
    let kinds: Vec<BackendKind> =
        kinds.filter(|kind| kind.capabilities().reads(format)).copied().collect();
    let (mut present, mut left_out) = (Vec::new(), Vec::new());
    for (kind, told) in probe(&WorkerSource::isolated(), &kinds) {
        match told {
            // One that cannot be opened has cases that say why.
            Ok(_) | Err(BackendError::Unsupported(_)) => present.push(kind),
            Err(error) => left_out.push(format!("backend {kind} is left out: {error}")),
        }
    }
    ensure!(!present.is_empty(), "no runtime is present that reads {format} files");
    Ok((present, left_out))
}

/// The powers of two up to the number of CPUs, and that number.
fn thread_counts() -> Vec<NonZeroUsize> {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let powers = (0..usize::BITS).map(|bit| 1_usize << bit).take_while(|count| *count < all.get());
    powers.filter_map(NonZeroUsize::new).chain([all]).collect()
}

/// The settings that are tried, under the delegates that are searched.
fn tried(backends: &[BackendKind], delegates: &[Delegate]) -> Vec<OptionSet> {
    let of = |backend: &BackendKind| {
        let own = backend.capabilities().delegates.iter();
        let own = own.filter(|it| it.measured != Measured::OnRequest).map(|it| it.delegate.clone());
        let own: Vec<Delegate> = own.collect();
        option_set::tried(*backend, if delegates.is_empty() { &own } else { delegates })
    };
    backends.iter().flat_map(of).collect()
}

/// The clusters of this machine, where it has several.
fn clusters() -> Option<String> {
    let names = "big,little,all";
    affinity::parse(names).ok().map(|_| names.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_tried_in_every_combination_that_fits_a_delegate() {
        let names = |backend, delegates: &[Delegate]| -> Vec<String> {
            tried(&[backend], delegates).into_iter().map(|set| set.name).collect()
        };
        assert_eq!(names(BackendKind::Openvino, &[]), ["f32", "loose", "f32-loose"]);
        assert_eq!(names(BackendKind::Tflite, &[]), ["fp16", "latest", "fp16-latest"]);
        assert!(names(BackendKind::Tflite, &[Delegate::None]).is_empty());
        assert!(names(BackendKind::Tract, &[]).is_empty());
        for backend in BackendKind::VARIANTS {
            for set in tried(&[*backend], &[]) {
                assert_eq!(set.check(), Ok(()));
            }
        }
    }
}
