"""Grey inputs, and photos turned upright: pipelines_grey.json.

    pipelines_grey.py OUT.json
    pipelines_grey.py --merge OUT.json ...

Pillow alone: torchvision's Grayscale is `convert("L")` of what its loader made RGB, its
Resize and CenterCrop on Pillow images are Pillow's (README.md); Keras' `load_img` with
color_mode="grayscale" is `convert("L")` and Pillow's nearest. `exif` is "apply" where
ImageOps.exif_transpose came first.
"""

import sys

import numpy as np
import PIL
from PIL import Image, ImageOps

from common import PICTURES, pipeline_cases, pipeline_row, save_or_merge

# Other modes of Pillow, and other decoders, than those that every preset is tried on.
MORE = [
    "alpha.png",
    "bilevel.png",
    "cmyk.jpg",
    "grey.png",
    "grey_alpha.png",
    "lossy.webp",
    "palette.bmp",
    "palette_alpha.png",
    "progressive.jpg",
    "rgb16.png",
    "ycck.jpg",
]
TURNED = [f"exif{orientation}.jpg" for orientation in range(1, 9)]
# Of MNIST, as in PyTorch's own example.
MEAN, STD = 0.1307, 0.3081


def opened(name, mode):
    image = Image.open(PICTURES / name)
    if name in TURNED:
        image = ImageOps.exif_transpose(image)
    return image.convert("RGB").convert(mode)


def torchvision(image, size, crop):
    short, long = min(image.size), int(size * max(image.size) / min(image.size))
    width, height = (size if side == short else long for side in image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - crop) / 2), round((height - crop) / 2)
    return np.asarray(resized.crop((left, top, left + crop, top + crop)))


def row(name, mode, preset, parameters, pixels):
    """Values as (pixel / 255 - mean) / std, in channels' planes; three if the mode is RGB."""
    mean, std = np.float32(parameters["mean"]), np.float32(parameters["std"])
    if mode == "L":
        pixels = pixels[..., None]
    values = (pixels.astype(np.float32) / np.float32(255) - mean) / std
    golden = pipeline_row(
        preset, parameters, name, "NCHW", np.moveaxis(values, -1, 0), pixels, channels=pixels.shape[2]
    )
    return {**golden, "exif": "apply" if name in TURNED else "ignore"}


def rows():
    cases = [*pipeline_cases(24), *((name, 24) for name in MORE + TURNED)]
    for name, size in cases:
        modes = ["L", "RGB"] if name in TURNED else ["L"]
        for mode in modes:
            image = opened(name, mode)
            stated = {"resize": size * 8 // 7, "crop": size, "interpolation": "bilinear"}
            stated |= {"mean": [MEAN], "std": [STD]}
            yield row(name, mode, "torchvision", stated, torchvision(image, stated["resize"], size))
            nearest = np.asarray(image.resize((size, size), Image.Resampling.NEAREST))
            stated = {"loader": "load_img", "mode": "tf", "mean": [0.5], "std": [0.5]}
            yield row(name, mode, "keras", stated, nearest)


def document():
    return {
        "made_by": {"pillow": PIL.__version__},
        "how": {
            "torchvision": "convert(L), resize, centre crop, x / 255, - mean, / std",
            "keras": "convert(L), resize to nearest, x / 255, - 0.5, / 0.5",
        },
        "cases": list(rows()),
    }


if __name__ == "__main__":
    save_or_merge("pipelines_grey.json", "pillow", document, sys.argv[1:])
