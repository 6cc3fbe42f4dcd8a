//! A loaded model, and what is checked at its border with the caller.

use crate::record::coverage::Coverage;
use crate::record::operator_profile::OperatorProfile;
use crate::record::setting_values::SettingValues;
use crate::record::tensor::{Tensor, TensorInfo};
use crate::runtime::backend_error::BackendError;

/// Untimed runs before the profiled ones of [`Session::profile`], on every backend.
pub(crate) const PROFILE_WARMUP: usize = 3;

/// The inputs and outputs of a loaded model, each in the model's order.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionTensors {
    /// The inputs.
    pub inputs: Vec<TensorInfo>,
    /// The outputs.
    pub outputs: Vec<TensorInfo>,
}

/// One loaded model, ready to run. A backend implements what is required; the
/// rest is the same for all.
pub trait Session {
    /// The model's inputs and outputs.
    fn tensors(&self) -> &SessionTensors;

    /// Copies bytes into input `index`, both checked by [`Self::set_input`].
    ///
    /// # Errors
    /// The runtime's error.
    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError>;

    /// Runs the model once on the inputs that were set last. This is what is timed: our code
    /// allocates and copies nothing in it.
    ///
    /// # Errors
    /// What the runtime says.
    fn invoke(&mut self) -> Result<(), BackendError>;

    /// Copies the bytes of output `index`, checked by [`Self::output`].
    ///
    /// # Errors
    /// What the runtime says; no run yet.
    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError>;

    /// What the delegate really took, as the runtime itself reports it. Called outside every timed
    /// run; it may run the model once to find out.
    ///
    /// # Errors
    /// What the runtime says.
    fn coverage(&mut self) -> Result<Coverage, BackendError>;

    /// What each operator takes in `runs` runs on `inputs`, in a pass of its own: it may load the
    /// model once more, with the runtime's profiler, which slows it.
    ///
    /// # Errors
    /// What the runtime says; [`BackendError::Unsupported`] if it does not tell.
    fn profile(
        &mut self,
        _inputs: &[Vec<u8>],
        _runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        Err(BackendError::Unsupported("this backend does not tell what its operators take".into()))
    }

    /// The settings that this session really has, by the runtime's own account; nothing where
    /// it does not tell.
    fn settings(&self) -> SettingValues {
        SettingValues::default()
    }

    /// The threads that the runtime says it works with; `None` where it does not tell, so that
    /// those of the process are counted.
    fn threads(&self) -> Option<u32> {
        None
    }

    /// The model's inputs, in the model's order.
    fn inputs(&self) -> &[TensorInfo] {
        &self.tensors().inputs
    }

    /// The model's outputs, in the model's order.
    fn outputs(&self) -> &[TensorInfo] {
        &self.tensors().outputs
    }

    /// Copies `tensor` into input `index`. Its bytes must match that input's
    /// element type and shape.
    ///
    /// # Errors
    /// An input that does not exist or a tensor that does not fit it.
    fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), BackendError> {
        self.tensors().check_input(index, tensor)?;
        self.write_input(index, &tensor.bytes)
    }

    /// Copies output `index` of the last [`invoke`](Session::invoke).
    ///
    /// # Errors
    /// An output that does not exist, or one of another size than it should have.
    fn output(&self, index: usize) -> Result<Tensor, BackendError> {
        let outputs = self.outputs();
        let Some(info) = outputs.get(index) else {
            let count = outputs.len();
            return Err(BackendError::Failed(format!(
                "output {index} was requested, but the model has {count}"
            )));
        };
        let bytes = self.read_output(index)?;
        if !info.is_open() && bytes.len() != info.byte_len() {
            return Err(BackendError::Failed(format!(
                "output '{}' has {} bytes, but its shape {:?} of {} has {}",
                info.name,
                bytes.len(),
                info.shape,
                info.element,
                info.byte_len()
            )));
        }
        Ok(Tensor { element: info.element, shape: info.shape.clone(), bytes })
    }
}

impl SessionTensors {
    /// Checks that `tensor` fits input `index` byte for byte.
    fn check_input(&self, index: usize, tensor: &Tensor) -> Result<(), BackendError> {
        let Some(input) = self.inputs.get(index) else {
            return Err(BackendError::Failed(format!(
                "input {index} was given, but the model has {}",
                self.inputs.len()
            )));
        };
        if tensor.element == input.element
            && tensor.shape == input.shape
            && tensor.bytes.len() == input.byte_len()
        {
            return Ok(());
        }
        Err(BackendError::Failed(format!(
            "input '{}' takes {} {:?}, but was given {} {:?} in {} bytes",
            input.name,
            input.element,
            input.shape,
            tensor.element,
            tensor.shape,
            tensor.bytes.len()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tensor::ElementType;

    #[test]
    fn an_input_fits_or_says_why_not() {
        let image = SessionTensors {
            inputs: vec![TensorInfo::fixed("image".into(), vec![1, 2], ElementType::Float32, None)],
            outputs: Vec::new(),
        };
        let fits = Tensor { element: ElementType::Float32, shape: vec![1, 2], bytes: vec![0; 8] };
        assert!(image.check_input(0, &fits).is_ok());
        for wrong in [
            Tensor { element: ElementType::Int32, ..fits.clone() },
            Tensor { shape: vec![2, 1], ..fits.clone() },
            Tensor { bytes: vec![0; 7], ..fits.clone() },
        ] {
            let error = image.check_input(0, &wrong).unwrap_err().to_string();
            assert!(error.contains("'image' takes float32 [1, 2]"), "{error}");
        }
        assert!(image.check_input(1, &fits).unwrap_err().to_string().contains("input 1"));
    }
}
