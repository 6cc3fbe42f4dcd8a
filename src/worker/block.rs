//! A block: consecutive timed runs with nothing else in between.

use crate::host::clock;
use crate::record::visit::Block;

/// Longest block that is asked for, in iterations: bounds its memory.
pub const MAX_ITERATIONS: u32 = 1 << 20;

/// Runs `invoke` so often, each run between two time stamps of its own.
///
/// The buffers are allocated and touched first; between two time stamps
/// there is the call and nothing else. What a latency contains besides the
/// call is one reading of the clock ([`clock::cost_ns`]).
///
/// # Errors
/// The first error of `invoke`; the block's timings are lost with it.
pub fn time_block<E>(
    iterations: u32,
    mut invoke: impl FnMut() -> Result<(), E>,
) -> Result<Block, E> {
    let count = iterations as usize;
    // Filled with a value that is not zero, so that the pages are really
    // mapped before the first time stamp.
    let mut at_ns = vec![u64::MAX; count];
    let mut latency_ns = vec![u64::MAX; count];
    let cpu_before = clock::process_cpu_ns();
    let begin = clock::now_ns();
    for (at, latency) in at_ns.iter_mut().zip(&mut latency_ns) {
        let start = clock::now_ns();
        let outcome = invoke();
        let end = clock::now_ns();
        outcome?;
        *at = start;
        *latency = end - start;
    }
    let wall_ns = clock::now_ns() - begin;
    let cpu_ns = clock::process_cpu_ns() - cpu_before;
    Ok(Block { at_ns, latency_ns, cpu_ns, wall_ns })
}

/// How many runs of about `latency_ns` fill a block of `block_ms`: at least one.
#[must_use]
pub fn iterations_for(block_ms: f64, latency_ns: f64) -> u32 {
    let fit = block_ms * 1e6 / latency_ns.max(1.0);
    // A float-to-integer cast saturates; NaN becomes 0 and then 1.
    (fit.round() as u32).clamp(1, MAX_ITERATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_timed_in_order_and_apart() {
        let mut calls = 0;
        let block = time_block(50, || {
            calls += 1;
            std::thread::sleep(std::time::Duration::from_micros(50));
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!((calls, block.at_ns.len(), block.latency_ns.len()), (50, 50, 50));
        for i in 1..50 {
            assert!(block.at_ns[i] >= block.at_ns[i - 1] + block.latency_ns[i - 1]);
        }
        assert!(block.latency_ns.iter().all(|ns| *ns >= 50_000));
        assert!(block.wall_ns >= block.latency_ns.iter().sum());
    }

    #[test]
    fn the_first_error_ends_the_block() {
        let mut calls = 0;
        let outcome = time_block(10, || {
            calls += 1;
            if calls == 4 { Err("broken") } else { Ok(()) }
        });
        assert_eq!((outcome, calls), (Err("broken"), 4));
    }

    #[test]
    fn a_block_is_filled_and_bounded() {
        assert_eq!(iterations_for(50.0, 1e6), 50);
        assert_eq!(iterations_for(50.0, 80e6), 1);
        assert_eq!(iterations_for(50.0, 0.0), MAX_ITERATIONS);
        assert_eq!(iterations_for(f64::NAN, 1.0), 1);
    }
}
