//! A line of a profile, for programs: in `profile.csv` and `profile --json`.

use serde::Serialize;

use crate::record::operator_profile::OperatorProfile;
use crate::report::refusal_note;
use crate::table::operator_times::{OperatorTime, OperatorTimes};
use crate::table::units::rounded;

/// A node, or what is outside of all nodes: the medians of a case's lines add up to that of its run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OperatorLine<'a> {
    /// The node's name; empty outside of nodes.
    pub name: &'a str,
    /// The type of operator, or `outside operators`.
    pub operator: &'a str,
    /// The delegate, provider or kernels that ran it.
    pub ran_on: &'a str,
    /// The kernel, where that is told.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub kernel: &'a str,
    /// The layer of the file that it is a part of, where that can be told.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub layer: &'a str,
    /// The median over the profiled runs.
    pub median_us: f64,
    /// The lower end of its 95% interval.
    pub low_us: Option<f64>,
    /// The upper end.
    pub high_us: Option<f64>,
    /// The part of the median run.
    pub share: f64,
    /// Why a delegate did not take it, where that is told.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'a str,
}

/// The lines of a case.
pub(crate) fn lines<'a>(
    profile: &'a OperatorProfile,
    times: &'a OperatorTimes,
) -> Vec<OperatorLine<'a>> {
    let us = |ns: f64| rounded(ns / 1e3, 3);
    let line = |time: &'a OperatorTime| OperatorLine {
        name: &time.name,
        operator: &time.operator,
        ran_on: &time.ran_on,
        kernel: &time.kernel,
        layer: &time.layer,
        median_us: us(time.median_ns),
        low_us: time.interval.as_ref().map(|it| us(it.low)),
        high_us: time.interval.as_ref().map(|it| us(it.high)),
        share: rounded(time.share, 6),
        reason: refusal_note::of_node(profile, &time.name, &time.operator, &time.ran_on),
    };
    times.nodes.iter().map(line).collect()
}
