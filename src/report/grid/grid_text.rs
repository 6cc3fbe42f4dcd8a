//! What every form of a fleet's report says, and its CSV.

use anyhow::Result;

use crate::decide::fleet_grid::{DeviceShares, GridCell, GridLine, GridOptions};
use crate::decide::limit::Stand;
use crate::decide::measured_fleet::Fleet;
use crate::report::csv::guard;
use crate::table::units::{ms, percent, three_digits};

/// The grid's latency with its budget: `median latency in ms, budget 33 ms`.
#[must_use]
pub(crate) fn title(shown: GridOptions) -> String {
    let budget = shown
        .budget_ms
        .map_or(String::new(), |budget| format!(", budget {} ms", three_digits(budget)));
    format!("{} in ms{budget}", shown.column.title())
}

/// What a reader has to know before the numbers.
#[must_use]
pub(crate) fn lead(fleet: &Fleet) -> String {
    let count = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    format!(
        "{} of {}; each cell is the fastest case of the model on that device",
        count(fleet.devices.len(), "device", "devices"),
        count(fleet.classes().len(), "class", "classes")
    )
}

/// The word of a cell about the budget.
#[must_use]
pub(crate) const fn word(stand: Stand) -> &'static str {
    match stand {
        Stand::Kept => "within",
        Stand::CannotBeTold => "cannot be told",
        Stand::Broken => "over",
        Stand::NotMeasured => "not measured",
    }
}

/// `0.431 [0.428, 0.440]`.
#[must_use]
pub(crate) fn with_interval(cell: &GridCell) -> String {
    let ends = cell.low_us.zip(cell.high_us);
    let ends = ends.map_or(String::new(), |(low, high)| format!(" [{}, {}]", ms(low), ms(high)));
    format!("{}{ends}", ms(cell.value_us))
}

/// `80.0%, 10.0% cannot be told`; what is 0 is left out behind the first.
#[must_use]
pub(crate) fn shares(shares: &DeviceShares) -> String {
    let mut text = format!("{}%", percent(shares.within));
    let more = [
        (shares.cannot_be_told, "cannot be told"),
        (shares.beyond, "over"),
        (shares.not_measured, "not measured"),
    ];
    for (share, what) in more {
        if share > 0.0 {
            text += &format!(", {}% {what}", percent(share));
        }
    }
    text
}

/// `94.1`, or `93.8 to 94.1` where it differs between devices.
#[must_use]
pub(crate) fn top1(line: &GridLine) -> String {
    match line.top1.map(|(low, high)| (percent(low), percent(high))) {
        None => String::new(),
        Some((low, high)) if low == high => low,
        Some((low, high)) => format!("{low} to {high}"),
    }
}

/// The slowest device and its latency.
#[must_use]
pub(crate) fn worst(fleet: &Fleet, line: &GridLine) -> Option<(String, String)> {
    let index = line.worst?;
    let cell = line.cells.get(index)?.as_ref()?;
    Some((fleet.devices.get(index)?.name.clone(), ms(cell.value_us)))
}

/// The columns of the CSV.
const COLUMNS: [&str; 10] = [
    "model",
    "device",
    "class",
    "weight",
    "case",
    "latency_us",
    "latency_low_us",
    "latency_high_us",
    "within_budget",
    "top1",
];

/// The grid as CSV: a line per model and device. An empty field was not measured.
///
/// # Errors
/// What the writer says.
pub(crate) fn csv(fleet: &Fleet, lines: &[GridLine]) -> Result<String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for line in lines {
        for (device, cell) in fleet.devices.iter().zip(&line.cells) {
            let cell = cell.as_ref();
            let number = |value: Option<f64>| value.map_or(String::new(), |it| it.to_string());
            let within = cell.and_then(|cell| cell.within);
            writer.write_record([
                guard(&line.model).into_owned(),
                guard(&device.name).into_owned(),
                guard(&device.class).into_owned(),
                device.weight.to_string(),
                cell.map_or(String::new(), |cell| guard(&cell.case).into_owned()),
                number(cell.map(|cell| cell.value_us)),
                number(cell.and_then(|cell| cell.low_us)),
                number(cell.and_then(|cell| cell.high_us)),
                within.map_or(String::new(), |stand| word(stand).to_owned()),
                number(cell.and_then(|cell| cell.top1)),
            ])?;
        }
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
