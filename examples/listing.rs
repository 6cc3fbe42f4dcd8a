//! How long a dataset takes before anything is measured: opened and listed, hashed as a list, and
//! read and hashed image by image as for a device. `scripts/measure/listing` runs it.
//!
//!     listing DATASET
//!
//! Prints one line: the number of images, and seconds for each of the three.

use std::env;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use shutterbench::dataset::entries::Dataset;
use shutterbench::device::payload::Payload;
use shutterbench::device::remote_path::BOARD_FOLDER;
use shutterbench::run::suite_file::SuiteFile;

fn main() -> Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).context("give a dataset")?);
    let began = Instant::now();
    let dataset = Dataset::open(&folder)?;
    let listed = began.elapsed();
    let hash = dataset.facts().listing_sha256;
    let hashed = began.elapsed();
    let wanted = SuiteFile { dataset: Some(folder), ..SuiteFile::default() };
    let began = Instant::now();
    let root = BOARD_FOLDER.parse().map_err(anyhow::Error::msg)?;
    let payload = Payload::new(&wanted, &root)?;
    anyhow::ensure!(payload.images == dataset.entries.len(), "an image was left out");
    println!(
        "{} {:.3} {:.3} {:.3} {}",
        payload.images,
        listed.as_secs_f64(),
        (hashed - listed).as_secs_f64(),
        began.elapsed().as_secs_f64(),
        &hash[..12]
    );
    Ok(())
}
