//! Scenarios: after the rounds of visits back to back, each case is also run in the other ways
//! that were asked for.
//!
//! A round gives each case a fresh process, which is warmed up and then visited once in every
//! scenario, in random order, back to back among them. So what is compared within a case happened
//! seconds apart in one process, and the processes are what intervals rest on.

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::record::options::LatencyOptions;
use crate::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use crate::record::status::Status;
use crate::record::visit::Visit;
use crate::run::active_case::{visited, warm_worker};
use crate::run::context::Side;
use crate::run::journal::Entry;
use crate::run::progress::Event;
use crate::run::scenario_plan;
use crate::run::scenario_plan::ROUNDS;
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::Request;

/// Measures the scenarios that the runs in `sides` lack. Returns early, with what is measured in
/// the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub fn measure(sides: &mut [Side<'_>]) -> Result<()> {
    for round in 0..ROUNDS {
        let seed = sides.first().map_or(0, |side| side.context.seed());
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(u64::from(round)));
        let mut turns: Vec<(usize, usize)> = Vec::new();
        for (side, it) in sides.iter().enumerate() {
            turns.extend((0..it.cases.len()).map(|case| (side, case)));
        }
        turns.shuffle(&mut rng);
        for (side, case) in turns {
            let side = &mut sides[side];
            let mut lacking = lacking(side, case, round);
            lacking.shuffle(&mut rng);
            if side.context.interrupted() {
                return Ok(());
            }
            if !lacking.is_empty() {
                side.visit_in_scenarios(case, round, &lacking)?;
            }
        }
    }
    Ok(())
}

/// The scenarios in which a case has no visit of this round yet. A case that was not measured back
/// to back has none, and neither has a scenario that was lost.
fn lacking(side: &Side<'_>, case: usize, round: u32) -> Vec<Scenario> {
    let record = &side.cases[case];
    let Some(latency) = &side.context.options().latency else { return Vec::new() };
    if record.status != Status::Ok || side.is_done {
        return Vec::new();
    }
    let is_over = |scenario: Scenario, outcome: &ScenarioOutcome| {
        outcome.scenario() == scenario
            && outcome.visit().is_none_or(|visit| visit.visit.round == round)
    };
    let mut scenarios = latency.scenarios.scenarios();
    scenarios.retain(|scenario| !record.scenarios.iter().any(|it| is_over(*scenario, it)));
    scenarios
}

impl Side<'_> {
    /// A fresh process for the case, and one visit in each of the scenarios.
    fn visit_in_scenarios(
        &mut self,
        case: usize,
        round: u32,
        scenarios: &[Scenario],
    ) -> Result<()> {
        let Some(options) = &self.context.header().options.latency else { return Ok(()) };
        let record = &self.cases[case];
        self.context.observe(Event::CaseLoading(&record.case));
        let warm = match warm_worker(&self.context, options, record) {
            Ok(warm) => warm,
            Err(fault) => return self.lose(case, scenarios, &fault),
        };
        // Interrupted while it warmed up.
        let Some((mut warm, _)) = warm else { return Ok(()) };
        for (index, scenario) in scenarios.iter().enumerate() {
            if self.context.interrupted() {
                return Ok(());
            }
            match visit(warm.link.as_mut(), options, round, *scenario) {
                Ok(visit) => self.keep_outcome(case, ScenarioOutcome::Visited(visit))?,
                Err(fault) => {
                    self.lose(case, &scenarios[index..=index], &fault)?;
                    // The others need another process.
                    return match &scenarios[index + 1..] {
                        [] => Ok(()),
                        rest => self.visit_in_scenarios(case, round, rest),
                    };
                }
            }
        }
        self.context.observe(Event::ScenariosVisited { case: &self.cases[case].case, round });
        Ok(())
    }

    /// Records that scenarios were lost, unless it is because the whole run ends.
    fn lose(&mut self, case: usize, scenarios: &[Scenario], fault: &Fault) -> Result<()> {
        if fault.is_of_interrupt(self.context.interrupt()) {
            return Ok(());
        }
        for scenario in scenarios {
            let (scenario, status, error) = (*scenario, fault.status, fault.reason.clone());
            self.keep_outcome(case, ScenarioOutcome::Lost { scenario, status, error })?;
        }
        Ok(())
    }

    fn keep_outcome(&mut self, case: usize, outcome: ScenarioOutcome) -> Result<()> {
        let entry = Entry::Scenario { case, outcome: Box::new(outcome) };
        self.context.keep(&entry)?;
        self.cases[case].apply(entry);
        Ok(())
    }
}

fn visit(
    link: &mut dyn Link,
    options: &LatencyOptions,
    round: u32,
    scenario: Scenario,
) -> Result<ScenarioVisit, Fault> {
    let request = match scenario {
        Scenario::BackToBack => Request::Visit(scenario_plan::back_to_back(options)),
        Scenario::Paced { rate } => Request::Paced(scenario_plan::paced(options, rate)),
    };
    let visited = visited(link, &request)?;
    let schedule = visited.schedule;
    Ok(ScenarioVisit { scenario, visit: Visit::of(round, round, visited), schedule })
}
