//! Bringing to a device what it lacks.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::device::bundle::{Bundle, Kind};
use crate::device::connection::Connection;
use crate::device::kit::PROGRAM;
use crate::device::remote_path::RemotePath;
use crate::fetch::source::Scratch;

/// A file that marks a folder as one that this program made and may remove.
const MARK: &str = "made-by-shutterbench";
/// Space that stays free on a device: room for the journal of a long run.
const RESERVE_BYTES: u64 = 16 << 20;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deployed {
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
pub fn deploy(
    connection: &Connection,
    root: &RemotePath,
    bundles: &[&Bundle],
    scratch: &Path,
) -> Result<Deployed> {
    let state = prepare(connection, root, bundles)?;
    let missing: Vec<&&Bundle> = bundles
        .iter()
        .filter(|bundle| !state.present.contains(&bundle.folder(root).to_string()))
        .collect();
    let bytes: u64 = missing.iter().map(|bundle| bundle.bytes()).sum();
    if let Some(free) = state.free_bytes {
        ensure!(
            bytes + RESERVE_BYTES <= free,
            "device {} has {} MB free in {root}, {} MB are needed{}; make room, or name another folder with --device-folder",
            connection.device(),
            free >> 20,
            ((bytes + RESERVE_BYTES) >> 20) + 1,
            fewer_images(&missing, free),
        );
    }
    let scratch = Scratch::inside(scratch)
        .with_context(|| format!("cannot write into {}", scratch.display()))?;
    for bundle in &missing {
        push(connection, root, bundle, scratch.path())?;
    }
    Ok(Deployed { pushed: missing.len(), bytes, kept: bundles.len() - missing.len() })
}

/// Removes everything that was brought to a device.
///
/// # Errors
/// A folder that this program did not make, or a device that is gone.
pub fn clean(connection: &Connection, root: &RemotePath) -> Result<()> {
    connection
        .ask(&format!("[ ! -e {root} ] || {{ [ -f {root}/{MARK} ] && rm -rf {root}; }}"))
        .map(|_| ())
        .with_context(|| format!("{root} cannot be removed, or is no folder of shutterbench's"))
}

struct State {
    present: Vec<String>,
    free_bytes: Option<u64>,
}

fn prepare(connection: &Connection, root: &RemotePath, bundles: &[&Bundle]) -> Result<State> {
    let folders: Vec<String> = bundles.iter().map(|b| b.folder(root).to_string()).collect();
    let mut parents: Vec<String> =
        bundles.iter().map(|bundle| format!("{root}/{}", bundle.kind())).collect();
    parents.sort_unstable();
    parents.dedup();
    let script = format!(
        "mkdir -p {root}/incoming {root}/runs {} && : >{root}/{MARK} || exit 1; \
         for f in {}; do [ -d $f ] && echo $f; done; df -Pk {root} 2>/dev/null; true",
        parents.join(" "),
        folders.join(" ")
    );
    let text = connection
        .ask(&script)
        .with_context(|| format!("cannot write into {root}; name another with --device-folder"))?;
    let present = text.lines().filter(|line| line.starts_with('/')).map(str::to_owned);
    let present: Vec<String> = present.filter(|line| folders.contains(line)).collect();
    Ok(State { present, free_bytes: free_bytes(&text) })
}

/// The fourth field of the last line of `df -Pk` (POSIX), in units of 1024 bytes.
fn free_bytes(df: &str) -> Option<u64> {
    let kib: u64 = df.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib << 10)
}

/// How many images there would be room for, if images are the matter.
fn fewer_images(missing: &[&&Bundle], free: u64) -> String {
    let Some(dataset) = missing.iter().find(|bundle| bundle.kind() == Kind::Dataset) else {
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
        Kind::Program => format!("chmod 755 {incoming}/{PROGRAM} && "),
        _ => String::new(),
    };
    let place = format!(
        "{executable}if [ -d {target} ]; then rm -rf {incoming}; else mv {incoming} {target}; fi"
    );
    let pushed =
        connection.push(&staged, &incoming).and_then(|()| connection.ask(&place).map(|_| ()));
    if pushed.is_err() {
        // Half of it is of no use; where the device is gone, this fails too.
        let _ = connection.shell(&format!("rm -rf {incoming}"));
    }
    pushed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_as_posix_writes_it() {
        // toybox on Android 13, and busybox.
        let android = "Filesystem     1024-blocks    Used Available Capacity Mounted on\n\
            /dev/block/dm-48   111347688 38871812  72344804      35% /data\n";
        assert_eq!(free_bytes(android), Some(72_344_804 << 10));
        assert_eq!(free_bytes("df: not found\n"), None);
    }
}
