//! What many comparisons came to.

use std::fs::File;

use anyhow::{Context, Result};
use shutterbench::host::{Host, load_average};
use shutterbench::measure::paired::threshold_in_force;
use shutterbench::measure::{Verdict, statistics};

use super::Arguments;
use super::trial::Outcome;

/// Counts comparisons and writes each to the CSV file, where there is one.
pub struct Tally {
    arguments: Arguments,
    outcomes: Vec<Outcome>,
    csv: Option<csv::Writer<File>>,
}

impl Tally {
    pub fn new(arguments: &Arguments) -> Result<Self> {
        let mut csv = match &arguments.csv {
            Some(path) => Some(
                csv::Writer::from_path(path)
                    .with_context(|| format!("cannot write {}", path.display()))?,
            ),
            None => None,
        };
        if let Some(csv) = &mut csv {
            csv.write_record([
                "trial",
                "ratio",
                "low",
                "high",
                "verdict",
                "verdict_by_interval",
                "peer_ratio",
                "load",
            ])?;
        }
        Ok(Self { arguments: arguments.clone(), outcomes: Vec::new(), csv })
    }

    pub fn add(&mut self, number: u32, outcome: Outcome) -> Result<()> {
        let Outcome { ours, strict, peer_ratio } = &outcome;
        if let Some(csv) = &mut self.csv {
            let end = |end: Option<f64>| end.map_or_else(String::new, |end| format!("{end:.5}"));
            csv.write_record([
                number.to_string(),
                format!("{:.5}", ours.ratio),
                end(ours.interval.map(|interval| interval.low)),
                end(ours.interval.map(|interval| interval.high)),
                ours.verdict.to_string(),
                strict.verdict.to_string(),
                format!("{peer_ratio:.5}"),
                end(load_average()),
            ])?;
            csv.flush()?;
        }
        self.outcomes.push(outcome);
        Ok(())
    }

    /// One comparison, for the terminal.
    pub fn line(&self, number: u32, outcome: &Outcome) -> String {
        let Outcome { ours, peer_ratio, .. } = outcome;
        let interval = ours.interval.map_or_else(
            || "no interval".to_owned(),
            |interval| format!("{:.4}..{:.4}", interval.low, interval.high),
        );
        let of = self.arguments.trials;
        format!(
            "{}/{of}: {:.4} ({interval}) {}; mean of 50: {peer_ratio:.4}",
            number + 1,
            ours.ratio,
            ours.verdict
        )
    }

    /// A Markdown table of what all came to, with how it was measured.
    pub fn summary(&self) -> String {
        let Arguments { model, backend, delegate, threads, slower, seconds, processes, .. } =
            &self.arguments;
        let host = Host::read();
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        let threshold = threshold_in_force(self.arguments.threshold, *processes as usize);
        let ours: Vec<f64> = self.outcomes.iter().map(|outcome| outcome.ours.ratio).collect();
        let peers: Vec<f64> = self.outcomes.iter().map(|outcome| outcome.peer_ratio).collect();
        let beyond = (threshold / 100.0).ln_1p();
        let peer = |wanted: fn(f64, f64) -> bool| {
            peers.iter().filter(|ratio| wanted(ratio.ln(), beyond)).count()
        };
        let row = |what: &str, by: [usize; 4], ratios: &[f64]| {
            let sorted = statistics::sorted(ratios);
            let at = |p| statistics::quantile(&sorted, p).unwrap_or(f64::NAN);
            let [slower, faster, same, undecided] = by;
            format!(
                "| {what} | {slower} | {faster} | {same} | {undecided} | {:.4} | {:.4} .. {:.4} |\n",
                at(0.5),
                at(0.05),
                at(0.95)
            )
        };
        let ours_by = self.count(|outcome| outcome.ours.verdict);
        let strict_by = self.count(|outcome| outcome.strict.verdict);
        let peer_slower = peer(|log, beyond| log >= beyond);
        let peer_faster = peer(|log, beyond| log <= -beyond);
        let peer_by = [peer_slower, peer_faster, peers.len() - peer_slower - peer_faster, 0];
        format!(
            "{name}, {backend}/{delegate}, {threads} thread(s); the second side {slower}% slower; \
             {} comparisons, {seconds} s a side over {processes} process(es); {} ({} CPUs).\n\n\
             | method | slower | faster | same | undecided | median ratio | 5% .. 95% of ratios |\n\
             |---|---|---|---|---|---|---|\n{}{}{}",
            self.outcomes.len(),
            host.cpu,
            host.cores,
            row(&format!("shutterbench, threshold {threshold}%"), ours_by, &ours),
            row("shutterbench, interval alone", strict_by, &ours),
            row(&format!("mean of 50 runs, differs by {threshold}%"), peer_by, &peers),
        )
    }

    fn count(&self, verdict: fn(&Outcome) -> Verdict) -> [usize; 4] {
        [Verdict::Slower, Verdict::Faster, Verdict::Same, Verdict::Undecided]
            .map(|wanted| self.outcomes.iter().filter(|o| verdict(o) == wanted).count())
    }
}
