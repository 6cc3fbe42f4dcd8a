"""TensorFlow Lite's Task Library, by its real resize in libyuv: pipelines_task_library.json.

libyuv_frame_buffer_utils.cc resizes RGB by RGB24ToARGB, ARGBScale (kFilterBilinear) and
ARGBToRGB24; base_vision_task_api.h then normalises by the model's metadata. Debian's
libyuv0 is called here through ctypes.
"""

import ctypes
import subprocess

import numpy as np
import PIL
from PIL import Image

from common import PICTURES, pipeline_cases, pipeline_row, write_json

BILINEAR = 2
yuv = ctypes.CDLL("libyuv.so.0")


def pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def scale(rgb, size):
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    argb = np.zeros((height, width, 4), np.uint8)
    scaled = np.zeros((size, size, 4), np.uint8)
    result = np.zeros((size, size, 3), np.uint8)
    calls = [
        yuv.RGB24ToARGB(pointer(rgb), width * 3, pointer(argb), width * 4, width, height),
        yuv.ARGBScale(
            pointer(argb), width * 4, width, height, pointer(scaled), size * 4, size, size, BILINEAR
        ),
        yuv.ARGBToRGB24(pointer(scaled), size * 4, pointer(result), size * 3, size, size),
    ]
    assert calls == [0, 0, 0], calls
    return result


def main():
    rows = []
    for name, size in pipeline_cases(24):
        rgb = np.asarray(Image.open(PICTURES / name).convert("RGB"))
        pixels = scale(rgb, size)
        inverse, mean = np.float32(1) / np.float32(127.5), np.float32(127.5)
        values = inverse * (pixels.astype(np.float32) - mean)
        parameters = {"size": size, "mean": 127.5, "std": 127.5}
        rows.append(pipeline_row("task-library", parameters, name, "NHWC", values, pixels))
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "libyuv0"], capture_output=True, text=True
    ).stdout
    made_by = {"libyuv": version, "pillow": PIL.__version__}
    how = {"task-library": "libyuv's functions in the order of libyuv_frame_buffer_utils.cc (ResizeRgb)"}
    write_json("pipelines_task_library.json", {"made_by": made_by, "how": how, "cases": rows})


if __name__ == "__main__":
    main()
