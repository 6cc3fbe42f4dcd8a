//! Small copies of images, inside the page.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::{DynamicImage, GrayImage, ImageFormat, RgbaImage};
use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};
use rayon::prelude::*;

use crate::dataset::entries::{Dataset, LabelledImage};
use crate::dataset::file_name;
use crate::image::decode;
use crate::image::pixels::{Pixels, Window};
use crate::image::resample::{Passes, ResampleRequest, Resampler};
use crate::record::options::Exif;
use crate::record::pipeline::Filter;
use crate::record::run::Run;
use crate::record::wanted_columns::WantedColumns;

/// Side in pixels: sharp at the 56 CSS pixels that the page shows, not more.
const SIDE: usize = 84;
/// Quality of a thumbnail's JPEG: about 2 kB each.
const QUALITY: u8 = 80;
/// Maximum number on a page; confusions after that have none.
const MOST: usize = 300;

/// The images of a page, each one once.
pub(crate) struct Thumbnails<'a> {
    folder: Option<PathBuf>,
    /// The images, if the caller has them open.
    images: Option<&'a Dataset>,
    /// The columns that a table of images is read by.
    columns: WantedColumns,
    /// Whether they are shown upright: as the models saw them.
    exif: Exif,
    indices: HashMap<String, usize>,
}

impl<'a> Thumbnails<'a> {
    /// None yet.
    pub(crate) fn new(run: &Run, images: Option<&'a Dataset>) -> Self {
        let folder = run.header.dataset.as_ref().map(|dataset| dataset.path.clone());
        let options = run.header.options.accuracy.as_ref();
        let columns = options.map(|accuracy| accuracy.columns.clone()).unwrap_or_default();
        let exif = options.map(|accuracy| accuracy.exif).unwrap_or_default();
        Self { folder, images, columns, exif, indices: HashMap::new() }
    }

    /// The index of an image's thumbnail. `None` if the page is full.
    pub(crate) fn add(&mut self, image: &str) -> Option<usize> {
        let next = self.indices.len();
        match self.indices.get(image) {
            Some(known) => Some(*known),
            None if next < MOST => {
                self.indices.insert(image.to_owned(), next);
                Some(next)
            }
            None => None,
        }
    }

    /// The thumbnails as `data:` URIs, by index. `None` if the image is not available any more: a
    /// report can be written long after its run.
    pub(crate) fn into_uris(self) -> Vec<Option<String>> {
        let mut images: Vec<(String, usize)> = self.indices.into_iter().collect();
        images.sort_unstable_by_key(|(_, index)| *index);
        let large = Mutex::new(());
        let is_empty = images.is_empty();
        let contained =
            || self.folder.as_deref().and_then(|it| Dataset::contained(it, &self.columns));
        // One file that holds all images.
        let opened = if is_empty || self.images.is_some() { None } else { contained() };
        let load = |image: &str| match self.images.or(opened.as_ref()) {
            Some(dataset) => dataset.load(&LabelledImage::new(image.to_owned(), 0)).ok(),
            None => decode::load(&self.folder.as_ref()?.join(file_name::path(image))).ok(),
        };
        let uri = |(image, _): &(String, usize)| uri(&load(image)?, self.exif, &large);
        images.par_iter().map(uri).collect()
    }
}

/// A small picture stays as it is, the central square of a large one is reduced.
fn uri(bytes: &[u8], exif: Exif, large: &Mutex<()>) -> Option<String> {
    // Kept until it is reduced: while it lives, no other large one is decoded.
    // Longer than a thumbnail, so that none is taken for a small picture.
    let decoded = decode::decode_reduced(bytes, SIDE + 1, large).ok()?.turned(exif);
    let pixels = &decoded.pixels;
    let (format, bytes) = if pixels.width.max(pixels.height) <= SIDE {
        let mut png = Cursor::new(Vec::new());
        picture(pixels)?.write_to(&mut png, ImageFormat::Png).ok()?;
        (ImageFormat::Png, png.into_inner())
    } else {
        let (mut small, size) = (Vec::new(), (SIDE, SIDE));
        let window = square(pixels);
        let request = ResampleRequest::whole(window, size);
        Resampler::default().resize(
            pixels,
            &request,
            Filter::Bilinear,
            Passes::RowsFirst,
            &mut small,
        );
        let format = if pixels.is_grey() { PixelFormat::Grayscale } else { PixelFormat::Rgbx };
        let jpeg = compress(&small, SIDE, SIDE, format, QUALITY, Subsampling::S420);
        (ImageFormat::Jpeg, jpeg.ok()?)
    };
    Some(format!("data:{};base64,{}", format.to_mime_type(), BASE64_STANDARD.encode(bytes)))
}

/// The largest square in the middle.
fn square(pixels: &Pixels) -> Window {
    let side = pixels.width.min(pixels.height);
    Window {
        left: (pixels.width - side) / 2,
        top: (pixels.height - side) / 2,
        width: side,
        height: side,
    }
}

fn picture(pixels: &Pixels) -> Option<DynamicImage> {
    let (width, height) = (u32::try_from(pixels.width).ok()?, u32::try_from(pixels.height).ok()?);
    if pixels.is_grey() {
        return GrayImage::from_raw(width, height, pixels.data.clone()).map(DynamicImage::from);
    }
    // The fourth byte of a pixel has no meaning.
    let mut data = pixels.data.clone();
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
        // Red at the left and at the right, green in the middle.
        let green = |i: usize| (40..160).contains(&(i % 200));
        let rgb: Vec<u8> =
            (0..200 * 120).flat_map(|i| if green(i) { [0, 255, 0] } else { [255, 0, 0] }).collect();
        let jpeg = compress(&rgb, 200, 120, PixelFormat::Rgb, 90, Subsampling::S444).unwrap();
        std::fs::write(at("photo.JPEG"), jpeg).unwrap();
        let grey = GrayImage::from_pixel(200, 200, image::Luma([99]));
        grey.save(at("grey.png")).unwrap();
        GrayImage::from_pixel(28, 28, image::Luma([7])).save(at("small.png")).unwrap();
        std::fs::write(at("text.jpg"), "no image").unwrap();
        let mut thumbnails = Thumbnails {
            folder: Some(folder.path().to_owned()),
            images: None,
            columns: WantedColumns::default(),
            exif: Exif::Ignore,
            indices: HashMap::new(),
        };
        let images = ["photo.JPEG", "grey.png", "text.jpg", "small.png", "absent.png", "grey.png"];
        let indices = images.map(|image| thumbnails.add(image).unwrap());
        assert_eq!(indices, [0, 1, 2, 3, 4, 1]);
        let uris = thumbnails.into_uris();
        let decoded = |uri: &Option<String>| {
            let encoded = uri.as_ref().unwrap().strip_prefix("data:image/jpeg;base64,").unwrap();
            let small = BASE64_STANDARD.decode(encoded).unwrap();
            libjpeg_turbo_rs::decompress(&small).unwrap()
        };
        let (photo, grey) = (decoded(&uris[0]), decoded(&uris[1]));
        assert_eq!([photo.width, photo.height, grey.width, grey.height], [SIDE; 4]);
        assert!(photo.data.as_chunks::<3>().0.iter().all(|[r, g, b]| *g > 230 && r.max(b) < &25));
        assert!(grey.data.iter().all(|value| value.abs_diff(99) < 3));
        assert!(uris[3].as_ref().unwrap().starts_with("data:image/png;base64,"));
        assert_eq!((&uris[2], &uris[4]), (&None, &None));
    }

    #[test]
    fn they_lie_as_the_models_saw_them() {
        let photo = include_bytes!("../../../tests/goldens/pictures/exif6.jpg");
        let size = |exif| {
            let uri = uri(photo, exif, &Mutex::new(())).unwrap();
            let encoded = uri.strip_prefix("data:image/png;base64,").unwrap();
            decode::size(&BASE64_STANDARD.decode(encoded).unwrap()).unwrap()
        };
        assert_eq!(size(Exif::Ignore), (24, 16));
        assert_eq!(size(Exif::Apply), (16, 24));
    }
}
