//! Small copies of images, inside the page.

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use image::imageops::FilterType;

use crate::run::Run;

/// Side in pixels: sharp at the 56 CSS pixels that the page shows, not more.
const SIDE: u32 = 84;
/// A page holds at most so many; confusions after that have none.
const MOST: usize = 300;
/// Larger files are not opened: a page must not take longer than a look.
const MOST_BYTES: u64 = 20 << 20;
/// Larger pictures are not decoded: a small file can hold a huge one.
const MOST_SIDE: u32 = 8192;

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

fn uri(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > MOST_BYTES {
        return None;
    }
    let mut reader = image::ImageReader::open(path).ok()?.with_guessed_format().ok()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let (format, small) = if picture.width().max(picture.height()) <= SIDE {
        (ImageFormat::Png, picture)
    } else {
        let side = SIDE;
        (
            ImageFormat::Jpeg,
            picture.resize_to_fill(side, side, FilterType::Triangle).to_rgb8().into(),
        )
    };
    let mut bytes = Cursor::new(Vec::new());
    small.write_to(&mut bytes, format).ok()?;
    Some(format!(
        "data:{};base64,{}",
        format.to_mime_type(),
        BASE64_STANDARD.encode(bytes.get_ref())
    ))
}
