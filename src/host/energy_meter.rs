//! Energy while something happens: the difference of counters, or power sampled meanwhile.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use crate::host::clock;
use crate::host::energy_source::{EnergyReading, EnergySource};
use crate::host::tree::Tree;

/// No machine runs without energy: what virtual machines show for a counter may never change.
const STANDS_STILL: &str = "--energy: the energy counters stood still during the visit; measure longer (--max-seconds), or name the command of an external meter with --energy-meter";

/// Energy of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MeasuredEnergy {
    /// Joules.
    pub joules: f64,
    /// How long it was.
    pub seconds: f64,
}

impl MeasuredEnergy {
    /// Its mean power.
    #[must_use]
    pub(crate) fn watts(&self) -> f64 {
        self.joules / self.seconds
    }
}

/// Reads a source.
#[derive(Debug, Clone)]
pub(crate) struct EnergyMeter {
    source: EnergySource,
    tree: Tree,
}

impl EnergyMeter {
    /// Of a source that was found in `tree`.
    #[must_use]
    pub(crate) const fn new(source: EnergySource, tree: Tree) -> Self {
        Self { source, tree }
    }

    /// What it reads.
    #[must_use]
    pub(crate) const fn source(&self) -> &EnergySource {
        &self.source
    }

    /// The energy that is used while `work` is done.
    ///
    /// # Errors
    /// One sentence: the source cannot be read any more.
    pub(crate) fn during<T>(
        &self,
        work: impl FnOnce() -> T,
    ) -> (T, Result<MeasuredEnergy, String>) {
        if !self.source.counts() {
            return self.sampled(work);
        }
        let before = self.source.read(&self.tree);
        let begin = clock::now_ns();
        let done = work();
        let seconds = (clock::now_ns() - begin) as f64 / 1e9;
        let after = self.source.read(&self.tree);
        let joules = before.and_then(|before| joules_between(&before, &after?));
        (done, joules.map(|joules| MeasuredEnergy { joules, seconds }))
    }

    /// The mean of what is sampled from the begin to the end, for as long as `work` takes.
    fn sampled<T>(&self, work: impl FnOnce() -> T) -> (T, Result<MeasuredEnergy, String>) {
        let (stop, stopped) = channel::<()>();
        let begin = clock::now_ns();
        let (done, seconds, samples) = thread::scope(|scope| {
            let sampler = scope.spawn(move || {
                let mut samples = vec![self.source.read(&self.tree)];
                while stopped.recv_timeout(self.source.sampling()) == Err(RecvTimeoutError::Timeout)
                {
                    samples.push(self.source.read(&self.tree));
                }
                samples
            });
            let done = work();
            // A command that prints watts may take longer than the work; that is none of its time.
            let seconds = (clock::now_ns() - begin) as f64 / 1e9;
            drop(stop);
            (done, seconds, sampler.join())
        });
        let samples = samples.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let watts = mean_watts(samples);
        (done, watts.map(|watts| MeasuredEnergy { joules: watts * seconds, seconds }))
    }
}

/// What counters gained, in joules; each that has a range may have begun again once.
fn joules_between(before: &EnergyReading, after: &EnergyReading) -> Result<f64, String> {
    let (EnergyReading::Counters(before), EnergyReading::Counters(after)) = (before, after) else {
        return Err("--energy: the source has no counters".to_owned());
    };
    if before.len() != after.len() {
        return Err("--energy: the number of energy counters changed during the visit".to_owned());
    }
    let mut microjoules = 0;
    for ((before, range), (after, _)) in before.iter().zip(after) {
        let again = || Some(range.filter(|range| range >= before)? - before + after);
        microjoules += after.checked_sub(*before).or_else(again).ok_or_else(|| {
            "--energy: an energy counter began again from 0 during the visit".to_owned()
        })?;
    }
    if microjoules == 0 {
        return Err(STANDS_STILL.to_owned());
    }
    Ok(microjoules as f64 / 1e6)
}

fn mean_watts(samples: Vec<Result<EnergyReading, String>>) -> Result<f64, String> {
    let mut sum = 0.0;
    let count = samples.len() as f64;
    for sample in samples {
        if let EnergyReading::Watts(watts) = sample? {
            sum += watts;
        }
    }
    Ok(sum / count)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::android::PowerServices;
    use crate::host::captured::tree;
    use crate::host::energy_source::EnergyCounter;

    #[test]
    fn counters_give_their_difference_also_if_they_begin_again() {
        let energy = "sys/class/powercap/intel-rapl:0/energy_uj";
        let (folder, tree) = tree(&[
            ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
            (energy, "134258672512\n"),
            ("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "137438953471\n"),
        ]);
        let source = EnergySource::find(&tree, None, &PowerServices::default()).unwrap();
        let meter = EnergyMeter::new(source, tree);
        let used = |now: &str| {
            let write = || fs::write(folder.path().join(energy), now).unwrap();
            meter.during(write).1.unwrap().joules
        };
        assert_eq!(used("134258772512\n"), 0.1);
        let again = used("582493184\n");
        assert!((again - 3_762.674_143).abs() < 1e-9, "{again}");
    }

    #[test]
    fn counters_that_cannot_be_right_are_errors() {
        let counters = |all: &[EnergyCounter]| EnergyReading::Counters(all.to_vec());
        let between = |before: &[EnergyCounter], after: &[EnergyCounter]| {
            joules_between(&counters(before), &counters(after))
        };
        assert_eq!(between(&[(5_000_000, None)], &[(6_500_000, None)]), Ok(1.5));
        let two = [(1_000_000, Some(10)), (0, Some(10))];
        assert_eq!(between(&two, &[(2_000_000, Some(10)), (500_000, Some(10))]), Ok(1.5));
        for (before, after, part) in [
            (vec![(7, Some(100))], vec![(7, Some(100))], "stood still"),
            (vec![(7_000, None)], vec![(5, None)], "began again"),
            // A range that the counter is beyond already is none.
            (vec![(7_000, Some(100))], vec![(5, Some(100))], "began again"),
            (vec![(7, None), (9, None)], vec![(8, None)], "number of energy counters changed"),
        ] {
            let error = between(&before, &after).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_meter_that_is_slower_than_the_work_adds_no_time_to_it() {
        let slow = EnergySource::Meter("sleep 0.5; echo 2".into());
        let ((), energy) = EnergyMeter::new(slow, Tree::default()).during(|| ());
        let energy = energy.unwrap();
        assert_eq!(energy.watts(), 2.0);
        assert!(energy.seconds < 0.5, "{energy:?}");
    }

    #[test]
    fn power_is_averaged_over_the_samples() {
        let watts = |value| Ok(EnergyReading::Watts(value));
        assert_eq!(mean_watts(vec![watts(1.0), watts(4.0)]), Ok(2.5));
        let gone = Err("gone".to_owned());
        assert_eq!(mean_watts(vec![watts(1.0), gone]), Err("gone".to_owned()));
        let meter = EnergyMeter::new(EnergySource::Meter("echo 2".into()), Tree::default());
        let (done, energy) = meter.during(|| 7);
        let energy = energy.unwrap();
        assert_eq!((done, energy.watts()), (7, 2.0));
        assert!(energy.seconds > 0.0);
    }
}
