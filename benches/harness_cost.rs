//! What the harness adds to a timed run: the same empty call of a backend in a bare loop and in a
//! visit. `cargo bench --bench harness_cost`; exit code 1 if it is more than allowed.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use shutterbench::host::clock;
use shutterbench::record::coverage::Coverage;
use shutterbench::record::timed_runs::Block;
use shutterbench::runtime::backend_error::BackendError;
use shutterbench::runtime::session::{Session, SessionTensors};
use shutterbench::stats::statistics;
use shutterbench::worker::heartbeat::Heartbeat;
use shutterbench::worker::visit::Samples;
use shutterbench::worker::visit_plan::VisitPlan;

/// Runs in a visit of the summary, and visits.
const RUNS: u32 = 10_000;
const VISITS: usize = 200;
/// What the project allows itself above the call.
const LIMIT_NS: f64 = 100.0;

/// A backend that does nothing: what is timed is reached as any backend is, through
/// the trait.
struct Idle {
    signature: SessionTensors,
}

impl Session for Idle {
    fn tensors(&self) -> &SessionTensors {
        &self.signature
    }

    fn write_input(&mut self, _: usize, _: &[u8]) -> Result<(), BackendError> {
        Ok(())
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        black_box(());
        Ok(())
    }

    fn read_output(&self, _: usize) -> Result<Vec<u8>, BackendError> {
        Ok(Vec::new())
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        Err(BackendError::Unsupported("an idle backend has no delegate".into()))
    }
}

fn idle() -> Box<dyn Session> {
    // Behind a black box, so that the compiler cannot know which session it is.
    black_box(Box::new(Idle { signature: SessionTensors { inputs: vec![], outputs: vec![] } }))
}

fn bare_loop(session: &mut dyn Session, runs: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..runs {
        let _ = black_box(session.invoke());
    }
    start.elapsed()
}

/// The timed runs of a visit.
fn timed_runs(session: &mut dyn Session, samples: &mut Samples, runs: u32) -> Option<Block> {
    let plan = VisitPlan::only(runs, u64::MAX);
    let visited = samples.visit(&plan, &mut Heartbeat::mute(), || session.invoke());
    visited.ok().map(|visited| visited.block)
}

fn timed_in_visits(session: &mut dyn Session, runs: u64) -> Duration {
    let mut samples = Samples::default();
    let (mut wall_ns, mut left) = (0, runs);
    while left > 0 {
        let now = left.min(u64::from(RUNS));
        if let Some(block) = timed_runs(session, &mut samples, now as u32) {
            wall_ns += block.wall_ns;
        }
        left -= now;
    }
    Duration::from_nanos(wall_ns)
}

fn cost(criterion: &mut Criterion) {
    let mut session = idle();
    let mut group = criterion.benchmark_group("harness");
    group.bench_function("bare loop", |bencher| {
        bencher.iter_custom(|runs| bare_loop(session.as_mut(), runs));
    });
    group.bench_function("timed runs", |bencher| {
        bencher.iter_custom(|runs| timed_in_visits(session.as_mut(), runs));
    });
    group.bench_function("one reading of the clock", |bencher| bencher.iter(clock::now_ns));
    group.finish();
}

/// Prints in one line each what a latency contains besides the call, and the total cost of a run.
/// `false` if that is more than allowed.
fn summarise() -> bool {
    let (mut session, mut samples) = (idle(), Samples::default());
    let mut latencies = Vec::with_capacity(VISITS);
    let mut whole = Vec::with_capacity(VISITS);
    for _ in 0..VISITS {
        let bare_ns = bare_loop(session.as_mut(), u64::from(RUNS)).as_nanos() as f64;
        let Some(block) = timed_runs(session.as_mut(), &mut samples, RUNS) else { continue };
        latencies.extend(statistics::median_ns(&block.latency_ns));
        whole.push((block.wall_ns as f64 - bare_ns) / f64::from(RUNS));
    }
    let (Some(latency), Some(whole)) = (statistics::median(&latencies), statistics::median(&whole))
    else {
        return false;
    };
    let within = whole < LIMIT_NS;
    let verdict = if within { "within" } else { "ABOVE" };
    println!("an empty call is timed as {latency:.0} ns");
    println!(
        "a timed run costs {whole:.1} ns above the call, {verdict} the limit of {LIMIT_NS:.0} ns"
    );
    within
}

criterion_group!(benches, cost);

fn main() -> ExitCode {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if summarise() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
