//! `shutterbench pick`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use glob::Pattern;
use serde_json::{Value, json};

use crate::cli::fleet_command::sources;
use crate::cli::output::{ExitStatus, print, print_json, tell};
use crate::cli::settings_file;
use crate::decide::device_weights::DeviceWeights;
use crate::decide::evidence::{Candidate, Evidence};
use crate::decide::goal::{FigureWeight, Goal, aim, better_first};
use crate::decide::limit::{Bound, Limit};
use crate::decide::loss::MaxLoss;
use crate::decide::measured_fleet::Fleet;
use crate::decide::pick::{Pick, PickAnswer};
use crate::decide::pick_words;
use crate::decide::rule::FleetRule;
use crate::decide::standing::PickRequest;

/// Runs and what a case of theirs has to hold to.
#[derive(Debug, Args)]
pub(crate) struct PickArgs {
    /// The run's folder; with --fleet those of several devices
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Look at this device's cases, in a run of several
    #[arg(long, value_name = "NAME", conflicts_with = "fleet")]
    pub device: Option<String>,
    /// Choose one case for all devices: the limits hold on all of them, or on devices with this
    /// share of the weights; 'worst' takes the best on its worst device, the others on average
    #[arg(long, value_name = "all|worst|share:P", value_parser = rule)]
    pub fleet: Option<FleetRule>,
    /// Choose for each class of devices (processor or system on a chip) by itself
    #[arg(long, requires = "fleet")]
    pub by_class: bool,
    /// How much each device counts: a CSV file with the columns device and weight
    #[arg(long, value_name = "FILE", requires = "fleet")]
    pub device_weights: Option<PathBuf>,
    /// Maximum median latency
    #[arg(long, value_name = "X")]
    pub max_latency_ms: Option<f64>,
    /// Maximum 99th percentile of latency
    #[arg(long, value_name = "X")]
    pub max_p99_ms: Option<f64>,
    /// Maximum time to load the model
    #[arg(long, value_name = "X")]
    pub max_load_ms: Option<f64>,
    /// Maximum peak memory, in millions of bytes
    #[arg(long, value_name = "X")]
    pub max_memory_mb: Option<f64>,
    /// Maximum file size, in millions of bytes
    #[arg(long, value_name = "X")]
    pub max_size_mb: Option<f64>,
    /// Minimum Top-1 accuracy: 0.70 and 70 are both 70%; write 1.0 or 100% for all
    #[arg(long, value_name = "P")]
    pub min_top1: Option<String>,
    /// Minimum Top-5 accuracy, in the same way
    #[arg(long, value_name = "P")]
    pub min_top5: Option<String>,
    /// Any other limit, on a column of results.csv in its unit: 'latency_p90_us<=20000',
    /// 'within_budget>=99%'
    #[arg(long, value_name = "COLUMN<=VALUE", value_parser = limit)]
    pub limit: Vec<Limit>,
    /// Maximum loss of Top-1 against --reference, in points, on the same images
    #[arg(long, value_name = "POINTS", allow_negative_numbers = true)]
    pub max_loss: Option<f64>,
    /// The model or case that --max-loss is counted from [default: the most accurate case]
    #[arg(long, value_name = "GLOB", requires = "max_loss")]
    pub reference: Option<String>,
    /// Take the best product of these figures, each to the power of its weight, such as
    /// latency_p50_us=1 top1=4
    #[arg(long, num_args = 1.., value_name = "COLUMN=WEIGHT", value_parser = weight)]
    pub weight: Vec<FigureWeight>,
    /// Say why each other case was not chosen
    #[arg(long)]
    pub explain: bool,
    /// Write the choice here as an app loads it (docs/settings.md); '-' is standard output.
    /// With --by-class the class is added to the file's name
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn rule(text: &str) -> Result<FleetRule, String> {
    text.parse()
}

fn limit(text: &str) -> Result<Limit, String> {
    text.parse()
}

fn weight(text: &str) -> Result<FigureWeight, String> {
    text.parse()
}

/// Picks one case; none that fits for certain ends badly.
///
/// # Errors
/// A folder without a readable run, or options that do not fit it.
pub(crate) fn pick(args: &PickArgs) -> Result<ExitStatus> {
    let to_stdout = args.settings.as_deref() == Some(Path::new("-"));
    ensure!(
        !(to_stdout && (args.json || args.by_class)),
        "--settings - and another answer cannot share standard output; name a file"
    );
    let weights = args.device_weights.as_deref().map(DeviceWeights::read).transpose()?;
    let fleet = Fleet::new(sources(&args.runs)?, weights.as_ref())?;
    fleet.notes.iter().for_each(|note| tell(&format!("note: {note}")));
    if !args.by_class {
        let asked = Asked { args, fleet: &fleet, class: None };
        let (answer, ending) = asked.answer()?;
        return if args.json { print_json(&answer).map(|_| ending) } else { Ok(ending) };
    }
    let (mut answers, mut all) = (Vec::new(), ExitStatus::Good);
    for class in fleet.classes() {
        if !args.json {
            print(format!("{class}:\n").as_bytes())?;
        }
        let (mut answer, ending) = Asked { args, fleet: &fleet, class: Some(class) }.answer()?;
        answer["class"] = class.into();
        answers.push(answer);
        if ending == ExitStatus::Bad {
            all = ExitStatus::Bad;
        }
    }
    if args.json {
        print_json(&json!({ "classes": answers }))?;
    }
    Ok(all)
}

/// What is chosen for.
struct Asked<'a> {
    args: &'a PickArgs,
    fleet: &'a Fleet,
    /// The devices of this class alone.
    class: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// Chooses, writes the settings, prints the words; gives the JSON.
    fn answer(&self) -> Result<(Value, ExitStatus)> {
        let candidates = self.candidates()?;
        let request = request(self.args, &candidates)?;
        let pick = crate::decide::pick::pick(&candidates, &request);
        if !self.args.json {
            let mut words = pick_words::words(&pick, &candidates, &request);
            if self.args.explain {
                words += "why not the others:\n";
                words += &pick_words::explanation(&pick, &candidates);
            }
            if self.args.settings.as_deref() == Some(Path::new("-")) {
                tell(words.trim_end());
            } else {
                print(words.as_bytes())?;
            }
        }
        let ending = match &pick.answer {
            PickAnswer::Choice { .. } => ExitStatus::Good,
            PickAnswer::CannotBeTold { .. } | PickAnswer::NoneFits { .. } => ExitStatus::Bad,
        };
        self.write_settings(&pick, &candidates)?;
        Ok((pick_words::json(&pick, &candidates, &request), ending))
    }

    /// The cases to choose from: a limit that one device holds says nothing about another.
    fn candidates(&self) -> Result<Vec<Candidate<'a>>> {
        let devices = self.fleet.evidence(self.class);
        if self.args.fleet.is_some() {
            return Ok(Candidate::of_devices(&devices));
        }
        let names = || devices.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
        let cases = match &self.args.device {
            Some(device) => {
                devices.iter().find(|(name, ..)| name == device).with_context(|| {
                    format!("no case was measured on device '{device}'; there are {}", names())
                })?
            }
            None => match devices.as_slice() {
                [one] => one,
                several => bail!(
                    "there are {} devices ({}); name one with --device, or choose for all of them with --fleet",
                    several.len(),
                    names()
                ),
            },
        };
        Ok(cases.2.iter().map(|evidence| Candidate::alone(*evidence)).collect())
    }

    /// The settings of the choice. Its figures are those of the device on which it is
    /// slowest, so that they are promised of all.
    fn write_settings(&self, pick: &Pick, candidates: &[Candidate<'_>]) -> Result<()> {
        let (Some(path), PickAnswer::Choice { choice, .. }) = (&self.args.settings, &pick.answer)
        else {
            return Ok(());
        };
        let latency = |evidence: &Evidence<'_>| evidence.row.latency_p50_us.unwrap_or(0.0);
        let on = &candidates[*choice].on;
        let slowest = on.iter().max_by(|a, b| latency(a).total_cmp(&latency(b)));
        let Some(slowest) = slowest else { return Ok(()) };
        let row = slowest.row;
        let (run, source) = self.fleet.run(&row.device).with_context(|| {
            let named: Vec<String> =
                self.args.runs.iter().map(|run| run.display().to_string()).collect();
            format!("--settings needs the run's journal, and {} has none", named.join(", "))
        })?;
        let case = source.position(row).and_then(|index| run.header.cases.get(index));
        let case = case.with_context(|| format!("the run has no case {}", row.case()))?;
        let path = match self.class {
            Some(class) => with_class(path, class),
            None => path.clone(),
        };
        settings_file::write(&path, run, case, row)
    }
}

/// `settings.json` as `settings-snapdragon-8-gen-2.json`.
fn with_class(path: &Path, class: &str) -> PathBuf {
    let plain: String = class
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension =
        path.extension().map_or_else(String::new, |it| format!(".{}", it.to_string_lossy()));
    path.with_file_name(format!("{stem}-{}{extension}", words.join("-")))
}

fn request(args: &PickArgs, candidates: &[Candidate<'_>]) -> Result<PickRequest> {
    let at_most = [
        ("--max-latency-ms", "latency_p50_us", args.max_latency_ms, 1e3),
        ("--max-p99-ms", "latency_p99_us", args.max_p99_ms, 1e3),
        ("--max-load-ms", "load_ms", args.max_load_ms, 1.0),
        ("--max-memory-mb", "memory_peak_bytes", args.max_memory_mb, 1e6),
        ("--max-size-mb", "model_bytes", args.max_size_mb, 1e6),
    ];
    let mut limits = Vec::new();
    for (option, column, value, factor) in at_most {
        let Some(value) = value else { continue };
        ensure!(value.is_finite(), "{option} must be a number, got {value}");
        limits.extend(Limit::on(column, Bound::AtMost, value * factor));
    }
    let at_least = [("--min-top1", "top1", &args.min_top1), ("--min-top5", "top5", &args.min_top5)];
    for (option, column, text) in at_least {
        let value = proportion(option, text.as_deref())?;
        limits.extend(value.and_then(|value| Limit::on(column, Bound::AtLeast, value)));
    }
    limits.extend_from_slice(&args.limit);
    let rule = args.fleet.unwrap_or_default();
    let max_loss = match args.max_loss {
        Some(points) => {
            ensure!(
                (-100.0..=100.0).contains(&points),
                "--max-loss is in points of Top-1, from -100 to 100, got {points}"
            );
            let reference = reference(args.reference.as_deref(), candidates, rule)?;
            Some(MaxLoss { points, reference })
        }
        None => None,
    };
    Ok(PickRequest { limits, max_loss, weights: args.weight.clone(), rule })
}

/// The most accurate of the candidates that `pattern` means, the fastest of equal ones.
fn reference(
    pattern: Option<&str>,
    candidates: &[Candidate<'_>],
    rule: FleetRule,
) -> Result<usize> {
    let pattern = pattern
        .map(|text| {
            Pattern::new(text).with_context(|| format!("--reference {text} is not a valid pattern"))
        })
        .transpose()?;
    let means = |candidate: &Candidate<'_>| {
        pattern
            .as_ref()
            .is_none_or(|it| it.matches(candidate.model()) || it.matches(&candidate.name))
    };
    let is_scored = |candidate: &Candidate<'_>| {
        candidate.on.iter().any(|it| it.scored.is_some() && it.row.is_trusted())
    };
    let mut found: Vec<usize> = (0..candidates.len())
        .filter(|&i| means(&candidates[i]) && is_scored(&candidates[i]))
        .collect();
    let reached = |i: usize| aim(&candidates[i], Goal::Top1, &[], rule);
    found.retain(|&i| reached(i).is_some());
    found.sort_by(|&a, &b| match (reached(a), reached(b)) {
        (Some(of_a), Some(of_b)) => {
            better_first((&candidates[a], &of_a), (&candidates[b], &of_b), Goal::Top1, rule)
        }
        _ => std::cmp::Ordering::Equal,
    });
    found.first().copied().with_context(|| match pattern {
        Some(pattern) => format!("--reference {pattern}: no case of that name has predictions in a journal"),
        None => "--max-loss needs predictions, and no case has any in a journal; score a dataset with 'run --dataset'".to_owned(),
    })
}

/// Accuracies are printed in percent and stored as proportions; both are taken. Of a 1
/// nobody knows which is meant, so that `1.0` is the proportion and `1%` the percentage.
fn proportion(option: &str, text: Option<&str>) -> Result<Option<f64>> {
    let Some(text) = text else { return Ok(None) };
    let must = || format!("{option} must be a proportion from 0 to 1 or a percentage up to 100");
    let percent = text.strip_suffix('%');
    let value: f64 = percent.unwrap_or(text).trim().parse().with_context(must)?;
    ensure!((0.0..=100.0).contains(&value), "{}, got {text}", must());
    ensure!(
        text != "1",
        "{option} 1 could mean 1% or 100%: write 1% for the one, 1.0 or 100% for the other"
    );
    Ok(Some(if percent.is_some() || value > 1.0 { value / 100.0 } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracies_are_proportions_or_percentages_and_never_both() {
        let of = |text| proportion("--min-top1", Some(text)).map(Option::unwrap);
        for (text, expected) in
            [("0.7", 0.7), ("70", 0.7), ("70%", 0.7), ("1.0", 1.0), ("1%", 0.01), ("0.5%", 0.005)]
        {
            assert!((of(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        assert!(of("1").unwrap_err().to_string().contains("1% or 100%"));
        for text in ["-1", "101", "nan", "many", ""] {
            let error = format!("{:#}", of(text).unwrap_err());
            assert!(error.contains("--min-top1 must be"), "{error}");
        }
    }
}
