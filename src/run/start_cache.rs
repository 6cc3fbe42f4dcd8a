//! The caches of starts: what a runtime keeps of a model on the disk so that it loads faster the
//! next time.
//!
//! Starts have folders of their own inside those that the options name, so that nothing that others
//! keep there is removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use crate::record::case::Case;
use crate::record::option_set::OptionSet;
use crate::record::scenario::Scenario;
use crate::record::status::Status;
use crate::worker::link::Fault;

/// A file of a cache: where, how large, and when it was changed.
type CachedFile = (PathBuf, u64, Option<SystemTime>);

/// The caches of a case's starts.
pub(crate) struct StartCache {
    /// The case's options with the folders of its starts.
    pub(crate) set: OptionSet,
    folders: Vec<PathBuf>,
}

impl StartCache {
    /// Those that `set`, the options of `case`, names; `None` if it names none.
    #[must_use]
    pub(crate) fn of(set: &OptionSet, case: &Case) -> Option<Self> {
        let own = format!("starts-{}", case.id());
        let mut folders = Vec::new();
        let redirected = set.set.iter().map(|(key, value)| {
            if !set.is_cache(key) {
                return (key.to_owned(), value.to_owned());
            }
            let folder = Path::new(value).join(&own);
            let value = folder.display().to_string();
            folders.push(folder);
            (key.to_owned(), value)
        });
        let set = OptionSet { set: redirected.collect(), ..set.clone() };
        (!folders.is_empty()).then_some(Self { set, folders })
    }

    /// Removes what is in them.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(crate) fn empty(&self) -> Result<(), Fault> {
        let empty = |folder: &PathBuf| match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::create_dir_all(folder),
        };
        self.folders.iter().try_for_each(|folder| {
            empty(folder).map_err(|error| {
                let reason = format!("its cache {} cannot be emptied: {error}", folder.display());
                Fault::new(Status::Failed, reason)
            })
        })
    }

    /// What is in them, in a fixed order.
    #[must_use]
    pub(crate) fn files(&self) -> Vec<CachedFile> {
        let entries =
            self.folders.iter().flat_map(|folder| WalkDir::new(folder).sort_by_file_name());
        let file = |entry: walkdir::DirEntry| {
            let facts = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((entry.into_path(), facts.len(), facts.modified().ok()))
        };
        entries.filter_map(Result::ok).filter_map(file).collect()
    }

    /// The size of what a start has left, after it is checked that the start filled the cache, or
    /// found what was there `before`.
    ///
    /// # Errors
    /// One sentence: a cache that stayed empty, or was written once more.
    pub(crate) fn bytes_after(
        &self,
        scenario: Scenario,
        before: &[CachedFile],
    ) -> Result<u64, Fault> {
        let after = self.files();
        let bytes = after.iter().map(|(_, bytes, _)| bytes).sum();
        let lost = |reason: &str| Err(Fault::new(Status::Failed, reason.to_owned()));
        match scenario {
            _ if bytes == 0 => lost("the runtime wrote nothing into its cache"),
            Scenario::CacheMiss => Ok(bytes),
            _ if after != before => {
                lost("the runtime wrote its cache once more, so this start did not find it filled")
            }
            _ => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::record::backend_kind::BackendKind;
    use crate::record::delegate::Delegate;

    fn cache(folder: &Path) -> StartCache {
        let set = [("CACHE_DIR", folder.to_str().unwrap()), ("NUM_STREAMS", "1")];
        let set = set.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let backend = BackendKind::Openvino;
        let set = OptionSet { name: "cached".into(), backend, set };
        let case = Case::plain("m", backend, Delegate::None, NonZeroUsize::MIN);
        StartCache::of(&set, &case).unwrap()
    }

    #[test]
    fn only_what_starts_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("of-others"), "kept").unwrap();
        let cache = cache(folder.path());
        assert_eq!(cache.set.set.get("NUM_STREAMS"), Some("1"));
        let own = PathBuf::from(cache.set.set.get("CACHE_DIR").unwrap());
        assert!(own.starts_with(folder.path()) && own != folder.path());
        cache.empty().unwrap();
        fs::create_dir(own.join("deep")).unwrap();
        fs::write(own.join("deep").join("model"), [7; 100]).unwrap();
        assert_eq!(cache.files().len(), 1);
        cache.empty().unwrap();
        assert_eq!(cache.files(), []);
        assert!(folder.path().join("of-others").is_file());
    }

    #[test]
    fn a_miss_fills_the_cache_and_a_hit_leaves_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.empty().unwrap();
        let reason = |scenario, before: &[CachedFile]| {
            cache.bytes_after(scenario, before).unwrap_err().reason
        };
        assert!(reason(Scenario::CacheMiss, &[]).contains("wrote nothing"));
        let file = PathBuf::from(cache.set.set.get("CACHE_DIR").unwrap()).join("model");
        fs::write(&file, [7; 100]).unwrap();
        assert_eq!(cache.bytes_after(Scenario::CacheMiss, &[]).ok(), Some(100));
        let before = cache.files();
        assert_eq!(cache.bytes_after(Scenario::WarmStart, &before).ok(), Some(100));
        fs::write(&file, [7; 101]).unwrap();
        assert!(reason(Scenario::ColdStart, &before).contains("once more"));
    }
}
