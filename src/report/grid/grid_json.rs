//! The grid for machines.

use serde_json::{Value, json};

use crate::decide::fleet_grid::{GridLine, GridOptions};
use crate::decide::measured_fleet::Fleet;

/// Version of the form.
const SCHEMA: u32 = 1;

/// The devices, and each model on them.
#[must_use]
pub(crate) fn report(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> Value {
    let of = |line: &GridLine| {
        let cells = fleet.devices.iter().zip(&line.cells);
        let cells: Vec<Value> = cells
            .map(|(device, cell)| json!({ "device": device.name, "measured": cell }))
            .collect();
        let worst = line.worst.and_then(|index| fleet.devices.get(index));
        json!({
            "model": line.model,
            "devices": cells,
            "mean_us": line.mean_us,
            "worst_device": worst.map(|device| &device.name),
            "worst_us": line.worst.and_then(|index| Some(line.cells[index].as_ref()?.value_us)),
            "share_of_devices": line.shares,
            "top1_lowest": line.top1.map(|(low, _)| low),
            "top1_highest": line.top1.map(|(_, high)| high),
        })
    };
    json!({
        "schema": SCHEMA,
        "column": shown.column.name,
        "budget_ms": shown.budget_ms,
        "devices": fleet.devices,
        "models": lines.iter().map(of).collect::<Vec<_>>(),
        "notes": fleet.notes,
    })
}
