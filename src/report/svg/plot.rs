//! The main plot as SVG: for a README, slides, and readers without JavaScript.

use crate::report::svg::label_placement;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use strum::VariantArray;

use crate::decide::highlights::Highlights;
use crate::record::backend_kind::BackendKind;
use crate::report::svg::axis::{Axis, tick};
use crate::report::svg::label_placement::{Area, Bubble};
use crate::report::svg::svg_text::text;
use crate::table::row::Row;
use crate::table::short_names::ShortNames;
use crate::table::units::{bytes, percent};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;
/// The positions where the axes cross and end.
const PLOT: Area = Area { left: 66.0, top: 96.0, right: 936.0, bottom: 486.0 };
/// Radius of the largest model's bubble.
const LARGEST: f64 = 24.0;
/// Radius below which a bubble cannot be seen.
const LEAST: f64 = 3.5;

/// A measured case on the plot.
struct PlotPoint<'a> {
    row: &'a Row,
    on_front: bool,
    x: f64,
    y: f64,
    radius: f64,
}

/// The scales of a plot.
struct Scales {
    x: Axis,
    y: Axis,
    /// Whether Top-1 is the height; else it is the file's size.
    scored: bool,
    /// Size of the largest model, in bytes.
    largest: f64,
}

/// Latency (logarithmic) against Top-1, bubble area for the file's size, the Pareto front marked;
/// with nothing scored, latency against size. Empty if nothing was measured. Colours follow the
/// reader's light or dark setting, and are plain attributes otherwise, for programs that know no
/// style sheets.
#[must_use]
pub(crate) fn main_plot(rows: &[Row], verdict: &Highlights) -> String {
    let scored = rows.iter().any(|row| row.is_measured() && row.top1.is_some());
    let shown = |row: &Row| row.is_measured() && (!scored || row.top1.is_some());
    let indices: Vec<usize> = (0..rows.len()).filter(|&i| shown(&rows[i])).collect();
    let Some(first) = indices.first().map(|&i| &rows[i]) else { return String::new() };
    let all = || indices.iter().map(|&i| &rows[i]);
    let scales = Scales {
        x: Axis::logarithmic(all().filter_map(latency_ms)),
        y: Axis::linear(all().map(|row| height(row, scored)), scored),
        scored,
        largest: all().map(|row| row.model_bytes).max().unwrap_or(1).max(1) as f64,
    };
    let mut points: Vec<PlotPoint> = indices
        .iter()
        .filter_map(|&i| scales.point(&rows[i], verdict.front.contains(&i)))
        .collect();
    // Small bubbles lie on top of large ones, and the front on top of all.
    points.sort_by(|a, b| a.on_front.cmp(&b.on_front).then(b.radius.total_cmp(&a.radius)));
    let names = ShortNames::of(rows);
    let mut svg = open(&scales, first, points.len(), &names);
    frame(&mut svg, &scales);
    for point in &points {
        whiskers(&mut svg, point, &scales);
    }
    let (others, front): (Vec<&PlotPoint>, Vec<&PlotPoint>) =
        points.iter().partition(|p| !p.on_front);
    others.iter().for_each(|point| bubble(&mut svg, point));
    front_line(&mut svg, &front);
    front.iter().for_each(|point| bubble(&mut svg, point));
    names_of(&mut svg, &points, &names, scored);
    legend(&mut svg, &points, &scales);
    svg.push_str("</svg>\n");
    svg
}

impl Scales {
    fn x(&self, ms: f64) -> f64 {
        PLOT.left + self.x.share(ms) * (PLOT.right - PLOT.left)
    }

    fn y(&self, value: f64) -> f64 {
        PLOT.bottom - self.y.share(value) * (PLOT.bottom - PLOT.top)
    }

    fn radius(&self, bytes: f64) -> f64 {
        (LARGEST * (bytes / self.largest).sqrt()).max(LEAST)
    }

    fn point<'a>(&self, row: &'a Row, on_front: bool) -> Option<PlotPoint<'a>> {
        Some(PlotPoint {
            row,
            on_front,
            x: self.x(latency_ms(row)?),
            y: self.y(height(row, self.scored)),
            radius: self.radius(row.model_bytes as f64),
        })
    }
}

fn latency_ms(row: &Row) -> Option<f64> {
    row.latency_p50_us.map(|us| us / 1e3)
}

fn height(row: &Row, scored: bool) -> f64 {
    if scored { row.top1.unwrap_or(0.0) * 100.0 } else { row.model_bytes as f64 / 1e6 }
}

/// A backend's colour on light and on dark.
const fn colors(backend: BackendKind) -> (&'static str, &'static str) {
    match backend {
        BackendKind::Tflite => ("#0b6bbf", "#58a6ff"),
        BackendKind::Tflitec => ("#6d5bd0", "#b3a5ff"),
        BackendKind::Litert => ("#c8500a", "#ff9a5c"),
        BackendKind::Tract => ("#a3208f", "#f08be0"),
        BackendKind::Onnxruntime => ("#1a7f4b", "#5fd08f"),
        BackendKind::Openvino => ("#8a6100", "#e3b341"),
    }
}

/// Background, text, faint text and grid lines, on light and on dark.
const PAPER: (&str, &str) = ("#ffffff", "#0d1117");
const INK: (&str, &str) = ("#14181f", "#e8ecf1");
const DIM: (&str, &str) = ("#55606e", "#a2adba");
const LINE: (&str, &str) = ("#dde2e8", "#2c3541");

/// What a dark setting changes; everything else is an attribute.
fn style() -> String {
    let mut dark = String::new();
    for backend in BackendKind::VARIANTS {
        let color = colors(*backend).1;
        // Writing to a String does not fail.
        let _ = write!(dark, ".sb .{backend}{{fill:{color};stroke:{color}}}");
    }
    format!(
        "<style>@media(prefers-color-scheme:dark){{{dark}\
         .sb .paper{{fill:{}}}.sb .ink{{fill:{}}}.sb .dim{{fill:{}}}.sb .grid{{stroke:{}}}\
         .sb .halo{{stroke:{}}}.sb .rim{{stroke:{}}}}}</style>",
        PAPER.1, INK.1, DIM.1, LINE.1, PAPER.1, INK.1
    )
}

fn open(scales: &Scales, row: &Row, cases: usize, names: &ShortNames) -> String {
    let title = if scales.scored { "Latency against accuracy" } else { "Latency against size" };
    let common = match names.common() {
        "" => String::new(),
        common => format!(" · names without {common}"),
    };
    let below =
        text(&format!("{}, {} · {cases} cases · run {}{common}", row.cpu, row.arch, row.run_id));
    format!(
        "<svg class=\"sb\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{title}\" font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif\" font-size=\"13\">{}\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"{}\"/>\
         <text class=\"ink\" x=\"24\" y=\"32\" font-size=\"18\" font-weight=\"600\" fill=\"{}\">{title}</text>\
         <text class=\"dim\" x=\"24\" y=\"52\" font-size=\"12\" fill=\"{}\">{below}</text>",
        style(),
        PAPER.0,
        INK.0,
        DIM.0
    )
}

fn frame(svg: &mut String, scales: &Scales) {
    let Area { left, top, right, bottom } = PLOT;
    let (dim, line) = (DIM.0, LINE.0);
    for value in &scales.x.ticks {
        let at = scales.x(*value);
        let _ = write!(
            svg,
            "<path class=\"grid\" stroke=\"{line}\" d=\"M{at:.1} {top}V{bottom}\"/><text class=\"dim\" fill=\"{dim}\" x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 19.0,
            tick(*value)
        );
    }
    for value in &scales.y.ticks {
        let at = scales.y(*value);
        let _ = write!(
            svg,
            "<path class=\"grid\" stroke=\"{line}\" d=\"M{left} {at:.1}H{right}\"/><text class=\"dim\" fill=\"{dim}\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 9.0,
            at + 4.5,
            tick(*value)
        );
    }
    let title = if scales.scored { "Top-1, %" } else { "size, MB" };
    let better = if scales.scored { "↖ better" } else { "↙ better" };
    let _ = write!(
        svg,
        "<text class=\"dim\" fill=\"{dim}\" x=\"{right}\" y=\"{}\" text-anchor=\"end\">median latency, ms (logarithmic) →</text>\
         <text class=\"dim\" fill=\"{dim}\" x=\"24\" y=\"{}\">↑ {title}</text>\
         <text class=\"dim\" fill=\"{dim}\" x=\"{left}\" y=\"{}\">{better}</text>",
        bottom + 41.0,
        top - 12.0,
        bottom + 41.0
    );
}

/// The 95% intervals: of the median for every case, of Top-1 on the front.
fn whiskers(svg: &mut String, point: &PlotPoint, scales: &Scales) {
    let row = point.row;
    let (color, _) = colors(row.backend);
    let opacity = if point.on_front { 0.6 } else { 0.3 };
    let mut line = |path: String| {
        let _ = write!(
            svg,
            "<path class=\"{}\" stroke=\"{color}\" stroke-opacity=\"{opacity}\" stroke-width=\"1.4\" d=\"{path}\"/>",
            row.backend
        );
    };
    if let Some((low, high)) = row.latency_p50_low_us.zip(row.latency_p50_high_us) {
        let (low, high) = (scales.x(low / 1e3), scales.x(high / 1e3));
        line(format!("M{low:.1} {:.1}H{high:.1}", point.y));
    }
    if let Some((low, high)) = row.top1_low.zip(row.top1_high).filter(|_| point.on_front) {
        let (low, high) = (scales.y(low * 100.0), scales.y(high * 100.0));
        line(format!("M{:.1} {low:.1}V{high:.1}", point.x));
    }
}

/// The front as a staircase: what the best Top-1 is at each latency.
fn front_line(svg: &mut String, front: &[&PlotPoint]) {
    let mut front = front.to_vec();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    let Some((first, rest)) = front.split_first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    for point in rest {
        let _ = write!(path, "H{:.1}V{:.1}", point.x, point.y);
    }
    let _ = write!(
        svg,
        "<path class=\"rim\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" stroke-dasharray=\"5 4\" d=\"{path}\"/>",
        INK.0
    );
}

fn bubble(svg: &mut String, point: &PlotPoint) {
    let backend = point.row.backend;
    let (color, _) = colors(backend);
    let top1 = point.row.top1.map_or(String::new(), |top1| format!(", Top-1 {}%", percent(top1)));
    let (x, y, radius) = (point.x, point.y, point.radius);
    let (opacity, rim) = if point.on_front { (0.75, 0.0) } else { (0.25, 0.7) };
    let _ = write!(
        svg,
        "<circle class=\"{backend}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{color}\" fill-opacity=\"{opacity}\" stroke=\"{color}\" stroke-opacity=\"{rim}\"><title>{}, {}{top1}</title></circle>",
        text(&point.row.case()),
        text(&crate::decide::highlights::latency(point.row)),
    );
    if point.on_front {
        ring(svg, x, y, radius);
    }
}

/// The dark rim of a case on the front.
fn ring(svg: &mut String, x: f64, y: f64, radius: f64) {
    let _ = write!(
        svg,
        "<path class=\"rim\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.2\" d=\"M{:.1} {y:.1}a{radius:.1} {radius:.1} 0 1 0 {:.1} 0a{radius:.1} {radius:.1} 0 1 0 {:.1} 0\"/>",
        INK.0,
        x - radius,
        2.0 * radius,
        -2.0 * radius
    );
}

/// Names on the plot, each model once: at its fastest case on the front, or at its fastest case if
/// nothing was scored. The highest come first.
fn names_of(svg: &mut String, points: &[PlotPoint], names: &ShortNames, scored: bool) {
    let mut named: Vec<&PlotPoint> = points.iter().filter(|p| p.on_front || !scored).collect();
    named.sort_by(|a, b| a.x.total_cmp(&b.x));
    let mut seen = BTreeSet::new();
    named.retain(|point| seen.insert(&point.row.model));
    named.sort_by(|a, b| a.y.total_cmp(&b.y));
    let named = named.into_iter().map(|point| Bubble {
        x: point.x,
        y: point.y,
        radius: point.radius,
        name: names.label(&point.row.model),
    });
    let bubbles: Vec<Area> = points.iter().map(|p| Area::around(p.x, p.y, p.radius)).collect();
    let inside = Area { right: WIDTH - 8.0, ..PLOT };
    for label in label_placement::place(named.collect(), &bubbles, &inside) {
        let name = text(&label.name);
        let (x, y, anchor) = (label.x, label.y, label.anchor);
        // The halo is a separate text element, since few programs know paint-order.
        let _ = write!(
            svg,
            "<text class=\"halo\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-weight=\"600\" fill=\"none\" stroke=\"{}\" stroke-width=\"4\" stroke-linejoin=\"round\">{name}</text><text class=\"ink\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-weight=\"600\" fill=\"{}\">{name}</text>",
            PAPER.0, INK.0
        );
    }
}

/// Backends and front above the plot on the left, sizes on the right.
fn legend(svg: &mut String, points: &[PlotPoint], scales: &Scales) {
    let y = 70.0;
    let entry = |svg: &mut String, x: f64, word: &str| {
        let _ = write!(
            svg,
            "<text class=\"dim\" fill=\"{}\" x=\"{x:.1}\" y=\"{:.1}\">{word}</text>",
            DIM.0,
            y + 4.5
        );
    };
    let width = |word: &str| word.chars().count() as f64 * 7.0;
    let backends: BTreeSet<BackendKind> = points.iter().map(|point| point.row.backend).collect();
    let mut x = 120.0;
    for backend in backends {
        let (color, _) = colors(backend);
        let _ = write!(
            svg,
            "<circle class=\"{backend}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"6\" fill=\"{color}\" fill-opacity=\".5\" stroke=\"{color}\"/>"
        );
        let word = backend.to_string();
        entry(svg, x + 11.0, &word);
        x += 30.0 + width(&word);
    }
    if points.iter().any(|point| point.on_front) {
        ring(svg, x, y, 6.0);
        entry(svg, x + 11.0, "Pareto front, with 95% intervals");
    }
    if scales.scored {
        sizes(svg, scales);
    }
}

/// Two bubbles of known size, right above the plot.
fn sizes(svg: &mut String, scales: &Scales) {
    let y = 42.0;
    let round = |value: f64| {
        let decade = 10f64.powf(value.log10().floor());
        [5.0, 2.0, 1.0]
            .map(|step| step * decade)
            .into_iter()
            .find(|v| *v <= value * 1.001)
            .unwrap_or(decade)
    };
    let large = round(scales.largest);
    let mut x = PLOT.right;
    for size in [large, round(large / 8.0)] {
        let word = bytes(size as u64);
        let radius = scales.radius(size);
        let _ = write!(
            svg,
            "<text class=\"dim\" fill=\"{}\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"end\">{word}</text>",
            DIM.0,
            y + 4.5
        );
        x -= word.chars().count() as f64 * 7.0 + 8.0 + radius;
        let _ = write!(
            svg,
            "<circle class=\"grid\" cx=\"{x:.1}\" cy=\"{y}\" r=\"{radius:.1}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
            DIM.0
        );
        x -= radius + 14.0;
    }
}
