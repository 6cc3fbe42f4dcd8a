//! Fields of a configuration with their types checked: unknown ones are ignored, known ones must be
//! what their library writes.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// Longest configuration that is read: the class names of 21,843 classes take a
/// twentieth of it.
pub(crate) const MAX_BYTES: usize = 16 << 20;
/// Numbers that pixels can sensibly be multiplied or divided by.
const FACTORS: std::ops::RangeInclusive<f64> = 1e-9..=1e9;
/// Maximum pixels per side that a configuration may request.
const MAX_SIDE: u64 = 16384;

/// An object of a configuration, and its position in it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// The key that holds the object; empty: it is the whole file.
    within: &'a str,
}

/// Parses a configuration, which is one JSON object.
pub(crate) fn parse(bytes: &[u8]) -> Result<Map<String, Value>> {
    ensure!(
        bytes.len() <= MAX_BYTES,
        "it has {} bytes, more than the limit of {}; remove it or correct it",
        bytes.len(),
        MAX_BYTES
    );
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(other) => bail!("it must hold one JSON object, not {}", kind(&other)),
        Err(error) => bail!("it is not valid JSON ({error}); download it again or correct it"),
    }
}

/// A description of a value.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let start: String = text.chars().take(30).collect();
            format!("the string '{}'", start.escape_debug())
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Width and height in pixels, as the libraries write sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PixelSize {
    /// One number: the meaning depends on the library's class.
    Number(usize),
    /// Both sides are stated.
    Exact {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
    },
    /// The shorter side gets this size, the other keeps the aspect.
    ShortestEdge(usize),
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, within: "" }
    }

    /// A field that is stated; `null` is not.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Whether a field is not there at all; `null` is there.
    pub(crate) fn is_absent(&self, key: &str) -> bool {
        !self.map.contains_key(key)
    }

    fn name(&self, key: &str) -> String {
        if self.within.is_empty() {
            format!("'{key}'")
        } else {
            format!("'{key}' of '{}'", self.within)
        }
    }

    /// One value of a field, or the sentence about what it must be.
    fn typed<T>(
        &self,
        key: &str,
        must_be: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || format!("{} must be {must_be}, but is {}", self.name(key), kind(value));
        read(value).with_context(wrong).map(Some)
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.typed(key, "text", Value::as_str)
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// A number above 0, neither tiny nor huge.
    pub(crate) fn positive(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number above 0", |value| {
            value.as_f64().filter(|number| FACTORS.contains(number))
        })
    }

    pub(crate) fn whole(&self, key: &str) -> Result<Option<u64>> {
        self.typed(key, "a whole number from 0", Value::as_u64)
    }

    pub(crate) fn object(&self, key: &'a str) -> Result<Option<Fields<'a>>> {
        let map = self.typed(key, "an object", Value::as_object)?;
        Ok(map.map(|map| Fields { map, within: key }))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        self.typed(key, "a list of strings", |value| {
            value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        })
    }

    /// One number per channel, or one for all; none is huge.
    pub(crate) fn channels(&self, key: &str) -> Result<Option<Vec<f64>>> {
        self.typed(key, "a number, or 1 or 3 numbers", |value| {
            let numbers = match value {
                Value::Array(list) => list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?,
                one => vec![one.as_f64()?],
            };
            let usable =
                matches!(numbers.len(), 1 | 3) && numbers.iter().all(|n| n.abs() <= *FACTORS.end());
            usable.then_some(numbers)
        })
    }

    /// As [`Self::channels`], for what pixels are divided by.
    pub(crate) fn divisors(&self, key: &str) -> Result<Option<Vec<f64>>> {
        let numbers = self.channels(key)?;
        ensure!(
            numbers.iter().flatten().all(|number| FACTORS.contains(number)),
            "{} must hold numbers above 0: pixels are divided by them",
            self.name(key)
        );
        Ok(numbers)
    }

    /// A side in pixels.
    pub(crate) fn side(&self, key: &str) -> Result<Option<usize>> {
        self.typed(key, &format!("a whole number of pixels from 1 to {MAX_SIDE}"), side)
    }

    /// A list of sides in pixels.
    pub(crate) fn sides(&self, key: &str) -> Result<Option<Vec<usize>>> {
        self.typed(key, "a list of whole numbers of pixels", |value| {
            value.as_array()?.iter().map(side).collect()
        })
    }

    /// A size: a number, `[height, width]`, or an object with `shortest_edge` or with
    /// `height` and `width`.
    pub(crate) fn size(&self, key: &'a str) -> Result<Option<PixelSize>> {
        match self.get(key) {
            Some(Value::Object(_)) => match self.object(key)? {
                Some(object) => object.dimensions().map(Some),
                None => Ok(None),
            },
            Some(Value::Array(list)) => {
                let sides: Option<Vec<usize>> = list.iter().map(side).collect();
                match sides.as_deref() {
                    Some([height, width]) => {
                        Ok(Some(PixelSize::Exact { height: *height, width: *width }))
                    }
                    _ => bail!("{} must be [height, width] in pixels", self.name(key)),
                }
            }
            _ => Ok(self.side(key)?.map(PixelSize::Number)),
        }
    }

    fn dimensions(&self) -> Result<PixelSize> {
        let both = (self.side("height")?, self.side("width")?);
        match (self.side("shortest_edge")?, both) {
            (_, (Some(height), Some(width))) => Ok(PixelSize::Exact { height, width }),
            (Some(shortest), (None, None)) if self.get("longest_edge").is_none() => {
                Ok(PixelSize::ShortestEdge(shortest))
            }
            _ => bail!(
                "'{}' must have 'height' and 'width', or 'shortest_edge' alone; describe the model in a file NAME.toml beside it instead",
                self.within
            ),
        }
    }
}

fn side(value: &Value) -> Option<usize> {
    let whole = value.as_u64().filter(|pixels| (1..=MAX_SIDE).contains(pixels))?;
    usize::try_from(whole).ok()
}
