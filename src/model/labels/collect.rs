//! Names that came with their indices, in order.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

/// Largest index that is believed.
const MAX_INDEX: u64 = 1_000_000;

/// The names by their indices, which count from 0 or 1 without a gap.
///
/// # Errors
/// Part of a sentence: an index that is missing, that comes twice or is too large.
pub(crate) fn in_order(named: impl IntoIterator<Item = (u64, String)>) -> Result<Vec<String>> {
    let mut by_index = BTreeMap::new();
    for (index, name) in named {
        ensure!(
            index <= MAX_INDEX,
            "index {index} is beyond {MAX_INDEX}; number the classes from 0"
        );
        let name = name.trim().to_owned();
        ensure!(!name.is_empty(), "index {index} has no name; every class needs one");
        if let Some(first) = by_index.insert(index, name) {
            bail!("index {index} occurs twice, for '{first}' and '{}'; keep one", by_index[&index]);
        }
    }
    let Some(first) = by_index.keys().next().copied() else {
        bail!("it has no labels; write one class name per line");
    };
    ensure!(first <= 1, "the first index is {first}; number the classes from 0");
    for (expected, index) in (first..).zip(by_index.keys()) {
        ensure!(
            expected == *index,
            "index {expected} is missing (the next is {index}); every output needs a name"
        );
    }
    Ok(by_index.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(named: &[(u64, &str)]) -> Result<Vec<String>> {
        in_order(named.iter().map(|(index, name)| (*index, (*name).to_owned())))
    }

    #[test]
    fn indices_put_names_in_order_and_may_not_leave_a_gap() {
        assert_eq!(of(&[(1, "b"), (0, " a ")]).unwrap(), ["a", "b"]);
        assert_eq!(of(&[(2, "b"), (1, "a")]).unwrap(), ["a", "b"]);
        let refused = |named| of(named).unwrap_err().to_string();
        assert!(refused(&[(0, "a"), (2, "b")]).starts_with("index 1 is missing"));
        assert!(refused(&[(0, "a"), (0, "b")]).contains("occurs twice, for 'a' and 'b'"));
        assert!(refused(&[(7, "a")]).contains("the first index is 7"));
        assert!(refused(&[(u64::MAX, "a")]).contains("is beyond"));
        assert!(refused(&[(0, " ")]).contains("has no name"));
        assert!(refused(&[]).contains("no label"));
    }
}
