//! The main plot as SVG: for a README, slides, and readers without JavaScript.

use std::fmt::Write as _;

use super::html::text;
use super::row::Row;
use super::units::{one_line, percent};
use super::verdict::Verdict;
use crate::backend::BackendKind;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 540.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 56.0;
/// Radius of the largest model's bubble.
const LARGEST: f64 = 26.0;
/// Radius below which a bubble cannot be seen.
const LEAST: f64 = 4.0;
/// Mean width of a label's character at its size.
const CHARACTER: f64 = 6.9;

/// A measured case on the plot.
struct Point<'a> {
    row: &'a Row,
    on_front: bool,
    x: f64,
    y: f64,
    radius: f64,
}

/// Latency (logarithmic) against Top-1, bubble area for the file's size, the
/// Pareto front marked; with nothing scored, latency against size. Colours
/// follow the reader's light or dark setting.
#[must_use]
pub fn main_plot(rows: &[Row], verdict: &Verdict) -> String {
    let scored = rows.iter().any(|row| row.is_measured() && row.top1.is_some());
    let shown = |row: &Row| row.is_measured() && (!scored || row.top1.is_some());
    let indices: Vec<usize> = (0..rows.len()).filter(|&i| shown(&rows[i])).collect();
    if indices.is_empty() {
        return String::new();
    }
    let x = Axis::logarithmic(indices.iter().filter_map(|&i| latency_ms(&rows[i])));
    let y = Axis::linear(indices.iter().map(|&i| height(&rows[i], scored)), scored);
    let largest = indices.iter().map(|&i| rows[i].model_bytes).max().unwrap_or(1).max(1) as f64;
    let mut points: Vec<Point> = indices
        .iter()
        .filter_map(|&i| {
            let row = &rows[i];
            let share = row.model_bytes as f64 / largest;
            Some(Point {
                row,
                on_front: verdict.front.contains(&i),
                x: LEFT + x.share(latency_ms(row)?) * (WIDTH - LEFT - RIGHT),
                y: HEIGHT - BOTTOM - y.share(height(row, scored)) * (HEIGHT - TOP - BOTTOM),
                radius: (LARGEST * share.sqrt()).max(LEAST),
            })
        })
        .collect();
    // Small bubbles lie on top of large ones.
    points.sort_by(|a, b| b.radius.total_cmp(&a.radius));
    let title = if scored { "Top-1, %" } else { "size, MB" };
    let mut svg = frame(&x, &y, title);
    front_line(&mut svg, &points);
    for point in &points {
        bubble(&mut svg, point);
    }
    labels(&mut svg, &points, scored);
    legend(&mut svg, &points);
    svg.push_str("</svg>");
    svg
}

fn latency_ms(row: &Row) -> Option<f64> {
    row.latency_p50_us.map(|us| us / 1e3)
}

fn height(row: &Row, scored: bool) -> f64 {
    if scored { row.top1.unwrap_or(0.0) * 100.0 } else { row.model_bytes as f64 / 1e6 }
}

/// A scale and its ticks.
struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
}

impl Axis {
    fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(values.filter(|value| *value > 0.0));
        let pad = (high / low).powf(0.12).max(1.25);
        let (low, high) = (low / pad, high * pad);
        let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        let steps: &[f64] = if high / low > 100.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let ticks =
            decades.flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
        let ticks = ticks.filter(|tick| (low..=high).contains(tick)).collect();
        Self { low, high, logarithmic: true, ticks }
    }

    fn linear(values: impl Iterator<Item = f64>, percents: bool) -> Self {
        let (low, high) = extent(values);
        let pad = ((high - low) * 0.12).max(high.abs() * 0.01).max(1e-6);
        let low = (low - pad).max(0.0);
        let high = if percents { (high + pad).min(101.0) } else { high + pad };
        let rough = (high - low) / 6.0;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
        let step = step.into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let ticks = (first..=last).map(|count| count as f64 * step).collect();
        Self { low, high, logarithmic: false, ticks }
    }

    /// Where a value lies, 0 at the low end and 1 at the high end.
    fn share(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// A tick's number without floating-point dust.
fn tick(value: f64) -> String {
    let rounded = format!("{value:.4}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const STYLE: &str = "<style>\
.sb{--bg:#fff;--ink:#14181f;--dim:#55606e;--line:#dde2e8;--tflite:#0b6bbf;--tflitec:#6d5bd0;--litert:#c8500a;--tract:#a3208f;--onnxruntime:#1a7f4b;font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif}\
@media(prefers-color-scheme:dark){.sb{--bg:#0d1117;--ink:#e8ecf1;--dim:#a2adba;--line:#2c3541;--tflite:#58a6ff;--tflitec:#b3a5ff;--litert:#ff9a5c;--tract:#f08be0;--onnxruntime:#5fd08f}}\
.sb text{fill:var(--dim)}.sb .name{fill:var(--ink);font-weight:600;stroke:var(--bg);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}.sb .grid{stroke:var(--line)}.sb .front{fill:none;stroke:var(--ink);stroke-width:1.6;stroke-dasharray:5 4}</style>";

fn frame(x: &Axis, y: &Axis, title: &str) -> String {
    let mut svg = format!(
        "<svg class=\"sb\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Median latency against {title}\">{STYLE}<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"var(--bg)\"/>"
    );
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    // Writing to a String does not fail.
    for value in &x.ticks {
        let at = LEFT + x.share(*value) * (right - LEFT);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 20.0,
            tick(*value)
        );
    }
    for value in &y.ticks {
        let at = bottom - y.share(*value) * (bottom - TOP);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.5,
            tick(*value)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">median latency, ms →</text><text x=\"{:.1}\" y=\"{:.1}\">↑ {title}</text>",
        bottom + 42.0,
        LEFT - 40.0,
        TOP - 14.0
    );
    svg
}

/// The front as a staircase: what the best Top-1 is at each latency.
fn front_line(svg: &mut String, points: &[Point]) {
    let mut front: Vec<&Point> = points.iter().filter(|point| point.on_front).collect();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    let Some((first, rest)) = front.split_first() else { return };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    for point in rest {
        let _ = write!(path, "H{:.1}V{:.1}", point.x, point.y);
    }
    let _ = write!(svg, "<path class=\"front\" d=\"{path}\"/>");
}

fn bubble(svg: &mut String, point: &Point) {
    let color = format!("var(--{})", point.row.backend);
    let (rim, width) = if point.on_front { ("var(--ink)", 2.4) } else { (color.as_str(), 1.2) };
    let accuracy =
        point.row.top1.map_or(String::new(), |top1| format!(", Top-1 {}%", percent(top1)));
    let _ = write!(
        svg,
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"{color}\" fill-opacity=\".42\" stroke=\"{rim}\" stroke-width=\"{width}\"><title>{}, {}{accuracy}</title></circle>",
        point.x,
        point.y,
        point.radius,
        text(&one_line(&point.row.case())),
        text(&super::verdict::latency(point.row)),
    );
}

/// Names of the cases on the front (of the first ones with nothing scored),
/// each where it hides no other.
fn labels(svg: &mut String, points: &[Point], scored: bool) {
    /// Longer names are cut.
    const LONGEST: usize = 36;
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let mut named: Vec<&Point> = points.iter().filter(|p| p.on_front || !scored).collect();
    named.sort_by(|a, b| a.y.total_cmp(&b.y));
    for point in named {
        let name = shortened(&one_line(&point.row.model), LONGEST);
        let width = name.chars().count() as f64 * CHARACTER;
        let before = (point.x - point.radius - 6.0 - width, point.y - 6.0, "end");
        let after = (point.x + point.radius + 6.0, point.y + 12.0, "start");
        let free = |spot: &&(f64, f64, &str)| {
            spot.0 > 4.0
                && spot.0 + width < WIDTH - 4.0
                && taken.iter().all(|other| {
                    spot.0 > other.0 + other.2
                        || spot.0 + width < other.0
                        || (spot.1 - other.1).abs() > 16.0
                })
        };
        if let Some(&(left, y, anchor)) = [before, after].iter().find(free) {
            taken.push((left, y, width));
            let x = if anchor == "end" { left + width } else { left };
            let _ = write!(
                svg,
                "<text class=\"name\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
                text(&name)
            );
        }
    }
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

fn legend(svg: &mut String, points: &[Point]) {
    let mut backends: Vec<BackendKind> = points.iter().map(|point| point.row.backend).collect();
    backends.sort_unstable();
    backends.dedup();
    let mut x = WIDTH - RIGHT - 110.0 * (backends.len() as f64 + 1.0);
    for backend in backends {
        let _ = write!(
            svg,
            "<circle cx=\"{x}\" cy=\"22\" r=\"6\" fill=\"var(--{backend})\" fill-opacity=\".42\" stroke=\"var(--{backend})\"/><text x=\"{:.0}\" y=\"26.500\">{backend}</text>",
            x + 12.0
        );
        x += 110.0;
    }
    let _ = write!(
        svg,
        "<circle cx=\"{x}\" cy=\"22\" r=\"6\" fill=\"none\" stroke=\"var(--ink)\" stroke-width=\"2.4\"/><text x=\"{:.0}\" y=\"26.500\">Pareto front</text>",
        x + 12.0
    );
}
