//! Bringing to a device what it lacks.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use strum::VariantArray;

use crate::device::bundle::{Bundle, BundleKind, DIGITS};
use crate::device::connection::Connection;
use crate::device::device_build::PROGRAM;
use crate::device::remote_path::RemotePath;
use crate::fetch::package_source::ScratchFolder;

/// A file that marks a folder as one that this program made, or found empty, and holds
/// which of the two; a folder that held anything else before never gets it. (The mark
/// of earlier builds had another name, was put into any folder and so proves nothing.)
const MARK: &str = "kept-by-shutterbench";
/// The mark's text in a folder that this program made.
const MADE: &str = "made";
/// A bundle's folder as the shell matches it: [`DIGITS`] digits of a hash. Nothing else
/// in a folder such as `model` is this program's.
const HASH_GLOB: &str = "[0-9a-f]";
/// Space that stays free on a device, for the journal of a long run.
const RESERVE_BYTES: u64 = 16 << 20;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Deployed {
    /// Bundles that were pushed.
    pub pushed: usize,
    /// Their size.
    pub bytes: u64,
    /// Bundles that were there.
    pub kept: usize,
}

/// Pushes each of `bundles` that is not on the device. One is in place whole
/// or not at all. `scratch` is a folder here for what is on its way.
///
/// # Errors
/// A folder that cannot be written there, too little space, a device that is
/// gone; what was in place stays.
pub(crate) fn deploy(
    connection: &Connection,
    root: &RemotePath,
    bundles: &[&Bundle],
    scratch: &Path,
) -> Result<Deployed> {
    let state = prepare(connection, root, bundles)?;
    ensure!(
        state.runs_programs,
        "device {} cannot start programs from {root} (mounted noexec); choose another folder with --device-folder",
        connection.device()
    );
    let missing: Vec<&&Bundle> = bundles
        .iter()
        .filter(|bundle| !state.present.contains(&bundle.folder(root).to_string()))
        .collect();
    let bytes: u64 = missing.iter().map(|bundle| bundle.bytes()).sum();
    if let Some(free) = state.free_bytes {
        ensure!(
            bytes + RESERVE_BYTES <= free,
            "device {} has {} MB free in {root}, but {} MB are needed{}; free some space, or choose another folder with --device-folder",
            connection.device(),
            free >> 20,
            ((bytes + RESERVE_BYTES) >> 20) + 1,
            fewer_images(&missing, free),
        );
    }
    let scratch = ScratchFolder::inside(scratch)
        .with_context(|| format!("could not write into {}", scratch.display()))?;
    for bundle in &missing {
        push(connection, root, bundle, scratch.path())?;
    }
    Ok(Deployed { pushed: missing.len(), bytes, kept: bundles.len() - missing.len() })
}

/// Removes everything that was pushed to a device, and nothing else.
///
/// # Errors
/// A file that cannot be removed, or a device that is gone.
pub(crate) fn clean(connection: &Connection, root: &RemotePath) -> Result<()> {
    connection
        .ask(&cleaning(root))
        .map(|_| ())
        .with_context(|| format!("what was pushed into {root} could not be removed"))
}

/// A script that removes the bundles, incomplete ones and the runs, each recognised by the form of
/// its name, then the folders that this leaves empty. The folder itself is removed only if it was
/// created for this.
fn cleaning(root: &RemotePath) -> String {
    let hash = HASH_GLOB.repeat(DIGITS);
    let kinds: Vec<String> = BundleKind::VARIANTS.iter().map(ToString::to_string).collect();
    let kinds = kinds.join(" ");
    let run = "[0-9]".repeat(8) + "-" + &"[0-9]".repeat(6);
    format!(
        "[ -d {root} ] || exit 0; cd {root} || exit 1; ok=0; \
         for k in {kinds}; do \
         rm -rf ./$k/{hash} ./incoming/$k-{hash}-[0-9]* || ok=1; rmdir $k 2>/dev/null; done; \
         rm -rf ./runs/{run} ./runs/{run}-* || ok=1; rmdir runs incoming 2>/dev/null; \
         if [ -f {MARK} ]; then m=$(cat {MARK}); rm -f {MARK} || ok=1; cd /; \
         [ \"$m\" != {MADE} ] || rmdir {root} 2>/dev/null; fi; exit $ok"
    )
}

/// A script that makes the folder and marks it, unless it held something before.
fn marking(root: &RemotePath) -> String {
    format!(
        "if [ ! -e {root} ]; then mkdir -p {root} && echo {MADE} >{root}/{MARK}; \
         elif [ -z \"$(ls -A {root})\" ]; then echo empty >{root}/{MARK}; fi || exit 1"
    )
}

/// Printed for a folder in which no program may be started.
const NO_PROGRAMS: &str = "noexec";

struct FolderState {
    runs_programs: bool,
    present: Vec<String>,
    free_bytes: Option<u64>,
}

fn prepare(connection: &Connection, root: &RemotePath, bundles: &[&Bundle]) -> Result<FolderState> {
    let folders: Vec<String> = bundles.iter().map(|b| b.folder(root).to_string()).collect();
    let mut parents: Vec<String> =
        bundles.iter().map(|bundle| format!("{root}/{}", bundle.kind())).collect();
    parents.sort_unstable();
    parents.dedup();
    let script = format!(
        "{}; mkdir -p {root}/incoming {root}/runs {} || exit 1; \
         t={root}/incoming/start; echo : >$t && chmod 755 $t; \
         $t 2>/dev/null || echo {NO_PROGRAMS}; rm -f $t; \
         for f in {}; do [ -d $f ] && echo $f; done; df -Pk {root} 2>/dev/null; true",
        marking(root),
        parents.join(" "),
        folders.join(" ")
    );
    let text = connection.ask(&script).with_context(|| {
        format!("could not write into {root}; choose another folder with --device-folder")
    })?;
    let present = text.lines().filter(|line| line.starts_with('/')).map(str::to_owned);
    let present: Vec<String> = present.filter(|line| folders.contains(line)).collect();
    let runs_programs = !text.lines().any(|line| line == NO_PROGRAMS);
    Ok(FolderState { runs_programs, present, free_bytes: free_bytes(&text) })
}

/// The fourth field of the last line of `df -Pk` (POSIX), in units of 1024 bytes.
fn free_bytes(df: &str) -> Option<u64> {
    let kib: u64 = df.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib << 10)
}

/// How many images would fit, if images are the problem.
fn fewer_images(missing: &[&&Bundle], free: u64) -> String {
    let Some(dataset) = missing.iter().find(|bundle| bundle.kind() == BundleKind::Dataset) else {
        return String::new();
    };
    let others: u64 = missing.iter().map(|b| b.bytes()).sum::<u64>() - dataset.bytes();
    let room = free.saturating_sub(others + RESERVE_BYTES);
    let images = dataset.files() as u64 * room / dataset.bytes().max(1);
    if images == 0 {
        String::new()
    } else {
        format!("; about {images} images would fit (--images)")
    }
}

fn push(connection: &Connection, root: &RemotePath, bundle: &Bundle, scratch: &Path) -> Result<()> {
    let name = bundle.transit_name();
    let staged = scratch.join(&name);
    bundle.stage(&staged)?;
    let incoming = root.join("incoming").join(&name);
    let target = bundle.folder(root);
    // What a connection that broke left behind.
    connection.ask(&format!("rm -rf {incoming}"))?;
    let executable = match bundle.kind() {
        BundleKind::Program => format!("chmod 755 {incoming}/{PROGRAM} && "),
        _ => String::new(),
    };
    let place = format!(
        "{executable}if [ -d {target} ]; then rm -rf {incoming}; else mv {incoming} {target}; fi"
    );
    let pushed =
        connection.push(&staged, &incoming).and_then(|()| connection.ask(&place).map(|_| ()));
    if pushed.is_err() {
        // Half of it is useless; if the device is gone, this fails too.
        let _ = connection.shell(&format!("rm -rf {incoming}"));
    }
    pushed
}

#[cfg(test)]
#[path = "deploy_tests.rs"]
mod tests;
