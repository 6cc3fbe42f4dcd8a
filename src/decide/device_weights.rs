//! How much each device of a fleet counts: a CSV file with the columns `device` and `weight`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::text_file;

/// Weights other than 0. Beyond them sums overflow and products vanish, so that a mean is not a number.
const WEIGHTS: RangeInclusive<f64> = 1e-12..=1e12;

/// Weights by device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceWeights {
    /// What the file is called, for sentences.
    file: String,
    by_device: BTreeMap<String, f64>,
}

impl DeviceWeights {
    /// Reads a file.
    ///
    /// # Errors
    /// One sentence: an unreadable file, a missing column, or the line of a device that
    /// comes twice or whose weight is not 0 or a number in `WEIGHTS`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = text_file::read(path).context("the weights cannot be used")?.text;
        let file = path.display().to_string();
        Self::parse(&text, file).with_context(|| format!("weights {}", path.display()))
    }

    fn parse(text: &str, file: String) -> Result<Self> {
        let delimiter = delimiter(text);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = reader.headers()?.clone();
        let column = |name: &str| {
            let titled = |title: &str| title.eq_ignore_ascii_case(name);
            header.iter().position(titled).with_context(|| {
                format!("its first line must be 'device,weight', and has no '{name}'")
            })
        };
        let (device, weight) = (column("device")?, column("weight")?);
        let mut by_device = BTreeMap::new();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let name = record.get(device).unwrap_or_default();
            let text = record.get(weight).unwrap_or_default();
            // Spreadsheets that part fields by semicolons may write 0.5 as 0,5.
            let point = if delimiter == b',' { text.to_owned() } else { text.replace(',', ".") };
            let number = point.parse().ok().filter(|it| *it == 0.0 || WEIGHTS.contains(it));
            let Some(number) = number else {
                bail!(
                    "line {line}: '{text}' is not a weight; give 0, or a number from {:e} to {:e}",
                    WEIGHTS.start(),
                    WEIGHTS.end()
                );
            };
            ensure!(
                by_device.insert(name.to_owned(), number).is_none(),
                "line {line}: device {name} comes twice; keep one"
            );
        }
        ensure!(by_device.values().sum::<f64>() > 0.0, "no device in it counts; give weights");
        Ok(Self { file, by_device })
    }

    /// The weights of these devices, in their order.
    ///
    /// # Errors
    /// One sentence: a device without a weight, or a weight without a device.
    pub(crate) fn of(&self, devices: &[&str]) -> Result<Vec<f64>> {
        let file = &self.file;
        if let Some(name) = self.by_device.keys().find(|name| !devices.contains(&name.as_str())) {
            bail!(
                "{file} weighs device {name}, which no run is of; the runs' are {}",
                devices.join(", ")
            );
        }
        let weight = |device: &&str| {
            let weight = self.by_device.get(*device).copied();
            weight.with_context(|| format!("{file} has no weight for device {device}; add a line"))
        };
        devices.iter().map(weight).collect()
    }
}

/// What separates the fields: the mark that the first line has.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|mark| first.contains(char::from(*mark))).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<DeviceWeights> {
        DeviceWeights::parse(text, "w.csv".into())
    }

    #[test]
    fn every_device_has_one_weight() {
        let weights = of("note,device,weight\n,b, 2.5\n,a,0\n").unwrap();
        assert_eq!(weights.of(&["a", "b"]).unwrap(), [0.0, 2.5]);
        let error = weights.of(&["a", "b", "c"]).unwrap_err().to_string();
        assert_eq!(error, "w.csv has no weight for device c; add a line");
        let error = weights.of(&["a"]).unwrap_err().to_string();
        assert!(error.contains("weighs device b, which no run is of"), "{error}");
    }

    #[test]
    fn spreadsheets_of_other_countries_are_read() {
        for text in ["Device;Weight\na;0,5\nb;2\n", "device\tweight\na\t0.5\nb\t2\n"] {
            assert_eq!(of(text).unwrap().of(&["a", "b"]).unwrap(), [0.5, 2.0], "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("name,weight\na,1\n", "has no 'device'"),
            ("device,weight\na,1\na,2\n", "line 3: device a comes twice"),
            ("device,weight\na,-1\n", "line 2: '-1' is not a weight"),
            ("device,weight\na,much\n", "line 2: 'much' is not a weight"),
            ("device,weight\na,inf\n", "line 2: 'inf' is not a weight"),
            ("device,weight\na,1e308\nb,1e308\n", "line 2: '1e308' is not a weight"),
            ("device,weight\na,1e-320\n", "give 0, or a number from 1e-12 to 1e12"),
            ("device,weight\na,0\n", "no device in it counts"),
        ] {
            let error = format!("{:#}", of(text).unwrap_err());
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
