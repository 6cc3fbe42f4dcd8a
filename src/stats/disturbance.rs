//! Which visits something else disturbed: told by the yardstick beside each visit and by how long
//! the threads stood in line for a CPU, never by the case's own latencies.
//!
//! A visit is disturbed where the yardstick took, right before or right after its timed runs,
//! more than [`TOLERANCE`] above what it takes on that CPU when nothing else is there, which
//! is the fastest tenth of the readings. A lowered clock rate is no disturbance: that is how
//! the machine is, and what throttles is to be seen.
//!
//! The yardstick knows of one CPU. A model on several stands still if one of its threads does, so
//! a visit is disturbed too where its threads waited for a CPU for more than [`TOLERANCE`] of its
//! time. That is not told of a case with more threads than CPUs, which wait for each other.

use crate::record::visit::Visit;
use crate::stats::stability::THROTTLED_FREQUENCY;
use crate::stats::statistics;

/// How much longer the yardstick may take than when nothing else is there, and the share of its
/// time that a visit may wait for a CPU.
pub(crate) const TOLERANCE: f64 = 0.05;
/// The quantile of the readings that stands for nothing else being there.
const FASTEST: f64 = 0.1;
/// From so many visits on a CPU is held against itself, else against all of them.
const OWN_VISITS: usize = 10;
/// Fewest undisturbed visits that stand for a case, as a number and as a share of all.
const LEAST_VISITS: usize = 5;
const LEAST_SHARE: f64 = 0.1;

/// What a visit tells of the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    cpu: Option<u32>,
    mhz: Option<u32>,
    yardstick_ns: Option<[u64; 2]>,
    /// The time in line as a share of the time of the runs.
    waited: Option<f64>,
}

impl From<&Visit> for Reading {
    fn from(visit: &Visit) -> Self {
        let Visit { cpu, mhz, yardstick_ns, waited_ns, .. } = *visit;
        let wall_ns = visit.block.wall_ns.max(1) as f64;
        let waited = waited_ns.map(|waited_ns| waited_ns as f64 / wall_ns);
        Self { cpu, mhz, yardstick_ns, waited }
    }
}

impl Reading {
    fn slower_ns(&self) -> Option<f64> {
        self.yardstick_ns.map(|[before, after]| before.max(after) as f64)
    }
}

/// What the readings of a case's visits come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Disturbance {
    /// Of each visit, whether its runs stand for the case: all do where too few are left.
    pub counts: Vec<bool>,
    /// The share of the visits that were disturbed; absent without a yardstick.
    pub share: Option<f64>,
}

impl Disturbance {
    /// By the readings of a case's visits.
    #[must_use]
    pub(crate) fn of(readings: &[Reading]) -> Self {
        let highest_mhz = readings.iter().filter_map(|reading| reading.mhz).max();
        let floors = Floors::of(readings);
        let calm = |reading: &Reading| {
            let Some((slower, floor)) = reading.slower_ns().zip(floors.at(reading.cpu)) else {
                return true;
            };
            let throttled = reading.mhz.zip(highest_mhz).is_some_and(|(mhz, highest)| {
                f64::from(mhz) < THROTTLED_FREQUENCY * f64::from(highest)
            });
            throttled || slower <= floor * (1.0 + TOLERANCE)
        };
        let served = |reading: &Reading| reading.waited.is_none_or(|waited| waited <= TOLERANCE);
        let calm: Vec<bool> =
            readings.iter().map(|reading| calm(reading) && served(reading)).collect();
        let (left, all) = (calm.iter().filter(|calm| **calm).count(), calm.len());
        let told = readings.iter().any(|reading| reading.yardstick_ns.is_some());
        let share = told.then(|| 1.0 - left as f64 / all as f64);
        Self { counts: if suffices(left, all) { calm } else { vec![true; all] }, share }
    }
}

/// Whether `left` undisturbed visits of `all` are enough to stand for a case.
#[must_use]
pub(crate) fn suffices(left: usize, all: usize) -> bool {
    left >= LEAST_VISITS && left as f64 >= LEAST_SHARE * all as f64
}

/// What the yardstick takes when nothing else is there.
struct Floors {
    by_cpu: Vec<(Option<u32>, f64)>,
    of_all: Option<f64>,
}

impl Floors {
    fn of(readings: &[Reading]) -> Self {
        let floor = |mine: &dyn Fn(&Reading) -> bool| {
            let taken = readings.iter().filter(|reading| mine(reading));
            let taken = taken.filter_map(|reading| reading.yardstick_ns).flatten();
            let sorted = statistics::sorted(&taken.map(|ns| ns as f64).collect::<Vec<_>>());
            statistics::quantile(&sorted, FASTEST)
        };
        let mut cpus: Vec<Option<u32>> = readings.iter().map(|reading| reading.cpu).collect();
        cpus.sort_unstable();
        let often = cpus.chunk_by(|a, b| a == b).filter(|visits| visits.len() >= OWN_VISITS);
        let by_cpu = often.filter_map(|visits| {
            Some((visits[0], floor(&|reading: &Reading| reading.cpu == visits[0])?))
        });
        Self { by_cpu: by_cpu.collect(), of_all: floor(&|_: &Reading| true) }
    }

    fn at(&self, cpu: Option<u32>) -> Option<f64> {
        let own = self.by_cpu.iter().find(|(known, _)| *known == cpu);
        own.map(|(_, floor)| *floor).or(self.of_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings in microseconds, all on one CPU at one frequency.
    fn readings(us: impl IntoIterator<Item = [u64; 2]>) -> Vec<Reading> {
        let reading = |us: [u64; 2]| Reading {
            cpu: Some(0),
            mhz: None,
            yardstick_ns: Some(us.map(|us| us * 1_000)),
            waited: None,
        };
        us.into_iter().map(reading).collect()
    }

    fn left_out(found: &Disturbance) -> Vec<usize> {
        (0..found.counts.len()).filter(|&i| !found.counts[i]).collect()
    }

    #[test]
    fn a_visit_is_disturbed_where_the_yardstick_was_slower_before_or_after_it() {
        let mut all = vec![[100, 102]; 20];
        (all[3], all[7], all[11]) = ([130, 100], [100, 107], [104, 105]);
        let found = Disturbance::of(&readings(all));
        assert_eq!(left_out(&found), [3, 7]);
        assert!((found.share.unwrap() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn without_a_yardstick_every_visit_counts() {
        let none = Reading { cpu: Some(0), mhz: None, yardstick_ns: None, waited: None };
        let found = Disturbance::of(&[none; 9]);
        assert_eq!((left_out(&found), found.share), (vec![], None));
        assert_eq!(Disturbance::of(&[]), Disturbance { counts: vec![], share: None });
    }

    #[test]
    fn a_visit_is_disturbed_where_its_threads_waited_for_a_cpu_that_others_used() {
        let mut all = readings(vec![[100, 100]; 20]);
        for (index, reading) in all.iter_mut().enumerate() {
            reading.waited = Some(if index % 4 == 0 { 0.4 } else { 0.01 });
        }
        assert_eq!(left_out(&Disturbance::of(&all)), [0, 4, 8, 12, 16]);
        // Others were there all the time.
        all.iter_mut().for_each(|reading| reading.waited = Some(0.5));
        let found = Disturbance::of(&all);
        assert_eq!((left_out(&found), found.share), (vec![], Some(1.0)));
    }

    #[test]
    fn where_too_few_are_left_all_count() {
        let most = (0..40).map(|i| if i < 3 { [100, 100] } else { [100 + i, 140] });
        let found = Disturbance::of(&readings(most));
        assert!(left_out(&found).is_empty() && found.share.unwrap() > 0.9, "{found:?}");
    }

    #[test]
    fn a_lowered_clock_rate_is_no_disturbance() {
        let mut all = readings(vec![[100, 100]; 20]);
        for (index, reading) in all.iter_mut().enumerate() {
            reading.mhz = Some(if index < 8 { 2_600 } else { 1_300 });
            reading.yardstick_ns = Some(if index < 8 { [100, 100] } else { [200, 200] });
        }
        assert_eq!(left_out(&Disturbance::of(&all)), Vec::<usize>::new());
    }

    #[test]
    fn slower_cores_are_held_against_themselves() {
        let mut all = readings(vec![[100, 100]; 40]);
        for reading in &mut all[20..] {
            (reading.cpu, reading.yardstick_ns) = (Some(1), Some([250_000; 2]));
        }
        all[30].yardstick_ns = Some([250_000, 300_000]);
        assert_eq!(left_out(&Disturbance::of(&all)), [30]);
    }
}
