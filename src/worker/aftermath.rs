//! The machine right after timed runs: which CPU ran them, how fast and how hot it is,
//! and when the runtime's threads have come to rest.

use std::time::Duration;

use crate::host::{clock, frequency, preconditions};
use crate::system::cpus;

/// How often to check whether the process is at rest, and for how long at most.
const LOOK: Duration = Duration::from_micros(500);
const MOST_LOOKS: u32 = 40;
/// A process that uses less than this fraction of a CPU's time is at rest.
const REST: u64 = 10;

/// The CPU that this thread is on, its frequency in MHz, and the temperature of the hottest CPU in
/// thousandths of a degree Celsius, if the system reports it.
#[must_use]
pub(crate) fn read() -> (Option<u32>, Option<u32>, Option<i64>) {
    let cpu = cpus::current();
    let mhz = cpu.and_then(frequency::of_cpu);
    (cpu.and_then(|cpu| u32::try_from(cpu).ok()), mhz, preconditions::cpu_millidegrees())
}

/// Waits until no thread of this process works, or 20 ms. Says whether it is at rest.
pub(crate) fn wait_until_quiet() -> bool {
    (0..MOST_LOOKS).any(|_| {
        let (begin, cpu_before) = (clock::now_ns(), clock::process_cpu_ns());
        std::thread::sleep(LOOK);
        is_at_rest(clock::process_cpu_ns() - cpu_before, clock::now_ns() - begin)
    })
}

const fn is_at_rest(cpu_ns: u64, wall_ns: u64) -> bool {
    cpu_ns.saturating_mul(REST) < wall_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_only_looks_is_at_rest_and_one_that_spins_is_not() {
        assert!(is_at_rest(8_000, 560_000));
        assert!(!is_at_rest(500_000, 560_000));
        assert!(!is_at_rest(1_600_000, 560_000), "several threads");
    }

    #[test]
    fn the_cpu_is_told_where_there_is_linux() {
        assert!(read().0.is_some());
    }
}
