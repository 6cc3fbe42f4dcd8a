//! The files in which Linux describes the machine.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether this machine has such files. A path like theirs may lead anywhere on another system.
const IS_LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));
/// A folder that no system can have.
const NOWHERE: &str = "\0";

/// The roots of /sys and /proc: the machine's own, or a captured tree.
#[derive(Debug, Clone)]
pub struct Tree {
    sys: PathBuf,
    proc: PathBuf,
}

impl Default for Tree {
    fn default() -> Self {
        let [sys, proc] = if IS_LINUX { ["/sys", "/proc"] } else { [NOWHERE; 2] };
        Self { sys: sys.into(), proc: proc.into() }
    }
}

impl Tree {
    /// The folders `sys` and `proc` under `root`.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn under(root: &Path) -> Self {
        Self { sys: root.join("sys"), proc: root.join("proc") }
    }

    /// A file under /sys without surrounding white space; `None` if it is not
    /// there, not readable, or empty.
    #[must_use]
    pub(crate) fn sys(&self, path: impl AsRef<Path>) -> Option<String> {
        read(&self.sys.join(path))
    }

    /// A file under /proc.
    #[must_use]
    pub(crate) fn proc(&self, path: impl AsRef<Path>) -> Option<String> {
        read(&self.proc.join(path))
    }

    /// The ids of the processes or threads that a folder under /proc has folders for.
    #[must_use]
    pub(crate) fn ids_in(&self, folder: &str) -> Vec<u32> {
        let Ok(entries) = fs::read_dir(self.proc.join(folder)) else { return Vec::new() };
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    /// A number in a file under /sys.
    #[must_use]
    pub(crate) fn sys_number<T: std::str::FromStr>(&self, path: impl AsRef<Path>) -> Option<T> {
        self.sys(path)?.parse().ok()
    }

    /// Names in a folder under /sys that are `prefix` and a number, with the
    /// number, in its order.
    #[must_use]
    pub(crate) fn sys_numbered(&self, folder: &str, prefix: &str) -> Vec<(usize, String)> {
        let mut found: Vec<(usize, String)> = self
            .sys_names(folder)
            .into_iter()
            .filter_map(|name| Some((name.strip_prefix(prefix)?.parse().ok()?, name)))
            .collect();
        found.sort_unstable();
        found
    }

    /// Names in a folder under /sys, sorted.
    #[must_use]
    pub(crate) fn sys_names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.sys.join(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    /// The CPUs that a folder of /sys describes.
    #[must_use]
    pub fn cpus(&self) -> Vec<usize> {
        self.sys_numbered("devices/system/cpu", "cpu").into_iter().map(|(cpu, _)| cpu).collect()
    }

    /// A field of /proc/cpuinfo, as its first CPU has it.
    #[must_use]
    pub(crate) fn cpuinfo(&self, field: &str) -> Option<String> {
        self.proc("cpuinfo")?.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == field)
                .then(|| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        })
    }

    /// A field of /proc/meminfo in bytes.
    #[must_use]
    pub(crate) fn meminfo_bytes(&self, field: &str) -> Option<u64> {
        let text = self.proc("meminfo")?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        // The unit is always kB, and means 1024 bytes (proc_meminfo(5)).
        let kib: u64 = value.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }
}

fn read(path: &Path) -> Option<String> {
    // Device tree strings end with a zero byte.
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
        .filter(|text| !text.is_empty())
}
