//! Curves over minutes as SVG.

use std::fmt::Write as _;

use crate::report::svg::axis::{Axis, tick};
use crate::report::svg::svg_text::text;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// The positions where the axes cross and end.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 704.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 216.0;
/// Colours that are told apart without red and green (Okabe and Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// One curve.
pub(crate) struct Curve {
    /// Its name.
    pub name: String,
    /// Minutes and values.
    pub points: Vec<(f64, f64)>,
}

/// The curves over minutes, with the meaning of their values; empty without points.
pub(crate) fn over_minutes(curves: &[Curve], meaning: &str) -> String {
    let points = || curves.iter().flat_map(|curve| curve.points.iter().copied());
    if points().next().is_none() {
        return String::new();
    }
    let across = Axis::linear(points().map(|(minutes, _)| minutes).chain([0.0]), false);
    let up = Axis::linear(points().map(|(_, value)| value).chain([1.0]), false);
    let x = |minutes: f64| LEFT + across.share(minutes) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - up.share(value) * (BOTTOM - TOP);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">",
        text(meaning)
    );
    svg += &up.grid_lines(LEFT, RIGHT, y);
    // Writing to a String does not fail.
    for minutes in &across.ticks {
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(*minutes),
            BOTTOM + 18.0,
            tick(*minutes)
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">minutes</text>",
        BOTTOM + 36.0
    );
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        let line: Vec<String> = curve
            .points
            .iter()
            .map(|(minutes, value)| format!("{:.1},{:.1}", x(*minutes), y(*value)))
            .collect();
        let _ = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"><title>{}</title></polyline>",
            line.join(" "),
            text(&curve.name)
        );
    }
    svg + "</svg>"
}

/// The colour of a curve by its place.
pub(crate) fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_its_points_and_its_name_is_escaped() {
        let curve = Curve { name: "a<b".into(), points: vec![(0.0, 1.0), (1.0, 1.2), (2.0, 1.3)] };
        let svg = over_minutes(&[curve], "latency over the start");
        assert!(svg.contains("a&#60;b") && !svg.contains("a<b"), "{svg}");
        let points = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(points.split(' ').count(), 3);
        assert_eq!(over_minutes(&[], "nothing"), "");
    }
}
