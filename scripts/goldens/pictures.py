"""Draws the pictures that the goldens are made of: small, awkward, always the same.

    build/goldens/pillow12/bin/python scripts/goldens/pictures.py

Gradients, edges and noise lie over one another, so that no two filters agree on
them. The files are committed; what reads them never depends on this script.
"""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "tests/goldens/pictures"


def texture(width, height, seed, channels=3, noise=40):
    """An image of `channels` channels as u8: a gradient, waves, hard edges and noise."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for channel in range(channels):
        gradient = 255 * (x + (channel + 1) * y) / max(1, width - 1 + (channel + 1) * (height - 1))
        waves = 45 * np.sin(x / (2.1 + channel)) * np.cos(y / (3.3 - channel / 2))
        edges = 70 * (((x // 9 + y // (7 + channel)) % 2) - 0.5)
        speckle = random.uniform(-noise, noise, (height, width))
        planes.append(0.6 * gradient + 40 + waves + edges + speckle)
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)


def image(width, height, seed, noise=40):
    return Image.fromarray(texture(width, height, seed, noise=noise))


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_16_bit(samples, color_type):
    """A PNG file with 16 bits per sample, which Pillow cannot write in colour."""
    height, width = samples.shape[:2]
    rows = samples.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(raw, 9))
        + png_chunk(b"IEND", b"")
    )


def deep(width, height, seed, channels):
    """16-bit samples whose low byte matters: rounding and truncating to 8 bits differ."""
    high = texture(width, height, seed, channels).astype(np.uint16) << 8
    low = np.random.RandomState(seed + 1).randint(0, 256, high.shape).astype(np.uint16)
    return np.squeeze(high | low)


def jpeg(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, "JPEG", optimize=True, **options)
    return stream.getvalue()


def ycck(cmyk_file):
    """The same file as YCCK: the transform byte of Adobe's marker (APP14) says 2."""
    start = cmyk_file.index(b"Adobe") + 11
    assert cmyk_file[start] == 0, "the marker says that the channels are plain CMYK"
    return cmyk_file[:start] + b"\2" + cmyk_file[start + 1 :]


def with_alpha(width, height, seed):
    pixels = np.concatenate(
        [texture(width, height, seed), texture(width, height, seed + 50, 1)], axis=-1
    )
    return Image.fromarray(pixels, "RGBA")


def palette_with_alpha(width, height, seed):
    """Colours by index, each with an alpha of its own, most of them not opaque."""
    picture = image(width, height, seed).quantize(32, dither=Image.Dither.NONE)
    picture.info["transparency"] = bytes((i * 37) % 256 for i in range(32))
    return picture


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)

    def save(name, picture, **options):
        picture.save(FOLDER / name, **options)

    def write(name, data):
        (FOLDER / name).write_bytes(data)

    # Sources of the filters: PNG, so that no decoder has a say.
    save("texture.png", image(64, 48, 1), optimize=True)
    save("wide.png", image(150, 23, 2), optimize=True)
    save("tall.png", image(19, 131, 3), optimize=True)
    save("row.png", image(40, 1, 4))
    save("column.png", image(1, 40, 5))
    save("pixel.png", image(1, 1, 6))
    save("small.png", image(9, 6, 7), optimize=True)

    # JPEG in its kinds; odd sizes cut through blocks of subsampled colour.
    write("photo.jpg", jpeg(image(160, 120, 10, noise=18), quality=88, subsampling=0))
    write("tall.jpg", jpeg(image(37, 160, 11, noise=20), quality=90, subsampling=2))
    write("subsampled.jpg", jpeg(image(63, 41, 12), quality=90, subsampling=2))
    write("subsampled_422.jpg", jpeg(image(63, 41, 12), quality=90, subsampling=1))
    write("progressive.jpg", jpeg(image(75, 51, 13), quality=85, subsampling=2, progressive=True))
    write("grey.jpg", jpeg(Image.fromarray(texture(61, 47, 14, 1)[:, :, 0]), quality=90))
    cmyk = Image.fromarray(texture(50, 40, 15, 4, noise=15), "CMYK")
    write("cmyk.jpg", jpeg(cmyk, quality=90))
    write("ycck.jpg", ycck(jpeg(cmyk, quality=90)))

    # Few or many bits, palettes, alpha.
    save("palette_alpha.png", palette_with_alpha(33, 29, 16), optimize=True)
    save("palette.bmp", image(33, 29, 17).quantize(64, dither=Image.Dither.NONE))
    save("bilevel.png", Image.fromarray(texture(35, 27, 18, 1)[:, :, 0] > 120))
    save("grey.png", Image.fromarray(texture(31, 25, 19, 1)[:, :, 0]), optimize=True)
    save("grey_alpha.png", with_alpha(31, 25, 20).convert("LA"), optimize=True)
    save("alpha.png", with_alpha(31, 25, 21), optimize=True)
    write("grey16.png", png_16_bit(deep(29, 23, 22, 1), 0))
    write("rgb16.png", png_16_bit(deep(23, 19, 23, 3), 2))

    save("lossy.webp", image(57, 43, 24), quality=80, method=6)
    save("lossless.webp", image(41, 31, 25), lossless=True)
    save("alpha.webp", with_alpha(31, 25, 26), lossless=True, exact=True)
    save("picture.bmp", image(37, 21, 27))

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        write(f"exif{orientation}.jpg", jpeg(image(24, 16, 30, noise=12), quality=85, exif=exif))


if __name__ == "__main__":
    main()
