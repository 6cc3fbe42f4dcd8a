//! Two runs against each other, and the choice of one model.

use serde::Serialize;

use crate::decide::metric::Metric;

use crate::stats::paired;
use crate::stats::paired::{Pairing, Verdict};

/// How two runs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CompareOptions {
    /// By which figure.
    pub metric: Metric,
    /// The change that counts as one, in percent (points, for accuracy).
    pub threshold_percent: f64,
    /// Whether cases of different names are compared in their order.
    pub in_order: bool,
}

impl CompareOptions {
    /// By `metric`, with the given threshold. Without one, a change of latency, size or memory must
    /// be at least the default; one of accuracy only has to be significant, which the test decides
    /// better than any number of points.
    #[must_use]
    pub fn of(metric: Metric, threshold_percent: Option<f64>) -> Self {
        let usual = match metric.rank() {
            Some(_) => 0.0,
            None => paired::DEFAULT_THRESHOLD_PERCENT,
        };
        Self { metric, threshold_percent: threshold_percent.unwrap_or(usual), in_order: false }
    }
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self::of(Metric::P50, None)
    }
}

/// The conclusion for one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// Faster, smaller, or more accurate.
    Better,
    /// Slower, larger, or less accurate: a regression.
    Worse,
    /// Any difference is certainly within the threshold.
    Same,
    /// The measurement is not precise enough.
    Undecided,
    /// The base has it and the new run does not, for whatever reason: a regression, since its state
    /// is unknown.
    Missing,
    /// It was measured only in the new run.
    New,
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Faster => Self::Better,
            Verdict::Slower => Self::Worse,
            Verdict::Same => Self::Same,
            Verdict::Undecided => Self::Undecided,
        }
    }
}

/// One case in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseComparison {
    /// The case, as `samples.csv` names it.
    pub case: String,
    /// The scenario, if it is not the rounds of the run that are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The base's value.
    pub base: Option<f64>,
    /// The new run's value.
    pub new: Option<f64>,
    /// New over base; for accuracy new minus base, in points.
    pub change: Option<f64>,
    /// The lower end of its 95% interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Two-sided, of no change: McNemar's exact test for accuracy, Wilcoxon's signed ranks
    /// or Student's t for latency and for figures of processes.
    pub p_value: Option<f64>,
    /// The same, adjusted for all that is compared at once (Holm).
    pub p_adjusted: Option<f64>,
    /// The smallest that the p-value could be, if it is of ranks: so few pairs give no less.
    #[serde(skip)]
    pub smallest_p: Option<f64>,
    /// The conclusion.
    pub outcome: Outcome,
    /// What else there is to know, in one sentence.
    pub note: Option<String>,
}

impl CaseComparison {
    /// A case of which nothing but the outcome is known.
    pub(crate) const fn bare(case: String, outcome: Outcome) -> Self {
        Self {
            case,
            scenario: None,
            base: None,
            new: None,
            change: None,
            low: None,
            high: None,
            p_value: None,
            p_adjusted: None,
            smallest_p: None,
            outcome,
            note: None,
        }
    }

    /// The case, and its scenario if it has one.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        match &self.scenario {
            Some(scenario) => format!("{}, {scenario}", self.case),
            None => self.case.clone(),
        }
    }
}

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// The base run.
    pub base: String,
    /// The new run.
    pub new: String,
    /// How they were compared.
    pub options: CompareOptions,
    /// Whether rounds were paired.
    pub pairing: Pairing,
    /// What is different about the runs besides what they measured.
    pub caveats: Vec<String>,
    /// A line per case, and one per scenario after its case: the base's order, then what is new.
    pub cases: Vec<CaseComparison>,
}

impl RunComparison {
    /// Whether anything got worse, or is no longer there.
    #[must_use]
    pub fn is_regression(&self) -> bool {
        self.cases.iter().any(|case| matches!(case.outcome, Outcome::Worse | Outcome::Missing))
    }

    /// How many cases ended so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}
