//! Which build of the program this is.

/// The sources that it was built from, as a hash over them; the same for every target.
pub const SOURCES: &str = env!("SHUTTERBENCH_SOURCES");

/// What `--version` says behind the program's name: its version, and on lines of their own
/// what tells builds of one version apart.
pub(crate) const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit ",
    env!("SHUTTERBENCH_COMMIT"),
    "\nsources ",
    env!("SHUTTERBENCH_SOURCES"),
    "\ntarget ",
    env!("SHUTTERBENCH_TARGET"),
);

/// The commit that it was built from, where known.
#[must_use]
pub(crate) fn commit() -> Option<&'static str> {
    Some(env!("SHUTTERBENCH_COMMIT")).filter(|commit| *commit != "unknown")
}

/// The build that a program's `--version` tells, whatever its target; `None` where `said` is
/// no shutterbench's. Builds before this was told are known by their version alone.
#[must_use]
pub(crate) fn told(said: &str) -> Option<String> {
    let mut lines = said.lines();
    let version = lines.next()?.strip_prefix("shutterbench ")?;
    let facts = lines.filter(|line| line.starts_with("commit ") || line.starts_with("sources "));
    Some(std::iter::once(version).chain(facts).collect::<Vec<_>>().join(", "))
}

/// The build that this one is, in the same words.
#[must_use]
pub(crate) fn this() -> String {
    told(&format!("shutterbench {LONG_VERSION}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_told_apart_by_commit_and_sources_and_not_by_target() {
        let of = |commit: &str, sources: &str, target: &str| {
            told(&format!(
                "shutterbench 1.2\ncommit {commit}\nsources {sources}\ntarget {target}\n"
            ))
        };
        assert_eq!(of("a", "b", "x").as_deref(), Some("1.2, commit a, sources b"));
        assert_eq!(of("a", "b", "x"), of("a", "b", "y"));
        assert_ne!(of("a", "b", "x"), of("c", "b", "x"));
        assert_ne!(of("a", "b", "x"), of("a", "c", "x"));
        assert_eq!(told("shutterbench 0.1.0\n").as_deref(), Some("0.1.0"));
        assert_eq!(told("sh: not found"), None);
        assert!(this().starts_with(env!("CARGO_PKG_VERSION")) && this().contains(SOURCES));
        assert_eq!(SOURCES.len(), 16);
    }
}
