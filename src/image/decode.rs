//! Image files to pixels, bit by bit as Pillow's `Image.open(f).convert("RGB")` (or `"L"`) produces
//! them, because quantised models turn a difference of 1 in a pixel into another best class: with a
//! JPEG decoder whose pixels differed by 0.05 on average, 1.6% to 5.4% of 500 photos changed their
//! Top-1 class.
//!
//! EXIF orientation is read, and applied only on request: neither Pillow's `convert` nor TensorFlow
//! Lite's evaluation tool turns an image.

use std::cell::Cell;
use std::fs;
use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use anyhow::{Result, anyhow, bail, ensure};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};
use libjpeg_turbo_rs::decode::boundary::{self, MarkerBoundary};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat};

use crate::image::orientation;
use crate::image::pixels::Pixels;
use crate::image::sniff::{self, FileKind};
use crate::record::options::Exif;
use crate::system::files;

/// Maximum pixels of an image that is decoded; no image of ILSVRC2012's validation set has more
/// than a third of them.
pub(crate) const MAX_PIXELS: u64 = 64_000_000;
/// Longest side that is decoded, as JPEG's: the weights of a resize grow with it.
const MAX_SIDE: u64 = 65_535;
/// Images with more pixels than this are decoded one at a time, to bound the memory.
const LARGE_PIXELS: u64 = 4_000_000;
/// How much of a file is read ahead: all of a photo.
const READ_AHEAD_BYTES: i32 = 1 << 20;
/// Largest file that is read.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 20;
/// What decoding may use, so that the program stays below 512 MB: as a JPEG's
/// decoder estimates it itself, or as other formats' pixels and their copy take.
/// Enough for 48 million pixels in colour, or 64 million grey ones; a progressive
/// JPEG keeps its coefficients too and has to be smaller.
const MAX_MEMORY: u64 = 320 << 20;
/// Scans of a progressive JPEG that are believed; encoders write about ten.
const MAX_SCANS: usize = 100;

/// A decoded image; a large one keeps others from being decoded while it lives.
pub struct DecodedImage<'gate> {
    /// Its pixels.
    pub pixels: Pixels,
    /// How its file says that they lie.
    pub orientation: Orientation,
    _alone: Option<MutexGuard<'gate, ()>>,
}

impl DecodedImage<'_> {
    /// Whether its file says that the image has to be turned or mirrored.
    #[must_use]
    pub fn is_turned(&self) -> bool {
        self.orientation != Orientation::NoTransforms
    }

    /// The image, turned upright if `exif` says so.
    #[must_use]
    pub fn turned(mut self, exif: Exif) -> Self {
        if exif == Exif::Apply {
            self.pixels = orientation::upright(self.pixels, self.orientation);
            self.orientation = Orientation::NoTransforms;
        }
        self
    }
}

/// Asks the system to read an image file before it is needed. A file that cannot be
/// opened is named when it is.
pub(crate) fn read_ahead(path: &Path) {
    files::read_ahead(path, READ_AHEAD_BYTES);
}

/// Reads an image file.
///
/// # Errors
/// Part of a sentence that begins with the file: unreadable, empty, too large.
pub fn load(path: &Path) -> Result<Vec<u8>> {
    let facts = fs::metadata(path).map_err(|error| anyhow!("could not be opened: {error}"))?;
    ensure!(facts.is_file(), "is not a file");
    ensure!(facts.len() > 0, "is empty");
    ensure!(
        facts.len() <= MAX_FILE_BYTES,
        "has {} bytes, more than the limit of {MAX_FILE_BYTES}",
        facts.len()
    );
    fs::read(path).map_err(|error| anyhow!("could not be read: {error}"))
}

/// Width and height that an image file's bytes state; `None` if they are not an image.
#[must_use]
pub(crate) fn size(bytes: &[u8]) -> Option<(usize, usize)> {
    silently_caught(|| {
        if bytes.starts_with(&[0xff, 0xd8]) {
            let decoder = Decoder::new(bytes).ok()?;
            let header = decoder.header();
            return Some((usize::from(header.width), usize::from(header.height)));
        }
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        let (width, height) = reader.into_dimensions().ok()?;
        Some((width as usize, height as usize))
    })?
}

/// Decodes an image from its file's bytes; of large ones, one at a time holds `gate`.
///
/// # Errors
/// Part of a sentence that begins with the file: of an unknown format, too
/// large, corrupt.
pub fn decode<'gate>(bytes: &[u8], gate: &'gate Mutex<()>) -> Result<DecodedImage<'gate>> {
    // A decoder that panics on a hostile file loses that file, not the run.
    silently_caught(|| {
        if bytes.starts_with(&[0xff, 0xd8]) {
            decode_jpeg(bytes, gate)
        } else {
            decode_other(bytes, gate)
        }
    })
    .unwrap_or_else(|| bail!("is corrupt: the decoder failed"))
}

thread_local! {
    /// Whether this thread is inside a decoder.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// What `decode` returns; `None` if it panics. The image is named then, so the message of this
/// panic is hidden from the user; those of other panics are not.
pub(crate) fn silently_caught<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !DECODING.get() {
                usual(panic);
            }
        }));
    });
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(false);
    outcome.ok()
}

/// Refuses what is too large, and has large images wait for each other.
fn admit(width: u64, height: u64, gate: &Mutex<()>) -> Result<Option<MutexGuard<'_, ()>>> {
    ensure!(width > 0 && height > 0, "has no pixels");
    ensure!(
        width * height <= MAX_PIXELS,
        "is {width} x {height} pixels, more than the limit of {MAX_PIXELS}"
    );
    ensure!(
        width.max(height) <= MAX_SIDE,
        "is {width} x {height} pixels; a side may have at most {MAX_SIDE}"
    );
    let alone = width * height > LARGE_PIXELS;
    Ok(alone.then(|| gate.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn decode_jpeg<'gate>(bytes: &[u8], gate: &'gate Mutex<()>) -> Result<DecodedImage<'gate>> {
    let limits = DecodeLimits {
        max_pixels: MAX_PIXELS,
        max_scans: MAX_SCANS,
        max_memory: Some(MAX_MEMORY),
        ..DecodeLimits::default()
    };
    let mut decoder = Decoder::new_with_limits(bytes, limits)
        .map_err(|error| refusal(error, "is not a readable JPEG"))?;
    let header = decoder.header();
    let (width, height) = (usize::from(header.width), usize::from(header.height));
    let alone = admit(width as u64, height as u64, gate)?;
    let components = header.components.len();
    decoder.set_output_format(match components {
        1 => PixelFormat::Grayscale,
        3 => PixelFormat::Rgbx,
        4 => PixelFormat::Cmyk,
        _ => bail!("is a JPEG with {components} components; 1, 3 and 4 are supported"),
    });
    ensure!(is_whole(bytes), "is cut short: the JPEG lacks its end");
    let image = decoder.decode_image().map_err(|error| refusal(error, "is a corrupt JPEG"))?;
    let orientation = image.exif_orientation().and_then(Orientation::from_exif);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let pixels = match components {
        1 => Pixels::grey(width, height, image.data),
        3 => Pixels::rgbx(width, height, image.data),
        _ => Pixels::rgbx(width, height, cmyk_to_rgbx(image.data)),
    };
    Ok(DecodedImage { pixels, orientation, _alone: alone })
}

/// Whether a JPEG has its end marker after its first scan. Without it Pillow refuses the file as
/// truncated, while other decoders fill up with grey.
fn is_whole(bytes: &[u8]) -> bool {
    const END: [u8; 2] = [0xff, 0xd9];
    if bytes.ends_with(&END) {
        return true;
    }
    // Padding or a second picture may follow the end. A thumbnail with its own end marker may come
    // before the first scan.
    let Some(mut at) = boundary::find_first_sos(bytes) else { return false };
    loop {
        match boundary::scan_next_boundary(bytes, at) {
            MarkerBoundary::Sos(next) => at = next,
            MarkerBoundary::Eoi(_) => return true,
            MarkerBoundary::NeedMore(_) => return false,
        }
    }
}

/// A decoder's error as part of our sentence.
fn refusal(error: JpegError, what: &'static str) -> anyhow::Error {
    match error {
        JpegError::LimitExceeded { what: "estimated decode memory", actual, .. } => {
            too_much_memory(actual)
        }
        JpegError::LimitExceeded { what, actual, limit } => {
            anyhow!("has a {what} of {actual}, more than the limit of {limit}")
        }
        error => anyhow::Error::new(error).context(what),
    }
}

fn too_much_memory(needed: u64) -> anyhow::Error {
    anyhow!(
        "needs {} MB to decode, more than the limit of {} MB; make it smaller",
        needed.div_ceil(1 << 20),
        MAX_MEMORY >> 20
    )
}

/// CMYK as Adobe's programs store it in JPEG files, inverted, to RGBX: what is
/// stored is 255 - ink, so `channel = stored * stored_black / 255`, rounded as
/// Pillow does (`ImagingConvert`, cmyk2rgb).
fn cmyk_to_rgbx(mut data: Vec<u8>) -> Vec<u8> {
    for pixel in data.as_chunks_mut::<4>().0 {
        let black = pixel[3];
        for channel in &mut pixel[..3] {
            *channel = black - multiplied(255 - *channel, black);
        }
        pixel[3] = 255;
    }
    data
}

/// `a * b / 255`, rounded; the usual shift form without a division.
fn multiplied(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}

fn decode_other<'gate>(bytes: &[u8], gate: &'gate Mutex<()>) -> Result<DecodedImage<'gate>> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| anyhow!("could not be read: {error}"))?;
    use ImageFormat::{Bmp, Gif, Png, Tiff, WebP};
    // Of a GIF the first frame, of a TIFF the first page.
    match (reader.format(), sniff::kind(bytes)) {
        (Some(Png | Bmp | WebP | Gif | Tiff), _) => {}
        (_, FileKind::OtherImage(name)) => {
            bail!("is a {name} image, which is not supported; convert it to PNG or JPEG")
        }
        _ => bail!("is not a JPEG, PNG, BMP, WebP, GIF or TIFF image"),
    }
    // A decoder may use this much in addition to the pixels that it returns.
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(undecoded)?;
    let (width, height) = decoder.dimensions();
    let alone = admit(u64::from(width), u64::from(height), gate)?;
    let needed = decoder.total_bytes().saturating_add(4 * u64::from(width) * u64::from(height));
    if needed > MAX_MEMORY {
        return Err(too_much_memory(needed));
    }
    limits.max_alloc = Some(MAX_MEMORY - decoder.total_bytes());
    decoder.set_limits(limits).map_err(undecoded)?;
    // Metadata that cannot be read costs no image.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(undecoded)?;
    let (width, height) = (width as usize, height as usize);
    let pixels = match image {
        DynamicImage::ImageLuma8(grey) => Pixels::grey(width, height, grey.into_raw()),
        // Grey of 16 bits is Pillow's mode `I;16`, which turns all from 255 on into white;
        // with alpha, or in colour, Pillow reads the high byte of 16 bits.
        DynamicImage::ImageLuma16(grey) => {
            let clipped = grey.into_raw().into_iter().map(|value| value.min(255) as u8);
            Pixels::grey(width, height, clipped.collect())
        }
        // Alpha is dropped, not blended, as Pillow's `convert` does.
        DynamicImage::ImageLumaA8(grey) => {
            Pixels::grey(width, height, grey.as_raw().iter().copied().step_by(2).collect())
        }
        DynamicImage::ImageLumaA16(grey) => {
            let high = grey.as_raw().iter().step_by(2).map(|value| (value >> 8) as u8);
            Pixels::grey(width, height, high.collect())
        }
        DynamicImage::ImageRgb16(colour) => {
            Pixels::rgbx(width, height, high_bytes(colour.as_raw().as_chunks::<3>().0))
        }
        DynamicImage::ImageRgba16(colour) => {
            Pixels::rgbx(width, height, high_bytes(colour.as_raw().as_chunks::<4>().0))
        }
        colour => {
            let mut data = colour.into_rgba8().into_raw();
            data.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255);
            Pixels::rgbx(width, height, data)
        }
    };
    Ok(DecodedImage { pixels, orientation, _alone: alone })
}

/// The first three of `N` channels, 8 of their 16 bits.
fn high_bytes<const N: usize>(pixels: &[[u16; N]]) -> Vec<u8> {
    let high = |value: u16| (value >> 8) as u8;
    pixels.iter().flat_map(|pixel| [high(pixel[0]), high(pixel[1]), high(pixel[2]), 255]).collect()
}

/// Why a file is not decoded: damaged, or of a kind such as a TIFF of real numbers.
fn undecoded(error: ImageError) -> anyhow::Error {
    let what = match error {
        ImageError::Unsupported(_) => {
            "is of a kind that is not supported; convert it to PNG or JPEG"
        }
        _ => "is a corrupt image",
    };
    anyhow::Error::new(error).context(what)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
