"""TensorFlow's resizes: tests/goldens/filters_tensorflow.json.

All in float32 on 0..255, as tf.image returns it, but for `nearest`, which keeps u8.
"""

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")

import numpy as np
import tensorflow as tf
from PIL import Image

from common import PICTURES, tensor, write_json

SIZES = [
    ("texture.png", [(7, 5), (16, 16)]),
    ("wide.png", [(7, 5)]),
    ("tall.png", [(5, 7)]),
    ("row.png", [(7, 5)]),
    ("column.png", [(7, 5)]),
    ("pixel.png", [(3, 2)]),
    ("small.png", [(5, 7), (13, 11), (1, 1)]),
]
V2 = ["bilinear", "bicubic", "area", "lanczos3", "nearest"]


def v2(pixels, size, method, antialias):
    return tf.image.resize(pixels, size, method=method, antialias=antialias).numpy()


def v1(pixels, size, method, half_pixel_centers):
    raw = {
        "bilinear": tf.raw_ops.ResizeBilinear,
        "bicubic": tf.raw_ops.ResizeBicubic,
        "nearest": tf.raw_ops.ResizeNearestNeighbor,
    }[method]
    return raw(
        images=pixels[None],
        size=size,
        align_corners=False,
        half_pixel_centers=half_pixel_centers,
    )[0].numpy()


def main():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    cases = []
    for file, sizes in SIZES:
        pixels = np.asarray(Image.open(PICTURES / file).convert("RGB"))
        for width, height in sizes:
            case = {"picture": file, "width": width, "height": height}
            for method in V2:
                for antialias in [False, True]:
                    if antialias and method in ["nearest", "area"]:
                        continue
                    result = v2(pixels, (height, width), method, antialias)
                    options = {"op": "tf.image.resize", "filter": method, "antialias": antialias}
                    cases.append({**case, **options, "result": tensor(result, 4096)})
            for method in ["bilinear", "bicubic", "nearest"]:
                for half in [False, True]:
                    result = v1(pixels, (height, width), method, half)
                    options = {
                        "op": "tf.compat.v1.image.resize",
                        "filter": method,
                        "align_corners": False,
                        "half_pixel_centers": half,
                    }
                    cases.append({**case, **options, "result": tensor(result, 4096)})
            area = tf.raw_ops.ResizeArea(images=pixels[None], size=(height, width))[0].numpy()
            options = {"op": "tf.compat.v1.image.resize", "filter": "area", "align_corners": False}
            cases.append({**case, **options, "result": tensor(area, 4096)})
    write_json("filters_tensorflow.json", {"made_by": {"tensorflow": tf.__version__}, "cases": cases})


if __name__ == "__main__":
    main()
