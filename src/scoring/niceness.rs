//! Nice values, for when more workers and threads want to compute than there are cores.
//!
//! Every worker and decoding thread gets a share of the processor in proportion to its cost per
//! image, so that all progress through the images at the same rate. With equal shares, the slowest
//! model would fall behind until all others wait for it, and cores would idle. Nothing else is
//! needed: the kernel never lets a core idle while a thread can use it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::system::priorities;

/// The factor by which one step of niceness divides a share (`sched_prio_to_weight` in Linux's
/// `kernel/sched/core.c`).
const STEP: f64 = 1.25;
/// Maximum steps: a model that needs less than a tenth of the slowest one's share hardly matters,
/// and should still make progress beside other programs.
const MOST_STEPS: i32 = 10;
/// The highest niceness (setpriority(2)).
const NICEST: i32 = 19;

/// What the threads that share the cores know about each other.
#[derive(Debug, Default)]
pub(crate) struct Niceness {
    /// The highest cost per image.
    dearest_ns: AtomicU64,
}

/// A worker or a thread with an adjusted nice value.
pub(crate) struct NicedThread<'a> {
    niceness: &'a Niceness,
    /// What the kernel schedules: a thread, such as a process's first.
    thread: Option<u32>,
    /// The nice value of the program, which workers inherit.
    base: i32,
    /// Steps above that.
    steps: i32,
}

impl Niceness {
    /// Registers the thread with this id; without one, only its costs count.
    pub(crate) fn niced(&self, thread: Option<u32>) -> NicedThread<'_> {
        NicedThread { niceness: self, thread, base: priorities::own_nice_value(), steps: 0 }
    }
}

impl NicedThread<'_> {
    /// Records the current cost per image. A share can only shrink: raising one's own nice value is
    /// always allowed, lowering it is not.
    pub(crate) fn costs(&mut self, image_ns: u64) {
        let dearest_ns =
            self.niceness.dearest_ns.fetch_max(image_ns, Ordering::Relaxed).max(image_ns);
        let steps = steps_below(dearest_ns, image_ns);
        if let Some(thread) = self.thread.filter(|_| steps > self.steps) {
            self.steps = steps;
            // If the system forbids it, scoring is only slower.
            priorities::set_nice_value(thread, (self.base + steps).min(NICEST));
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
    use rustix::process::{Pid, getpriority_process};

    use super::*;

    #[test]
    fn shares_go_by_costs() {
        assert_eq!([(0, 0), (100, 100)].map(|(d, i)| steps_below(d, i)), [0, 0]);
        assert_eq!([(125, 100), (8, 1), (9_000, 1)].map(|(d, i)| steps_below(d, i)), [1, 9, 10]);
    }

    #[test]
    fn the_cheap_yield_and_go_on_to() {
        let niceness = Niceness::default();
        // On a separate thread, which keeps its nice value.
        let yielding = std::thread::scope(|scope| {
            let cheap = scope.spawn(|| {
                let now = || getpriority_process(Pid::from_raw(gettid().as_raw())).unwrap();
                let before = now();
                let mut cheap = niceness.niced(priorities::this_thread());
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
