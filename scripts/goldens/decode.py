"""What Pillow makes of each picture: tests/goldens/decode.json."""

import hashlib

import numpy as np
import PIL
from PIL import Image, ImageOps, features

from common import PICTURES, digest, write_json

NOTES = {
    "cmyk.jpg": "Pillow takes CMYK in JPEG for inverted (Adobe's way) and converts without a colour profile",
    "ycck.jpg": "libjpeg turns YCCK into CMYK, which Pillow takes for inverted",
    "palette_alpha.png": "alpha is dropped, not blended: the palette's colours stay",
    "grey_alpha.png": "alpha is dropped, not blended",
    "alpha.png": "alpha is dropped, not blended",
    "alpha.webp": "alpha is dropped, not blended",
    "grey16.png": "mode I;16, whose conversion to RGB clips at 255 instead of scaling",
    "rgb16.png": "Pillow reads 16-bit colour as 8 bits: the high byte of each sample (truncated)",
    "bilevel.png": "0 and 255",
}


def facts(image):
    rgb = np.asarray(image.convert("RGB"))
    return {
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "rgb_sha256": digest(rgb),
        "first_pixels": rgb.reshape(-1, 3)[:4].tolist(),
        "last_pixel": rgb.reshape(-1, 3)[-1].tolist(),
    }


def main():
    pictures = []
    for path in sorted(PICTURES.iterdir()):
        image = Image.open(path)
        entry = {
            "file": path.name,
            "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "format": image.format,
            "mode": image.mode,
            **facts(image),
        }
        if path.name in NOTES:
            entry["note"] = NOTES[path.name]
        if path.name.startswith("exif"):
            entry["orientation"] = Image.open(path).getexif().get(0x0112)
            entry["upright"] = facts(ImageOps.exif_transpose(Image.open(path)))
        pictures.append(entry)
    versions = {"pillow": PIL.__version__}
    for codec in ["libjpeg_turbo", "webp", "zlib"]:
        versions[codec] = features.version(codec)
    write_json("decode.json", {"made_by": versions, "pictures": pictures})


if __name__ == "__main__":
    main()
