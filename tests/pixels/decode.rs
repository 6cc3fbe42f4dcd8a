//! Decoding, against Pillow.

use crate::golden::{number, picture, read, sha256, text};

#[test]
fn pictures_decode_as_pillow_decodes_them() {
    let goldens = read("decode.json");
    let mut wrong = Vec::new();
    for case in goldens["pictures"].as_array().unwrap() {
        let file = text(case, "file");
        let image = picture(file);
        assert_eq!((image.width, image.height), (number(case, "width"), number(case, "height")));
        let rgb: Vec<u8> = if image.is_grey() {
            image.data.iter().flat_map(|value| [*value; 3]).collect()
        } else {
            image.data.as_chunks::<4>().0.iter().flat_map(|p| [p[0], p[1], p[2]]).collect()
        };
        if sha256(&rgb) != text(case, "rgb_sha256") {
            wrong.push(format!("{file}: {:?}, Pillow {}", &rgb[..12], case["first_pixels"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
