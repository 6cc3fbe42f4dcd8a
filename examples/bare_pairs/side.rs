//! The two who run the model: a worker of shutterbench, and a loop in C.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use shutterbench::record::case::Case;
use shutterbench::record::options::Amount;
use shutterbench::record::timed_runs::Block;
use shutterbench::stats::statistics;
use shutterbench::worker::link::Link;
use shutterbench::worker::protocol::{Reply, Request};
use shutterbench::worker::visit::runs_for;
use shutterbench::worker::visit_plan::VisitPlan;
use shutterbench::worker::warmup::{Warmup, WarmupStep};
use shutterbench::worker::worker_source::{Worker, WorkerSource};

use super::{Arguments, Subject};

/// Length of a block: short, so that few changes of the machine's speed fall between the four
/// blocks of a round.
const BLOCK_MS: f64 = 5.0;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ours,
    Bare,
}

/// A process that has loaded the model and is warm.
pub struct Side {
    runner: Runner,
    latency_ns: f64,
}

enum Runner {
    Ours(Box<dyn Link + Send>),
    Bare(Bare),
}

impl Side {
    pub fn start(kind: Kind, arguments: &Arguments, subject: &Subject) -> Result<Self> {
        let runner = match kind {
            Kind::Ours => Runner::Ours(ours(arguments, subject)?),
            Kind::Bare => Runner::Bare(Bare::start(arguments, subject)?),
        };
        let mut side = Self { runner, latency_ns: 0.0 };
        let mut warmup = Warmup::new(Amount::Auto);
        while let WarmupStep::Run(window) = warmup.step() {
            let latency_ns = side.run(window.most_runs)?;
            let wall_ns = latency_ns.iter().sum();
            warmup.feed(&Block { at_ns: Vec::new(), latency_ns, cpu_ns: 0, wall_ns });
        }
        side.latency_ns = warmup.latency_ns().context("warm-up timed nothing")?;
        Ok(side)
    }

    /// Runs of a block that is alike on both sides.
    pub fn block_runs(sides: &[Self; 2]) -> u32 {
        let larger = sides.iter().map(|side| side.latency_ns).fold(0.0, f64::max);
        runs_for(BLOCK_MS, larger)
    }

    /// Logarithm of the median of a block.
    pub fn log_median(&mut self, runs: u32) -> Result<f64> {
        let median = statistics::median_ns(&self.run(runs)?).context("a block timed nothing")?;
        Ok(median.max(1.0).ln())
    }

    fn run(&mut self, runs: u32) -> Result<Vec<u64>> {
        match &mut self.runner {
            Runner::Bare(bare) => bare.run(runs),
            Runner::Ours(link) => match link.ask(&window(runs), &[])?.0 {
                Reply::Visited(visited) => Ok(visited.block.latency_ns),
                other => bail!("a worker gave the wrong reply: {other:?}"),
            },
        }
    }
}

/// Timed runs alone: the loop in C settles nothing either.
fn window(runs: u32) -> Request {
    Request::Visit(VisitPlan::only(runs, u64::MAX))
}

fn ours(arguments: &Arguments, subject: &Subject) -> Result<Box<dyn Link + Send>> {
    let Worker { mut link, .. } = load(arguments, subject)?;
    match link.ask(&Request::SetInputs, &subject.input)?.0 {
        Reply::InputsSet => Ok(link),
        other => bail!("a worker refused its input: {other:?}"),
    }
}

/// A worker of the program, with the model loaded.
pub fn load(arguments: &Arguments, subject: &Subject) -> Result<Worker> {
    let delegate = arguments.delegate.clone();
    let case = Case::plain(&subject.model.name, arguments.backend, delegate, arguments.threads);
    let source = WorkerSource::isolated().with_program(arguments.program.clone());
    Ok(source.load(&case, &subject.model)?)
}

/// `bare_loop serve`.
struct Bare {
    child: Child,
    asked: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl Bare {
    fn start(arguments: &Arguments, subject: &Subject) -> Result<Self> {
        let program: &Path = &arguments.bare_loop;
        let mut child = Command::new(program)
            .arg("serve")
            .arg(&arguments.library)
            .arg(&subject.model.path)
            .arg(arguments.delegate.to_string())
            .arg(arguments.threads.to_string())
            .arg(&subject.input_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let missing = || anyhow!("the bare loop has no pipe");
        let asked = child.stdin.take().ok_or_else(missing)?;
        let said = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Self { child, asked: Some(asked), said })
    }

    fn run(&mut self, runs: u32) -> Result<Vec<u64>> {
        let asked = self.asked.as_mut().context("the bare loop was told to end")?;
        asked.write_all(format!("{runs}\n").as_bytes()).context("the bare loop ended early")?;
        let mut line = String::new();
        (0..runs)
            .map(|_| {
                line.clear();
                ensure!(self.said.read_line(&mut line)? > 0, "the bare loop ended early");
                Ok(line.trim().parse()?)
            })
            .collect()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.asked.take());
        // It may have ended already, which is all that is wanted.
        let _ = self.child.wait();
    }
}
