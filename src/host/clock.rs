//! Time: one monotonic clock for every process of the machine.
//!
//! It counts from the same instant in every process, so a worker's time stamps can be laid beside
//! its parent's.

use crate::system::clocks;

/// Pairs of readings that [`precision_ns`] looks at.
const PRECISION_PAIRS: u32 = 10_000;
/// Readings in one batch of [`cost_ns`], and batches of which the best counts.
const COST_READINGS: u32 = 2_000;
const COST_BATCHES: u32 = 10;

/// Now, in nanoseconds since the machine's arbitrary zero.
#[inline]
#[must_use]
pub fn now_ns() -> u64 {
    clocks::monotonic_ns()
}

/// Sleeps until [`now_ns`] is `ns`, or is interrupted by a signal. To the instant itself rather
/// than for a time, so that a series of sleeps does not drift.
pub(crate) fn sleep_until_ns(ns: u64) {
    clocks::sleep_until_ns(ns);
}

/// Has this thread woken when its time has come. Linux otherwise wakes threads up to 50 microseconds
/// later, together with others.
pub(crate) fn wake_promptly() {
    clocks::wake_promptly();
}

/// CPU time that all threads of this process have used, in nanoseconds. A
/// system call: only for the ends of a block.
#[must_use]
pub(crate) fn process_cpu_ns() -> u64 {
    clocks::process_cpu_ns()
}

/// CPU time that this thread has used, in nanoseconds: how much of a core the work used, however
/// often other threads ran in between.
#[must_use]
pub(crate) fn thread_cpu_ns() -> u64 {
    clocks::thread_cpu_ns()
}

/// The smallest step between two readings in a row that differ.
#[must_use]
pub(crate) fn precision_ns() -> u64 {
    (0..PRECISION_PAIRS)
        .filter_map(|_| {
            let before = now_ns();
            now_ns().checked_sub(before).filter(|step| *step > 0)
        })
        .min()
        .unwrap_or(0)
}

/// What one reading costs: the best of several batches, since whatever
/// disturbs a batch only lengthens it.
#[must_use]
pub(crate) fn cost_ns() -> u64 {
    let batch = || {
        let begin = now_ns();
        for _ in 1..COST_READINGS {
            std::hint::black_box(now_ns());
        }
        (now_ns() - begin) / u64::from(COST_READINGS)
    };
    (0..COST_BATCHES).map(|_| batch()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_and_never_backwards() {
        let mut last = now_ns();
        for _ in 0..10_000 {
            let now = now_ns();
            assert!(now >= last);
            last = now;
        }
        let start = now_ns();
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(now_ns() - start >= 5_000_000);
    }

    #[test]
    fn sleeping_uses_no_cpu_and_working_does() {
        let before = process_cpu_ns();
        let mut x = 1_u64;
        let begin = now_ns();
        while now_ns() - begin < 2_000_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(process_cpu_ns() > before);
        assert!(thread_cpu_ns() > 0 && thread_cpu_ns() <= process_cpu_ns());
    }

    #[test]
    fn precision_and_cost_are_those_of_a_usable_clock() {
        assert!((1..1_000_000).contains(&precision_ns()), "{}", precision_ns());
        assert!(cost_ns() < 1_000_000, "{}", cost_ns());
    }
}
