//! From the bytes of a model's output to its answer for an image.

use std::collections::HashMap;

use crate::record::output_kind::OutputKind;
use crate::record::outputs_seen::OutputsSeen;
use crate::record::scored_output::{OutputForm, ScoredOutput};
use crate::record::tensor::{TEXT_BYTES, TensorInfo};

/// How one model's output is read.
#[derive(Debug, Clone)]
pub(crate) struct OutputReader {
    /// The output, of one image.
    output: TensorInfo,
    form: OutputForm,
    kind: OutputKind,
    classes: usize,
    /// By name in lower case: the class.
    names: HashMap<String, usize>,
}

/// A model's answer for an image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// A score for each class, as the model gave it: the higher, the better. Integers are not
    /// scaled, so that different ones stay different.
    Scores(Vec<f64>),
    /// The best class alone; `None` if it is none of the model's.
    Best(Option<usize>),
}

impl Answer {
    /// What its output looks like.
    #[must_use]
    pub(crate) fn seen(&self) -> OutputsSeen {
        match self {
            Self::Scores(scores) => OutputsSeen::one(scores.iter().copied()),
            // Far below 2^53.
            Self::Best(best) => OutputsSeen::one([best.map_or(f64::NAN, |best| best as f64)]),
        }
    }
}

impl OutputReader {
    /// Of `output`, which holds one image's answer among `classes` classes. Scores of which
    /// nothing is known are taken for logits.
    #[must_use]
    pub(crate) fn new(output: TensorInfo, scored: &ScoredOutput, classes: usize) -> Self {
        let names = scored.names.iter().enumerate();
        Self {
            output,
            form: scored.form,
            kind: scored.kind.unwrap_or(OutputKind::Logits),
            classes,
            names: names.map(|(class, name)| (name.trim().to_lowercase(), class)).collect(),
        }
    }

    /// Size of one image's answer in bytes.
    #[must_use]
    pub(crate) fn byte_len(&self) -> usize {
        self.output.byte_len()
    }

    /// What the model says.
    #[must_use]
    pub(crate) fn answer(&self, bytes: &[u8]) -> Answer {
        match self.form {
            OutputForm::Scores => Answer::Scores(self.output.stored(bytes)),
            OutputForm::OneScore => {
                let score = self.output.real(bytes).first().map_or(f64::NAN, |it| f64::from(*it));
                Answer::Scores(match self.kind {
                    OutputKind::Logits => vec![0.0 * score, score],
                    OutputKind::LogProbabilities => vec![1.0 - score.exp(), score.exp()],
                    OutputKind::Probabilities | OutputKind::Sigmoid => vec![1.0 - score, score],
                })
            }
            OutputForm::ClassIndex => {
                let index = self.output.stored(bytes).first().copied().unwrap_or(-1.0);
                let inside = (0.0..self.classes as f64).contains(&index);
                Answer::Best(inside.then_some(index as usize))
            }
            OutputForm::ClassName => {
                let text = &bytes[..bytes.len().min(TEXT_BYTES)];
                let text = String::from_utf8_lossy(text);
                let name = text.trim_end_matches('\0').trim().to_lowercase();
                Answer::Best(self.names.get(&name).copied())
            }
        }
    }

    /// The scores of an answer for display: probabilities if possible.
    #[must_use]
    pub(crate) fn shown(&self, scores: &[f64]) -> Vec<f32> {
        let dequantized = |score: &f64| match self.output.quantization {
            Some(q) if self.form == OutputForm::Scores => {
                (*score - f64::from(q.zero_point)) * f64::from(q.scale)
            }
            _ => *score,
        };
        let real = scores.iter().map(dequantized);
        match self.kind {
            OutputKind::Logits => softmax(&real.collect::<Vec<_>>()),
            OutputKind::LogProbabilities if self.form == OutputForm::Scores => {
                real.map(|score| score.exp() as f32).collect()
            }
            _ => real.map(|score| score as f32).collect(),
        }
    }

    /// One number for each class, to compare with what another run of the model says.
    #[must_use]
    pub(crate) fn compared(&self, bytes: &[u8]) -> Vec<f32> {
        match self.answer(bytes) {
            Answer::Scores(_) if self.form == OutputForm::Scores => self.output.real(bytes),
            Answer::Scores(scores) => scores.iter().map(|score| *score as f32).collect(),
            Answer::Best(best) => {
                let one = |class| if Some(class) == best { 1.0 } else { 0.0 };
                match best {
                    Some(_) => (0..self.classes).map(one).collect(),
                    None => vec![f32::NAN; self.classes],
                }
            }
        }
    }
}

/// Of the finite ones: a score that is not a number has no probability.
fn softmax(values: &[f64]) -> Vec<f32> {
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Infinities of one sign share what there is.
    let power = |value: &f64| if *value == highest { 1.0 } else { (value - highest).exp() };
    let sum: f64 = values.iter().map(power).filter(|power| !power.is_nan()).sum();
    values.iter().map(|value| (power(value) / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::quantization::Quantization;
    use crate::record::tensor::ElementType;

    fn reading(
        element: ElementType,
        len: usize,
        form: OutputForm,
        kind: OutputKind,
    ) -> OutputReader {
        let quantization = (element == ElementType::Uint8)
            .then_some(Quantization { scale: 1.0 / 256.0, zero_point: 0 });
        let output = TensorInfo::fixed("y".into(), vec![1, len], element, quantization);
        let scored = ScoredOutput {
            model: "m".into(),
            index: 0,
            form,
            classes: None,
            kind: Some(kind),
            kind_source: None,
            chosen: None,
            names: vec!["cat".into(), "Dog".into()],
        };
        OutputReader::new(output, &scored, 2)
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    #[test]
    fn integers_are_ranked_as_integers_and_shown_as_probabilities() {
        let of = reading(ElementType::Uint8, 3, OutputForm::Scores, OutputKind::Probabilities);
        let Answer::Scores(scores) = of.answer(&[64, 0, 3]) else { panic!() };
        assert_eq!(scores, [64.0, 0.0, 3.0]);
        assert_eq!(of.shown(&scores)[..2], [0.25, 0.0]);
        let wide = reading(ElementType::Int64, 2, OutputForm::Scores, OutputKind::Logits);
        let bytes: Vec<u8> =
            [1_i64 << 40, (1 << 40) + 1].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(
            wide.answer(&bytes),
            Answer::Scores(vec![1_099_511_627_776.0, 1_099_511_627_777.0])
        );
    }

    #[test]
    fn logits_far_apart_keep_their_order_and_one_that_is_no_number_spoils_no_other() {
        let of = reading(ElementType::Float32, 4, OutputForm::Scores, OutputKind::Logits);
        let bytes = floats(&[1000.0, 500.0, f32::NAN, 600.0]);
        let Answer::Scores(scores) = of.answer(&bytes) else { panic!() };
        assert!(scores[0] > scores[3] && scores[3] > scores[1]);
        let shown = of.shown(&scores);
        assert!(shown[0] == 1.0 && shown[2].is_nan() && !shown[1].is_nan(), "{shown:?}");
        let p = of.shown(&[1.0, 2.0, 3.0]);
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6 && (p[2] - 0.665_240_9).abs() < 1e-6);
    }

    #[test]
    fn one_score_is_that_of_the_second_class() {
        let of = |kind| reading(ElementType::Float32, 1, OutputForm::OneScore, kind);
        let bytes = floats(&[0.25]);
        let sigmoid = of(OutputKind::Sigmoid);
        assert_eq!(sigmoid.answer(&bytes), Answer::Scores(vec![0.75, 0.25]));
        assert_eq!(sigmoid.compared(&bytes), [0.75, 0.25]);
        let Answer::Scores(scores) = of(OutputKind::Logits).answer(&floats(&[-2.0])) else {
            panic!()
        };
        assert!(scores[0] > scores[1]);
        let Answer::Scores(none) = of(OutputKind::Logits).answer(&floats(&[f32::NAN])) else {
            panic!()
        };
        assert!(none.iter().all(|score| score.is_nan()));
    }

    #[test]
    fn a_class_is_told_by_its_index_or_name() {
        let index = reading(ElementType::Int64, 1, OutputForm::ClassIndex, OutputKind::Logits);
        assert_eq!(index.answer(&1_i64.to_ne_bytes()), Answer::Best(Some(1)));
        assert_eq!(index.answer(&2_i64.to_ne_bytes()), Answer::Best(None));
        let name = reading(ElementType::Text, 1, OutputForm::ClassName, OutputKind::Logits);
        let mut text = [0; TEXT_BYTES];
        text[..3].copy_from_slice(b"dog");
        assert_eq!(name.answer(&text), Answer::Best(Some(1)));
        assert_eq!(name.compared(&text), [0.0, 1.0]);
        assert_eq!(name.answer(&[0; TEXT_BYTES]), Answer::Best(None));
    }
}
