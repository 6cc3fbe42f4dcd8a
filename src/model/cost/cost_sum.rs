//! The cost of a graph, summed node by node.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::cost::{Cost, OperatorCost, StoredWeights};

/// A constant of a file that is computed with.
#[derive(Debug, Clone)]
pub(super) struct UsedWeight {
    /// What no other constant of the file has.
    pub id: usize,
    /// Number of its elements.
    pub elements: u64,
    /// The type that it is stored as.
    pub element: String,
    /// Its bytes as stored.
    pub bytes: u64,
}

/// The cost of one node.
#[derive(Debug)]
pub(super) struct NodeCost {
    /// Its operator.
    pub operator: String,
    /// Its multiply-accumulates.
    pub macs: Result<u64, Uncounted>,
    /// The constants that it computes with.
    pub weights: Vec<UsedWeight>,
    /// Bytes of what it reads besides.
    pub read_bytes: Option<u64>,
    /// Bytes of what it writes.
    pub written_bytes: Option<u64>,
    /// Whether it may hold weights that we do not see.
    pub hides_weights: bool,
    /// Whether what it reads is unknown already, so that another node is to blame.
    pub is_behind_unknown: bool,
}

/// Why multiply-accumulates are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncounted {
    /// They depend on more than shapes.
    Operator,
    /// A shape is not known.
    Shape,
}

/// The costs of the nodes so far.
#[derive(Debug)]
pub(super) struct CostSum {
    operators: BTreeMap<String, OperatorCost>,
    counted: BTreeSet<usize>,
    weights: BTreeMap<String, u64>,
    parameters: Option<u64>,
    activation_bytes: Option<u64>,
    unknown: BTreeSet<String>,
}

impl CostSum {
    /// Of a graph whose inputs have `input_bytes`.
    pub(super) fn of_inputs(input_bytes: Option<u64>) -> Self {
        Self {
            operators: BTreeMap::new(),
            counted: BTreeSet::new(),
            weights: BTreeMap::new(),
            parameters: Some(0),
            activation_bytes: input_bytes,
            unknown: BTreeSet::new(),
        }
    }

    /// With a node.
    pub(super) fn add(&mut self, node: NodeCost) {
        let NodeCost { operator, macs, weights, read_bytes, written_bytes, .. } = node;
        if macs == Err(Uncounted::Operator) {
            self.unknown.insert(format!("the multiply-accumulates of {operator}"));
        }
        if (macs == Err(Uncounted::Shape) || written_bytes.is_none()) && !node.is_behind_unknown {
            self.unknown.insert(format!("the shape of what {operator} makes"));
        }
        if node.hides_weights {
            self.unknown.insert(format!("the parameters of {operator}"));
            self.parameters = None;
        }
        let sum = |one: Option<u64>, other: Option<u64>| one?.checked_add(other?);
        self.activation_bytes = sum(self.activation_bytes, written_bytes);
        let total = self.operators.entry(operator.clone()).or_insert_with(|| OperatorCost {
            operator,
            nodes: 0,
            macs: Some(0),
            parameters: 0,
            weight_bytes: 0,
            moved_bytes: Some(0),
        });
        total.nodes += 1;
        total.macs = sum(total.macs, macs.ok());
        total.moved_bytes = sum(total.moved_bytes, sum(read_bytes, written_bytes));
        for weight in weights.into_iter().filter(|weight| self.counted.insert(weight.id)) {
            total.parameters = total.parameters.saturating_add(weight.elements);
            total.weight_bytes = total.weight_bytes.saturating_add(weight.bytes);
            self.parameters = sum(self.parameters, Some(weight.elements));
            let stored = self.weights.entry(weight.element).or_default();
            *stored = stored.saturating_add(weight.bytes);
        }
    }

    /// All of it.
    pub(super) fn total(self) -> Cost {
        let mut operators: Vec<OperatorCost> = self.operators.into_values().collect();
        operators.sort_by_key(|it| std::cmp::Reverse((it.macs, it.weight_bytes, it.moved_bytes)));
        let weights = self.weights.into_iter();
        let mut weights: Vec<StoredWeights> =
            weights.map(|(element, bytes)| StoredWeights { element, bytes }).collect();
        weights.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        Cost {
            operators,
            parameters: self.parameters,
            weights,
            activation_bytes: self.activation_bytes,
            unknown: self.unknown.into_iter().collect(),
        }
    }
}

/// The product of `sizes`, if it can be counted.
pub(super) fn product(sizes: &[usize]) -> Option<u64> {
    sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(u64::try_from(*size).ok()?))
}

/// Bytes of `elements` of `bits` each, the last one filled up.
pub(super) fn bytes(elements: u64, bits: u64) -> Option<u64> {
    Some(elements.checked_mul(bits)?.div_ceil(8))
}
