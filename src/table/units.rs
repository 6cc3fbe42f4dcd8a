//! Numbers for display. The CSV keeps the exact ones.

/// Microseconds as milliseconds with three significant digits: `0.431`,
/// `7.94`, `123`.
#[must_use]
pub(crate) fn ms(microseconds: f64) -> String {
    three_digits(microseconds / 1e3)
}

/// A proportion as a percentage with one decimal: `41.6`.
#[must_use]
pub(crate) fn percent(proportion: f64) -> String {
    format!("{:.1}", proportion * 100.0)
}

/// A proportion as a whole percentage: `42`.
#[must_use]
pub(crate) fn whole_percent(proportion: f64) -> String {
    format!("{:.0}", proportion * 100.0)
}

/// A large count for display, with two significant digits: `9,000`.
#[must_use]
pub(crate) fn about(count: usize) -> String {
    let digits = count.max(1).ilog10();
    let step = 10_usize.pow(digits.saturating_sub(1));
    let rounded = count.div_ceil(step).saturating_mul(step).to_string();
    let groups = rounded.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Bytes in decimal units with three significant digits: `72.8 kB`, `3.58 MB`.
#[must_use]
pub(crate) fn bytes(count: u64) -> String {
    let count = count as f64;
    match count {
        0.0..1e3 => format!("{count} B"),
        1e3..999.5e3 => format!("{} kB", three_digits(count / 1e3)),
        1e3..999.5e6 => format!("{} MB", three_digits(count / 1e6)),
        _ => format!("{} GB", three_digits(count / 1e9)),
    }
}

/// A count with three significant digits and its power of ten: `14.2 M`, `1.06 G`.
#[must_use]
pub(crate) fn large(count: u64) -> String {
    let count = count as f64;
    match count {
        0.0..1e3 => format!("{count}"),
        1e3..999.5e3 => format!("{} k", three_digits(count / 1e3)),
        1e3..999.5e6 => format!("{} M", three_digits(count / 1e6)),
        _ => format!("{} G", three_digits(count / 1e9)),
    }
}

/// At least three significant digits, never an exponent; whole numbers from
/// 100 on.
#[must_use]
pub(crate) fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match magnitude {
        0.0 => 0,
        99.95.. => 0,
        9.995.. => 1,
        0.9995.. => 2,
        0.09995.. => 3,
        0.009995.. => 4,
        _ => 5,
    };
    format!("{value:.decimals$}")
}

/// One line without control characters: what a cell, a table or a log can hold.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Six digits distinguish one image in a million.
pub(crate) fn proportion(value: f64) -> f64 {
    rounded(value, 6)
}

/// A number with the word for one of something, or for several.
pub(crate) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// A value with this many decimals; what is rounded to 0 has no sign.
pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_sign() {
        assert!(rounded(-1e-9, 6).is_sign_positive());
        assert_eq!((rounded(-1.26, 1), rounded(1.24, 1)), (-1.3, 1.2));
    }

    #[test]
    fn three_significant_digits_at_every_scale() {
        let shown: Vec<_> =
            [0.0, 0.00123, 0.0431, 0.4309, 0.99951, 7.936, 9.996, 81.25, 99.96, 12345.6]
                .map(three_digits)
                .to_vec();
        let expected =
            ["0", "0.00123", "0.0431", "0.431", "1.00", "7.94", "10.0", "81.2", "100", "12346"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn sizes_change_unit_where_their_digits_would_overflow() {
        assert_eq!(
            [0, 999, 72_808, 999_400, 999_900, 3_577_760, 1_200_000_000].map(bytes),
            ["0 B", "999 B", "72.8 kB", "999 kB", "1.00 MB", "3.58 MB", "1.20 GB"]
        );
    }

    #[test]
    fn counts_are_rounded_up_to_two_digits() {
        let shown = [0, 7, 42, 155, 1_000, 8_961, 1_234_567].map(about);
        assert_eq!(shown, ["0", "7", "42", "160", "1,000", "9,000", "1,300,000"]);
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(one_line(" a\r\n\tb\u{1b}[31m  c "), "a b [31m c");
    }
}
