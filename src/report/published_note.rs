//! Published figures beside the measured ones: what every report shows of them.

use serde::Serialize;

use crate::model::published;
use crate::record::description::{Model, Published};
use crate::record::run::Run;
use crate::table::row::Row;
use crate::table::units::{one_line, percent, three_digits};

/// What ILSVRC2012's validation images are called before their number, and how
/// many there are (Russakovsky et al., 'ImageNet Large Scale Visual Recognition
/// Challenge', IJCV 2015).
const ILSVRC2012_PREFIX: &str = "ILSVRC2012_val_";
const ILSVRC2012_IMAGES: usize = 50_000;

/// How the figures of a model were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MatchedBy {
    /// Its file is the one that they are of.
    Sha256,
    /// The description beside it states them.
    Description,
    /// A model of its name and precision was published.
    Name,
}

/// A model with published figures.
#[derive(Debug, Clone)]
pub(crate) struct Pair<'a> {
    /// Its fastest case.
    pub row: &'a Row,
    /// The figures.
    pub published: Published,
    /// How they were found.
    pub matched_by: MatchedBy,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<'a> {
    /// One line per model, in the run's order.
    pub lines: Vec<Pair<'a>>,
    /// Where the figures were published.
    pub sources: String,
    /// Whether the accuracies may be compared.
    pub comparability: String,
}

/// The models of a run that figures were published for; `None` if there are none.
#[must_use]
pub(crate) fn pairs<'a>(run: &Run, rows: &'a [Row]) -> Option<Pairs<'a>> {
    let lines: Vec<Pair<'a>> = run
        .header
        .models
        .iter()
        .filter_map(|model| {
            let (published, matched_by) = find(model)?;
            let name = one_line(&model.name);
            let own = rows.iter().filter(|row| row.model == name && row.is_trusted());
            let row = own.min_by(|a, b| order(a).total_cmp(&order(b)))?;
            Some(Pair { row, published, matched_by })
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let sources = distinct(lines.iter().filter_map(|line| line.published.source.as_deref()));
    let sources = sources.join("; ");
    let on = distinct(lines.iter().filter_map(|line| line.published.dataset.as_deref()));
    let comparability = comparability(run, &on);
    Some(Pairs { lines, sources, comparability })
}

fn find(model: &Model) -> Option<(Published, MatchedBy)> {
    let description = &model.description;
    match &description.published {
        Some(published) if description.sha256.as_deref() == Some(&*model.sha256) => {
            Some((published.clone(), MatchedBy::Sha256))
        }
        Some(published) => Some((published.clone(), MatchedBy::Description)),
        None => Some((published::by_name(model)?, MatchedBy::Name)),
    }
}

fn order(row: &Row) -> f64 {
    row.latency_p50_us.unwrap_or(f64::INFINITY)
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// Whether the accuracies may be compared: were they measured on the dataset
/// that the published ones are of?
fn comparability(run: &Run, published_on: &[&str]) -> String {
    let Some(dataset) = &run.header.dataset else {
        return "Accuracy was not measured here.".into();
    };
    let named = published_on.join("; ");
    let names = run.accuracies.iter().flat_map(|record| &record.predictions);
    let is_ilsvrc2012 = |image: &str| {
        image.rsplit('/').next().is_some_and(|name| name.starts_with(ILSVRC2012_PREFIX))
    };
    let mut images = names.map(|prediction| &*prediction.image).peekable();
    let measured_on_it = images.peek().is_some() && images.all(is_ilsvrc2012);
    let published_on_it = !published_on.is_empty()
        && published_on.iter().all(|name| name.contains("ILSVRC2012") && name.contains("valid"));
    let here = dataset
        .path
        .file_name()
        .map_or_else(|| "the dataset".to_owned(), |name| format!("'{}'", name.to_string_lossy()));
    match (published_on_it, measured_on_it) {
        (true, true) if dataset.images == ILSVRC2012_IMAGES => {
            format!("Both were measured on the whole of {named}.")
        }
        (true, true) => format!(
            "Measured here on {} of the {ILSVRC2012_IMAGES} images of {named}: a difference within the interval of Top-1 is not significant.",
            dataset.images
        ),
        (true, false) => format!(
            "The published accuracies are for {named}, those here for {} images of {here}, which is a different set. Only the order of the models can be compared.",
            dataset.images
        ),
        (false, _) => format!(
            "The published accuracies are for {}, those here for {} images of {here}. Unless that is the same set, only the order of the models can be compared.",
            if named.is_empty() { "an unstated dataset" } else { &named },
            dataset.images
        ),
    }
}

impl Pair<'_> {
    /// ` (matched by name)`, if they were found only by name.
    #[must_use]
    pub(crate) const fn caution(&self) -> &'static str {
        match self.matched_by {
            MatchedBy::Name => " (matched by name)",
            MatchedBy::Sha256 | MatchedBy::Description => "",
        }
    }

    /// `published Top-1 39.5%, ...; here Top-1 41.6%, ...`
    #[must_use]
    pub(crate) fn sentence(&self) -> String {
        let Published { top1, top5, size_mb, latency_ms, latency_on, .. } = &self.published;
        let on = latency_on.as_ref().map_or(String::new(), |on| format!(" ({})", one_line(on)));
        let told = figures(
            [*top1, *top5],
            size_mb.map(|size| size.to_string()),
            latency_ms.map(|ms| format!("{ms} ms{on}")),
        );
        let here = figures(
            [self.row.top1, self.row.top5],
            Some(three_digits(self.row.model_bytes as f64 / 1e6)),
            self.row.latency_p50_us.map(|us| format!("{} ms", three_digits(us / 1e3))),
        );
        format!("published {told}; here {here}")
    }
}

fn figures(shares: [Option<f64>; 2], size_mb: Option<String>, latency: Option<String>) -> String {
    let share = |name: &str, value: Option<f64>| Some(format!("{name} {}%", percent(value?)));
    let [top1, top5] = shares;
    let size = size_mb.map(|size| format!("{size} MB"));
    let all = [share("Top-1", top1), share("Top-5", top5), size, latency];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
