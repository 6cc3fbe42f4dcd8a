//! Reading the goldens, and comparing with them.

use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shutterbench::image::decode;
use shutterbench::image::pixels::Pixels;
use shutterbench::record::options::Exif;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

pub fn read(name: &str) -> Value {
    let text = std::fs::read(folder().join(name)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

pub fn picture(name: &str) -> Pixels {
    photo(name, Exif::Ignore)
}

/// A picture, turned upright where that is wanted.
pub fn photo(name: &str, exif: Exif) -> Pixels {
    let bytes = decode::load(&folder().join("pictures").join(name)).unwrap();
    decode::decode(&bytes, &Mutex::new(())).unwrap().turned(exif).pixels
}

pub fn number(value: &Value, key: &str) -> usize {
    usize::try_from(value[key].as_u64().unwrap_or_else(|| panic!("{key} of {value}"))).unwrap()
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// How far a tensor is from a golden one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Distance {
    /// The largest difference.
    pub largest: f64,
    /// Share of the compared values that differ.
    pub share: f64,
}

impl Distance {
    pub fn worst(self, other: Self) -> Self {
        Self { largest: self.largest.max(other.largest), share: self.share.max(other.share) }
    }
}

/// The distance of little-endian elements from a golden tensor: of all of them if it has its bytes
/// or the hash agrees, else of its samples.
pub fn distance(made: &[u8], golden: &Value) -> Distance {
    let real = |bytes: &[u8], at: usize| match text(golden, "type") {
        "u8" => f64::from(bytes[at]),
        "i8" => f64::from(bytes[at].cast_signed()),
        "f32" => f64::from(f32::from_le_bytes(bytes.as_chunks::<4>().0[at])),
        other => panic!("type {other}"),
    };
    let width = if text(golden, "type") == "f32" { 4 } else { 1 };
    let shape = golden["shape"].as_array().unwrap();
    let count: u64 = shape.iter().map(|side| side.as_u64().unwrap()).product();
    assert_eq!(made.len() as u64, count * width, "{shape:?}");
    if sha256(made) == text(golden, "sha256") {
        return Distance::default();
    }
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    if let Some(text) = golden["base64"].as_str() {
        let bytes = STANDARD.decode(text).unwrap();
        pairs.extend((0..count as usize).map(|at| (real(made, at), real(&bytes, at))));
    } else {
        for sample in golden["samples"].as_array().unwrap() {
            let at = usize::try_from(sample[0].as_u64().unwrap()).unwrap();
            pairs.push((real(made, at), sample[1].as_f64().unwrap()));
        }
    }
    let differing = pairs.iter().filter(|(a, b)| a != b).count();
    let largest = pairs.iter().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // The hashes differ: if no sample does, a value between them must.
    let share = (differing as f64).max(0.5) / pairs.len() as f64;
    Distance { largest, share }
}
