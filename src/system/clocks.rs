//! Clocks: a monotonic one that all processes of the machine share, and CPU time.

#[cfg(unix)]
use nix::sys::time::TimeSpec;
#[cfg(unix)]
use nix::time::{ClockId, clock_gettime};

/// Counts from the same instant in every process. On Linux it is read through the vDSO, without
/// entering the kernel (vdso(7)).
#[cfg(all(unix, not(target_vendor = "apple")))]
const MONOTONIC: ClockId = ClockId::CLOCK_MONOTONIC;
/// Apple's `CLOCK_MONOTONIC` counts microseconds; this one counts nanoseconds (clock_gettime(3)).
#[cfg(target_vendor = "apple")]
const MONOTONIC: ClockId = ClockId::from_raw(nix::libc::CLOCK_UPTIME_RAW);

/// Nanoseconds since an instant that all processes of the machine share.
#[cfg(unix)]
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    read(MONOTONIC)
}

/// Since the performance counter is read without `unsafe` only as a time since another reading,
/// it is counted from the wall clock at the first one: two processes agree to within the wall
/// clock's steps of 100 ns, unless it is set between their starts.
#[cfg(windows)]
#[inline]
pub(crate) fn monotonic_ns() -> u64 {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    static ORIGIN: LazyLock<(Instant, u64)> = LazyLock::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Nanoseconds fit for 584 years.
        (Instant::now(), since_epoch.as_nanos() as u64)
    });
    ORIGIN.1 + ORIGIN.0.elapsed().as_nanos() as u64
}

/// Sleeps until [`monotonic_ns`] is `ns`, or is interrupted by a signal. To the instant itself
/// rather than for a time, so that a series of sleeps does not drift.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn sleep_until_ns(ns: u64) {
    use nix::time::{ClockNanosleepFlags, clock_nanosleep};

    const SECOND: u64 = 1_000_000_000;
    // Nanoseconds since the machine started, which fit either type for 292 years.
    let instant = TimeSpec::new((ns / SECOND) as _, (ns % SECOND) as _);
    // An interrupt ends it early, which callers expect.
    let _ = clock_nanosleep(MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &instant);
}

/// The same where a system sleeps only for a time.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn sleep_until_ns(ns: u64) {
    std::thread::sleep(std::time::Duration::from_nanos(ns.saturating_sub(monotonic_ns())));
}

/// Has this thread woken when its time has come.
pub(crate) fn wake_promptly() {
    // A system that refuses wakes it as it does.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_timerslack(1);
}

/// CPU time that all threads of this process have used, in nanoseconds. A system call.
#[cfg(unix)]
pub(crate) fn process_cpu_ns() -> u64 {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// Windows counts it in ticks of 16 ms.
#[cfg(windows)]
pub(crate) fn process_cpu_ns() -> u64 {
    cpu_time::ProcessTime::try_now().map_or(0, |time| time.as_duration().as_nanos() as u64)
}

/// CPU time that this thread has used, in nanoseconds.
#[cfg(unix)]
pub(crate) fn thread_cpu_ns() -> u64 {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Windows counts it in ticks of 16 ms.
#[cfg(windows)]
pub(crate) fn thread_cpu_ns() -> u64 {
    cpu_time::ThreadTime::try_now().map_or(0, |time| time.as_duration().as_nanos() as u64)
}

#[cfg(unix)]
#[inline]
fn read(clock: ClockId) -> u64 {
    // POSIX lets clock_gettime fail for an unknown clock or a bad pointer
    // only; these clocks exist wherever this program is built.
    let time: TimeSpec = clock_gettime(clock).expect("this clock exists on every supported system");
    // Never negative; of 32 bits each on a 32-bit system.
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}
