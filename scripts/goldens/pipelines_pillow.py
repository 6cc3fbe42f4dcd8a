"""The fraction of each side, squeezed by Pillow: pipelines_slim_pillow.json.

    pipelines_pillow.py OUT.json
    pipelines_pillow.py --merge OUT.json ...

No publisher's own pipeline: the window is that of tf.image.central_crop, the filter is
Pillow's bilinear, which antialiases where slim's does not.
"""

import sys

import numpy as np
import PIL
from PIL import Image

from common import PICTURES, pipeline_cases, pipeline_row, save_or_merge

FRACTION = 0.875


def rows():
    for name, size in pipeline_cases(24):
        image = Image.open(PICTURES / name).convert("RGB")
        left, top = (int((side - side * FRACTION) / 2) for side in image.size)
        box = (left, top, image.width - left, image.height - top)
        resized = image.crop(box).resize((size, size), Image.Resampling.BILINEAR)
        pixels = np.asarray(resized)
        values = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
        parameters = {"size": size, "fraction": FRACTION, "crop": [left, top, box[2] - left, box[3] - top]}
        yield pipeline_row("slim-pillow", parameters, name, "NHWC", values, pixels)


def document():
    return {
        "made_by": {"pillow": PIL.__version__},
        "how": {"slim-pillow": "crop, resize, x / 127.5 - 1"},
        "cases": list(rows()),
    }


if __name__ == "__main__":
    save_or_merge("pipelines_slim_pillow.json", "pillow", document, sys.argv[1:])
