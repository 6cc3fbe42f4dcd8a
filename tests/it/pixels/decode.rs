//! Decoding, against Pillow.

use std::sync::Mutex;

use shutterbench::image::decode;
use shutterbench::image::pixels::Pixels;
use shutterbench::record::options::Exif;

use super::golden::{folder, number, picture, read, sha256, text};

fn rgb(image: &Pixels) -> Vec<u8> {
    if image.is_grey() {
        image.data.iter().flat_map(|value| [*value; 3]).collect()
    } else {
        image.data.as_chunks::<4>().0.iter().flat_map(|p| [p[0], p[1], p[2]]).collect()
    }
}

#[test]
fn pictures_decode_as_pillow_decodes_them() {
    let goldens = read("decode.json");
    let mut wrong = Vec::new();
    for case in goldens["pictures"].as_array().unwrap() {
        let file = text(case, "file");
        let image = picture(file);
        assert_eq!((image.width, image.height), (number(case, "width"), number(case, "height")));
        let rgb = rgb(&image);
        if sha256(&rgb) != text(case, "rgb_sha256") {
            wrong.push(format!("{file}: {:?}, Pillow {}", &rgb[..12], case["first_pixels"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pictures_are_turned_upright_as_pillow_turns_them() {
    let goldens = read("decode.json");
    let cases = goldens["pictures"].as_array().unwrap();
    let turned: Vec<_> = cases.iter().filter(|case| case["upright"].is_object()).collect();
    assert_eq!(turned.len(), 8);
    for case in turned {
        let file = text(case, "file");
        let bytes = decode::load(&folder().join("pictures").join(file)).unwrap();
        let gate = Mutex::new(());
        let decoded = decode::decode(&bytes, &gate).unwrap();
        assert_eq!(usize::from(decoded.orientation.to_exif()), number(case, "orientation"));
        assert_eq!(decoded.is_turned(), file != "exif1.jpg", "{file}");
        let ignored = decoded.turned(Exif::Ignore);
        assert_eq!(sha256(&rgb(&ignored.pixels)), text(case, "rgb_sha256"), "{file}");
        let upright = ignored.turned(Exif::Apply).pixels;
        let golden = &case["upright"];
        let size = (number(golden, "width"), number(golden, "height"));
        assert_eq!((upright.width, upright.height), size, "{file}");
        assert_eq!(sha256(&rgb(&upright)), text(golden, "rgb_sha256"), "{file}");
    }
}

/// Pillow takes every CMYK file for one of Adobe's, which are inverted (`JpegImagePlugin`,
/// "assume adobe conventions").
#[test]
fn cmyk_without_adobes_marker_is_read_as_with_it() {
    let mut bytes = decode::load(&folder().join("pictures/cmyk.jpg")).unwrap();
    let marker = bytes.windows(2).position(|two| two == [0xff, 0xee]).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[marker + 2], bytes[marker + 3]]));
    assert_eq!(&bytes[marker + 4..marker + 9], b"Adobe");
    bytes.drain(marker..marker + 2 + length);
    let gate = Mutex::new(());
    let bare = decode::decode(&bytes, &gate).unwrap();
    assert!(bare.pixels == picture("cmyk.jpg"));
}
