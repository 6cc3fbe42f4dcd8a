//! Class names that are numbers.

use crate::dataset::entries::{ClassOrder, Classes};
use crate::dataset::ilsvrc2012;

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

/// The numbers behind the one word that all names begin with (`class_0`, `class_1`); `None` if
/// there is none.
fn behind_word(names: &[String]) -> Option<Vec<u32>> {
    let parted = |name: &'_ str| {
        let word = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        (!ilsvrc2012::is_wnid(name)).then(|| index(&name[word..]))?.map(|number| (word, number))
    };
    let first = names.first().filter(|name| names.len() > 1 && !is_number(name))?;
    let word = &first[..parted(first)?.0];
    let is_word = word.chars().any(char::is_alphabetic);
    let number = |name: &String| {
        let (end, number) = parted(name)?;
        (name[..end] == *word && is_word).then_some(number)
    };
    names.iter().map(number).collect()
}

/// The classes of these names, and the index of each name in their order: the number itself if all
/// names are distinct whole numbers, or one word with such a number behind it.
pub(crate) fn classes(mut names: Vec<String>) -> (Classes, Vec<(String, u32)>) {
    sort(&mut names);
    let numbers: Option<Vec<u32>> = names.iter().map(|name| index(name)).collect();
    let numbers = numbers.or_else(|| {
        let numbers = behind_word(&names)?;
        let mut numbered: Vec<(u32, String)> = numbers.into_iter().zip(names.clone()).collect();
        numbered.sort();
        let (numbers, sorted) = numbered.into_iter().unzip();
        names = sorted;
        Some(numbers)
    });
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
        assert_eq!(of(&["class_0", "class_10", "class_2"]), (ClassOrder::Numbers, vec![0, 2, 10]));
        assert_eq!(of(&["c1", "d2"]).0, ClassOrder::ByName);
        assert_eq!(of(&["grade 1", "grade 1a"]).0, ClassOrder::ByName);
        assert_eq!(of(&["n00007846", "n00007347"]).0, ClassOrder::ByName);
        assert_eq!(of(&["1e3", "1e4"]).0, ClassOrder::ByName);
        assert_eq!(of(&["x1", "x01"]).0, ClassOrder::ByName);
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
