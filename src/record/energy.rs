//! What a visit used of a machine's energy.

use serde::{Deserialize, Serialize};

/// What was used from before the first run of a visit until after its last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnergyUsed {
    /// What was read, in a few words.
    pub source: String,
    /// Energy of everything that the source covers, in joules.
    pub joules: f64,
    /// How long that was.
    pub seconds: f64,
    /// Power of the same shortly before, with the model loaded and idle, in watts.
    pub idle_watts: f64,
    /// Images of all runs in this time, untimed ones included.
    pub images: u64,
}

impl EnergyUsed {
    /// Energy per image beyond what the idle machine would have used, in millijoules. Below 0 if
    /// the machine used less than when it was idle: then the difference is noise.
    #[must_use]
    pub(crate) fn mj_per_image(&self) -> Option<f64> {
        let used = self.joules - self.idle_watts * self.seconds;
        (self.images > 0).then(|| used * 1e3 / self.images as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_idle_machine_uses_is_subtracted() {
        let used = EnergyUsed {
            source: "RAPL".into(),
            joules: 30.0,
            seconds: 2.0,
            idle_watts: 5.0,
            images: 400,
        };
        assert_eq!(used.mj_per_image(), Some(50.0));
        assert_eq!(EnergyUsed { images: 0, ..used }.mj_per_image(), None);
    }
}
