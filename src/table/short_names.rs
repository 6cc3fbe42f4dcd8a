//! Model names without their common prefix, so that a plot has room for them.

use crate::table::row::Row;
use crate::table::units::one_line;

/// Longer labels are cut.
const LONGEST: usize = 32;
/// A shorter common prefix is not worth removing.
const LEAST_COMMON: usize = 4;

/// How the models of a run are called on its plots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShortNames {
    common: String,
}

impl ShortNames {
    /// Of the rows' models. What all names begin with is left out up to its last
    /// `_` or `-`.
    #[must_use]
    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut names: Vec<String> = rows.iter().map(|row| one_line(&row.model)).collect();
        names.sort_unstable();
        names.dedup();
        let common = match names.as_slice() {
            // Sorted, so that what the first and the last share is shared by all.
            [first, .., last] => shared(first, last),
            _ => "",
        };
        let usable = common.len() >= LEAST_COMMON && names.iter().all(|name| name != common);
        Self { common: if usable { common.to_owned() } else { String::new() } }
    }

    /// What is left out of every name; empty if nothing is.
    #[must_use]
    pub(crate) fn common(&self) -> &str {
        &self.common
    }

    /// A model's label.
    #[must_use]
    pub(crate) fn label(&self, model: &str) -> String {
        let name = one_line(model);
        shortened(name.strip_prefix(&self.common).unwrap_or(&name))
    }
}

fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.as_bytes()[..length].iter().rposition(|byte| matches!(byte, b'_' | b'-'));
    end.map_or("", |at| &a[..=at])
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_names_begin_with_is_left_out() {
        for (a, b, common) in [
            ("family_0.25_f32", "family_1.0_int8", "family_"),
            ("mobilenet_v1_a", "mobilenet_v2_b", "mobilenet_"),
            ("a_x", "a_y", "a_"),
            ("näme_ä", "näme_ö", "näme_"),
            ("one", "two", ""),
        ] {
            assert_eq!(shared(a, b), common);
        }
    }

    #[test]
    fn long_labels_are_cut() {
        let names = ShortNames { common: "family_".into() };
        assert_eq!(names.label("family_0.25"), "0.25");
        assert_eq!(names.label(&"x".repeat(99)).chars().count(), LONGEST);
    }
}
