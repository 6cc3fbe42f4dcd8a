//! Memory and threads of this process, as Linux reports them.

use crate::host::tree::Tree;
use crate::record::visit::Memory;

/// What reports about this process under /proc.
const STATUS: &str = "self/status";

/// Resident memory of this process now and at its highest, and its threads; `None` if the system
/// does not report it. Not for use between timed runs: it reads a file.
#[must_use]
pub(crate) fn memory() -> Option<Memory> {
    parse_memory(&Tree::default().proc(STATUS)?)
}

fn parse_memory(status: &str) -> Option<Memory> {
    // The kernel updates its counters lazily, so that the peak it has noted
    // can lie below what is resident now (proc_pid_status(5)).
    let resident_bytes = bytes(status, "VmRSS")?;
    let peak_bytes = bytes(status, "VmHWM")?.max(resident_bytes);
    let threads = field(status, "Threads")?.parse().ok()?;
    Some(Memory { resident_bytes, peak_bytes, threads })
}

fn bytes(status: &str, name: &str) -> Option<u64> {
    // The unit is always kB, and means 1024 bytes (proc_pid_status(5)).
    let kib: u64 = field(status, name)?.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURED: &str = "Name:\tcat\nVmPeak:\t    5648 kB\nVmHWM:\t    1536 kB\n\
                            VmRSS:\t    1540 kB\nThreads:\t3\nvoluntary_ctxt_switches:\t0\n";

    #[test]
    fn the_fields_are_found_by_their_whole_name() {
        let memory = parse_memory(CAPTURED).unwrap();
        assert_eq!((memory.resident_bytes, memory.peak_bytes), (1540 * 1024, 1540 * 1024));
        assert_eq!(memory.threads, 3);
        assert_eq!(parse_memory("Name:\tkthreadd\nThreads:\t1\n"), None);
    }

    #[test]
    fn memory_that_is_touched_counts_and_the_peak_remembers_it() {
        const SIZE: u64 = 64 << 20;
        let before = memory().expect(STATUS);
        let held = std::hint::black_box(vec![1_u8; SIZE as usize]);
        let during = memory().unwrap();
        drop(held);
        let after = memory().unwrap();
        assert!(during.resident_bytes > before.resident_bytes + SIZE / 2);
        assert!(after.peak_bytes > before.resident_bytes + SIZE / 2);
        assert!(after.resident_bytes < during.resident_bytes);
    }

    #[test]
    fn a_thread_more_is_a_thread_more() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::spawn(move || wait.recv());
        assert!(memory().expect(STATUS).threads >= 2);
        drop(stop);
        let _ = worker.join();
    }
}
