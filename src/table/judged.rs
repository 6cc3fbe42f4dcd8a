//! What can be concluded from a row: whether it was measured, whether its answers are the model's,
//! and what really ran.

use crate::record::case::{Case, on_device, varied, with_options};
use crate::record::coverage::DelegateStatus;
use crate::record::option_set::DEFAULT;
use crate::record::status::Status;
use crate::stats::stability::Stability;
use crate::stats::wrong_answers;
use crate::table::row::Row;
use crate::table::varied_axes::VariedAxes;

impl Row {
    /// Whether it has a latency.
    #[must_use]
    pub(crate) fn is_measured(&self) -> bool {
        self.status == Status::Ok && self.latency_p50_us.is_some()
    }

    /// Whether its answers are those of the model: measured, and not in
    /// conflict with the reference backend. Only such rows win anything.
    #[must_use]
    pub(crate) fn is_trusted(&self) -> bool {
        self.status == Status::Ok && !self.is_suspicious()
    }

    /// Whether its latency may win anything: trusted, and of a real CPU.
    #[must_use]
    pub(crate) fn may_be_fastest(&self) -> bool {
        self.is_measured() && self.is_trusted() && self.stability != Some(Stability::Emulated)
    }

    /// Whether it is a fast wrong answer: see [`wrong_answers::is_suspicious`].
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        self.agreement_top1.is_some_and(|share| {
            wrong_answers::is_suspicious(share, self.agreement_inputs.unwrap_or(0))
        })
    }

    /// The p99 for display: with fewer runs than `LEAST_RUNS_OF_P99` it would only be another name
    /// for the slowest.
    #[must_use]
    pub fn shown_p99_us(&self) -> Option<f64> {
        self.latency_p99_us.filter(|_| self.runs.is_some_and(|runs| runs >= LEAST_RUNS_OF_P99))
    }

    /// What was asked for: `tflite/xnnpack`, with the set of options if there is one.
    #[must_use]
    pub(crate) fn asked_for(&self) -> String {
        format!("{}/{}{}", self.backend, self.delegate, with_options(self.set()))
    }

    /// The name of the set of options, if there is one.
    fn set(&self) -> Option<&str> {
        self.options.as_deref().filter(|name| *name != DEFAULT)
    }

    /// Whether options, images per run and CPUs are those of `case`.
    #[must_use]
    pub(crate) fn has_axes_of(&self, case: &Case) -> bool {
        self.set() == case.options.as_deref() && self.axes == VariedAxes::of(case)
    }

    /// The threads, with images per run and CPUs where the run varies them: `2 b4 @big`.
    #[must_use]
    pub(crate) fn threads_and_axes(&self) -> String {
        let varied = varied(self.axes.batch, self.axes.affinity.as_deref());
        format!("{}{varied}", self.threads)
    }

    /// What really ran: backend and delegate, with the coverage if the delegate did not take the
    /// whole graph.
    #[must_use]
    pub fn ran_on(&self) -> String {
        let asked = self.asked_for();
        match (self.delegate_status, self.nodes_delegated, self.nodes_total) {
            (None | Some(DelegateStatus::Full), ..) => asked,
            (Some(DelegateStatus::Partial), Some(taken), Some(all)) => {
                format!("{asked} (partial: {taken} of {all} nodes)")
            }
            (Some(DelegateStatus::Partial), ..) => format!("{asked} (partial)"),
            (Some(DelegateStatus::None), ..) => format!("{asked} (took no node)"),
            (Some(DelegateStatus::Unknown), ..) => format!("{asked} (coverage unknown)"),
        }
    }

    /// The name that `samples.csv` knows the case by.
    #[must_use]
    pub fn case(&self) -> String {
        self.case_anywhere() + &on_device(Some(&self.device))
    }

    /// The same without the device.
    #[must_use]
    pub(crate) fn case_anywhere(&self) -> String {
        format!("{} {} x{}", self.model, self.asked_for(), self.threads_and_axes())
    }
}

/// Minimum number of runs of which one in a hundred is at least one run.
const LEAST_RUNS_OF_P99: usize = 100;
