//! Who yields to whom where more wants to compute than there are cores.
//!
//! Every worker and decoding thread gets a share of the processor that goes by what
//! an image costs it, so that all come through the images at the same pace. With equal
//! shares the dearest model would fall behind until all others wait for it, and cores
//! idle meanwhile. Nothing else is needed: the kernel never lets a core idle while
//! somebody can use it.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, getpriority_process, setpriority_process};

/// By what factor a step of niceness divides a share (`sched_prio_to_weight` in
/// Linux's `kernel/sched/core.c`).
const STEP: f64 = 1.25;
/// Most steps: whoever needs less than a tenth of the dearest's share hardly matters, and
/// should get on beside other programs too.
const MOST_STEPS: i32 = 10;
/// The highest niceness (setpriority(2)).
const NICEST: i32 = 19;

/// What those know of each other who share the cores.
#[derive(Debug, Default)]
pub(crate) struct Niceness {
    /// What an image costs the one whom it costs most.
    dearest_ns: AtomicU64,
}

/// A worker or a thread that keeps pace.
pub(crate) struct NicedThread<'a> {
    niceness: &'a Niceness,
    /// What the kernel schedules: a thread, such as a process's first.
    thread: Option<Pid>,
    /// What the user gave the program, which workers inherit.
    base: i32,
    /// Steps above that.
    steps: i32,
}

impl Niceness {
    /// Lets the thread of this id take part; without one it only tells its costs.
    pub(crate) fn niced(&self, thread: Option<u32>) -> NicedThread<'_> {
        let thread = thread.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        NicedThread {
            niceness: self,
            thread,
            base: getpriority_process(None).unwrap_or(0),
            steps: 0,
        }
    }
}

impl NicedThread<'_> {
    /// Takes note of what an image costs now. A share only ever shrinks: to be nicer
    /// than before is everybody's right, to be less so is not.
    pub(crate) fn costs(&mut self, image_ns: u64) {
        let dearest_ns =
            self.niceness.dearest_ns.fetch_max(image_ns, Ordering::Relaxed).max(image_ns);
        let steps = steps_below(dearest_ns, image_ns);
        if let Some(thread) = self.thread.filter(|_| steps > self.steps) {
            self.steps = steps;
            // Where the system forbids it, scoring is only slower.
            let _ = setpriority_process(Some(thread), (self.base + steps).min(NICEST));
        }
    }
}

/// By how many steps a share shrinks from that of the dearest.
fn steps_below(dearest_ns: u64, image_ns: u64) -> i32 {
    let ratio = dearest_ns.max(1) as f64 / image_ns.max(1) as f64;
    ((ratio.ln() / STEP.ln()).round() as i32).min(MOST_STEPS)
}

#[cfg(test)]
mod tests {
    use nix::unistd::gettid;

    use super::*;

    #[test]
    fn shares_go_by_costs() {
        assert_eq!([(0, 0), (100, 100)].map(|(d, i)| steps_below(d, i)), [0, 0]);
        assert_eq!([(125, 100), (8, 1), (9_000, 1)].map(|(d, i)| steps_below(d, i)), [1, 9, 10]);
    }

    #[test]
    fn the_cheap_yield_and_go_on_to() {
        let niceness = Niceness::default();
        // On a thread of its own, which stays as nice as it became.
        let yielding = std::thread::scope(|scope| {
            let cheap = scope.spawn(|| {
                let now = || getpriority_process(Pid::from_raw(gettid().as_raw())).unwrap();
                let before = now();
                let mut cheap = niceness.niced(u32::try_from(gettid().as_raw()).ok());
                cheap.costs(1_000);
                let alone = now();
                niceness.niced(None).costs(8_000);
                cheap.costs(1_000);
                let beside_a_dear_one = now();
                cheap.costs(8_000);
                [alone, beside_a_dear_one, now()].map(|niceness| niceness - before)
            });
            cheap.join().unwrap()
        });
        let expected = 9.min(NICEST - getpriority_process(None).unwrap());
        assert_eq!(yielding, [0, expected, expected]);
    }
}
