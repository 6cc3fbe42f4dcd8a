"""Pillow's resize: tests/goldens/filters_pillow.json.

    filters_pillow.py OUT.json
    filters_pillow.py --merge OUT.json ...
"""

import sys

import numpy as np
import PIL
from PIL import Image

from common import save_or_merge, tensor
from filter_cases import each

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def entries():
    for path, size in each():
        image = Image.open(path)
        for name, code in FILTERS.items():
            yield entry(path, image, name, size, code)


def entry(path, image, name, size, code):
    resized = np.asarray(image.convert("RGB").resize(size, code))
    case = {"picture": path.name, "filter": name, "width": size[0], "height": size[1]}
    return {**case, "result": tensor(resized)}


def document():
    return {"made_by": {"pillow": PIL.__version__}, "cases": list(entries())}


if __name__ == "__main__":
    save_or_merge("filters_pillow.json", "pillow", document, sys.argv[1:])
