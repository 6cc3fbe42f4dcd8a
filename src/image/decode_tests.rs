use libjpeg_turbo_rs::Encoder;

use super::*;

fn jpeg(width: usize, height: usize, progressive: bool) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
    Encoder::new(&pixels, width, height, PixelFormat::Rgb)
        .progressive(progressive)
        .encode()
        .unwrap()
}

fn refused(bytes: &[u8]) -> String {
    match decode(bytes, &Mutex::new(())) {
        Ok(_) => panic!("{} bytes were decoded", bytes.len()),
        Err(error) => format!("{error:#}"),
    }
}

/// The same JPEG, with other sizes in its frame header.
fn resized(mut bytes: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = bytes
        .windows(4)
        .position(|w| w[0] == 0xff && matches!(w[1], 0xc0 | 0xc2) && w[2] == 0)
        .unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn a_jpeg_that_is_cut_short_is_refused_wherever_the_cut_is() {
    for progressive in [false, true] {
        let whole = jpeg(48, 40, progressive);
        assert!(decode(&whole, &Mutex::new(())).is_ok());
        for end in 2..whole.len() {
            let reason = refused(&whole[..end]);
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
        }
    }
}

#[test]
fn what_follows_the_end_does_no_harm() {
    let mut bytes = jpeg(16, 16, true);
    bytes.extend([0; 40]);
    assert!(decode(&bytes, &Mutex::new(())).is_ok());
}

#[test]
fn sizes_beyond_the_limits_are_named() {
    let bomb = resized(jpeg(16, 16, false), 20_000, 20_000);
    assert_eq!(refused(&bomb), "is 20000 x 20000 pixels, more than the limit of 64000000");
    for progressive in [false, true] {
        let large = resized(jpeg(16, 16, progressive), 8_000, 8_000);
        let reason = refused(&large);
        assert!(reason.contains("MB to decode, more than the limit of 320 MB"), "{reason}");
    }
}

/// The header of a 24-bit BMP that promises this many pixels.
fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    let words: [u32; 13] =
        [0, 0, 54, 40, width as u32, height as u32, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes
}

#[test]
fn other_formats_are_held_to_the_same_memory() {
    let reason = refused(&bmp(7_000, 7_000));
    assert_eq!(reason, "needs 328 MB to decode, more than the limit of 320 MB; make it smaller");
    // Not too large, only empty.
    let reason = refused(&bmp(6_000, 6_000));
    assert!(reason.starts_with("is a corrupt image"), "{reason}");
}

#[test]
fn a_side_is_no_longer_than_a_jpegs() {
    let long = |width| {
        let mut bytes = Cursor::new(Vec::new());
        image::GrayImage::new(width, 1).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let reason = refused(&long(70_000));
    assert_eq!(reason, "is 70000 x 1 pixels; a side may have at most 65535");
    assert!(decode(&long(65_535), &Mutex::new(())).is_ok());
}

#[test]
fn a_panic_is_caught_and_another_is_not_hushed_up() {
    assert_eq!(silently_caught(|| 7), Some(7));
    assert_eq!(silently_caught(|| panic!("a decoder's")), None::<()>);
    assert!(!DECODING.get());
}

/// EXIF of one field, the orientation: TIFF's header, and a directory at `directory`.
fn exif(orientation: u8, directory: u8) -> Vec<u8> {
    let mut tiff = b"II*\0".to_vec();
    tiff.extend([directory, 0, 0, 0]);
    tiff.extend([1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff
}

fn encoded(mut encoder: impl image::ImageEncoder, exif: Vec<u8>) {
    encoder.set_exif_metadata(exif).unwrap();
    let pixels: Vec<u8> = (0..6 * 4 * 3).collect();
    encoder.write_image(&pixels, 6, 4, image::ExtendedColorType::Rgb8).unwrap();
}

fn orientation(bytes: &[u8]) -> u8 {
    decode(bytes, &Mutex::new(())).unwrap().orientation.to_exif()
}

#[test]
fn every_format_tells_its_orientation_and_bad_metadata_costs_no_image() {
    // What a field, a directory and a length may say that is not so.
    let cases = [(exif(6, 8), 6), (exif(9, 8), 1), (exif(6, 200), 1), (exif(6, 8)[..15].into(), 1)];
    for (exif, expected) in cases {
        let (mut png, mut webp) = (Vec::new(), Vec::new());
        encoded(image::codecs::png::PngEncoder::new(&mut png), exif.clone());
        encoded(image::codecs::webp::WebPEncoder::new_lossless(&mut webp), exif.clone());
        let mut app1 = b"Exif\0\0".to_vec();
        app1.extend(&exif);
        let mut jpeg = jpeg(6, 4, false);
        let length = u16::try_from(app1.len() + 2).unwrap().to_be_bytes();
        jpeg.splice(2..2, [&[0xff, 0xe1][..], &length, &app1].concat());
        for (format, bytes) in [("PNG", &png), ("WebP", &webp), ("JPEG", &jpeg)] {
            assert_eq!(orientation(bytes), expected, "{format}, EXIF {exif:?}");
        }
    }
    assert_eq!(orientation(&jpeg(6, 4, true)), 1);
}

#[test]
fn a_jpeg_is_reduced_as_far_as_its_shorter_side_allows() {
    let gate = Mutex::new(());
    let size = |width, height, side| {
        let bytes = jpeg(width, height, false);
        let pixels = decode_reduced(&bytes, side, &gate).unwrap().pixels;
        assert_eq!(pixels.data.len(), pixels.width * pixels.height * 4);
        (pixels.width, pixels.height)
    };
    assert_eq!(size(400, 240, 30), (50, 30));
    assert_eq!(size(400, 240, 31), (100, 60));
    assert_eq!(size(401, 243, 100), (201, 122));
    assert_eq!(size(400, 240, 121), (400, 240));
}
