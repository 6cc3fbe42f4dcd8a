//! CIFAR-10's test images out of its binary batch, each as a PNG in the folder of its class.
//!
//! A record is a class and 3072 bytes: the red, green and blue planes of 32 x 32 pixels, row by
//! row (the description on the publisher's page). The classes' names are in the order of the
//! alphabet, so that class folders have the classes' numbers.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::fetch::fetch_error::FetchError;

/// The archive's member with the test images.
pub(crate) const BATCH: &str = "cifar-10-batches-bin/test_batch.bin";
/// The archive's member with the classes' names, a line each.
pub(crate) const NAMES: &str = "cifar-10-batches-bin/batches.meta.txt";
/// Width and height of an image.
const SIDE: usize = 32;
/// Pixels of an image.
const PIXELS: usize = SIDE * SIDE;
/// A class and three planes.
const RECORD: usize = 1 + 3 * PIXELS;

/// Writes the images of a batch into `to`, and returns how many there are.
///
/// # Errors
/// `broken` with what is wrong with the batch, or a file that cannot be written.
pub(crate) fn write(
    batch: &[u8],
    names: &str,
    to: &Path,
    broken: impl Fn(String) -> FetchError,
    told: &dyn Fn(usize),
) -> Result<usize, FetchError> {
    let names: Vec<&str> = names.lines().map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_lowercase());
    if !names.is_sorted() || !names.iter().all(is_plain) {
        return Err(broken(format!("{NAMES} does not hold the names of CIFAR-10's classes")));
    }
    if !batch.len().is_multiple_of(RECORD) {
        return Err(broken(format!("{BATCH} has {} bytes, no multiple of {RECORD}", batch.len())));
    }
    let folders: Vec<PathBuf> = names.iter().map(|name| to.join(name)).collect();
    for folder in &folders {
        fs::create_dir(folder).map_err(FetchError::file("write", folder))?;
    }
    let records = batch.chunks_exact(RECORD);
    let count = records.len();
    for (number, record) in records.enumerate() {
        let class = usize::from(record[0]);
        let folder = folders.get(class).ok_or_else(|| {
            broken(format!("image {number} of {BATCH} has class {class} of {}", folders.len()))
        })?;
        let path = folder.join(format!("{number:05}.png"));
        write_png(&record[1..], &path)?;
        told(number + 1);
    }
    Ok(count)
}

fn write_png(planes: &[u8], path: &Path) -> Result<(), FetchError> {
    let pixels: Vec<u8> = (0..PIXELS)
        .flat_map(|at| [planes[at], planes[PIXELS + at], planes[2 * PIXELS + at]])
        .collect();
    let cannot = || FetchError::file("write", path);
    let file = BufWriter::new(File::create(path).map_err(cannot())?);
    let side = SIDE as u32;
    PngEncoder::new(file)
        .write_image(&pixels, side, side, ExtendedColorType::Rgb8)
        .map_err(|error| cannot()(std::io::Error::other(error)))
}
