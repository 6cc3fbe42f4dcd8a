//! One process of one side: loads the model and times blocks of it.

use std::ffi::OsString;
use std::io::{BufReader, BufWriter, stdin, stdout};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::options::Amount;
use shutterbench::record::setting_values::NO_SETTINGS;
use shutterbench::record::tensor::Tensor;
use shutterbench::record::visit::Visited;
use shutterbench::runtime::backend::LoadRequest;
use shutterbench::runtime::registry;
use shutterbench::runtime::session::Session;
use shutterbench::worker::heartbeat::Heartbeat;
use shutterbench::worker::protocol::{Reply, Request, read_frame, write_frame};
use shutterbench::worker::sample_input;
use shutterbench::worker::visit::Samples;
use shutterbench::worker::visit_plan::VisitPlan;
use shutterbench::worker::warmup::{Warmup, WarmupStep};

use super::Arguments;
use super::spin::Spinning;

/// A process of a side, loaded and warm.
pub struct Side {
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Side {
    /// Starts a process that is `slower` percent slower than the model.
    pub fn start(arguments: &Arguments, slower: f64) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("side")
            .arg(&arguments.model)
            .arg(arguments.backend.to_string())
            .arg(arguments.delegate.to_string())
            .arg(arguments.threads.to_string())
            .arg(slower.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a process of a side")?;
        let missing = || anyhow!("a process of a side has no pipe");
        let requests = child.stdin.take().ok_or_else(missing)?;
        let replies = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut side = Self { child, requests, replies };
        side.warm_up()?;
        Ok(side)
    }

    fn warm_up(&mut self) -> Result<()> {
        let mut warmup = Warmup::new(Amount::Auto);
        while let WarmupStep::Run(window) = warmup.step() {
            warmup.feed(&self.visit(window)?.block);
        }
        Ok(())
    }

    /// Makes a visit.
    pub fn visit(&mut self, plan: VisitPlan) -> Result<Visited> {
        write_frame(&mut self.requests, &Request::Visit(plan), &[])?;
        match read_frame(&mut self.replies)? {
            Some((Reply::Visited(visited), _)) => Ok(*visited),
            Some((Reply::Failed { reason }, _)) => bail!("a side failed: {reason}"),
            _ => bail!("a side ended early; its message is above"),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It may have ended already, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process itself.
pub fn serve(arguments: &[OsString]) -> Result<()> {
    let text = |index: usize| -> Result<&str> {
        arguments.get(index).and_then(|text| text.to_str()).context("a side lacks an argument")
    };
    let mut session = Spinning::new(
        load(
            Path::new(arguments.first().context("a side lacks its model")?),
            text(1)?.parse()?,
            &text(2)?.parse().map_err(|reason: String| anyhow!(reason))?,
            text(3)?.parse()?,
        )?,
        text(4)?.parse()?,
    );
    let mut requests = BufReader::new(stdin().lock());
    let mut replies = BufWriter::new(stdout().lock());
    let (mut samples, mut heartbeat) = (Samples::default(), Heartbeat::mute());
    while let Some((Request::Visit(plan), _)) = read_frame(&mut requests)? {
        let reply = match samples.visit(&plan, &mut heartbeat, || session.invoke()) {
            Ok(visited) => Reply::Visited(Box::new(visited)),
            Err(error) => Reply::Failed { reason: error.to_string() },
        };
        write_frame(&mut replies, &reply, &[])?;
    }
    Ok(())
}

fn load(
    model: &Path,
    backend: BackendKind,
    delegate: &Delegate,
    threads: NonZeroUsize,
) -> Result<Box<dyn Session>> {
    let mut session = registry::open(backend)?.load(&LoadRequest {
        model,
        delegate,
        options: &NO_SETTINGS,
        threads,
        batch: NonZeroUsize::MIN,
        shaped: None,
    })?;
    let inputs = session.inputs().to_vec();
    for (index, info) in inputs.iter().enumerate() {
        let bytes = sample_input::seeded(std::slice::from_ref(info), 1);
        let tensor = Tensor { element: info.element, shape: info.shape.clone(), bytes };
        session.set_input(index, &tensor)?;
    }
    Ok(session)
}
