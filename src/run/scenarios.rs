//! Scenarios: after the rounds of visits back to back, each case is also run in the other ways
//! that were asked for.
//!
//! A round gives each case a fresh process, which is warmed up and then visited once in every
//! scenario, in random order, back to back among them. So what is compared within a case happened
//! seconds apart in one process, and the processes are what intervals rest on.

use std::time::Duration;

use anyhow::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::host::energy_meter::EnergyMeter;
use crate::model::shapes;
use crate::record::options::LatencyOptions;
use crate::record::scenario::{Scenario, ScenarioOutcome, ScenarioVisit};
use crate::record::status::Status;
use crate::record::visit::{Process, Visit};
use crate::run::active_case::{visited, warm_worker};
use crate::run::context::Side;
use crate::run::entry::Entry;
use crate::run::progress::Event;
use crate::run::{
    run_inputs, scenario_energy, scenario_photos, scenario_plan, scenario_starts, scenario_streams,
};
use crate::worker::link::{Fault, Link};
use crate::worker::protocol::Request;

/// Measures the scenarios that the runs in `sides` lack. Returns early, with what is measured in
/// the journals, when the user interrupts.
///
/// # Errors
/// Only what ends the whole run: a journal that cannot be written.
pub(crate) fn measure(sides: &mut [Side<'_>]) -> Result<()> {
    let first = sides.first().and_then(|side| side.context.options().latency.as_ref());
    let meter = first.map(|latency| scenario_plan::meter(&latency.scenarios)).transpose()?;
    let meter = meter.flatten();
    let asked = sides.iter().filter_map(|side| side.context.options().latency.as_ref());
    let rounds = asked.flat_map(|latency| {
        let options = &latency.scenarios;
        options.scenarios().into_iter().map(|it| scenario_plan::rounds(options, it))
    });
    let rounds = rounds.max().unwrap_or(0);
    for round in 0..rounds {
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
            let (starts, visits): (Vec<_>, Vec<_>) =
                lacking.into_iter().partition(|scenario| scenario.is_start());
            for scenario in starts {
                side.start_in_scenario(case, round, scenario)?;
            }
            if !visits.is_empty() {
                side.visit_in_scenarios(case, round, &visits, meter.as_ref())?;
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
    let mut scenarios = side.context.options().scenarios_of(&record.case);
    scenarios.retain(|scenario| {
        round < scenario_plan::rounds(&latency.scenarios, *scenario)
            && !record.scenarios.iter().any(|it| is_over(*scenario, it))
    });
    scenarios
}

impl Side<'_> {
    /// A fresh process for the case, of which its start is measured.
    fn start_in_scenario(&mut self, case: usize, round: u32, scenario: Scenario) -> Result<()> {
        let Some(options) = &self.context.header().options.latency else { return Ok(()) };
        if self.context.interrupted() {
            return Ok(());
        }
        let record = &self.cases[case];
        match scenario_starts::start(&self.context, options, &record.case, round, scenario) {
            Ok(visit) => self.keep_outcome(case, ScenarioOutcome::Visited(Box::new(visit))),
            Err(fault) => self.lose(case, &[scenario], &fault),
        }
    }

    /// A fresh process for the case, and one visit in each of the scenarios.
    fn visit_in_scenarios(
        &mut self,
        case: usize,
        round: u32,
        scenarios: &[Scenario],
        meter: Option<&EnergyMeter>,
    ) -> Result<()> {
        let Some(options) = &self.context.header().options.latency else { return Ok(()) };
        let record = &self.cases[case];
        self.context.observe(Event::CaseLoading(&record.case));
        let warm = match warm_worker(&self.context, options, record) {
            Ok(warm) => warm,
            Err(fault) => return self.lose(case, scenarios, &fault),
        };
        // Interrupted while it warmed up.
        let Some((mut warm, Process { loaded, .. })) = warm else { return Ok(()) };
        let time = Duration::from_secs_f64(scenario_plan::seconds_of_visit(options));
        let power =
            meter.map(|meter| (meter, scenario_energy::idle_watts(&self.context, meter, time)));
        let power = power.as_ref();
        for (index, scenario) in scenarios.iter().enumerate() {
            if self.context.interrupted() {
                return Ok(());
            }
            if let Scenario::Streams { count } = *scenario {
                let at = (round, count);
                let record = &self.cases[case];
                let link = warm.link.as_mut();
                match scenario_streams::visit(&self.context, options, record, at, link) {
                    Ok(visits) => {
                        for visit in visits {
                            self.keep_outcome(case, ScenarioOutcome::Visited(Box::new(visit)))?;
                        }
                        continue;
                    }
                    Err(fault) => {
                        return self.go_on_without(case, round, &scenarios[index..], meter, &fault);
                    }
                }
            }
            let link = warm.link.as_mut();
            let mut visited = self.visit_metered(link, case, round, *scenario, power);
            if *scenario == Scenario::EndToEnd {
                let case = &self.cases[case].case;
                visited = visited.and_then(|visit| {
                    run_inputs::restore(&self.context, case, &loaded, link).map(|()| visit)
                });
            }
            match visited {
                Ok(visit) => self.keep_outcome(case, ScenarioOutcome::Visited(Box::new(visit)))?,
                Err(fault) => {
                    return self.go_on_without(case, round, &scenarios[index..], meter, &fault);
                }
            }
        }
        self.context.observe(Event::ScenariosVisited { case: &self.cases[case].case, round });
        Ok(())
    }

    /// The first of these scenarios was lost; the others need another process.
    fn go_on_without(
        &mut self,
        case: usize,
        round: u32,
        scenarios: &[Scenario],
        meter: Option<&EnergyMeter>,
        fault: &Fault,
    ) -> Result<()> {
        self.lose(case, &scenarios[..1], fault)?;
        match &scenarios[1..] {
            [] => Ok(()),
            rest => self.visit_in_scenarios(case, round, rest, meter),
        }
    }

    /// One visit, and the energy that it used beyond the idle watts in `power`, or why that is not
    /// known.
    fn visit_metered(
        &self,
        link: &mut dyn Link,
        case: usize,
        round: u32,
        scenario: Scenario,
        power: Option<&(&EnergyMeter, Result<f64, String>)>,
    ) -> Result<ScenarioVisit, Fault> {
        let case = &self.cases[case].case;
        let latency = self.context.header().options.latency.as_ref();
        let options = latency.ok_or_else(|| Fault::new(Status::Failed, "no latency".into()))?;
        if let (Scenario::EndToEnd, Some(dataset)) = (scenario, self.dataset) {
            scenario_photos::send(&self.context, dataset, case, round, link)?;
        }
        let Some((meter, idle_watts)) = power else {
            return visit(link, options, round, scenario);
        };
        let idle_watts = match idle_watts {
            Ok(watts) => *watts,
            Err(error) => {
                let mut visited = visit(link, options, round, scenario)?;
                visited.energy_error = Some(error.clone());
                return Ok(visited);
            }
        };
        let (visited, energy) = meter.during(|| visit(link, options, round, scenario));
        let mut visited = visited?;
        let images = shapes::images(self.context.model(case), options.batch);
        let images = images.unwrap_or(options.batch).get();
        match energy {
            Ok(energy) => {
                let used = scenario_energy::of_visit(meter, energy, idle_watts, &visited, images);
                visited.energy = Some(used);
            }
            Err(error) => visited.energy_error = Some(error),
        }
        Ok(visited)
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
        self.context.keep_case(&mut self.cases[case], entry)
    }
}

fn visit(
    link: &mut dyn Link,
    options: &LatencyOptions,
    round: u32,
    scenario: Scenario,
) -> Result<ScenarioVisit, Fault> {
    let request = match scenario {
        Scenario::Paced { rate } => Request::Paced(scenario_plan::paced(options, rate)),
        Scenario::EndToEnd => Request::EndToEnd(scenario_plan::end_to_end(options)),
        // Starts and streams are made elsewhere.
        Scenario::BackToBack
        | Scenario::Streams { .. }
        | Scenario::ColdStart
        | Scenario::WarmStart
        | Scenario::CacheMiss => Request::Visit(scenario_plan::back_to_back(options)),
    };
    let mut visited = visited(link, &request)?;
    let (schedule, stages) = (visited.schedule, std::mem::take(&mut visited.stages));
    let visit = Visit::of(round, round, visited);
    Ok(ScenarioVisit { schedule, stages, ..ScenarioVisit::of(scenario, visit) })
}
