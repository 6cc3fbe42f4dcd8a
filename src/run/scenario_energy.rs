//! The energy of visits in scenarios.

use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::host::energy_meter::{EnergyMeter, MeasuredEnergy};
use crate::host::energy_source::EnergySource;
use crate::host::tree::Tree;
use crate::record::android::battery::Battery;
use crate::record::energy::EnergyUsed;
use crate::record::scenario::{ScenarioOptions, ScenarioVisit};
use crate::run::context::Context;

/// How long a process that was just warmed up rests before its idle power is measured.
const REST: Duration = Duration::from_millis(500);

/// This machine's meter, if energy is asked for.
///
/// # Errors
/// One sentence: why nothing can be read, and what to do.
pub fn meter(options: &ScenarioOptions) -> Result<Option<EnergyMeter>> {
    if !options.energy {
        return Ok(None);
    }
    let (tree, battery) = (Tree::default(), Battery::read());
    let source = EnergySource::find(&tree, options.energy_meter.as_deref(), battery.as_ref());
    let source = source.map_err(|sentence| anyhow!(sentence))?;
    Ok(Some(EnergyMeter::new(source, tree)))
}

/// Power of the machine while it is idle for `time`, the model loaded; `None` if it cannot be read
/// any more.
pub(crate) fn idle_watts(
    context: &Context<'_>,
    meter: &EnergyMeter,
    time: Duration,
) -> Option<f64> {
    context.pause(REST);
    let ((), idle) = meter.during(|| context.pause(time));
    idle.ok().map(|idle| idle.watts())
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
    let timed = visit.block.latency_ns.len() as u64;
    let runs = timed + u64::from(visit.settle_runs) + u64::from(visit.cold_ns.is_some());
    EnergyUsed {
        source: meter.source().to_string(),
        joules: measured.joules,
        seconds: measured.seconds,
        idle_watts,
        images: runs * images_per_run as u64,
    }
}
