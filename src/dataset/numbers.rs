//! Class names that are numbers.

use crate::dataset::entries::{ClassOrder, Classes};

/// Largest number that is believed to be a class index.
pub(crate) const MAX_CLASS: u32 = 1_000_000;

/// A class index: a whole number, which spreadsheets and data frames may have written as
/// `3.0`, or as text in quotes.
pub(crate) fn index(text: &str) -> Option<u32> {
    let text = text.trim_matches(['"', '\'']).trim();
    let whole = match text.split_once(['.', ',']) {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    whole.parse().ok().filter(|index| *index <= MAX_CLASS)
}

/// Whether a name is a number of any kind.
pub(crate) fn is_number(name: &str) -> bool {
    value(name).is_some()
}

fn value(name: &str) -> Option<f64> {
    name.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The order of class names: of numbers by their value, of others as text.
pub(crate) fn sort(names: &mut [String]) {
    let value = |name: &String| value(name);
    if names.iter().all(|name| value(name).is_some()) {
        names.sort_by(|a, b| value(a).partial_cmp(&value(b)).unwrap_or_else(|| a.cmp(b)));
    } else {
        names.sort_unstable();
    }
}

/// The classes of these names, and the index of each name in their order: the number itself if all
/// names are distinct whole numbers.
pub(crate) fn classes(mut names: Vec<String>) -> (Classes, Vec<(String, u32)>) {
    sort(&mut names);
    let numbers: Option<Vec<u32>> = names.iter().map(|name| index(name)).collect();
    let numbers =
        numbers.filter(|numbers| !numbers.is_empty() && numbers.is_sorted_by(|a, b| a < b));
    let Some(numbers) = numbers else {
        let indexed = names.iter().cloned().zip(0..).collect();
        return (Classes::new(ClassOrder::ByName, names.into_iter().map(Some).collect()), indexed);
    };
    let most = numbers.last().map_or(0, |most| *most as usize);
    let mut by_index = vec![None; most + 1];
    for (name, number) in names.iter().zip(&numbers) {
        by_index[*number as usize] = Some(name.clone());
    }
    (Classes::new(ClassOrder::Numbers, by_index), names.into_iter().zip(numbers).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> (ClassOrder, Vec<u32>) {
        let (classes, indexed) = classes(names.iter().map(|name| (*name).to_owned()).collect());
        (classes.order, indexed.into_iter().map(|(_, index)| index).collect())
    }

    #[test]
    fn whole_numbers_are_indices_in_the_order_of_their_values() {
        assert_eq!(of(&["0", "180", "270", "90"]), (ClassOrder::Numbers, vec![0, 90, 180, 270]));
        assert_eq!(of(&["000", "001", "010"]), (ClassOrder::Numbers, vec![0, 1, 10]));
        assert_eq!(of(&["1", "1.0"]).0, ClassOrder::ByName);
        assert_eq!(of(&["1", "cat"]).0, ClassOrder::ByName);
        assert_eq!(of(&["20230101", "20230102"]).0, ClassOrder::ByName);
        let mut names = ["90", "-90", "0.5"].map(str::to_owned);
        sort(&mut names);
        assert_eq!(names, ["-90", "0.5", "90"]);
    }

    #[test]
    fn an_index_may_have_been_a_float() {
        for text in ["3", "3.0", "3.", "\"3\"", "'3'", "003", "3,0"] {
            assert_eq!(index(text), Some(3), "{text}");
        }
        for text in ["-1", "3.5", "x", "", "1000001", "3.0.0"] {
            assert_eq!(index(text), None, "{text}");
        }
    }
}
