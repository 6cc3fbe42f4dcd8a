//! Whether a run to be continued is the requested one: its options, named as on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::host::affinity;
use crate::record::header::Header;
use crate::record::option_set::OptionSet;
use crate::run::suite_file::SuiteFile;

/// Options by their names, without the dashes.
type OptionValues = BTreeMap<String, Value>;

/// Refuses to continue a run whose options or preprocessing are not those of `wanted`, the
/// header of the run that would begin now.
///
/// # Errors
/// One sentence with the first difference.
pub(crate) fn check_all(run: &Header, wanted: &Header) -> Result<()> {
    let (then, now) = (options_of(run)?, options_of(wanted)?);
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    for name in names {
        if let Some(difference) = difference(name, then.get(name), now.get(name)) {
            bail!(
                "the run {} was begun with other options: {difference}; use those, or choose another folder with --out",
                run.run_id
            );
        }
    }
    for model in &wanted.models {
        if let Some([then, now]) = run.other_pipeline(wanted, &model.name) {
            bail!(
                "the run {} was begun with other preprocessing of {}: {then}; now it would be {now}; state that one again, or name another folder with --out",
                run.run_id,
                model.name
            );
        }
    }
    Ok(())
}

/// Refuses options beside `--resume` that are not the run's own.
///
/// # Errors
/// One sentence with the first option that differs.
pub(crate) fn check_given(run: &Header, given: &SuiteFile) -> Result<()> {
    let then = options_of(run)?;
    for (name, value) in given_options(given)? {
        if let Some(difference) = difference(&name, then.get(&name), Some(&value)) {
            bail!(
                "the run {} was begun with other options: {difference}; omit --{name}, or start a new run",
                run.run_id
            );
        }
    }
    Ok(())
}

/// Refuses to go on with a device's run in `folder` that was begun with the suite `then`,
/// where it would be begun with `now`.
///
/// # Errors
/// One sentence with the first option that differs.
pub(crate) fn check_suites(folder: &Path, then: &SuiteFile, now: &SuiteFile) -> Result<()> {
    let (then, now) = (given_options(then)?, given_options(now)?);
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    for name in names {
        if let Some(difference) = difference(name, then.get(name), now.get(name)) {
            bail!(
                "the run in {} was begun with other options: {difference}; give those, or name another folder with --out",
                folder.display()
            );
        }
    }
    Ok(())
}

fn difference(name: &str, then: Option<&Value>, now: Option<&Value>) -> Option<String> {
    let words = |value: Option<&Value>| match value.unwrap_or(&Value::Null) {
        Value::Null => "not given".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|it| it.to_string().replace('"', "")).collect();
            items.join(",")
        }
        other => other.to_string(),
    };
    let meant = |value: Option<&Value>| value.filter(|value| !is_nothing(value)).cloned();
    (meant(then) != meant(now))
        .then(|| format!("--{name} was {}, now it is {}", words(then), words(now)))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The options that a run's header records.
fn options_of(header: &Header) -> Result<OptionValues> {
    let mut named = OptionValues::new();
    if let Value::Object(options) = serde_json::to_value(&header.options)? {
        for (key, value) in options {
            add(&mut named, &key, value);
        }
    }
    let models = header.models.iter().map(|model| {
        let hash = &model.sha256[..model.sha256.len().min(12)];
        format!("{} (SHA-256 {hash})", model.name)
    });
    named.insert("model".into(), Value::from(models.collect::<Vec<_>>()));
    named.insert("backend".into(), distinct(header.cases.iter().map(|case| &case.backend))?);
    named.insert("delegate".into(), distinct(header.cases.iter().map(|case| &case.delegate))?);
    named.insert("threads".into(), distinct(header.cases.iter().map(|case| &case.threads))?);
    named.insert("set".into(), in_words(&header.options.option_sets));
    let batches = distinct(header.cases.iter().filter_map(|case| case.batch))?;
    if !is_nothing(&batches) {
        named.insert("batch".into(), batches);
    }
    Ok(named)
}

/// Sets of options as a difference between two runs shows them.
fn in_words(sets: &[OptionSet]) -> Value {
    sets.iter().map(OptionSet::to_string).collect::<Vec<_>>().into()
}

/// A field of the options in a header; those that hold options themselves are opened.
fn add(named: &mut OptionValues, key: &str, value: Value) {
    match (key, value) {
        (
            "latency" | "accuracy" | "overrides" | "care" | "cases" | "scenarios",
            Value::Object(fields),
        ) => {
            fields.into_iter().for_each(|(key, value)| add(named, &key, value));
        }
        ("latency" | "accuracy", Value::Null) => {
            named.insert(format!("no-{key}"), Value::Bool(true));
        }
        // Options of a number and what belongs to it.
        ("sustained", Value::Object(mut fields)) => {
            for (part, name) in [("minutes", "sustained"), ("rate", "sustained-rate")] {
                fields.remove(part).and_then(|value| named.insert(name.to_owned(), value));
            }
        }
        ("find_rate", Value::Object(mut fields)) => {
            fields.remove("p99_ms").and_then(|value| named.insert("find-rate".to_owned(), value));
        }
        // Found from the others, or added in words.
        ("positions" | "option_sets" | "options", _) => {}
        // Two fields hold one option; the one that is given counts.
        (_, value) if is_nothing(&value) => {}
        (key, value) => {
            named.insert(option(key), value);
        }
    }
}

/// The name on the command line of a field.
fn option(field: &str) -> String {
    match field {
        "max_celsius" => "max-temperature",
        "min_battery_percent" => "min-battery",
        "cooldown_seconds" => "cooldown",
        "timeout_seconds" => "timeout",
        "memory_limit_mb" => "memory-limit",
        "worker" => "against",
        "models" => "model",
        "backends" => "backend",
        "delegates" => "delegate",
        "affinities" => "affinity",
        other => return other.replace('_', "-"),
    }
    .to_owned()
}

/// The values in a fixed order, each once.
fn distinct<T: Serialize>(values: impl Iterator<Item = T>) -> Result<Value> {
    let mut seen: Vec<Value> = Vec::new();
    for value in values {
        let value = serde_json::to_value(value)?;
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen.sort_by_key(ToString::to_string);
    Ok(Value::from(seen))
}

/// The options given on a command line.
fn given_options(given: &SuiteFile) -> Result<OptionValues> {
    let mut named = OptionValues::new();
    let Value::Object(fields) = serde_json::to_value(given)? else { return Ok(named) };
    for (key, value) in fields {
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            ("describe", Value::Object(fields)) => {
                fields.into_iter().for_each(|(key, value)| add(&mut named, &key, value));
            }
            ("latency" | "accuracy" | "yardstick" | "default_options", Value::Bool(false)) => {
                named.insert(format!("no-{}", option(&key)), Value::Bool(true));
            }
            ("affinity", Value::String(text)) => {
                let value = match affinity::parse(&text)?.as_slice() {
                    [one] => serde_json::to_value(&one.cpus)?,
                    several => serde_json::to_value(several)?,
                };
                named.insert(key, value);
            }
            ("batch", Value::Array(values)) => {
                let one = values.first().filter(|_| values.len() == 1).cloned();
                let values = one.map_or_else(|| distinct(values.into_iter()), Ok)?;
                named.insert(key, values);
            }
            ("backends" | "delegates" | "threads", Value::Array(values)) => {
                named.insert(option(&key), distinct(values.into_iter())?);
            }
            (key, value) => add(&mut named, key, value),
        }
    }
    named.insert("set".into(), in_words(&given.options));
    named.retain(|_, value| !is_nothing(value));
    Ok(named)
}

#[cfg(test)]
#[path = "same_options_tests.rs"]
mod tests;
