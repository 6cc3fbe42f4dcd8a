//! Which output of a model corresponds to which class of a dataset.

/// Largest class index that is accepted: no dataset has more, whatever a foreign journal or an
/// offset says.
const MAX_CLASS: usize = 1_000_000;

/// A model's outputs and a dataset's classes, matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    /// By output: the dataset's class, or a negative number for none.
    class_of: Vec<i64>,
    /// By class: the output, if it has one.
    output_of: Vec<Option<usize>>,
}

impl ClassMap {
    /// Output = class + `offset`. If that gives no accepted class an output, none has one.
    #[must_use]
    pub(crate) fn shifted(offset: i64, outputs: usize) -> Self {
        Self::of_outputs((0..outputs as i64).map(|output| output.saturating_sub(offset)).collect())
    }

    /// From the class of every output.
    #[must_use]
    pub(crate) fn of_outputs(class_of: Vec<i64>) -> Self {
        let mut output_of = Vec::new();
        for (output, class) in class_of.iter().enumerate() {
            let class = usize::try_from(*class).ok().filter(|class| *class <= MAX_CLASS);
            if let Some(class) = class {
                output_of.resize(output_of.len().max(class + 1), None);
                output_of[class] = Some(output);
            }
        }
        Self { class_of, output_of }
    }

    /// From the output of every class.
    #[must_use]
    pub(crate) fn listed(output_of: Vec<Option<usize>>, outputs: usize) -> Self {
        let mut class_of: Vec<i64> = (0..outputs as i64).map(|output| -1 - output).collect();
        for (class, output) in output_of.iter().enumerate() {
            if let Some(place) = output.and_then(|output| class_of.get_mut(output)) {
                *place = class as i64;
            }
        }
        Self { class_of, output_of }
    }

    /// The dataset's class of `output`; negative: none.
    #[must_use]
    pub(crate) fn class_of(&self, output: usize) -> i64 {
        self.class_of.get(output).copied().unwrap_or(-1)
    }

    /// The output of `class`.
    #[must_use]
    pub fn output_of(&self, class: u32) -> Option<usize> {
        self.output_of.get(class as usize).copied().flatten()
    }

    /// Number of outputs.
    #[must_use]
    pub(crate) fn outputs(&self) -> usize {
        self.class_of.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_or_a_class_beyond_belief_takes_no_memory() {
        for offset in [i64::MIN, -1_000_000_000_000, i64::MAX] {
            let map = ClassMap::shifted(offset, 1001);
            assert_eq!(
                (map.outputs(), map.output_of(0), map.output_of(u32::MAX)),
                (1001, None, None)
            );
        }
        let map = ClassMap::of_outputs(vec![0, i64::MAX, i64::MIN]);
        assert_eq!((map.output_of(0), map.class_of(1)), (Some(0), i64::MAX));
    }

    #[test]
    fn the_classes_of_all_outputs_tell_the_outputs_of_all_classes() {
        let listed = ClassMap::listed(vec![Some(2), None, Some(0)], 4);
        for map in [ClassMap::shifted(1, 4), ClassMap::shifted(-2, 3), listed] {
            let again = ClassMap::of_outputs(map.class_of.clone());
            for class in 0..8 {
                assert_eq!(again.output_of(class), map.output_of(class), "{map:?}, {class}");
            }
        }
    }
}
