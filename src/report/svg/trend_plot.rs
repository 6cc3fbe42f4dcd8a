//! The values of a series over days as SVG.

use std::fmt::Write as _;

use crate::report::svg::axis::Axis;
use crate::report::svg::svg_text::text;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// The positions where the axes cross and end.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 704.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 166.0;

/// What is drawn.
#[derive(Clone, Copy)]
pub(crate) struct TrendPlot<'a> {
    /// What the values mean, with their unit.
    pub meaning: &'a str,
    /// Days before the newest run (0 or less) and values, the oldest first.
    pub points: &'a [(f64, f64)],
    /// The same as they were measured, where the points are corrected: a paler line behind.
    pub measured: &'a [(f64, f64)],
    /// The usual value and the one beyond which it is suspected, where they are known.
    pub usual: Option<(f64, f64)>,
}

/// The drawing; empty without points.
pub(crate) fn drawing(plot: &TrendPlot<'_>) -> String {
    let Some((first, _)) =
        plot.measured.iter().chain(plot.points).min_by(|a, b| a.0.total_cmp(&b.0))
    else {
        return String::new();
    };
    let lines = plot.usual.into_iter().flat_map(|(level, limit)| [level, limit]);
    let up = Axis::linear(
        plot.points.iter().chain(plot.measured).map(|(_, value)| *value).chain(lines),
        false,
    );
    let span = first.abs().max(1.0);
    let x = |day: f64| LEFT + (1.0 + day / span) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - up.share(value) * (BOTTOM - TOP);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">",
        text(plot.meaning)
    );
    svg += &up.grid_lines(LEFT, RIGHT, y);
    // Writing to a String does not fail.
    for (at, anchor) in [(LEFT, "start"), (RIGHT, "end")] {
        let label = if at == LEFT { format!("{span:.0} days before") } else { "newest".to_owned() };
        let _ = write!(
            svg,
            "<text x=\"{at}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{label}</text>",
            BOTTOM + 20.0
        );
    }
    if let Some((level, limit)) = plot.usual {
        for (value, dashes) in [(level, "none"), (limit, "6 4")] {
            let at = y(value);
            let _ = write!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#d55e00\" stroke-dasharray=\"{dashes}\"/>"
            );
        }
    }
    for (points, style) in [
        (plot.measured, "stroke=\"#999\" stroke-width=\"1\""),
        (plot.points, "stroke=\"#0072b2\" stroke-width=\"1.5\""),
    ] {
        let line: Vec<String> =
            points.iter().map(|(day, value)| format!("{:.1},{:.1}", x(*day), y(*value))).collect();
        if !line.is_empty() {
            let _ = write!(svg, "<polyline fill=\"none\" {style} points=\"{}\"/>", line.join(" "));
        }
    }
    if let Some((day, value)) = plot.points.last() {
        let _ = write!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#0072b2\"/>",
            x(*day),
            y(*value)
        );
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_has_a_point_per_run_and_its_limits() {
        let points = [(-2.0, 1.0), (-1.0, 1.2), (0.0, 1.3)];
        let plot =
            TrendPlot { meaning: "a<b", points: &points, measured: &[], usual: Some((1.1, 1.2)) };
        let svg = drawing(&plot);
        let line = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(line.split(' ').count(), 3);
        assert!(
            line.starts_with("64.0,") && svg.contains("6 4") && svg.contains("a&#60;b"),
            "{svg}"
        );
        assert_eq!(svg.matches("<polyline").count(), 1);
        // What was measured reaches further back and further up than what is corrected.
        let measured = [(-4.0, 2.0), (0.0, 1.3)];
        let both = drawing(&TrendPlot { measured: &measured, ..plot });
        assert_eq!(both.matches("<polyline").count(), 2);
        assert!(both.contains("points=\"64.0,") && both.contains("4 days before"), "{both}");
        assert_eq!(drawing(&TrendPlot { points: &[], ..plot }), "");
    }
}
