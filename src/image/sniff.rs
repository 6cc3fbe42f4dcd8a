//! What a file is by its first bytes: endings lie, and many files have none.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Number of bytes that are examined.
pub(crate) const HEAD_BYTES: usize = 32;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// An image that is decoded.
    Image,
    /// An image of a format that is not decoded, by its name.
    OtherImage(&'static str),
    /// No image.
    Other,
}

/// Camera makers' formats, which begin as TIFF does.
const RAW: [&str; 10] = ["cr2", "cr3", "nef", "arw", "dng", "orf", "rw2", "raf", "pef", "srw"];

/// The kind of file that begins with these bytes.
#[must_use]
pub(crate) fn kind(head: &[u8]) -> FileKind {
    let at = |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|it| it.starts_with(bytes));
    // A BMP's own header has one of a few sizes; many a text begins with BM.
    let is_bmp = at(0, b"BM") && matches!(head.get(14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124));
    let is_image = at(0, b"\xff\xd8\xff")
        || at(0, b"\x89PNG\r\n\x1a\n")
        || at(0, b"GIF8")
        || (at(0, b"RIFF") && at(8, b"WEBP"))
        || at(0, b"II*\0")
        || at(0, b"MM\0*")
        || is_bmp;
    if is_image {
        return FileKind::Image;
    }
    if at(4, b"ftyp") {
        let brand = |brands: &[&[u8]]| brands.iter().any(|brand| at(8, brand));
        if brand(&[b"avif", b"avis"]) {
            return FileKind::OtherImage("AVIF");
        }
        if brand(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"]) {
            return FileKind::OtherImage("HEIC");
        }
    }
    let others: [(&[u8], &str); 8] = [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL ", "JPEG XL"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000"),
        (b"8BPS", "Photoshop"),
        (b"\0\0\x01\0", "icon"),
        (b"qoif", "QOI"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
        (b"<svg", "SVG"),
    ];
    let other = others.iter().find(|(bytes, _)| at(0, bytes));
    other.map_or(FileKind::Other, |(_, name)| FileKind::OtherImage(name))
}

/// The kind of a file; `None` if it could not be read.
#[must_use]
pub(crate) fn kind_of(path: &Path) -> Option<FileKind> {
    let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
    if RAW.contains(&ending.as_str()) {
        return Some(FileKind::OtherImage("camera raw"));
    }
    let by_ending = match ending.as_str() {
        "heic" | "heif" | "heics" | "heifs" | "hif" => FileKind::OtherImage("HEIC"),
        "avif" | "avifs" => FileKind::OtherImage("AVIF"),
        "jxl" => FileKind::OtherImage("JPEG XL"),
        "jxr" | "wdp" | "hdp" => FileKind::OtherImage("JPEG XR"),
        "jp2" | "j2k" | "j2c" | "jpx" | "jpf" => FileKind::OtherImage("JPEG 2000"),
        "ico" | "cur" | "icns" => FileKind::OtherImage("icon"),
        "dds" => FileKind::OtherImage("DDS"),
        "exr" => FileKind::OtherImage("OpenEXR"),
        "hdr" => FileKind::OtherImage("Radiance"),
        "qoi" => FileKind::OtherImage("QOI"),
        "pcx" => FileKind::OtherImage("PCX"),
        "sgi" => FileKind::OtherImage("SGI"),
        "xbm" | "xpm" => FileKind::OtherImage("X bitmap"),
        "xcf" => FileKind::OtherImage("GIMP"),
        "eps" => FileKind::OtherImage("PostScript"),
        "dcm" | "dicom" => FileKind::OtherImage("DICOM"),
        "svg" => FileKind::OtherImage("SVG"),
        "psd" => FileKind::OtherImage("Photoshop"),
        "ppm" | "pgm" | "pbm" | "pnm" | "pam" => FileKind::OtherImage("Netpbm"),
        "tga" => FileKind::OtherImage("Targa"),
        _ => FileKind::Other,
    };
    let mut head = Vec::with_capacity(HEAD_BYTES);
    File::open(path).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    match kind(&head) {
        FileKind::Other => Some(by_ending),
        kind => Some(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_where_endings_lie() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            kind_of(&path).unwrap()
        };
        assert_eq!(of("x.txt", b"\xff\xd8\xff\xe0\0\x10JFIF"), FileKind::Image);
        assert_eq!(of("x", b"GIF89a"), FileKind::Image);
        assert_eq!(of("x.dat", b"II*\0\x08\0\0\0"), FileKind::Image);
        assert_eq!(of("x.nef", b"II*\0\x08\0\0\0"), FileKind::OtherImage("camera raw"));
        assert_eq!(of("x.jpg", b"\0\0\0\x18ftypheic\0\0\0\0"), FileKind::OtherImage("HEIC"));
        assert_eq!(of("x.avif", b"\0\0\0\x18ftypavif\0\0\0\0"), FileKind::OtherImage("AVIF"));
        assert_eq!(of("x.heic", b""), FileKind::OtherImage("HEIC"));
        for (name, kind) in
            [("x.ico", "icon"), ("x.CUR", "icon"), ("x.exr", "OpenEXR"), ("x.pcx", "PCX")]
        {
            assert_eq!(of(name, b"whatever"), FileKind::OtherImage(kind), "{name}");
        }
        assert_eq!(of("x", b"BMW and other cars of mine"), FileKind::Other);
        assert_eq!(kind_of(&folder.path().join("absent")), None);
    }
}
