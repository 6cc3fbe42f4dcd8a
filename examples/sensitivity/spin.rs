//! A real session made slower by a known share.

use shutterbench::backend::{BackendError, Coverage, Session};
use shutterbench::measure::clock;
use shutterbench::model::tensor::{Tensor, TensorInfo};

/// Runs the model, then spins for a share of the time that this took: the
/// slow-down is that share at any speed of the machine. A share of 0 reads the
/// clock as often, so that nothing but the spin differs.
pub struct Spinning {
    inner: Box<dyn Session>,
    share: f64,
}

impl Spinning {
    pub fn new(inner: Box<dyn Session>, percent: f64) -> Self {
        Self { inner, share: percent / 100.0 }
    }
}

impl Session for Spinning {
    fn inputs(&self) -> &[TensorInfo] {
        self.inner.inputs()
    }

    fn outputs(&self) -> &[TensorInfo] {
        self.inner.outputs()
    }

    fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), BackendError> {
        self.inner.set_input(index, tensor)
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        let start = clock::now_ns();
        self.inner.invoke()?;
        let end = clock::now_ns();
        let until = end + ((end - start) as f64 * self.share) as u64;
        while clock::now_ns() < until {
            std::hint::spin_loop();
        }
        Ok(())
    }

    fn output(&self, index: usize) -> Result<Tensor, BackendError> {
        self.inner.output(index)
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        self.inner.coverage()
    }
}
