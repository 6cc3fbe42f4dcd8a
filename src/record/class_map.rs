//! Which output of a model stands for which class of a dataset.

/// A model's outputs and a dataset's classes, matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassMap {
    /// By output: the dataset's class, or a negative number for none.
    class_of: Vec<i64>,
    /// By class: the output, where it has one.
    output_of: Vec<Option<usize>>,
}

impl ClassMap {
    /// Output = class + `offset`.
    #[must_use]
    pub fn shifted(offset: i64, outputs: usize) -> Self {
        let class_of: Vec<i64> = (0..outputs as i64).map(|output| output - offset).collect();
        let classes = usize::try_from(outputs as i64 - offset).unwrap_or(0);
        let output_of = (0..classes as i64)
            .map(|class| usize::try_from(class + offset).ok().filter(|output| *output < outputs))
            .collect();
        Self { class_of, output_of }
    }

    /// From the class of every output.
    #[must_use]
    pub fn of_outputs(class_of: Vec<i64>) -> Self {
        let mut output_of = Vec::new();
        for (output, class) in class_of.iter().enumerate() {
            if let Ok(class) = usize::try_from(*class) {
                output_of.resize(output_of.len().max(class + 1), None);
                output_of[class] = Some(output);
            }
        }
        Self { class_of, output_of }
    }

    /// From the output of every class.
    #[must_use]
    pub fn listed(output_of: Vec<Option<usize>>, outputs: usize) -> Self {
        let mut class_of: Vec<i64> = (0..outputs as i64).map(|output| -1 - output).collect();
        for (class, output) in output_of.iter().enumerate() {
            if let Some(place) = output.and_then(|output| class_of.get_mut(output)) {
                *place = class as i64;
            }
        }
        Self { class_of, output_of }
    }

    /// The dataset's class that `output` stands for; negative: none.
    #[must_use]
    pub fn class_of(&self, output: usize) -> i64 {
        self.class_of.get(output).copied().unwrap_or(-1)
    }

    /// The output that stands for `class`.
    #[must_use]
    pub fn output_of(&self, class: u32) -> Option<usize> {
        self.output_of.get(class as usize).copied().flatten()
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.class_of.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
