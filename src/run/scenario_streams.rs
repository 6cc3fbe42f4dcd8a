//! Streams: several instances of a case at once, each in a process of its own.

use std::thread;

use crate::record::options::LatencyOptions;
use crate::record::run::CaseRecord;
use crate::record::scenario::{Scenario, ScenarioVisit};
use crate::record::visit::Visit;
use crate::run::active_case::{visited, warm_worker};
use crate::run::context::Context;
use crate::run::scenario_plan;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::Request;

/// Visits `count` instances at the same time, `first` being the first of them; none if the user
/// interrupted the warm-up of the others.
///
/// # Errors
/// The fault of the first instance that was lost.
pub(crate) fn visit(
    context: &Context<'_>,
    options: &LatencyOptions,
    record: &CaseRecord,
    (round, count): (u32, u32),
    first: &mut (dyn Link + Send + 'static),
) -> Result<Vec<ScenarioVisit>, Fault> {
    let mut others = Vec::new();
    for _ in 1..count {
        // Started here: Linux ends processes with the thread that started them.
        let Some((warm, _)) = warm_worker(context, options, record)? else {
            return Ok(Vec::new());
        };
        others.push(warm.link);
    }
    let request = Request::Visit(scenario_plan::stream(options));
    let ask = |link: &mut (dyn Link + Send)| visited(link, &request);
    let all = thread::scope(|scope| {
        let links = std::iter::once(first).chain(others.iter_mut().map(AsMut::as_mut));
        let ask = &ask;
        let asked: Vec<_> = links.map(|link| scope.spawn(move || ask(link))).collect();
        let end = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        asked.into_iter().map(end).collect::<Vec<_>>()
    });
    let scenario = Scenario::Streams { count };
    let visit = |(index, visited): (usize, Result<_, Fault>)| {
        // Each instance is a process of its own.
        let process = round * count + index as u32;
        Ok(ScenarioVisit::of(scenario, Visit::of(round, process, visited?)))
    };
    all.into_iter().enumerate().map(visit).collect()
}
