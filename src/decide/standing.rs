//! How a candidate stands to everything that is asked of it, device by device.

use serde::Serialize;

use crate::decide::enough::{MoreNeeded, more};
use crate::decide::evidence::{Candidate, Evidence};
use crate::decide::goal::FigureWeight;
use crate::decide::limit::{Limit, Stand};
use crate::decide::loss::MaxLoss;
use crate::decide::rule::FleetRule;
use crate::stats::stability::Stability;
use crate::table::figure::Figure;
use crate::table::row::Row;
use crate::table::units::{percent, three_digits};

/// Everything that is asked of a choice.
#[derive(Debug, Clone, Default)]
pub struct PickRequest {
    /// Limits that it has to keep.
    pub limits: Vec<Limit>,
    /// What it may lose of Top-1.
    pub max_loss: Option<MaxLoss>,
    /// What decides among those that fit, in place of the usual goal.
    pub weights: Vec<FigureWeight>,
    /// On which devices of a fleet.
    pub rule: FleetRule,
}

/// How a case on a device stands to one limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitPoint {
    /// The limit in words.
    pub limit: String,
    /// How it stands.
    pub stand: Stand,
    /// What was measured, in words.
    pub measured: Option<String>,
    /// What more would tell, where the interval does not.
    pub more: Option<MoreNeeded>,
    /// How far past the limit, as a share of it.
    #[serde(skip)]
    pub excess: f64,
}

/// How a candidate stands on one device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnDevice {
    /// The device.
    pub device: String,
    /// How it stands there.
    pub stand: Stand,
    /// Why it is not counted there, whatever its figures are.
    pub barred: Option<String>,
    /// How it stands to each limit.
    pub points: Vec<LimitPoint>,
}

/// How a candidate stands on all of its devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Together, by the rule.
    pub stand: Stand,
    /// By device.
    pub devices: Vec<OnDevice>,
}

impl Standing {
    /// Of the candidate at `index`.
    #[must_use]
    pub(crate) fn of(candidates: &[Candidate<'_>], index: usize, request: &PickRequest) -> Self {
        let candidate = &candidates[index];
        let measured =
            candidate.on.iter().map(|it| (on_device(candidates, it, request), it.weight));
        let absent = candidate.absent.iter().map(|(device, weight)| {
            let barred = Some("it was not measured".to_owned());
            let device = (*device).to_owned();
            (OnDevice { device, stand: Stand::NotMeasured, barred, points: Vec::new() }, *weight)
        });
        let devices: Vec<(OnDevice, f64)> = measured.chain(absent).collect();
        let stands: Vec<(Stand, f64)> =
            devices.iter().map(|(device, weight)| (device.stand, *weight)).collect();
        Self {
            stand: request.rule.together(&stands),
            devices: devices.into_iter().map(|(device, _)| device).collect(),
        }
    }

    /// How far past the limits it is, all together.
    #[must_use]
    pub(crate) fn excess(&self) -> f64 {
        let points = self.devices.iter().flat_map(|device| &device.points);
        points.map(|point| point.excess).sum()
    }

    /// Whether it counts on none of its devices.
    #[must_use]
    pub(crate) fn is_barred(&self) -> bool {
        self.devices.iter().all(|device| device.barred.is_some())
    }
}

fn on_device(
    candidates: &[Candidate<'_>],
    evidence: &Evidence<'_>,
    request: &PickRequest,
) -> OnDevice {
    let device = evidence.row.device.clone();
    if let Some(reason) = barred(evidence.row) {
        let (stand, barred) = (Stand::NotMeasured, Some(reason));
        return OnDevice { device, stand, barred, points: Vec::new() };
    }
    let mut points: Vec<LimitPoint> =
        request.limits.iter().map(|limit| to_limit(limit, evidence)).collect();
    if let Some(loss) = &request.max_loss {
        points.push(to_loss(loss, candidates, evidence));
    }
    let stand = points.iter().map(|point| point.stand).max().unwrap_or(Stand::Kept);
    OnDevice { device, stand, barred: None, points }
}

/// Why a case wins nothing, whatever its figures are.
fn barred(row: &Row) -> Option<String> {
    if row.may_be_fastest() {
        return None;
    }
    Some(if row.status != crate::record::status::Status::Ok {
        let error = row.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
        format!("{}{error}", row.status)
    } else if row.is_suspicious() {
        let share = row.agreement_top1.unwrap_or_default();
        format!("its best class is the reference's on {}% of the inputs only", percent(share))
    } else if row.stability == Some(Stability::Emulated) {
        "its CPU is emulated: its times say nothing about a real one".to_owned()
    } else {
        "it was not timed".to_owned()
    })
}

fn to_limit(limit: &Limit, evidence: &Evidence<'_>) -> LimitPoint {
    let figure = evidence.figure(limit.column);
    let stand = limit.stand(figure);
    let show = |value: f64| limit.column.show(value);
    LimitPoint {
        limit: limit.to_string(),
        stand,
        measured: figure.map(|figure| shown(figure, show)),
        more: (stand == Stand::CannotBeTold).then(|| more(limit, evidence)).flatten(),
        excess: limit.excess(figure),
    }
}

fn to_loss(loss: &MaxLoss, candidates: &[Candidate<'_>], evidence: &Evidence<'_>) -> LimitPoint {
    let (stand, figure, more) = loss.stand(candidates, evidence);
    let reference = candidates.get(loss.reference).map_or("", |it| it.name.as_str());
    let over = figure.map_or(f64::INFINITY, |figure| figure.value - loss.points);
    LimitPoint {
        limit: format!(
            "loss of Top-1 against {reference} at most {} points",
            three_digits(loss.points)
        ),
        stand,
        measured: figure.map(|figure| shown(figure, |points| format!("{points:.1} points"))),
        more,
        excess: over.max(0.0) / loss.points.abs().max(f64::MIN_POSITIVE),
    }
}

/// `12.3 ms [12.0, 12.6]`, `3.58 MB`.
fn shown(figure: Figure, show: impl Fn(f64) -> String) -> String {
    match figure.interval {
        Some((low, high)) if low < high => {
            format!("{} [{}, {}]", show(figure.value), show(low), show(high))
        }
        Some(_) => show(figure.value),
        None => format!("{} (no interval)", show(figure.value)),
    }
}

impl LimitPoint {
    /// `median latency at most 5.00 ms: 5.20 ms [4.90, 5.50]; about 12 more seconds would tell`.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        let Self { limit, stand, measured, more, .. } = self;
        let measured = measured.as_deref().unwrap_or("not measured");
        match (stand, more) {
            (Stand::CannotBeTold, Some(more)) => {
                format!("{limit} cannot be told: {measured}; {more}")
            }
            (Stand::CannotBeTold, None) => {
                format!("{limit} cannot be told: {measured}; measure longer")
            }
            _ => format!("{limit}: {measured}"),
        }
    }
}
