//! The inputs and outputs of a graph: names, types and shapes.

use std::ffi::c_int;
use std::ptr;

use crate::record::tensor::{ElementType, TensorInfo};
use crate::runtime::openvino::c_types::{OvDimension, OvPartialShape, OvPort, OvStatus, element};
use crate::runtime::openvino::openvino_library::{CallResult, OpenvinoLibrary};

/// One input or output, as OpenVINO describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    /// One of its names; empty where it has none.
    pub(crate) name: String,
    /// `None` for a type that no classifier takes or gives.
    pub(crate) element: Option<ElementType>,
    /// `None` if a dimension is not known.
    pub(crate) shape: Option<Vec<usize>>,
}

impl Port {
    /// The port that `get` writes.
    pub(crate) fn read(
        library: &OpenvinoLibrary,
        get: impl FnOnce(*mut *mut OvPort) -> OvStatus,
    ) -> CallResult<Self> {
        let mut raw = ptr::null_mut();
        library.check(get(&raw mut raw))?;
        let port = Self::described(library, raw);
        // SAFETY: `get` wrote a port, which is freed once.
        unsafe { (library.calls.ov_output_const_port_free)(raw) };
        port
    }

    fn described(library: &OpenvinoLibrary, raw: *const OvPort) -> CallResult<Self> {
        let calls = &library.calls;
        let mut number: c_int = 0;
        let unknown = OvDimension { least: 0, most: -1 };
        let mut shape = OvPartialShape { rank: unknown, dimensions: ptr::null_mut() };
        // SAFETY: the port is live, and what the calls write has the layout of the headers.
        let name = unsafe {
            library.check((calls.ov_port_get_element_type)(raw, &raw mut number))?;
            library.check((calls.ov_port_get_partial_shape)(raw, &raw mut shape))?;
            // A port without a name is an error to it.
            library.owned_text(|to| (calls.ov_port_get_any_name)(raw, to)).unwrap_or_default()
        };
        // SAFETY: the call above wrote this shape, which is freed once.
        let sizes = unsafe {
            let sizes = sizes(&shape);
            (calls.ov_partial_shape_free)(&raw mut shape);
            sizes
        };
        Ok(Self { name, element: element(number), shape: sizes })
    }

    /// What is known of it: by OpenVINO, and by our own reader of the file (`known`), which alone
    /// knows scale and zero point. `None` if the type of its elements is none that we have.
    pub(crate) fn tensor(&self, known: Option<&TensorInfo>) -> Option<TensorInfo> {
        let element = self.element?;
        let name = known.map_or_else(|| self.name.clone(), |known| known.name.clone());
        let quantization = known.filter(|it| it.element == element).and_then(|it| it.quantization);
        let shape = self.shape.clone();
        Some(match (shape, known) {
            (Some(shape), _) => TensorInfo::fixed(name, shape, element, quantization),
            (None, Some(known)) => TensorInfo { element, quantization, ..known.clone() },
            (None, None) => {
                let info = TensorInfo::fixed(name, Vec::new(), element, quantization);
                TensorInfo { unshaped: true, ..info }
            }
        })
    }
}

/// The places of `ports` in the order of the file, each with what the file says of it (`known`).
/// Two that are called alike belong together; of those that are not, the ones of one place, if
/// there are equally many.
pub(crate) fn in_file_order<'a>(
    ports: &[Port],
    known: &'a [TensorInfo],
) -> Vec<(usize, Option<&'a TensorInfo>)> {
    let at = |place: usize| {
        let named = known.iter().position(|info| info.name == ports[place].name);
        named.or((ports.len() == known.len()).then_some(place))
    };
    let mut order: Vec<(usize, Option<usize>)> =
        (0..ports.len()).map(|place| (place, at(place))).collect();
    order.sort_by_key(|(_, at)| at.unwrap_or(usize::MAX));
    order.into_iter().map(|(place, at)| (place, at.map(|at| &known[at]))).collect()
}

/// The sizes of a shape whose dimensions are all known.
///
/// # Safety
/// The library wrote `shape`.
unsafe fn sizes(shape: &OvPartialShape) -> Option<Vec<usize>> {
    let known = |it: OvDimension| usize::try_from(it.least).ok().filter(|_| it.least == it.most);
    let rank = known(shape.rank)?;
    // SAFETY: a shape of known rank has that many dimensions, as the caller promises.
    (0..rank).map(|axis| known(unsafe { *shape.dimensions.add(axis) })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::quantization::Quantization;

    #[test]
    fn what_openvino_does_not_know_comes_from_the_file() {
        let quantization = Some(Quantization { scale: 0.5, zero_point: 3 });
        let int8 = ElementType::Int8;
        let known = TensorInfo::fixed("scores".into(), vec![1, 10], int8, quantization);
        let port = |element, shape| Port { name: "any".into(), element, shape };
        let same = port(Some(int8), Some(vec![1, 10]));
        assert_eq!(same.tensor(Some(&known)).unwrap(), known);
        assert_eq!(port(Some(int8), None).tensor(Some(&known)).unwrap(), known);
        // A scale is of the type that it was stated for.
        let real = port(Some(ElementType::Float32), Some(vec![2, 10])).tensor(Some(&known));
        let real = real.unwrap();
        assert_eq!((real.quantization, &real.shape[..]), (None, &[2, 10][..]));
        assert!(port(Some(int8), None).tensor(None).unwrap().is_open());
        assert_eq!(port(None, Some(vec![1])).tensor(Some(&known)), None);
    }

    #[test]
    fn ports_are_brought_into_the_order_of_the_file() {
        let float = ElementType::Float32;
        let [a, b] = ["a", "b"].map(|it| TensorInfo::fixed(it.into(), vec![1], float, None));
        let port = |name: &str| Port { name: name.into(), element: Some(float), shape: None };
        let known = [a.clone(), b.clone()];
        let swapped = in_file_order(&[port("b"), port("a")], &known);
        assert_eq!(swapped, [(1, Some(&a)), (0, Some(&b))]);
        let unnamed = in_file_order(&[port(""), port("b:0")], &known);
        assert_eq!(unnamed, [(0, Some(&a)), (1, Some(&b))]);
        assert_eq!(in_file_order(&[port("c")], &known), [(0, None)]);
    }

    #[test]
    fn a_shape_is_known_only_as_a_whole() {
        let fixed = |size| OvDimension { least: size, most: size };
        let mut sizes_of = [fixed(1), fixed(28)];
        let mut shape = OvPartialShape { rank: fixed(2), dimensions: sizes_of.as_mut_ptr() };
        // SAFETY: it has two dimensions.
        assert_eq!(unsafe { sizes(&shape) }, Some(vec![1, 28]));
        shape.rank = OvDimension { least: 0, most: -1 };
        // SAFETY: its rank is not known, so that no dimension is read.
        assert_eq!(unsafe { sizes(&shape) }, None);
        sizes_of[0] = OvDimension { least: 0, most: -1 };
        let open = OvPartialShape { rank: fixed(2), dimensions: sizes_of.as_mut_ptr() };
        // SAFETY: it has two dimensions.
        assert_eq!(unsafe { sizes(&open) }, None);
    }
}
