//! The models of a fleet by its devices: what each device takes for each model at best, the
//! worst device, and the share of devices within a budget.

use serde::Serialize;

use crate::decide::evidence::{Evidence, anywhere};
use crate::decide::goal::mean;
use crate::decide::limit::{Bound, Limit, Stand};
use crate::decide::measured_fleet::Fleet;
use crate::table::column::Column;
use crate::table::row::Row;

/// What a grid shows.
#[derive(Debug, Clone, Copy)]
pub struct GridOptions {
    /// The latency: its median, or another of its quantiles.
    pub column: &'static Column<Row>,
    /// The budget that it is held against, in milliseconds.
    pub budget_ms: Option<f64>,
}

/// A model on a device: its fastest case there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GridCell {
    /// The case, without the device.
    pub case: String,
    /// Its latency in microseconds.
    pub value_us: f64,
    /// Lower end of the 95% interval.
    pub low_us: Option<f64>,
    /// Upper end.
    pub high_us: Option<f64>,
    /// How it stands to the budget.
    pub within: Option<Stand>,
    /// Its Top-1.
    pub top1: Option<f64>,
}

/// Shares of the weights of all devices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DeviceShares {
    /// Of those that are within the budget for certain.
    pub within: f64,
    /// Of those whose interval does not tell.
    pub cannot_be_told: f64,
    /// Of those that are beyond it.
    pub beyond: f64,
    /// Of those on which the model was not measured.
    pub not_measured: f64,
}

/// A model on all devices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GridLine {
    /// The model.
    pub model: String,
    /// By device, in the fleet's order.
    pub cells: Vec<Option<GridCell>>,
    /// The weighted geometric mean of the devices that measured it, in microseconds.
    pub mean_us: Option<f64>,
    /// The slowest device, by its place in the fleet.
    pub worst: Option<usize>,
    /// The share of devices within the budget, where there is one.
    pub shares: Option<DeviceShares>,
    /// Lowest and highest Top-1 over the devices.
    pub top1: Option<(f64, f64)>,
}

/// The grid of a fleet: a line per model, in the order in which they first appear.
#[must_use]
pub fn grid(fleet: &Fleet, shown: GridOptions) -> Vec<GridLine> {
    let mut models: Vec<&str> = Vec::new();
    let by_device: Vec<Vec<Evidence<'_>>> =
        fleet.devices.iter().map(|device| fleet.cases(device).collect()).collect();
    for evidence in by_device.iter().flatten() {
        let model = evidence.row.model.as_str();
        if !models.contains(&model) {
            models.push(model);
        }
    }
    models.into_iter().map(|model| line(fleet, &by_device, model, shown)).collect()
}

fn line(
    fleet: &Fleet,
    by_device: &[Vec<Evidence<'_>>],
    model: &str,
    shown: GridOptions,
) -> GridLine {
    let cells: Vec<Option<GridCell>> =
        by_device.iter().map(|cases| cell(cases, model, shown)).collect();
    let weights: Vec<f64> = fleet.devices.iter().map(|device| device.weight).collect();
    let values: Vec<(f64, f64)> = cells
        .iter()
        .zip(&weights)
        .filter_map(|(cell, weight)| Some((cell.as_ref()?.value_us, *weight)))
        .collect();
    let measured = || cells.iter().enumerate().filter_map(|(i, cell)| Some((i, cell.as_ref()?)));
    let worst = measured().max_by(|(_, a), (_, b)| a.value_us.total_cmp(&b.value_us));
    let scores = || measured().filter_map(|(_, cell)| cell.top1);
    GridLine {
        model: model.to_owned(),
        mean_us: mean(&values, true),
        worst: worst.map(|(index, _)| index),
        shares: shown.budget_ms.map(|_| shares(&cells, &weights)),
        top1: scores().reduce(f64::min).zip(scores().reduce(f64::max)),
        cells,
    }
}

/// The fastest case of a model on a device; only cases that may win count.
fn cell(cases: &[Evidence<'_>], model: &str, shown: GridOptions) -> Option<GridCell> {
    let of_model = cases.iter().filter(|it| it.row.model == model && it.row.may_be_fastest());
    let with_figure = of_model.filter_map(|it| Some((it, it.figure(shown.column)?)));
    let (fastest, figure) = with_figure.min_by(|(_, a), (_, b)| a.value.total_cmp(&b.value))?;
    let budget = shown.budget_ms.map(|budget_ms| {
        let (column, bound) = (shown.column, Bound::AtMost);
        Limit { column, bound, value: budget_ms * 1e3 }
    });
    Some(GridCell {
        case: anywhere(fastest.row),
        value_us: figure.value,
        low_us: figure.interval.map(|(low, _)| low),
        high_us: figure.interval.map(|(_, high)| high),
        within: budget.map(|budget| budget.stand(Some(figure))),
        top1: fastest.row.top1,
    })
}

fn shares(cells: &[Option<GridCell>], weights: &[f64]) -> DeviceShares {
    let all: f64 = weights.iter().sum();
    let share = |wanted: Stand| {
        let stand = |cell: &Option<GridCell>| {
            cell.as_ref().and_then(|cell| cell.within).unwrap_or(Stand::NotMeasured)
        };
        let mine = cells.iter().zip(weights).filter(|(cell, _)| stand(cell) == wanted);
        // A sum of nothing would be -0.
        mine.fold(0.0, |sum, (_, weight)| sum + weight) / all
    };
    DeviceShares {
        within: share(Stand::Kept),
        cannot_be_told: share(Stand::CannotBeTold),
        beyond: share(Stand::Broken),
        not_measured: share(Stand::NotMeasured),
    }
}
