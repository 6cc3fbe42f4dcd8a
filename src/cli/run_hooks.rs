//! Runs the commands of a suite's `[hooks]`: one before a run, and one after it, however it
//! ends.

use std::io::Read;
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::cli::device_args;
use crate::cli::output::{ExitStatus, tell};
use crate::cli::run_args::RunArgs;
use crate::device::name::Selector;
use crate::run::hooks::{HookOutput, Hooks};
use crate::run::suite_file::SuiteFile;
use crate::system::processes;

/// How soon it is noticed that the user wants to stop.
const INTERRUPT_CHECK: Duration = Duration::from_millis(50);
/// How long a command may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the output of a command that has ended is waited for.
const PATIENCE_FOR_OUTPUT: Duration = Duration::from_secs(1);

/// The command after a run. It runs once, whoever asks first.
#[derive(Clone, Default)]
pub(crate) struct AfterHook(Arc<Mutex<Option<Command>>>);

/// The hooks of `args`: the options', else those of the suite.
///
/// # Errors
/// A suite that cannot be read.
pub(crate) fn of(args: &RunArgs) -> Result<Hooks> {
    let of_suite = match &args.suite {
        Some(suite) => SuiteFile::read(suite)?.hooks,
        None => Hooks::default(),
    };
    Ok(Hooks {
        before: args.before.clone().or(of_suite.before),
        after: args.after.clone().or(of_suite.after),
    })
}

/// Runs the command before the run, `measure` with what it said of the device, and the
/// command after the run; that one also where the one before failed or was interrupted, for
/// it may have reserved something by then.
///
/// # Errors
/// A command that cannot be started or fails, or what `measure` says.
pub(crate) fn around(
    args: &RunArgs,
    hooks: &Hooks,
    after: &AfterHook,
    interrupt: &AtomicBool,
    measure: impl FnOnce(&RunArgs) -> Result<ExitStatus>,
) -> Result<ExitStatus> {
    if *hooks == Hooks::default() {
        return measure(args);
    }
    // Also where `measure` panics.
    let _at_the_end = Guard { after };
    after.set(hooks, &HookOutput::default());
    let mut args = args.clone();
    if let Some(command) = &hooks.before {
        let Some(output) = before(command, interrupt)? else {
            tell("interrupted before anything was measured");
            after.run("interrupted");
            return Ok(ExitStatus::Interrupted);
        };
        let told = HookOutput::parse(&output);
        told.rest.iter().for_each(|line| tell(line));
        after.set(hooks, &told);
        apply(&told, &mut args)?;
    }
    let outcome = measure(&args);
    let word = match &outcome {
        Ok(ExitStatus::Good) => "good",
        Ok(ExitStatus::Bad) => "bad",
        Ok(ExitStatus::Interrupted) => "interrupted",
        Err(_) => "error",
    };
    let released = after.run(word);
    outcome.map(
        |ending| if !released && ending == ExitStatus::Good { ExitStatus::Bad } else { ending },
    )
}

/// What a hook says of the device and of adb's server.
fn apply(told: &HookOutput, args: &mut RunArgs) -> Result<()> {
    if let Some(serial) = told.get("serial") {
        let selectors = serial.split(',').map(|it| it.trim().parse::<Selector>());
        args.on.device = selectors
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow!("the hook before the run printed serial={serial}: {error}"))?;
    }
    if let Some(host) = told.get("adb_host") {
        ensure!(!host.is_empty(), "the hook before the run printed adb_host= without a host");
        args.on.server.adb_host = Some(host.to_owned());
    }
    if let Some(port) = told.get("adb_port") {
        let port = device_args::port(port)
            .map_err(|error| anyhow!("the hook before the run printed adb_port={port}: {error}"))?;
        args.on.server.adb_port = Some(port);
    }
    Ok(())
}

/// What `command` prints; `None` where the user interrupted it.
fn before(command: &str, interrupt: &AtomicBool) -> Result<Option<String>> {
    let mut child = shell(command)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("the hook before the run, '{command}', cannot be started"))?;
    let output = Arc::new(Mutex::new(Vec::new()));
    let reader = child.stdout.take().map(|pipe| reader(pipe, Arc::clone(&output)));
    let Some(status) = wait(&mut child, interrupt)? else { return Ok(None) };
    ensure!(
        status.success(),
        "the hook before the run, '{command}', failed ({status}); nothing was measured"
    );
    // What it left running may hold its output open for as long as it lives.
    let deadline = Instant::now() + PATIENCE_FOR_OUTPUT;
    while reader.as_ref().is_some_and(|it| !it.is_finished()) && Instant::now() < deadline {
        thread::sleep(INTERRUPT_CHECK);
    }
    let output = output.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Some(String::from_utf8_lossy(&output).into_owned()))
}

/// Reads a command's output as it comes.
fn reader(mut pipe: ChildStdout, into: Arc<Mutex<Vec<u8>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut part = [0; 4096];
        // What was read till the pipe broke is what there is.
        while let Ok(read @ 1..) = pipe.read(&mut part) {
            into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&part[..read]);
        }
    })
}

/// Waits for a command; one that the user interrupts is ended.
fn wait(child: &mut Child, interrupt: &AtomicBool) -> Result<Option<process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            // A Ctrl-C that the command saw first is one all the same.
            return Ok(Some(status).filter(|_| !interrupt.load(Ordering::Relaxed)));
        }
        if interrupt.load(Ordering::Relaxed) {
            end(child);
            return Ok(None);
        }
        thread::sleep(INTERRUPT_CHECK);
    }
}

/// Ends a command and what it started: politely, then not.
fn end(child: &mut Child) {
    processes::ask_group_to_end(child);
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(INTERRUPT_CHECK);
    }
    processes::end_group(child);
    let _ = child.wait();
}

/// A command in a process group of its own, so that Ctrl-C on the terminal does not reach
/// it: we decide when it ends.
fn shell(command: &str) -> Command {
    let mut shell = processes::shell(command);
    processes::own_group(shell.stdin(Stdio::null()));
    shell
}

impl AfterHook {
    /// Has the command of `hooks` ready, with what the one before told: `serial=X` becomes
    /// `SHUTTERBENCH_SERIAL`.
    fn set(&self, hooks: &Hooks, told: &HookOutput) {
        let Some(command) = &hooks.after else { return };
        let mut command = shell(command);
        for (name, value) in &told.pairs {
            command.env(format!("SHUTTERBENCH_{}", name.to_ascii_uppercase()), value);
        }
        *self.command() = Some(command);
    }

    /// Runs the command, unless that was done; `false` where it failed.
    pub(crate) fn run(&self, ending: &str) -> bool {
        let Some(mut command) = self.command().take() else { return true };
        // Standard output is for the results.
        let status = command.env("SHUTTERBENCH_ENDING", ending).stdout(std::io::stderr()).status();
        let failure = match status {
            Ok(status) if status.success() => return true,
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        tell(&format!(
            "the hook after the run failed ({failure}); what it releases may still be held"
        ));
        false
    }

    fn command(&self) -> std::sync::MutexGuard<'_, Option<Command>> {
        // A thread that panicked while it held the command left it as it was.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the command when it goes, if nobody has.
struct Guard<'a> {
    after: &'a AfterHook,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.after.run("error");
    }
}
