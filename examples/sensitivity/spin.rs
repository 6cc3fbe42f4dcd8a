//! A real session made slower by a known share.

use shutterbench::host::clock;
use shutterbench::record::coverage::Coverage;
use shutterbench::runtime::backend_error::BackendError;
use shutterbench::runtime::session::{Session, SessionTensors};

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
    fn tensors(&self) -> &SessionTensors {
        self.inner.tensors()
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        self.inner.write_input(index, bytes)
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

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        self.inner.read_output(index)
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        self.inner.coverage()
    }
}
