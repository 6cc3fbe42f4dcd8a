//! Several names in one sentence.

/// More names than this are only counted if they share a sentence.
const MOST_NAMED: usize = 3;

/// `a, b, c and 5 more`.
#[must_use]
pub(crate) fn together<S: AsRef<str>>(names: &[S]) -> String {
    let joined = |names: &[S]| names.iter().map(S::as_ref).collect::<Vec<_>>().join(", ");
    match names.split_at_checked(MOST_NAMED) {
        Some((first, rest)) if rest.len() > 1 => {
            format!("{} and {} more", joined(first), rest.len())
        }
        _ => joined(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_share_a_sentence_are_named_or_counted() {
        assert_eq!(together(&["a"]), "a");
        assert_eq!(together(&["a", "b", "c", "d"]), "a, b, c, d");
        assert_eq!(together(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
