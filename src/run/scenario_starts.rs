//! Starts: from a fresh process that has opened nothing to the first result, with the files in the
//! page cache or without.

use std::fs::{self, File};
use std::path::Path;

use crate::host::clock;
use crate::record::case::Case;
use crate::record::options::LatencyOptions;
use crate::record::scenario::{Scenario, ScenarioVisit};
use crate::record::stage::{Stage, StageTimes};
use crate::record::status::Status;
use crate::record::timed_runs::Block;
use crate::record::visit::Visit;
use crate::run::active_case::visited;
use crate::run::context::Context;
use crate::run::run_inputs;
use crate::run::start_cache::StartCache;
use crate::system::files;
use crate::worker::link::Fault;
use crate::worker::protocol::Request;
use crate::worker::worker_source::Worker;

/// Share of a model's bytes that must come from the disk for a start to be called cold. What a
/// runtime does not read, such as metadata, need not come at all.
const LEAST_FROM_DISK: f64 = 0.5;

/// Starts a case in a fresh process and has it run once. For a cold start, the files of the model
/// and the runtime are dropped from the page cache before. A cache that the case's options name is
/// filled, unless the scenario wants it empty.
///
/// # Errors
/// The case's fault; also a page cache that could not be emptied.
pub(crate) fn start(
    context: &Context<'_>,
    options: &LatencyOptions,
    case: &Case,
    round: u32,
    scenario: Scenario,
) -> Result<ScenarioVisit, Fault> {
    let set = context.options().set_of(case);
    let Some(cache) = set.and_then(|set| StartCache::of(set, case)) else {
        return start_of(context, options, case, (round, scenario), None);
    };
    if scenario == Scenario::CacheMiss {
        cache.empty()?;
    } else if cache.files().is_empty() {
        // Nothing has filled it yet.
        start_of(context, options, case, (round, Scenario::CacheMiss), Some(&cache))?;
    }
    let before = cache.files();
    let mut visit = start_of(context, options, case, (round, scenario), Some(&cache))?;
    visit.cache_bytes = Some(cache.bytes_after(scenario, &before)?);
    Ok(visit)
}

/// The start itself, with the cache as it is.
fn start_of(
    context: &Context<'_>,
    options: &LatencyOptions,
    case: &Case,
    (round, scenario): (u32, Scenario),
    cache: Option<&StartCache>,
) -> Result<ScenarioVisit, Fault> {
    let model = context.model(case);
    let is_cold = scenario == Scenario::ColdStart;
    let cached = cache.map_or(Vec::new(), StartCache::files);
    if is_cold {
        let runtime = context.header().runtimes.iter().find(|it| it.backend == case.backend);
        let library = runtime.and_then(|runtime| runtime.library.as_deref());
        let kept = cached.iter().map(|(file, ..)| file.as_path());
        for file in [Some(model.path.as_path()), library].into_iter().flatten().chain(kept) {
            drop_from_page_cache(file)?;
        }
    }
    let redirected = cache.map(|cache| context.workers.clone().with_set(&cache.set));
    let workers = redirected.as_ref().unwrap_or(&context.workers);
    let Worker { mut link, loaded } = workers.load_batch(case, model, options.batch)?;
    let process = link.process();
    run_inputs::send(context, case, &loaded, link.as_mut())?;
    let first = visited(link.as_mut(), &Request::First)?;
    if is_cold && let Some(bytes) = process.and_then(bytes_from_disk) {
        // A cache may take the model's place.
        let kept: u64 = cached.iter().map(|(_, bytes, _)| bytes).sum();
        check_cold(bytes, if kept > 0 { kept.min(model.bytes) } else { model.bytes })?;
    }
    let first_ns = first.block.latency_ns.first().copied().unwrap_or(first.block.wall_ns);
    let stages = [
        (Stage::Open, loaded.open_ns.unwrap_or(0)),
        (Stage::Load, loaded.load_ns),
        (Stage::First, first_ns),
    ];
    let whole_ns = stages.iter().map(|(_, ns)| ns).sum();
    let block = Block {
        at_ns: vec![clock::now_ns()],
        latency_ns: vec![whole_ns],
        cpu_ns: 0,
        wall_ns: whole_ns,
    };
    let stages = stages.map(|(stage, ns)| StageTimes { stage, ns: vec![ns] }).to_vec();
    let visit = Visit { round, process: round, block: (&block).into(), ..Visit::default() };
    Ok(ScenarioVisit { stages, ..ScenarioVisit::of(scenario, visit) })
}

/// Asks the system to forget a file, which it does unless a process has it mapped or open for
/// writing.
fn drop_from_page_cache(path: &Path) -> Result<(), Fault> {
    let failed = |error: String| {
        let reason =
            format!("{} could not be dropped from the page cache: {error}", path.display());
        Fault::new(Status::Failed, reason)
    };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    // Pages that are not on the disk yet are kept.
    file.sync_all().map_err(|error| failed(error.to_string()))?;
    files::forget(&file).map_err(failed)
}

/// What a process had to fetch from a disk so far; `None` if the system does not report it.
fn bytes_from_disk(process: u32) -> Option<u64> {
    parse_read_bytes(&fs::read_to_string(format!("/proc/{process}/io")).ok()?)
}

/// The field of proc_pid_io(5).
fn parse_read_bytes(io: &str) -> Option<u64> {
    io.lines().find_map(|line| line.strip_prefix("read_bytes:"))?.trim().parse().ok()
}

fn check_cold(from_disk: u64, model_bytes: u64) -> Result<(), Fault> {
    if from_disk as f64 >= LEAST_FROM_DISK * model_bytes as f64 {
        return Ok(());
    }
    let reason = format!(
        "its start was not cold: {from_disk} bytes came from the disk, but the model has {model_bytes}; this file system keeps its files in memory, or another program uses the model; put the model on a disk"
    );
    Err(Fault::new(Status::Unsupported, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_cold_if_the_model_came_from_the_disk() {
        let io = "rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\n\
                  read_bytes: 4096000\nwrite_bytes: 323932160\ncancelled_write_bytes: 0\n";
        let bytes = parse_read_bytes(io).unwrap();
        assert_eq!(bytes, 4_096_000);
        assert!(check_cold(bytes, 4_000_000).is_ok());
        let fault = check_cold(bytes, 40_000_000).unwrap_err();
        assert_eq!(fault.status, Status::Unsupported);
        assert_eq!(parse_read_bytes("rchar: 1\n"), None);
    }

    #[test]
    fn a_file_is_dropped_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model");
        fs::write(&file, [7; 10_000]).unwrap();
        assert!(drop_from_page_cache(&file).is_ok());
        let fault = drop_from_page_cache(&folder.path().join("none")).unwrap_err();
        assert!(fault.reason.contains("none"), "{}", fault.reason);
    }
}
