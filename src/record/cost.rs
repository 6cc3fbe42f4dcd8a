//! What a model computes, holds and moves, from its file alone.

use serde::{Deserialize, Serialize};

/// The static cost of one run: of one image, or of as many as the file fixes.
///
/// What could not be derived is absent, never 0; `unknown` says why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// By type of operator: the one with the most multiply-accumulates first.
    pub operators: Vec<OperatorCost>,
    /// Elements of the constants that are computed with: weights, biases, and the four vectors of a
    /// batch normalisation that is not folded; neither shapes and axes nor the scales and zero
    /// points of a quantisation.
    pub parameters: Option<u64>,
    /// Their bytes by the type that they are stored as, the largest part first.
    pub weights: Vec<StoredWeights>,
    /// Bytes of the inputs and of all tensors that operators write, each once.
    pub activation_bytes: Option<u64>,
    /// What could not be derived, with the operator's name; each is part of a sentence.
    pub unknown: Vec<String>,
}

/// The cost of all operators of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorCost {
    /// The operator, as the format calls it.
    pub operator: String,
    /// How many of them the graph has.
    pub nodes: usize,
    /// Multiply-accumulates of convolutions and matrix products, those with padding included;
    /// element-wise work counts as none.
    pub macs: Option<u64>,
    /// Elements of their weights; what operators share counts with the first of them.
    pub parameters: u64,
    /// Bytes of those.
    pub weight_bytes: u64,
    /// Bytes of the tensors that they read and write besides.
    pub moved_bytes: Option<u64>,
}

/// Weights that are stored as one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredWeights {
    /// The type, such as `float32` or `int4`.
    pub element: String,
    /// Their bytes.
    pub bytes: u64,
}

impl Cost {
    /// Multiply-accumulates of all operators; `None` if those of one are not known.
    #[must_use]
    pub fn macs(&self) -> Option<u64> {
        self.operators.iter().map(|it| it.macs).try_fold(0_u64, |sum, it| sum.checked_add(it?))
    }

    /// Bytes of all weights.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        self.weights.iter().fold(0, |sum, it| sum.saturating_add(it.bytes))
    }

    /// Bytes of all weights; `None` if an operator may have more of them than we see.
    #[must_use]
    pub(crate) fn known_weight_bytes(&self) -> Option<u64> {
        self.parameters.map(|_| self.weight_bytes())
    }

    /// Multiply-accumulates per byte that is read or written: weights once, and every other tensor
    /// each time that an operator reads or writes it.
    #[must_use]
    pub(crate) fn intensity(&self) -> Option<f64> {
        let mut moved = self.operators.iter().map(|it| it.moved_bytes);
        let moved = moved.try_fold(self.weight_bytes(), |sum, it| sum.checked_add(it?))?;
        (moved > 0).then_some(self.macs()? as f64 / moved as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_of_one_operator_is_unknown_of_all() {
        let of = |macs| OperatorCost {
            operator: "CONV_2D".into(),
            nodes: 1,
            macs,
            parameters: 9,
            weight_bytes: 36,
            moved_bytes: Some(64),
        };
        let weights = vec![StoredWeights { element: "float32".into(), bytes: 72 }];
        let cost = |second| Cost {
            operators: vec![of(Some(300)), of(second)],
            weights: weights.clone(),
            ..Cost::default()
        };
        assert_eq!(cost(Some(100)).macs(), Some(400));
        assert_eq!(cost(Some(100)).intensity(), Some(2.0));
        assert_eq!((cost(None).macs(), cost(None).intensity()), (None, None));
        assert_eq!(cost(Some(u64::MAX)).macs(), None);
    }
}
