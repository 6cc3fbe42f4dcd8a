//! What is known of a value of an ONNX graph before anything runs.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{NodeProto, TensorProto, ValueInfoProto, type_proto};

use crate::model::cost::cost_sum::{self, UsedWeight};
use crate::model::onnx_graph;

/// Maximum elements of a tensor whose numbers are read: shapes, axes and the like are small.
const MOST_NUMBERS: usize = 64;

/// A value; what is absent is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct OnnxValue {
    /// Its dimensions.
    pub shape: Option<Vec<usize>>,
    /// Its type.
    pub kind: Option<DataType>,
    /// Its numbers in row-major order, if they follow from the file alone and are few. Whole ones
    /// are exact up to 2^53, which no dimension exceeds.
    pub numbers: Option<Vec<f64>>,
    /// The constant that it is, or is made of.
    pub weight: Option<UsedWeight>,
}

impl OnnxValue {
    /// Of a shape and type.
    pub(super) fn of(shape: Option<Vec<usize>>, kind: Option<DataType>) -> Self {
        Self { shape, kind, ..Self::default() }
    }

    /// One or several numbers that follow from shapes.
    pub(super) fn numbers(numbers: Vec<f64>, is_scalar: bool) -> Self {
        let shape = if is_scalar { Vec::new() } else { vec![numbers.len()] };
        Self { numbers: Some(numbers), ..Self::of(Some(shape), Some(DataType::Int64)) }
    }

    /// An initialiser, or the value of a constant; `id` is its own.
    pub(super) fn constant(tensor: &TensorProto, id: usize) -> Self {
        let shape: Option<Vec<usize>> =
            tensor.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
        let kind = DataType::try_from(tensor.data_type).ok();
        let value = Self::of(shape, kind);
        let elements = value.elements().filter(|elements| *elements <= MOST_NUMBERS as u64);
        let numbers = elements.and_then(|_| numbers(tensor));
        Self { numbers, ..value.with_weight(id) }
    }

    /// The same, as a weight of its own.
    pub(super) fn with_weight(self, id: usize) -> Self {
        let weight = self.kind.and_then(|kind| {
            let (elements, (element, bits)) = (self.elements()?, stored(kind));
            Some(UsedWeight { id, elements, element, bytes: cost_sum::bytes(elements, bits)? })
        });
        Self { weight, ..self }
    }

    /// What the file states of a value inside the graph; the number of images may be open.
    pub(super) fn stated(value: &ValueInfoProto) -> Self {
        let Some(type_proto::Value::TensorType(tensor)) =
            value.r#type.as_ref().and_then(|kind| kind.value.as_ref())
        else {
            return Self::default();
        };
        let size = |(axis, dim): (usize, Option<&dimension::Value>)| match dim {
            Some(dimension::Value::DimValue(size @ 1..)) => usize::try_from(*size).ok(),
            _ => (axis == 0).then_some(1),
        };
        let dims =
            tensor.shape.as_ref().map(|shape| shape.dim.iter().map(|dim| dim.value.as_ref()));
        let shape = dims.and_then(|dims| dims.enumerate().map(size).collect());
        Self::of(shape, DataType::try_from(tensor.elem_type).ok())
    }

    /// Its number of elements.
    pub(super) fn elements(&self) -> Option<u64> {
        cost_sum::product(self.shape.as_deref()?)
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Option<u64> {
        cost_sum::bytes(self.elements()?, stored(self.kind?).1)
    }

    /// Its numbers as whole ones.
    pub(super) fn whole(&self) -> Option<Vec<i64>> {
        Some(self.numbers.as_deref()?.iter().map(|number| *number as i64).collect())
    }
}

/// The name of a type, and the bits of an element; 0 for those of no fixed size.
fn stored(kind: DataType) -> (String, u64) {
    if let Some(element) = onnx_graph::element(kind as i32) {
        return (element.to_string(), 8 * element.width() as u64);
    }
    let bits = match kind {
        DataType::Int4 | DataType::Uint4 | DataType::Float4e2m1 => 4,
        DataType::Float8e4m3fn
        | DataType::Float8e4m3fnuz
        | DataType::Float8e5m2
        | DataType::Float8e5m2fnuz => 8,
        DataType::Complex64 => 64,
        DataType::Complex128 => 128,
        _ => 0,
    };
    (kind.as_str_name().to_lowercase(), bits)
}

/// The numbers of a tensor, of the types that shapes, axes and scales have.
fn numbers(tensor: &TensorProto) -> Option<Vec<f64>> {
    let raw = tensor.raw_data.as_slice();
    match DataType::try_from(tensor.data_type).ok()? {
        _ if !tensor.external_data.is_empty() => None,
        DataType::Int64 if raw.is_empty() => {
            Some(tensor.int64_data.iter().map(|it| *it as f64).collect())
        }
        DataType::Int64 => {
            Some(raw.as_chunks().0.iter().map(|it| i64::from_le_bytes(*it) as f64).collect())
        }
        DataType::Int32 if raw.is_empty() => {
            Some(tensor.int32_data.iter().map(|it| f64::from(*it)).collect())
        }
        DataType::Int32 => {
            Some(raw.as_chunks().0.iter().map(|it| f64::from(i32::from_le_bytes(*it))).collect())
        }
        DataType::Float if raw.is_empty() => {
            Some(tensor.float_data.iter().map(|it| f64::from(*it)).collect())
        }
        DataType::Float => {
            Some(raw.as_chunks().0.iter().map(|it| f64::from(f32::from_le_bytes(*it))).collect())
        }
        _ => None,
    }
}

/// The attributes of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeAttributes<'a>(pub(super) &'a NodeProto);

impl<'a> NodeAttributes<'a> {
    fn find(self, name: &str) -> Option<&'a tract_onnx::pb::AttributeProto> {
        self.0.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number.
    pub(super) fn int(self, name: &str) -> Option<i64> {
        Some(self.find(name)?.i)
    }

    /// A list of whole numbers.
    pub(super) fn ints(self, name: &str) -> Option<&'a [i64]> {
        Some(self.find(name)?.ints.as_slice())
    }

    /// A list of numbers.
    pub(super) fn floats(self, name: &str) -> Option<&'a [f32]> {
        Some(self.find(name)?.floats.as_slice())
    }

    /// A text.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(&self.find(name)?.s).ok()
    }

    /// A tensor.
    pub(super) fn tensor(self, name: &str) -> Option<&'a TensorProto> {
        self.find(name)?.t.as_ref()
    }

    /// Whether it holds a graph, which the operator runs.
    pub(super) fn have_graph(self) -> bool {
        self.0.attribute.iter().any(|it| it.g.is_some() || !it.graphs.is_empty())
    }
}
