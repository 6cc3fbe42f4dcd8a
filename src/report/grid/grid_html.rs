//! The grid as a page: one file, without scripts, that opens offline. `templates/fleet.html` says
//! how it looks.

use askama::Template;

use crate::decide::fleet_grid::{GridCell, GridLine, GridOptions};
use crate::decide::limit::Stand;
use crate::decide::measured_fleet::Fleet;
use crate::report::grid::grid_text;
use crate::report::html::frame::{Frame, file};
use crate::table::units::{ms, percent};

#[derive(Template)]
#[template(path = "fleet.html", whitespace = "minimize")]
struct FleetPage<'a> {
    frame: Frame,
    title: String,
    lead: String,
    /// Which figure is shown.
    shown: String,
    has_budget: bool,
    models: Vec<GridModel>,
    devices: Vec<GridDevice>,
    notes: &'a [String],
    version: &'static str,
}

/// A model on all devices.
struct GridModel {
    name: String,
    mean_ms: String,
    worst_ms: String,
    worst_device: String,
    top1: String,
    /// Of the devices within the budget.
    shares: Option<BudgetTag>,
}

/// A device and what each model takes on it.
struct GridDevice {
    name: String,
    class: String,
    os: String,
    arch: String,
    weight_percent: String,
    /// Models that were measured.
    measured: usize,
    cells: Vec<Option<MeasuredCell>>,
}

/// The fastest case of a model on a device.
struct MeasuredCell {
    value_us: f64,
    shown_ms: String,
    interval: Option<String>,
    budget: Option<BudgetTag>,
    case: String,
}

/// Whether a budget is kept.
struct BudgetTag {
    class: &'static str,
    words: String,
}

/// The page of a fleet.
#[must_use]
pub fn page(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> String {
    let title = format!("{} models on {} devices", lines.len(), fleet.devices.len());
    file(&FleetPage {
        frame: Frame::without_scripts(format!("{title} – shutterbench")),
        title,
        lead: grid_text::lead(fleet),
        shown: grid_text::title(shown),
        has_budget: shown.budget_ms.is_some(),
        models: lines.iter().map(|line| model(fleet, line)).collect(),
        devices: (0..fleet.devices.len()).map(|index| device(fleet, lines, index)).collect(),
        notes: &fleet.notes,
        version: env!("CARGO_PKG_VERSION"),
    })
}

fn model(fleet: &Fleet, line: &GridLine) -> GridModel {
    let (worst_device, worst_ms) = grid_text::worst(fleet, line).unwrap_or_default();
    GridModel {
        name: line.model.clone(),
        mean_ms: line.mean_us.map_or(String::new(), ms),
        worst_ms,
        worst_device,
        top1: grid_text::top1(line),
        shares: line.shares.map(|shares| BudgetTag {
            class: if shares.within >= 1.0 { " pareto" } else { "" },
            words: grid_text::shares(&shares),
        }),
    }
}

fn device(fleet: &Fleet, lines: &[GridLine], index: usize) -> GridDevice {
    let device = &fleet.devices[index];
    let all: f64 = fleet.devices.iter().map(|device| device.weight).sum();
    GridDevice {
        name: device.name.clone(),
        class: device.class.clone(),
        os: device.os.clone(),
        arch: device.arch.clone(),
        weight_percent: percent(device.weight / all),
        measured: lines.iter().filter(|line| line.cells[index].is_some()).count(),
        cells: lines.iter().map(|line| line.cells[index].as_ref().map(cell)).collect(),
    }
}

fn cell(cell: &GridCell) -> MeasuredCell {
    let interval = cell.low_us.zip(cell.high_us);
    let class = |stand: Stand| match stand {
        Stand::NotMeasured => None,
        Stand::Kept => Some(" pareto"),
        Stand::Broken => Some(" failure"),
        Stand::CannotBeTold => Some(" warning"),
    };
    let tag = |stand: Stand| {
        Some(BudgetTag { class: class(stand)?, words: grid_text::word(stand).to_string() })
    };
    MeasuredCell {
        value_us: cell.value_us,
        shown_ms: ms(cell.value_us),
        interval: interval.map(|(low, high)| format!("{}–{}", ms(low), ms(high))),
        budget: cell.within.and_then(tag),
        case: cell.case.clone(),
    }
}
