//! The grid as a page: one file, without scripts, that opens offline.

use crate::decide::fleet_grid::{GridCell, GridLine, GridOptions};
use crate::decide::limit::Stand;
use crate::decide::measured_fleet::Fleet;
use crate::report::grid::grid_text;
use crate::report::html::escape::text;
use crate::report::html::page::document;
use crate::table::units::{ms, percent};

/// The page of a fleet.
#[must_use]
pub fn page(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> String {
    let count = fleet.devices.len();
    let title = format!("{} models on {count} devices", lines.len());
    let body = format!(
        "<header><div class=\"title\"><h1>{}</h1><p class=\"sub\">{}</p></div></header>\n\
         <nav aria-label=\"Sections\"><a href=\"#models\">Models</a><a href=\"#grid\">Models by device</a><a href=\"#devices\">Devices</a></nav>\n\
         <main id=\"main\">{}{}{}{}</main>\
         <footer><p>Written by shutterbench {}.</p></footer>\n",
        text(&title),
        text(&grid_text::lead(fleet)),
        models(fleet, lines, shown),
        grid(fleet, lines, shown),
        devices(fleet, lines),
        notes(fleet),
        env!("CARGO_PKG_VERSION"),
    );
    document(&format!("{title} – shutterbench"), &body, "{}", &[])
}

fn section(id: &str, title: &str, lead: &str, head: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2><p class=\"lead\">{lead}</p>\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{id}-title\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>\n"
    )
}

fn head(titles: &[(&str, bool)]) -> String {
    let one = |(title, numeric): &(&str, bool)| {
        let class = if *numeric { " class=\"n\"" } else { "" };
        format!("<th scope=\"col\"{class}>{}</th>", text(title))
    };
    titles.iter().map(one).collect()
}

fn models(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> String {
    let mut titles = vec![
        ("model", false),
        ("mean ms", true),
        ("worst ms", true),
        ("worst device", false),
        ("Top-1 %", true),
    ];
    titles.extend(shown.budget_ms.map(|_| ("devices within budget", false)));
    let row = |line: &GridLine| {
        let (device, worst) = grid_text::worst(fleet, line).unwrap_or_default();
        let shares = line.shares.map_or(String::new(), |shares| {
            let class = if shares.within >= 1.0 { " pareto" } else { "" };
            format!(
                "<td><span class=\"tag{class}\">{}</span></td>",
                text(&grid_text::shares(&shares))
            )
        });
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{worst}</td><td>{}</td><td class=\"n\">{}</td>{shares}</tr>",
            text(&line.model),
            line.mean_us.map_or(String::new(), ms),
            text(&device),
            grid_text::top1(line),
        )
    };
    let body: String = lines.iter().map(row).collect();
    let lead = format!(
        "{}. The mean is geometric over the devices that measured the model, by their weights; shares are of the weights of all devices.",
        text(&grid_text::title(shown))
    );
    section("models", "Models", &lead, &head(&titles), &body)
}

fn grid(fleet: &Fleet, lines: &[GridLine], shown: GridOptions) -> String {
    let mut titles = vec![("device", false)];
    titles.extend(lines.iter().map(|line| (line.model.as_str(), true)));
    let row = |index: usize| {
        let cells: String = lines.iter().map(|line| cell(line.cells[index].as_ref())).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", text(&fleet.devices[index].name))
    };
    let body: String = (0..fleet.devices.len()).map(row).collect();
    let lead = format!(
        "{}: the fastest case of each model on each device. Under a number: its 95% interval, and the case. An empty cell was not measured.",
        text(&grid_text::title(shown))
    );
    section("grid", "Models by device", &lead, &head(&titles), &body)
}

fn cell(cell: Option<&GridCell>) -> String {
    let Some(cell) = cell else { return "<td class=\"n\"></td>".to_owned() };
    let interval = cell.low_us.zip(cell.high_us).map_or(String::new(), |(low, high)| {
        format!("<br><span class=\"iv\">{}–{}</span>", ms(low), ms(high))
    });
    let tag = match cell.within {
        None | Some(Stand::NotMeasured) => String::new(),
        Some(stand) => {
            let class = match stand {
                Stand::Kept => " pareto",
                Stand::Broken => " failure",
                Stand::CannotBeTold | Stand::NotMeasured => " warning",
            };
            format!(" <span class=\"tag{class}\">{}</span>", grid_text::word(stand))
        }
    };
    format!(
        "<td class=\"n\" data-v=\"{}\">{}{tag}{interval}<br><span class=\"iv\">{}</span></td>",
        cell.value_us,
        ms(cell.value_us),
        text(&cell.case),
    )
}

fn devices(fleet: &Fleet, lines: &[GridLine]) -> String {
    let titles = [
        ("device", false),
        ("class", false),
        ("system", false),
        ("architecture", false),
        ("weight %", true),
        ("models", true),
    ];
    let all: f64 = fleet.devices.iter().map(|device| device.weight).sum();
    let row = |(index, device): (usize, &crate::decide::measured_fleet::FleetDevice)| {
        let measured = lines.iter().filter(|line| line.cells[index].is_some()).count();
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{measured}</td></tr>",
            text(&device.name),
            text(&device.class),
            text(&device.os),
            text(&device.arch),
            percent(device.weight / all),
        )
    };
    let body: String = fleet.devices.iter().enumerate().map(row).collect();
    let lead = "A class is a processor or system on a chip, as the device tells it.";
    section("devices", "Devices", lead, &head(&titles), &body)
}

fn notes(fleet: &Fleet) -> String {
    if fleet.notes.is_empty() {
        return String::new();
    }
    let items: String = fleet.notes.iter().map(|note| format!("<li>{}</li>", text(note))).collect();
    format!("<section><h2>Know before you quote it</h2><ul>{items}</ul></section>\n")
}
