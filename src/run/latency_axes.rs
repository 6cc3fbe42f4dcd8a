//! The axes of a run that only latency depends on: images per run, and CPUs.

use std::num::NonZeroUsize;

use anyhow::Result;

use crate::host::affinity;
use crate::record::named_cpus::NamedCpus;
use crate::run::suite_file::SuiteFile;

/// What a run varies; an axis of a single value is an option of the run and none of its
/// cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LatencyAxes {
    /// Images per run, each number once.
    pub(crate) batches: Vec<NonZeroUsize>,
    affinities: Vec<NamedCpus>,
}

impl LatencyAxes {
    /// The axes that are wanted; none if latency is not measured.
    ///
    /// # Errors
    /// CPUs that this machine does not have.
    pub(crate) fn of(wanted: &SuiteFile) -> Result<Self> {
        if wanted.latency == Some(false) {
            return Ok(Self::default());
        }
        let mut batches = Vec::new();
        for batch in &wanted.batch {
            if !batches.contains(batch) {
                batches.push(*batch);
            }
        }
        let affinities = wanted.affinity.as_deref().map(affinity::parse).transpose()?;
        Ok(Self { batches, affinities: affinities.unwrap_or_default() })
    }

    /// The names of the CPUs.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.affinities.iter().map(|it| it.name.as_str()).collect()
    }

    /// Images per run of cases that do not state theirs.
    pub(crate) fn batch(&self) -> NonZeroUsize {
        match self.batches[..] {
            [one] => one,
            _ => NonZeroUsize::MIN,
        }
    }

    /// The CPUs of cases that do not name theirs; none: any.
    pub(crate) fn cpus(&self) -> Vec<usize> {
        match self.affinities.as_slice() {
            [one] => one.cpus.clone(),
            _ => Vec::new(),
        }
    }

    /// The CPUs that cases name.
    pub(crate) fn several(self) -> Vec<NamedCpus> {
        if self.affinities.len() > 1 { self.affinities } else { Vec::new() }
    }
}
