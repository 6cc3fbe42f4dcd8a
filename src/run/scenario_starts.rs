//! Starts: from a fresh process that has opened nothing to the first result, with the files in the
//! page cache or without.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

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
use crate::runtime::page_cache;
use crate::system::files;
use crate::worker::link::Fault;
use crate::worker::protocol::Request;
use crate::worker::worker_source::Worker;

/// Share of a model's bytes that must come from the disk for a start to be called cold. What a
/// runtime does not read, such as metadata, need not come at all.
const LEAST_FROM_DISK: f64 = 0.5;

/// Share of a file's bytes that may stay in the page cache when it is dropped from it.
const MOST_RESIDENT: f64 = 0.05;

/// A folder with more libraries than this is not a runtime's own.
const MOST_LIBRARIES: usize = 64;

/// Starts a case in a fresh process and has it run once. For a cold start, the files of the model
/// and the runtime are dropped from the page cache before; for a warm one they are read into it. A
/// cache that the case's options name is
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

/// The start itself, with the runtime's cache as it is.
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
    let runtime = context.header().runtimes.iter().find(|it| it.backend == case.backend);
    let library = runtime.and_then(|runtime| runtime.library.as_deref());
    let libraries = library.map(libraries_of).unwrap_or_default();
    let own_maps = maps_of(std::process::id()).unwrap_or_default();
    if is_cold && let Some(library) = library {
        check_unused_here(library, &own_maps)?;
    }
    let mut warm_libraries = Vec::new();
    for file in &libraries {
        if is_cold {
            drop_from_page_cache(file)?;
            // What this program is linked with is in every process of it, and not the case's.
            let fault = check_dropped(file).err().filter(|_| !is_mapped(file, &own_maps));
            warm_libraries.extend(fault.map(|fault| (file, fault)));
        } else {
            read_into_page_cache(file)?;
        }
    }
    let mut is_dropped = false;
    let kept = cached.iter().map(|(file, ..)| file.as_path());
    for file in kept.chain([model.path.as_path()]) {
        // XNNPACK has pieces of what it has packed dropped, which makes the next start slower even if
        // they are there again; read anew, a file is there as after it was written.
        drop_from_page_cache(file)?;
        if is_cold {
            // The last one is the model.
            is_dropped = check_dropped(file)?;
        } else {
            read_into_page_cache(file)?;
        }
    }
    let redirected = cache.map(|cache| context.workers.clone().with_set(&cache.set));
    let workers = redirected.as_ref().unwrap_or(&context.workers);
    let Worker { mut link, loaded } = workers.load_batch(case, model, options.batch)?;
    let process = link.process();
    run_inputs::send(context, case, &loaded, link.as_mut())?;
    let first = visited(link.as_mut(), &Request::First)?;
    let disk_bytes = process.and_then(bytes_from_disk);
    if is_cold {
        check_libraries(warm_libraries, process.and_then(maps_of).as_deref())?;
        // A cache may take the model's place.
        let kept: u64 = cached.iter().map(|(_, bytes, _)| bytes).sum();
        let least = if kept > 0 { kept.min(model.bytes) } else { model.bytes };
        check_cold(disk_bytes, least, is_dropped)?;
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
    Ok(ScenarioVisit { stages, disk_bytes, ..ScenarioVisit::of(scenario, visit) })
}

/// A runtime's library and those beside it, which it may open: plugins, front ends. In a folder with
/// many more, such as the system's, they are others' and stay as they are.
fn libraries_of(library: &Path) -> Vec<PathBuf> {
    let beside = library.parent().and_then(|folder| fs::read_dir(folder).ok());
    let files = beside.into_iter().flatten().flatten().map(|entry| entry.path());
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_file() && (name.contains(".so") || name.ends_with(".dylib"))
    };
    let all: Vec<PathBuf> = files.filter(is_library).take(MOST_LIBRARIES + 1).collect();
    if (1..=MOST_LIBRARIES).contains(&all.len()) { all } else { vec![library.to_owned()] }
}

/// Refuses a cold start of a library that this program has open itself, as builds with the feature
/// `tflitec` have TensorFlow Lite's: it stays in memory. `maps` is proc_pid_maps(5).
fn check_unused_here(library: &Path, maps: &str) -> Result<(), Fault> {
    if !is_mapped(library, maps) {
        return Ok(());
    }
    let reason = format!(
        "its start is not cold: this program itself has {} in memory; use a build without the feature tflitec",
        library.display()
    );
    Err(Fault::new(Status::Unsupported, reason))
}

/// Refuses a cold start that used one of these libraries, which stayed in memory. Of other runtimes in
/// the same folder, other programs may use libraries as they like.
fn check_libraries(warm: Vec<(&PathBuf, Fault)>, maps: Option<&str>) -> Result<(), Fault> {
    let is_used = |library: &Path| maps.is_none_or(|maps| is_mapped(library, maps));
    let used = warm.into_iter().find(|(library, _)| is_used(library));
    used.map_or(Ok(()), |(_, fault)| Err(fault))
}

/// Whether a process has a file in its memory; `maps` is its proc_pid_maps(5).
fn is_mapped(file: &Path, maps: &str) -> bool {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let path = file.display().to_string();
    maps.lines().any(|line| line.ends_with(&path))
}

fn maps_of(process: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/maps")).ok()
}

/// Reads a file, of which an earlier start may have left little in the page cache.
fn read_into_page_cache(path: &Path) -> Result<(), Fault> {
    let read = File::open(path).and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    read.map(drop).map_err(|error| {
        let reason = format!("{} could not be read: {error}", path.display());
        Fault::new(Status::Failed, reason)
    })
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

/// Refuses a cold start of a file that is still in memory after it was dropped: the bytes that come
/// from the disk later may be a library's and not the model's. Returns whether the system tells.
fn check_dropped(path: &Path) -> Result<bool, Fault> {
    let Ok(file) = File::open(path) else { return Ok(false) };
    let bytes = file.metadata().map_or(0, |facts| facts.len());
    let Some(resident) = page_cache::resident_bytes(&file) else { return Ok(false) };
    let resident = resident.min(bytes);
    if resident as f64 <= MOST_RESIDENT * bytes as f64 {
        return Ok(true);
    }
    let reason = format!(
        "its start is not cold: {resident} of {bytes} bytes of {} stay in memory; its file system keeps files in memory (tmpfs), or another program uses it; put it on a disk, or end that program",
        path.display()
    );
    Err(Fault::new(Status::Unsupported, reason))
}

/// What a process had to fetch from a disk so far; `None` if the system does not report it.
fn bytes_from_disk(process: u32) -> Option<u64> {
    parse_read_bytes(&fs::read_to_string(format!("/proc/{process}/io")).ok()?)
}

/// The field of proc_pid_io(5).
fn parse_read_bytes(io: &str) -> Option<u64> {
    io.lines().find_map(|line| line.strip_prefix("read_bytes:"))?.trim().parse().ok()
}

/// Refuses a start that is not known to be cold: by what came from the disk, else by whether the
/// model was seen to be dropped before.
fn check_cold(from_disk: Option<u64>, model_bytes: u64, is_dropped: bool) -> Result<(), Fault> {
    let reason = match from_disk {
        None if is_dropped => return Ok(()),
        Some(bytes) if bytes as f64 >= LEAST_FROM_DISK * model_bytes as f64 => return Ok(()),
        Some(bytes) => format!(
            "its start was not cold: {bytes} bytes came from the disk, but the model has {model_bytes}; this file system keeps its files in memory, or another program uses the model; put the model on a disk"
        ),
        None => "whether its start was cold is not known: this system shows neither which files are in memory nor, in /proc/PID/io, what came from the disk".to_owned(),
    };
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
        assert!(check_cold(Some(bytes), 4_000_000, false).is_ok());
        let fault = check_cold(Some(bytes), 40_000_000, true).unwrap_err();
        assert_eq!(fault.status, Status::Unsupported);
        let fault = check_cold(None, 1, false).unwrap_err();
        assert!(fault.reason.contains("not known") && fault.status == Status::Unsupported);
        assert!(check_cold(None, 1, true).is_ok());
        assert_eq!(parse_read_bytes("rchar: 1\n"), None);
    }

    #[test]
    fn a_library_that_this_program_uses_is_not_cold() {
        let folder = tempfile::tempdir().unwrap();
        let library = fs::canonicalize(folder.path()).unwrap().join("libmain.so");
        fs::write(&library, "x").unwrap();
        let maps =
            format!("7f0000000000-7f0000001000 r--p 00000000 08:01 7  {}\n", library.display());
        let fault = check_unused_here(&library, &maps).unwrap_err();
        assert!(fault.reason.contains("not cold") && fault.status == Status::Unsupported);
        let others = maps.replace("libmain", "libother");
        assert!(check_unused_here(&library, &others).is_ok());
        // The same of one that stays in memory for another program.
        let warm = || vec![(&library, fault.clone())];
        assert!(check_libraries(warm(), Some(&others)).is_ok());
        assert!(check_libraries(warm(), Some(&maps)).is_err());
        assert!(check_libraries(warm(), None).is_err());
    }

    #[test]
    fn a_runtime_s_libraries_are_those_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        for name in ["libmain.so", "libplugin.so.2641", "plugins.xml"] {
            fs::write(of(name), "x").unwrap();
        }
        let mut found = libraries_of(&of("libmain.so"));
        found.sort();
        assert_eq!(found, [of("libmain.so"), of("libplugin.so.2641")]);
        for number in 0..MOST_LIBRARIES {
            fs::write(of(&format!("libother{number}.so")), "x").unwrap();
        }
        assert_eq!(libraries_of(&of("libmain.so")), [of("libmain.so")]);
    }

    /// A file system in memory keeps what it is asked to forget, and answers that it forgot.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_stays_in_memory_is_not_cold() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let file = folder.path().join("model");
        fs::write(&file, [7; 10_000]).unwrap();
        assert!(drop_from_page_cache(&file).is_ok());
        let fault = check_dropped(&file).unwrap_err();
        assert_eq!(fault.status, Status::Unsupported);
        assert!(fault.reason.contains("not cold: 10000 of 10000 bytes"), "{}", fault.reason);
    }

    #[test]
    fn a_file_is_dropped_read_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model");
        fs::write(&file, [7; 10_000]).unwrap();
        assert!(drop_from_page_cache(&file).is_ok());
        assert!(read_into_page_cache(&file).is_ok());
        for used in [drop_from_page_cache, read_into_page_cache] {
            let fault = used(&folder.path().join("none")).unwrap_err();
            assert!(fault.reason.contains("none"), "{}", fault.reason);
        }
    }
}
