//! The formats by their names.

use crate::report::export::bencher::Bencher;
use crate::report::export::github_action::GithubAction;
use crate::report::export::junit::Junit;
use crate::report::export::lava::Lava;
use crate::report::export::measure::Export;
use crate::report::export::openmetrics::OpenMetrics;
use crate::report::export::trace::Trace;
use crate::table::figure::Better;

/// A format; its name is what `--export` takes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "kebab-case")]
pub enum ExportKind {
    /// Bencher Metric Format.
    Bencher,
    /// github-action-benchmark's customSmallerIsBetter.
    GithubActionSmaller,
    /// github-action-benchmark's customBiggerIsBetter.
    GithubActionBigger,
    /// JUnit XML.
    Junit,
    /// LAVA's test signals.
    Lava,
    /// OpenMetrics text.
    Openmetrics,
    /// Trace Event Format.
    Trace,
}

impl ExportKind {
    /// What writes it.
    #[must_use]
    pub fn export(self) -> Box<dyn Export> {
        match self {
            Self::Bencher => Box::new(Bencher),
            Self::GithubActionSmaller => Box::new(GithubAction(Better::Lower)),
            Self::GithubActionBigger => Box::new(GithubAction(Better::Higher)),
            Self::Junit => Box::new(Junit),
            Self::Lava => Box::new(Lava),
            Self::Openmetrics => Box::new(OpenMetrics),
            Self::Trace => Box::new(Trace),
        }
    }
}
