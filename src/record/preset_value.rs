//! The values of a preset's parameters, read from text: each refusal is the end of a
//! sentence that begins with `KEY=VALUE`.

use std::fmt;
use std::str::FromStr;

use strum::VariantNames;

/// Longest side in pixels, as a decoder's.
const MAX_SIDE: usize = 65_535;

/// Pixels: `256` of a side, `224x160` of height and width, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The step is left out.
    None,
    /// One number: the shorter side of a resize, both sides of a crop.
    Side(usize),
    /// Height and width.
    Both(usize, usize),
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Side(side) => write!(f, "{side}"),
            Self::Both(height, width) => write!(f, "{height}x{width}"),
        }
    }
}

pub(super) fn size(text: &str) -> Result<Size, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
    let size = match text.split_once('x') {
        _ if text == "none" => Some(Size::None),
        Some((height, width)) => side(height).zip(side(width)).map(|(h, w)| Size::Both(h, w)),
        None => side(text).map(Size::Side),
    };
    size.ok_or_else(|| format!("it must be pixels from 1 to {MAX_SIDE}, HEIGHTxWIDTH, or 'none'"))
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "it must be above 0 and at most 1".to_owned())
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let positive = number.filter(|number| *number > 0.0 && number.is_finite());
    positive.ok_or_else(|| "it must be a number above 0".to_owned())
}

pub(super) fn truth(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "it must be true or false".to_owned())
}

pub(super) fn one_of<T: FromStr + VariantNames>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("it must be one of {}", T::VARIANTS.join(", ")))
}

pub(super) fn numbers(text: &str) -> Result<Vec<f32>, String> {
    let number = |text: &str| text.parse().ok().filter(|number: &f32| number.is_finite());
    let numbers: Option<Vec<f32>> = text.split(':').map(number).collect();
    numbers
        .filter(|numbers| matches!(numbers.len(), 1 | 3))
        .ok_or_else(|| "it must be one number, or three, for instance 0.485:0.456:0.406".to_owned())
}

pub(super) fn colour(text: &str) -> Result<[u8; 3], String> {
    let parts: Option<Vec<u8>> = text.split(':').map(|part| part.parse::<u8>().ok()).collect();
    match parts.as_deref() {
        Some([grey]) => Ok([*grey; 3]),
        Some([r, g, b]) => Ok([*r, *g, *b]),
        _ => {
            Err("it must be from 0 to 255, or three such numbers, for instance 114:114:114"
                .to_owned())
        }
    }
}
