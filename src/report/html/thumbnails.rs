//! Small copies of images, inside the page.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageFormat, RgbaImage};
use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};

use crate::accuracy::decode;
use crate::accuracy::pixels::Pixels;
use crate::run::Run;

/// Side in pixels: sharp at the 56 CSS pixels that the page shows, not more.
const SIDE: u32 = 84;
/// Quality of a thumbnail's JPEG: about 2 kB each.
const QUALITY: u8 = 80;
/// A page holds at most so many; confusions after that have none.
const MOST: usize = 300;

/// The images of a page, each one once.
pub struct Thumbnails {
    folder: Option<PathBuf>,
    indices: HashMap<String, Option<usize>>,
    uris: Vec<String>,
}

impl Thumbnails {
    /// None yet.
    pub fn new(run: &Run) -> Self {
        let folder = run.header.dataset.as_ref().map(|dataset| dataset.path.clone());
        Self { folder, indices: HashMap::new(), uris: Vec::new() }
    }

    /// The index of an image's thumbnail. `None` where the image is not at hand
    /// any more (a report can be written long after its run) or the page is
    /// full.
    pub fn add(&mut self, image: &str) -> Option<usize> {
        if let Some(known) = self.indices.get(image) {
            return *known;
        }
        let index = if self.uris.len() < MOST { self.make(image) } else { None };
        self.indices.insert(image.to_owned(), index);
        index
    }

    fn make(&mut self, image: &str) -> Option<usize> {
        let uri = uri(&self.folder.as_ref()?.join(image))?;
        self.uris.push(uri);
        Some(self.uris.len() - 1)
    }

    /// The thumbnails as `data:` URIs, by index.
    pub fn into_uris(self) -> Vec<String> {
        self.uris
    }
}

/// A small picture stays as it is, a large one is filled into a square.
fn uri(path: &Path) -> Option<String> {
    let bytes = decode::load(path).ok()?;
    let picture = picture(decode::decode(&bytes, &Mutex::new(())).ok()?.pixels)?;
    let (format, bytes) = if picture.width().max(picture.height()) <= SIDE {
        let mut png = Cursor::new(Vec::new());
        picture.write_to(&mut png, ImageFormat::Png).ok()?;
        (ImageFormat::Png, png.into_inner())
    } else {
        let small = picture.resize_to_fill(SIDE, SIDE, FilterType::Triangle).to_rgb8();
        let side = SIDE as usize;
        let jpeg = compress(&small, side, side, PixelFormat::Rgb, QUALITY, Subsampling::S420);
        (ImageFormat::Jpeg, jpeg.ok()?)
    };
    Some(format!("data:{};base64,{}", format.to_mime_type(), BASE64_STANDARD.encode(bytes)))
}

fn picture(pixels: Pixels) -> Option<DynamicImage> {
    let (width, height) = (u32::try_from(pixels.width).ok()?, u32::try_from(pixels.height).ok()?);
    if pixels.is_grey() {
        return GrayImage::from_raw(width, height, pixels.data).map(DynamicImage::from);
    }
    // The fourth byte of a pixel has no meaning.
    let mut data = pixels.data;
    data.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255);
    RgbaImage::from_raw(width, height, data).map(DynamicImage::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_and_small_pictures_get_one_and_what_is_no_image_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let rgb: Vec<u8> = (0..200 * 120 * 3).map(|i| (i / 300 % 256) as u8).collect();
        let jpeg = compress(&rgb, 200, 120, PixelFormat::Rgb, 90, Subsampling::S420).unwrap();
        std::fs::write(at("photo.JPEG"), jpeg).unwrap();
        GrayImage::from_pixel(28, 28, image::Luma([7])).save(at("small.png")).unwrap();
        std::fs::write(at("text.jpg"), "no image").unwrap();
        let photo = uri(&at("photo.JPEG")).unwrap();
        let encoded = photo.strip_prefix("data:image/jpeg;base64,").unwrap();
        let small = BASE64_STANDARD.decode(encoded).unwrap();
        let decoded = libjpeg_turbo_rs::decompress(&small).unwrap();
        assert_eq!((decoded.width, decoded.height), (84, 84));
        assert!(uri(&at("small.png")).unwrap().starts_with("data:image/png;base64,"));
        assert_eq!((uri(&at("text.jpg")), uri(&at("absent.png"))), (None, None));
    }
}
