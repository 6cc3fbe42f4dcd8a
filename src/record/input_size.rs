//! Height and width of a model's input.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Maximum pixels per side that are accepted: a tensor of that size is 12 GB of floats.
const MOST: usize = 32_768;

/// Height and width in pixels, written `224x160`, or `224` for a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct InputSize {
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

/// The ways in which files state it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Square(usize),
    Both([usize; 2]),
}

impl InputSize {
    /// A size with sides that are believed.
    pub(crate) fn of(height: usize, width: usize) -> Option<Self> {
        let sane = |side: usize| (1..=MOST).contains(&side);
        (sane(height) && sane(width)).then_some(Self { height, width })
    }
}

impl FromStr for InputSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (height, width) = text.split_once(['x', 'X', '×', ',']).unwrap_or((text, text));
        let side = |text: &str| text.trim().parse().ok();
        side(height)
            .zip(side(width))
            .and_then(|(height, width)| Self::of(height, width))
            .ok_or_else(|| {
                format!(
                    "'{text}' is not a size; give HEIGHTxWIDTH in pixels, such as 224x224; channels have an option of their own, --channels"
                )
            })
    }
}

impl TryFrom<Written> for InputSize {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let (height, width) = match written {
            Written::Text(text) => return text.parse(),
            Written::Square(side) => (side, side),
            Written::Both([height, width]) => (height, width),
        };
        Self::of(height, width).ok_or_else(|| {
            format!("{height}x{width} is not a size; sides must be from 1 to {MOST}")
        })
    }
}

impl fmt::Display for InputSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

impl From<InputSize> for String {
    fn from(size: InputSize) -> Self {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let size = |height, width| Ok(InputSize { height, width });
        assert_eq!("224x160".parse(), size(224, 160));
        assert_eq!("96".parse(), size(96, 96));
        for json in ["\"3x4\"", "[3, 4]"] {
            assert_eq!(serde_json::from_str::<InputSize>(json).unwrap(), size(3, 4).unwrap());
        }
        assert_eq!(serde_json::from_str::<InputSize>("8").unwrap(), size(8, 8).unwrap());
        for wrong in ["", "x", "0x4", "-1x4", "4x", "99999x1", "4x4x4"] {
            assert!(wrong.parse::<InputSize>().unwrap_err().contains("HEIGHTxWIDTH"), "{wrong}");
        }
        assert!(serde_json::from_str::<InputSize>("[0, 4]").is_err());
    }
}
