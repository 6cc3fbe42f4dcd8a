//! What operators do, whatever a runtime calls them, so that runtimes can be set side by side.

use crate::table::operator_times::OUTSIDE;

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
pub(crate) enum OperatorKind {
    /// Convolutions, depthwise and transposed ones included.
    #[strum(to_string = "convolutions")]
    Convolution,
    /// Matrix products.
    #[strum(to_string = "matrix products")]
    Product,
    /// Pools and means.
    #[strum(to_string = "pools and reductions")]
    Pool,
    /// What changes the type, scale or order of numbers, and nothing else.
    #[strum(to_string = "conversions and copies")]
    Conversion,
    /// Element by element.
    #[strum(to_string = "element-wise operators")]
    Elementwise,
    /// A part of the graph of which the delegate tells no more.
    #[strum(to_string = "delegates as a whole")]
    Delegate,
    /// Any other.
    #[strum(to_string = "other operators")]
    Other,
    /// What no operator accounts for.
    #[strum(to_string = "outside operators")]
    Outside,
}

/// Parts of names in lower case, the first that fits counts: runtimes write `DEPTHWISE_CONV_2D`,
/// `Convolution (NHWC, QS8) IGEMM`, `QLinearConv` or `ReorderOutput`.
const PARTS: [(&str, OperatorKind); 41] = [
    ("delegate", OperatorKind::Delegate),
    ("convert", OperatorKind::Conversion),
    ("conv", OperatorKind::Convolution),
    ("quantize", OperatorKind::Conversion),
    ("cast", OperatorKind::Conversion),
    ("transpose", OperatorKind::Conversion),
    ("reorder", OperatorKind::Conversion),
    ("copy", OperatorKind::Conversion),
    ("memcpy", OperatorKind::Conversion),
    ("reshape", OperatorKind::Conversion),
    ("flatten", OperatorKind::Conversion),
    ("squeeze", OperatorKind::Conversion),
    ("matmul", OperatorKind::Product),
    ("matrix multiply", OperatorKind::Product),
    ("gemm", OperatorKind::Product),
    ("fully", OperatorKind::Product),
    ("einsum", OperatorKind::Product),
    ("pool", OperatorKind::Pool),
    ("mean", OperatorKind::Pool),
    ("reduce", OperatorKind::Pool),
    ("sum", OperatorKind::Pool),
    ("softmax", OperatorKind::Other),
    ("relu", OperatorKind::Elementwise),
    ("clamp", OperatorKind::Elementwise),
    ("clip", OperatorKind::Elementwise),
    ("sigmoid", OperatorKind::Elementwise),
    ("logistic", OperatorKind::Elementwise),
    ("swish", OperatorKind::Elementwise),
    ("tanh", OperatorKind::Elementwise),
    ("gelu", OperatorKind::Elementwise),
    ("binary", OperatorKind::Elementwise),
    ("unary", OperatorKind::Elementwise),
    ("elementwise", OperatorKind::Elementwise),
    ("add", OperatorKind::Elementwise),
    ("subtract", OperatorKind::Elementwise),
    ("mul", OperatorKind::Elementwise),
    ("div", OperatorKind::Elementwise),
    ("sub", OperatorKind::Elementwise),
    ("normalization", OperatorKind::Elementwise),
    ("minimum", OperatorKind::Elementwise),
    ("maximum", OperatorKind::Elementwise),
];

impl OperatorKind {
    /// Of an operator by its name.
    #[must_use]
    pub(crate) fn of(operator: &str) -> Self {
        if operator == OUTSIDE {
            return Self::Outside;
        }
        let name = operator.to_lowercase();
        let found = PARTS.iter().find(|(part, _)| name.contains(part));
        found.map_or(Self::Other, |(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_several_runtimes_are_known() {
        for (name, kind) in [
            ("DEPTHWISE_CONV_2D", OperatorKind::Convolution),
            ("Convolution (NHWC, QS8) IGEMM", OperatorKind::Convolution),
            ("QLinearConv", OperatorKind::Convolution),
            ("FULLY_CONNECTED", OperatorKind::Product),
            ("Fully Connected (NC, F32) GEMM", OperatorKind::Product),
            ("Gemm", OperatorKind::Product),
            ("ReorderOutput", OperatorKind::Conversion),
            ("DequantizeLinear", OperatorKind::Conversion),
            ("Convert (NC, QS8, QU8)", OperatorKind::Conversion),
            ("AVERAGE_POOL_2D", OperatorKind::Pool),
            ("TfLiteXNNPackDelegate", OperatorKind::Delegate),
            ("RELU6", OperatorKind::Elementwise),
            ("SOFTMAX", OperatorKind::Other),
            (OUTSIDE, OperatorKind::Outside),
        ] {
            assert_eq!(OperatorKind::of(name), kind, "{name}");
        }
    }
}
