//! Inputs that runs take in turn, so that neither the model nor the processor finds in its caches
//! what the run before has left there of the same input.

use crate::record::tensor::TensorInfo;
use crate::runtime::backend_error::BackendError;
use crate::runtime::session::Session;
use crate::worker::visit::TimedWork;

/// Prepared images, one after the other.
pub(crate) struct RotatedInputs {
    /// The images, the first ones once more behind the last, so that every run finds its own in one
    /// piece.
    bytes: Vec<u8>,
    /// Size of an image, and of what a run takes.
    sizes: (usize, usize),
    /// How many images there are, and with which one the next run begins.
    images: usize,
    next: usize,
}

impl RotatedInputs {
    /// Takes `images` images for a model that takes `per_run` of them at once.
    ///
    /// # Errors
    /// Images of another size than the model takes, or none.
    pub(crate) fn new(
        images: usize,
        payload: &[u8],
        inputs: &[TensorInfo],
        per_run: usize,
    ) -> Result<Self, BackendError> {
        let run: usize = inputs.iter().map(TensorInfo::byte_len).sum();
        let image = run / per_run.max(1);
        if images == 0 || image == 0 || payload.len() != images * image || inputs.len() != 1 {
            return Err(BackendError::Failed(format!(
                "{images} images of {image} bytes were announced for {} inputs, but {} bytes arrived",
                inputs.len(),
                payload.len()
            )));
        }
        let mut bytes = payload.to_vec();
        // Fewer images than a run takes are repeated.
        while bytes.len() < payload.len() + run {
            let missing = payload.len() + run - bytes.len();
            bytes.extend_from_slice(&payload[..missing.min(payload.len())]);
        }
        Ok(Self { bytes, sizes: (image, run), images, next: 0 })
    }

    /// Writes what the next run takes.
    ///
    /// # Errors
    /// What the runtime says.
    pub(crate) fn write(&mut self, session: &mut dyn Session) -> Result<(), BackendError> {
        let (image, run) = self.sizes;
        let begin = self.next * image;
        self.next = (self.next + run / image) % self.images;
        session.write_input(0, &self.bytes[begin..begin + run])
    }
}

/// Runs of a model, each on the next input.
pub(crate) struct RotatedRuns<'a> {
    /// The model.
    pub session: &'a mut dyn Session,
    /// Its inputs.
    pub inputs: &'a mut RotatedInputs,
}

impl TimedWork<BackendError> for RotatedRuns<'_> {
    fn prepare(&mut self) -> Result<(), BackendError> {
        self.inputs.write(self.session)
    }

    fn run(&mut self) -> Result<(), BackendError> {
        self.session.invoke()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::coverage::Coverage;
    use crate::record::tensor::ElementType;
    use crate::runtime::session::SessionTensors;

    /// A model that keeps what it was given.
    struct Memo(SessionTensors, Vec<Vec<u8>>);

    impl Session for Memo {
        fn tensors(&self) -> &SessionTensors {
            &self.0
        }
        fn write_input(&mut self, _: usize, bytes: &[u8]) -> Result<(), BackendError> {
            self.1.push(bytes.to_vec());
            Ok(())
        }
        fn invoke(&mut self) -> Result<(), BackendError> {
            Ok(())
        }
        fn read_output(&self, _: usize) -> Result<Vec<u8>, BackendError> {
            Ok(Vec::new())
        }
        fn coverage(&mut self) -> Result<Coverage, BackendError> {
            Err(BackendError::Failed("it has none".into()))
        }
    }

    fn written(images: usize, payload: &[u8], per_run: usize, runs: usize) -> Vec<Vec<u8>> {
        let shape = vec![per_run, 2];
        let input = TensorInfo::fixed("image".into(), shape, ElementType::Uint8, None);
        let mut memo = Memo(SessionTensors { inputs: vec![input], outputs: vec![] }, vec![]);
        let mut inputs = RotatedInputs::new(images, payload, memo.inputs(), per_run).unwrap();
        for _ in 0..runs {
            inputs.write(&mut memo).unwrap();
        }
        memo.1
    }

    #[test]
    fn every_run_takes_the_next_image() {
        let payload = [1, 1, 2, 2, 3, 3];
        assert_eq!(written(3, &payload, 1, 4), [[1, 1], [2, 2], [3, 3], [1, 1]]);
        // Two at once of three.
        assert_eq!(written(3, &payload, 2, 3), [[1, 1, 2, 2], [3, 3, 1, 1], [2, 2, 3, 3]]);
        // Four at once of three, and of one.
        assert_eq!(written(3, &payload, 4, 1), [[1, 1, 2, 2, 3, 3, 1, 1]]);
        assert_eq!(written(1, &[7, 8], 4, 1), [[7, 8, 7, 8, 7, 8, 7, 8]]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let input = TensorInfo::fixed("image".into(), vec![1, 2], ElementType::Uint8, None);
        let refused = |images, payload: &[u8]| {
            RotatedInputs::new(images, payload, std::slice::from_ref(&input), 1).is_err()
        };
        assert!(refused(2, &[1, 1, 2]) && refused(0, &[]) && !refused(1, &[1, 1]));
    }
}
