//! `history gate --confirm`: what is suspected or red is measured again, paired, with the program,
//! the models and the settings of an earlier run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Serialize;

use crate::cli::fleet_command::sources;
use crate::cli::output::{INTERRUPTED, tell};
use crate::decide::compare;
use crate::decide::comparison::{CompareOptions, Outcome, RunComparison};
use crate::decide::measured_fleet::FleetSource;
use crate::decide::metric::Metric;
use crate::device::connection;
use crate::history::history_file::{HistoryFile, PastSeries};
use crate::history::remeasure::{RemeasuredSide, Remeasurement, remeasurement};
use crate::history::series_key::{RunValues, SeriesKey};
use crate::history::trend::{JudgedSeries, bases};
use crate::record::case::Case;
use crate::run::execute::SIDES;
use crate::run::replay;
use crate::run::suite_file::SuiteFile;

/// Figures that two runs in turn tell more about than two at different times.
const MEASURABLE: [Metric; 5] =
    [Metric::P50, Metric::P90, Metric::P99, Metric::Memory, Metric::Load];

/// What is to be confirmed, and with what.
pub(crate) struct Confirming<'a> {
    /// The history.
    pub history: &'a HistoryFile,
    /// The series of the history.
    pub past: &'a [PastSeries],
    /// The folder of the run that was judged.
    pub folder: &'a Path,
    /// What it adds.
    pub run: &'a RunValues,
    /// The suites of both sides; none: an earlier run is looked for.
    pub suites: &'a [PathBuf],
    /// The program that measured the earlier run, if it is another one.
    pub against: Option<&'a Path>,
    /// Where the paired runs go.
    pub out: Option<&'a Path>,
    /// Whether nothing else may be printed.
    pub json: bool,
}

/// How it went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Confirmation {
    /// It was measured again, and this is where.
    Measured(PathBuf),
    /// What is missing for that, in one sentence.
    Missing(String),
    /// Ctrl-C.
    Interrupted,
}

/// Measures again what is suspected or red of `judged`, and lets the outcome decide. What a paired
/// measurement does not tell stays as it was judged.
///
/// # Errors
/// Suites that cannot be measured, or a file that cannot be written.
pub(crate) fn confirm(asked: &Confirming<'_>, judged: &mut [JudgedSeries]) -> Result<Confirmation> {
    let metric = |series: &JudgedSeries| metric_of(&series.key.metric);
    let wanted: Vec<&JudgedSeries> = judged
        .iter()
        .filter(|series| series.is_regressed() || series.is_suspected())
        .filter(|series| metric(series).is_some())
        .collect();
    let is_wanted = |it: &Metric| wanted.iter().any(|series| metric(series) == Some(*it));
    let metrics: Vec<Metric> = MEASURABLE.into_iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Ok(Confirmation::Missing(
            "only latency, memory and load time can be measured again in turn".to_owned(),
        ));
    }
    let out = fresh(asked)?;
    let words = match words(asked, &wanted, &out) {
        Ok(words) => words,
        Err(Hindrance::Missing(missing)) => return Ok(Confirmation::Missing(missing)),
        Err(Hindrance::Failed(error)) => return Err(error),
    };
    match measured(asked, &words, &out)? {
        Some(runs) => {
            let options: Vec<_> =
                metrics.iter().map(|metric| CompareOptions::of(*metric, None)).collect();
            let [base, new] = &runs;
            apply(judged, &compare::gate(base, new, &options));
            Ok(Confirmation::Measured(out))
        }
        None => Ok(Confirmation::Interrupted),
    }
}

/// Why nothing is measured again.
enum Hindrance {
    /// What is missing for it, in one sentence: the judgement stays as it was.
    Missing(String),
    /// The gate itself cannot go on.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Hindrance {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// What `run` is given.
fn words(
    asked: &Confirming<'_>,
    wanted: &[&JudgedSeries],
    out: &Path,
) -> Result<Vec<PathBuf>, Hindrance> {
    match asked.suites {
        [base, new] => Ok(vec!["--ab".into(), base.clone(), new.clone()]),
        [] => match from_earlier(asked, wanted)? {
            Remeasurement::Suites(suites, changed) => {
                if let Some(changed) = changed {
                    tell(&format!(
                        "both sides are measured with the program and the runtimes that are here now: {changed}"
                    ));
                }
                let [base, new] = *suites;
                let files = [(base, "base.toml"), (new, "new.toml")]
                    .map(|(suite, name)| write_suite(out, &suite, name));
                let [base, new] = files;
                Ok(vec!["--ab".into(), base?, new?])
            }
            Remeasurement::Programs(suite, program) => {
                let suite = write_suite(out, &suite, "new.toml")?;
                Ok(vec![suite, "--against".into(), program])
            }
        },
        _ => Err(anyhow!(
            "--confirm takes two suites, BASE.toml and NEW.toml, or none; give RUN before it"
        )
        .into()),
    }
}

/// The newest earlier run that is better and still there decides how to measure again.
fn from_earlier(
    asked: &Confirming<'_>,
    wanted: &[&JudgedSeries],
) -> Result<Remeasurement, Hindrance> {
    let new = source(asked.folder)?;
    let Some(new_run) = &new.run else {
        return Err(Hindrance::Missing(format!(
            "{} has no journal, which says what was measured",
            asked.folder.display()
        )));
    };
    let folders = asked.history.folders()?;
    let mut missing = "the history has no earlier run that was better".to_owned();
    for run_id in bases(asked.past, asked.run, wanted) {
        let there = folders.get(&run_id).and_then(|folder| source(folder).ok());
        let Some((base, base_run)) =
            there.as_ref().and_then(|base| Some((base, base.run.as_ref()?)))
        else {
            missing = match folders.get(&run_id) {
                Some(folder) => format!(
                    "the run {run_id} is no longer in {}, or only its table is there, without the journal",
                    folder.display()
                ),
                None => format!(
                    "the history does not say where the run {run_id} is; add its folder again"
                ),
            };
            continue;
        };
        let of = |source: &FleetSource, cases: &[Case]| -> Option<Vec<Case>> {
            let position = |key: &SeriesKey| {
                source.rows.iter().position(|row| SeriesKey::of(row, &key.metric) == *key)
            };
            let mut found: Vec<Case> = Vec::new();
            for series in wanted {
                let case = cases.get(position(&series.key)?)?.clone();
                if !found.contains(&case) {
                    found.push(case);
                }
            }
            Some(found)
        };
        let sides = of(base, &base_run.header.cases).zip(of(&new, &new_run.header.cases));
        let Some((base_cases, new_cases)) = sides else { continue };
        return remeasurement(
            RemeasuredSide { header: &base_run.header, cases: &base_cases },
            RemeasuredSide { header: &new_run.header, cases: &new_cases },
            asked.against,
        )
        .map_err(Hindrance::Missing);
    }
    Err(Hindrance::Missing(missing))
}

fn source(folder: &Path) -> Result<FleetSource> {
    sources(&[folder.to_owned()])?.pop().context("it holds no run")
}

/// A folder that nothing is in yet.
fn fresh(asked: &Confirming<'_>) -> Result<PathBuf> {
    if let Some(out) = asked.out {
        ensure!(!out.exists(), "{} exists already; name another folder with --out", out.display());
        return Ok(out.to_owned());
    }
    let named = |number: usize| {
        PathBuf::from("results").join(format!("{}-again-{number}", asked.run.run_id))
    };
    (1..).map(named).find(|folder| !folder.exists()).context("no folder is free")
}

fn write_suite(out: &Path, suite: &SuiteFile, name: &str) -> Result<PathBuf> {
    let path = out.join(name);
    let text = toml::to_string(suite).context("the cases could not be written as a suite")?;
    fs::create_dir_all(out)
        .and_then(|()| fs::write(&path, text))
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}

/// Both sides; `None` after Ctrl-C.
fn measured(
    asked: &Confirming<'_>,
    words: &[PathBuf],
    out: &Path,
) -> Result<Option<[crate::record::run::Run; 2]>> {
    let shown: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    tell(&format!(
        "measuring again, in turn: shutterbench run {} --out {}",
        shown.join(" "),
        quoted(out)
    ));
    let program = std::env::current_exe().context("this program's own file was not found")?;
    let mut command = Command::new(program);
    command.arg("run").args(words).arg("--out").arg(out);
    if asked.json {
        command.arg("--quiet").stdout(Stdio::null());
    }
    let status = command.status().context("could not start 'shutterbench run'")?;
    match status.code() {
        Some(0 | 1) => {}
        Some(code) if code == i32::from(INTERRUPTED) => return Ok(None),
        _ => bail!("the runs in turn could not be made; see above"),
    }
    let [base, new] = SIDES.map(|side| replay::read(&out.join(side)));
    Ok(Some([base?, new?]))
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    connection::quoted(&text)
}

/// The figure of a column, if it can be measured again.
fn metric_of(column: &str) -> Option<Metric> {
    MEASURABLE.into_iter().find(|metric| metric.column() == Some(column))
}

fn apply(judged: &mut [JudgedSeries], comparisons: &[RunComparison]) {
    for series in judged.iter_mut().filter(|it| it.is_regressed() || it.is_suspected()) {
        let Some(metric) = metric_of(&series.key.metric) else { continue };
        let cases = comparisons
            .iter()
            .filter(|comparison| comparison.options.metric == metric)
            .flat_map(|comparison| &comparison.cases);
        let mut outcomes = cases
            .filter(|case| case.scenario.is_none() && series.key.is_of(&case.case))
            .map(|case| case.outcome)
            .peekable();
        if outcomes.peek().is_none() {
            continue;
        }
        let outcomes: Vec<Outcome> = outcomes.collect();
        let is_worse = |outcome: &Outcome| matches!(outcome, Outcome::Worse | Outcome::Missing);
        let is_well = |outcome: &Outcome| matches!(outcome, Outcome::Same | Outcome::Better);
        if outcomes.iter().any(is_worse) {
            series.confirm(true);
        } else if outcomes.iter().all(is_well) {
            series.confirm(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted(Path::new("a/b-1.toml")), "a/b-1.toml");
        assert_eq!(quoted(Path::new("it's a.toml")), r"'it'\''s a.toml'");
    }

    #[test]
    fn only_what_takes_time_or_memory_is_measured_again() {
        assert_eq!(metric_of("latency_p50_us"), Some(Metric::P50));
        assert_eq!(metric_of("load_ms"), Some(Metric::Load));
        assert_eq!((metric_of("top1"), metric_of("model_bytes")), (None, None));
    }
}
