//! What the harness adds to a timed run: the same empty call in a bare loop and
//! in a block. `cargo bench --bench harness_cost`.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use shutterbench::measure::block::time_block;
use shutterbench::measure::{clock, statistics};

/// Runs in a block of the summary, and blocks.
const RUNS: u32 = 10_000;
const BLOCKS: usize = 200;
/// What the project allows itself above the call.
const LIMIT_NS: f64 = 100.0;

fn call() -> Result<(), Infallible> {
    black_box(());
    Ok(())
}

fn bare_loop(runs: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        let _ = black_box(call());
    }
    start.elapsed()
}

fn timed_block(runs: u64) -> Duration {
    let mut wall_ns = 0;
    let mut left = runs;
    while left > 0 {
        let now = left.min(u64::from(RUNS));
        let Ok(block) = time_block(now as u32, call);
        wall_ns += block.wall_ns;
        left -= now;
    }
    Duration::from_nanos(wall_ns)
}

fn cost(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("harness");
    group.bench_function("bare loop", |bencher| bencher.iter_custom(bare_loop));
    group.bench_function("timed block", |bencher| bencher.iter_custom(timed_block));
    group.bench_function("one reading of the clock", |bencher| bencher.iter(clock::now_ns));
    group.finish();
    summarise();
}

/// Says in one line each what a latency contains besides the call, and what a
/// run costs in all.
fn summarise() {
    let mut latencies = Vec::with_capacity(BLOCKS);
    let mut whole = Vec::with_capacity(BLOCKS);
    for _ in 0..BLOCKS {
        let bare_ns = bare_loop(u64::from(RUNS)).as_nanos() as f64;
        let Ok(block) = time_block(RUNS, call);
        latencies.extend(statistics::median_ns(&block.latency_ns));
        whole.push((block.wall_ns as f64 - bare_ns) / f64::from(RUNS));
    }
    let (Some(latency), Some(whole)) = (statistics::median(&latencies), statistics::median(&whole))
    else {
        return;
    };
    let verdict = if whole < LIMIT_NS { "within" } else { "ABOVE" };
    println!("an empty call is timed as {latency:.0} ns");
    println!(
        "a timed run costs {whole:.1} ns above the call, {verdict} the limit of {LIMIT_NS:.0} ns"
    );
}

criterion_group!(benches, cost);
criterion_main!(benches);
