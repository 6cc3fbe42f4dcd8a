//! The sentence about models whose classes were taken in the order of the dataset's names: if
//! that is not the order of their outputs, every figure of accuracy is wrong.

use crate::dataset::labelling::by_name::IN_ORDER_OF_NAMES;
use crate::record::run::Run;

/// What the terminal shows below the table.
#[must_use]
pub(crate) fn terminal(run: &Run) -> String {
    sentences(&run.header.assumptions)
}

fn sentences(assumptions: &[String]) -> String {
    let assumed = assumptions.iter().filter(|it| it.contains(IN_ORDER_OF_NAMES));
    let lines = assumed.map(|it| {
        // The other assumptions about the model stand in the reports.
        let model = it.split(": ").next().unwrap_or_default();
        format!("{model}: {IN_ORDER_OF_NAMES}; if that is wrong, so is Top-1: give --labels\n")
    });
    let text: String = lines.collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessed_order_of_classes_stands_below_the_table() {
        let guessed = format!("m: layout nchw; {IN_ORDER_OF_NAMES}");
        let text = sentences(&["m: pixels unchanged".to_owned(), guessed]);
        assert!(text.starts_with("\nm: no labels; its outputs are taken"), "{text}");
        assert!(text.ends_with("; if that is wrong, so is Top-1: give --labels\n"), "{text}");
        assert_eq!(text.lines().count(), 2);
        assert_eq!(sentences(&["m: pixels unchanged".to_owned()]), "");
    }
}
