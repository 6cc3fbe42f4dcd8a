//! Images per run and CPUs of a case, in runs that vary them: what its name shows of them.

use std::num::NonZeroUsize;

use crate::record::case::Case;

/// The axes of a case that a run may vary, or may have one value for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariedAxes {
    /// Images per run.
    pub batch: Option<usize>,
    /// Name of the CPUs.
    pub affinity: Option<String>,
}

impl VariedAxes {
    /// Those of a case.
    #[must_use]
    pub(crate) fn of(case: &Case) -> Self {
        Self { batch: case.batch.map(NonZeroUsize::get), affinity: case.affinity.clone() }
    }
}
