//! `--settings FILE`: what `pick` writes, and `run` measures again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cli::output::{ExitStatus, print, tell};
use crate::cli::run_args::RunArgs;
use crate::decide::chosen_settings;
use crate::decide::promises::{Kept, PromiseOutcome, caveats, outcomes};
use crate::model::select;
use crate::record::case::Case;
use crate::record::description::Model;
use crate::record::header::Header;
use crate::record::options::NonNegative;
use crate::record::run::Run;
use crate::record::settings::{SCHEMA, Settings};
use crate::record::status::Status;
use crate::report::portable::seen_from;
use crate::run::suite_file::SuiteFile;
use crate::system::files;
use crate::table::row::Row;

/// The settings file that `args` name, with its path. It is read once, so that a run is judged by
/// what it began with.
///
/// # Errors
/// One sentence: it cannot be read, is none, or is of another version.
fn named(args: &RunArgs) -> Result<Option<(&Path, &Settings)>> {
    let Some(path) = args.settings.as_deref() else { return Ok(None) };
    let settings = match args.settings_read.get() {
        Some(known) => known,
        None => {
            let read = read(path)?;
            args.settings_read.get_or_init(|| read)
        }
    };
    Ok(Some((path, settings)))
}

fn read(path: &Path) -> Result<Settings> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read settings {shown}"))?;
    let is_none = || format!("{shown} is not a settings file of 'shutterbench pick --settings'");
    let value: Value = serde_json::from_str(&text).with_context(is_none)?;
    match value.get("schema").and_then(Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => bail!(
            "settings {shown} have schema {schema}, this program reads {SCHEMA}; pick them again with this version"
        ),
        None => bail!("{}: it states no schema", is_none()),
    }
    serde_json::from_value(value).with_context(is_none)
}

/// Writes the settings of a case of `run` to `path`; `-` is standard output.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn write(path: &Path, run: &Run, case: &Case, row: &Row) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => files::canonical(parent)
            .with_context(|| format!("there is no folder {}", parent.display()))?,
        _ => std::env::current_dir()?,
    };
    let settings = chosen_settings::of(run, case, row, |file| seen_from(&folder, file))?;
    let text = serde_json::to_string_pretty(&settings)? + "\n";
    crate::cli::output::write(path, &text)?;
    if path != Path::new("-") {
        tell(&format!("written: {}", path.display()));
    }
    Ok(())
}

/// What `run --settings` measures: the one case, under everything that was stated of it.
///
/// # Errors
/// One sentence: the file or its model could not be read, or is not the one that was meant.
pub(crate) fn suite(args: &RunArgs) -> Result<SuiteFile> {
    let Some((path, settings)) = named(args)? else { return Ok(SuiteFile::default()) };
    let model = model(settings, path, &args.model)?;
    chosen_settings::check_model(settings, path, &model)?;
    let settings = settings.clone();
    let cpus: Vec<String> = settings.affinity.iter().map(usize::to_string).collect();
    let budget_ms = settings.measured.budget_ms.map(NonNegative::try_from).transpose();
    Ok(SuiteFile {
        models: vec![model.path.to_string_lossy().into_owned()],
        backends: vec![settings.backend],
        delegates: vec![settings.delegate],
        threads: vec![settings.threads],
        options: settings.options.into_iter().collect(),
        default_options: Some(false),
        batch: vec![settings.batch],
        affinity: Some(cpus.join(",")).filter(|cpus| !cpus.is_empty()),
        budget_ms: budget_ms.map_err(anyhow::Error::msg)?,
        describe: settings.description,
        ..SuiteFile::default()
    })
}

/// The model that is named; else the file beside the settings, or where it lay.
fn model(settings: &Settings, path: &Path, named: &[String]) -> Result<Model> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let there = folder.join(&settings.model.path);
    let name = match named {
        [name] => name.clone(),
        [] => {
            let file = settings.model.path.file_name().unwrap_or_default();
            let places: [PathBuf; 2] = [folder.join(file), there.clone()];
            let found = places.iter().find(|place| place.is_file());
            found.map_or_else(
                || settings.model.name.clone(),
                |place| place.to_string_lossy().into_owned(),
            )
        }
        several => bail!("settings are for one model, {} are named", several.len()),
    };
    let models =
        select::select(std::slice::from_ref(&name), settings.description.signature.as_deref())
            .with_context(|| {
                format!(
                    "{} is for model {}, which is not at {}; name its file with --model",
                    path.display(),
                    settings.model.name,
                    there.display()
                )
            })?;
    let count = models.len();
    let one: Result<[Model; 1], _> = models.try_into();
    let Ok([model]) = one else {
        bail!("settings are for one model, '{name}' names {count}");
    };
    Ok(model)
}

/// Refuses a run that would not measure what its settings say.
///
/// # Errors
/// One sentence with what differs.
pub(crate) fn check(args: &RunArgs, header: &Header) -> Result<()> {
    match named(args)? {
        Some((path, settings)) => chosen_settings::check(settings, path, header),
        None => Ok(()),
    }
}

/// Says whether the promised figures hold in what was measured; one that does not, ends
/// badly.
///
/// # Errors
/// A settings file that went away meanwhile.
pub(crate) fn judge<'a>(
    args: &RunArgs,
    runs: impl Iterator<Item = &'a Run>,
    ending: ExitStatus,
) -> Result<ExitStatus> {
    let Some((path, settings)) = named(args)? else { return Ok(ending) };
    let mut ending = ending;
    for run in runs {
        chosen_settings::check(settings, path, &run.header)?;
        let rows = crate::table::rows::rows(run);
        let [row] = rows.as_slice() else {
            bail!("{} is for one case, the run has {}", path.display(), rows.len());
        };
        let outcomes = outcomes(settings, &run.header, row);
        let text = words(path, settings, run, row, &outcomes);
        if args.json {
            tell(text.trim_end());
        } else {
            print(text.as_bytes())?;
        }
        let is_broken = outcomes.iter().any(|outcome| outcome.kept == Kept::No);
        // Nothing that was promised holds of a case that cannot be measured.
        if (is_broken || row.status != Status::Ok) && ending == ExitStatus::Good {
            ending = ExitStatus::Bad;
        }
    }
    Ok(ending)
}

fn words(
    path: &Path,
    settings: &Settings,
    run: &Run,
    row: &Row,
    outcomes: &[PromiseOutcome],
) -> String {
    let device = match run.header.device.as_str() {
        crate::record::case::LOCAL => String::new(),
        device => format!(", measured on {device}"),
    };
    let mut text = format!("\nPromised by {}{device}:\n", path.display());
    if row.status != Status::Ok {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "  the case could not be measured ({}), so nothing that was promised holds",
            row.status
        );
    }
    for promise in &settings.promised {
        if Row::column(&promise.column).is_none() {
            let _ =
                writeln!(text, "  {}: this version does not know it: not judged", promise.column);
        }
    }
    for outcome in outcomes {
        let Some(column) = Row::column(&outcome.promise.column) else { continue };
        let shown = |value: f64, interval: Option<(f64, f64)>| {
            let ends = interval.map_or(String::new(), |(low, high)| {
                format!(" [{}, {}]", column.show(low), column.show(high))
            });
            column.show(value) + &ends
        };
        let PromiseOutcome { promise, kept, .. } = outcome;
        let promised = shown(promise.value, promise.low.zip(promise.high));
        let measured = outcome
            .value
            .map_or_else(|| "nothing".to_owned(), |value| shown(value, outcome.interval));
        let note = match (&outcome.note, kept) {
            (Some(note), _) => format!(" ({note})"),
            (None, Kept::NotJudged) => " (no interval was promised)".to_owned(),
            _ => String::new(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "  {}: {promised} promised, {measured} measured: {kept}{note}",
            column.title()
        );
    }
    for caveat in caveats(settings, &run.header, row) {
        let _ = writeln!(text, "  {caveat}");
    }
    text
}
