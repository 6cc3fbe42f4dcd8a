//! The energy of visits in scenarios.

use std::time::Duration;

use crate::host::energy_meter::{EnergyMeter, MeasuredEnergy};
use crate::record::energy::EnergyUsed;
use crate::record::scenario::ScenarioVisit;
use crate::run::context::Context;

/// How long a process that was just warmed up rests before its idle power is measured.
const REST: Duration = Duration::from_millis(500);

/// Power of the machine while it is idle for `time`, the model loaded.
///
/// # Errors
/// One sentence: it cannot be read any more.
pub(crate) fn idle_watts(
    context: &Context<'_>,
    meter: &EnergyMeter,
    time: Duration,
) -> Result<f64, String> {
    context.pause(REST);
    let ((), idle) = meter.during(|| context.pause(time));
    idle.map(|idle| idle.watts())
}

/// What a visit used; its runs take `images_per_run` images each.
pub(crate) fn of_visit(
    meter: &EnergyMeter,
    measured: MeasuredEnergy,
    idle_watts: f64,
    visit: &ScenarioVisit,
    images_per_run: usize,
) -> EnergyUsed {
    let visit = &visit.visit;
    let timed = visit.block.runs() as u64;
    let runs = timed + u64::from(visit.settle_runs) + u64::from(visit.cold_ns.is_some());
    EnergyUsed {
        source: meter.source().to_string(),
        joules: measured.joules,
        seconds: measured.seconds,
        idle_watts,
        images: runs * images_per_run as u64,
    }
}
