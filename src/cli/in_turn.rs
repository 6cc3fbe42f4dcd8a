//! Two interleaved runs: `shutterbench run --ab A.toml B.toml` and `--against PROGRAM`.
//! Their rounds are paired, so that disturbances of the machine cancel out
//! (docs/measurement.md).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, ensure};

use crate::cli::compare_command;
use crate::cli::output::{ExitStatus, tell};
use crate::decide::comparison::CompareOptions;
use crate::decide::complete::is_complete;
use crate::file_hash;
use crate::host::bounded_command;
use crate::host::bounded_command::ProgramOutput;
use crate::record::run::Run;
use crate::run::context::Started;
use crate::run::execute::SIDES;
use crate::run::journal;
use crate::run::plan::Plan;
use crate::system::files;
use crate::table::rows::rows;
use crate::worker::protocol::PROTOCOL;

/// Minimum time in the timed runs of a visit, for interleaved runs. Shorter than for a single
/// run: the partner's visit follows sooner, so that fewer changes of the machine's speed fall
/// between the two, and there are more rounds. Not shorter still, since an exchange with a
/// worker takes some 0.05 ms.
pub const BLOCK_MS: f64 = 10.0;

/// How long another program may take to tell what it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// Begins the two runs in the folders `base` and `new` of `folder`.
///
/// # Errors
/// A folder that cannot be written or holds a run; or a search, whose cases leave one by one.
pub(crate) fn begin(folder: &Path, base: Plan, new: Plan) -> Result<Vec<Started>> {
    let is_search =
        |plan: &Plan| plan.header.options.latency.as_ref().is_some_and(|it| it.narrowing.is_some());
    ensure!(
        !is_search(&base) && !is_search(&new),
        "a search is not interleaved with another run; remove [search] from the suite"
    );
    let name = new.header.run_id.clone();
    let begin = |side: &str, mut plan: Plan| {
        plan.header.in_turn = Some(name.clone());
        if let Some(latency) = &mut plan.header.options.latency {
            latency.block_ms = latency.block_ms.min(BLOCK_MS);
            // What must be precise is the ratio, which improves with every round.
            latency.min_seconds = latency.max_seconds;
            // Paired rounds need none: what disturbs both sides cancels.
            latency.no_yardstick = true;
        }
        plan.header.yardstick = None;
        plan.header.run_id = format!("{name}-{side}");
        Started::begin(folder.join(side), plan)
    };
    let [base_side, new_side] = SIDES;
    Ok(vec![begin(base_side, base)?, begin(new_side, new)?])
}

/// The two folders, if `folder` holds interleaved runs.
#[must_use]
pub(crate) fn sides(folder: &Path) -> Option<[PathBuf; 2]> {
    let sides = SIDES.map(|side| folder.join(side));
    sides.iter().all(|side| side.join(journal::FILE_NAME).is_file()).then_some(sides)
}

/// Makes the workers of another shutterbench, `program`, measure `plan`.
///
/// # Errors
/// A program that cannot be run or does not print its version as shutterbench does.
pub(crate) fn measured_by(plan: &mut Plan, program: &Path) -> Result<()> {
    let shown = program.display();
    let path = files::canonical(program)
        .with_context(|| format!("--against {shown}: there is no such program"))?;
    let said = asked(&path, &["--version"], PATIENCE)?;
    let version = said
        .out
        .lines()
        .next()
        .unwrap_or_default()
        .strip_prefix("shutterbench ")
        .filter(|_| said.is_success());
    ensure!(
        version.is_some(),
        "--against {shown}: it is not a shutterbench program; name the program of an earlier build"
    );
    let version = version.unwrap_or_default();
    let theirs = protocol_of(&path)?;
    ensure!(
        theirs == Some(PROTOCOL),
        "--against {shown}: it is shutterbench {version} with worker protocol {}, and this one is {} with protocol {PROTOCOL}, so they cannot take turns; name a build of protocol {PROTOCOL}, or let each measure with its own 'run' and give both to 'compare'",
        theirs.map_or("1".to_owned(), |theirs| theirs.to_string()),
        env!("CARGO_PKG_VERSION")
    );
    plan.header.version = version.to_owned();
    plan.header.commit = None;
    plan.header.sources = None;
    plan.header.binary_sha256 = file_hash::of(&path);
    plan.header.options.worker = Some(path);
    Ok(())
}

/// The number of the protocol that a program's workers speak; `None` where it does not tell,
/// as programs before protocol 2 do not.
fn protocol_of(program: &Path) -> Result<Option<u32>> {
    let said = asked(program, &["worker", "--protocol"], PATIENCE)?;
    Ok(said.out.trim().parse().ok().filter(|_| said.is_success()))
}

/// What a program answers within `patience`.
fn asked(program: &Path, question: &[&str], patience: Duration) -> Result<ProgramOutput> {
    let said = bounded_command::output(Command::new(program).args(question), patience);
    said.map_err(|error| {
        let (shown, question) = (program.display(), question.join(" "));
        match error.kind() {
            ErrorKind::TimedOut => anyhow!(
                "--against {shown}: it did not answer '{question}' within {patience:?}; name the program of an earlier build"
            ),
            _ => Error::new(error).context(format!("--against {shown}: it could not be started")),
        }
    })
}

/// Compares the two runs, keeps the comparison beside them and prints it.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn conclude(folder: &Path, base: &Run, new: &Run, json: bool) -> Result<ExitStatus> {
    let comparison = [crate::decide::compare::compare(base, new, CompareOptions::default())];
    let [markdown, html] = ["compare.md", "compare.html"].map(|file| folder.join(file));
    let ending = compare_command::show(&comparison, Some(&markdown), Some(&html), json)?;
    for file in ["base/results.csv", "new/results.csv", "compare.html"] {
        tell(&format!("written: {}", folder.join(file).display()));
    }
    let complete = [base, new].iter().all(|run| is_complete(run, &rows(run)));
    Ok(if complete { ending } else { ExitStatus::Bad })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_answer_is_named_and_left() {
        // What it is given is seconds to sleep.
        let error = asked(Path::new("sleep"), &["60"], Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("sleep: it did not answer '60' within 50ms"), "{error}");
    }
}
