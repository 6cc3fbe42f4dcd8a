//! What a labels file with the wrong number of names looks like.

use crate::dataset::labelling::same_name::is_background;

/// Well-known sets by their number of classes.
const KNOWN: [(usize, &str); 13] = [
    (10, "CIFAR-10 or MNIST"),
    (37, "the Oxford pets"),
    (43, "the German traffic signs"),
    (80, "COCO's objects"),
    (90, "COCO's objects with gaps"),
    (100, "CIFAR-100"),
    (101, "Food-101"),
    (102, "the Oxford flowers"),
    (120, "the Stanford dogs"),
    (200, "Tiny ImageNet or CUB-200"),
    (365, "Places365"),
    (1000, "ImageNet"),
    (1001, "ImageNet with a background line"),
];

/// Part of a sentence, with a comma or a bracket before it; empty if nothing is known.
pub(crate) fn told(labels: &[String], outputs: usize) -> String {
    let first = labels.first().map_or("", String::as_str);
    if labels.len() == 1 && first.split([',', ';', '\t']).count() == outputs {
        return " (all names are on one line; write one per line)".to_owned();
    }
    if labels.len() == 1 && outputs > 1 {
        return " (it is one line; write one name per line)".to_owned();
    }
    if labels.len() == outputs + 1 && is_heading(first) {
        return format!(" (its first line, '{first}', looks like a heading; remove it)");
    }
    if labels.len() == outputs + 1 && labels.last().is_some_and(|last| is_background(last)) {
        return " (its last line is a background class, which this model lacks)".to_owned();
    }
    let unlike = |name: &(usize, &str)| name.0 == labels.len();
    KNOWN
        .iter()
        .find(|known| unlike(known))
        .map_or_else(String::new, |(_, set)| format!(" (it looks like the labels of {set})"))
}

fn is_heading(line: &str) -> bool {
    if line.starts_with(['#', '/', ';']) {
        return true;
    }
    let words = ["label", "labels", "name", "names", "class", "classes", "class_name", "category"];
    words.iter().any(|word| line.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str], outputs: usize) -> String {
        told(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>(), outputs)
    }

    #[test]
    fn a_file_of_another_kind_is_recognised() {
        assert!(of(&["cat,dog,bird"], 3).contains("all names are on one line"));
        assert!(of(&["label", "cat", "dog"], 2).contains("'label', looks like a heading"));
        assert!(of(&["# my labels", "cat", "dog"], 2).contains("looks like a heading"));
        assert!(of(&["const LABELS = x"], 3).contains("it is one line"));
        assert!(of(&["cat", "dog", "background"], 2).contains("a background class"));
        assert!(of(&["x"; 1000], 10).contains("the labels of ImageNet"));
        assert_eq!(of(&["x"; 7], 10), "");
    }
}
