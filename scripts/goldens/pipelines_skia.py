"""TensorFlow Lite's Support Library for Android: pipelines_support_library.json.

ResizeWithCropOrPadOp cuts the centre square out, ResizeOp calls
Bitmap.createScaledBitmap(filter = true), which draws the bitmap on a software canvas
under a scaling matrix with linear filtering, in Skia. The same drawing is done here.
"""

import numpy as np
import PIL
import skia
from PIL import Image

from common import PICTURES, pipeline_cases, pipeline_row, write_json


def scaled(rgb, size):
    height, width = rgb.shape[:2]
    rgba = np.ascontiguousarray(np.dstack([rgb, np.full((height, width), 255, np.uint8)]))
    source = skia.Image.fromarray(rgba, colorType=skia.kRGBA_8888_ColorType)
    surface = skia.Surface.MakeRaster(
        skia.ImageInfo.Make(size, size, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    )
    canvas = surface.getCanvas()
    canvas.scale(size / width, size / height)
    options = skia.SamplingOptions(skia.FilterMode.kLinear)
    canvas.drawImage(source, 0, 0, options)
    drawn = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType)
    assert (drawn[..., 3] == 255).all()
    return np.ascontiguousarray(drawn[..., :3])


def center_square(rgb):
    """ResizeWithCropOrPadOp(min, min): integer division gives the starts."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def main():
    rows = []
    for name, size in pipeline_cases(24):
        rgb = np.asarray(Image.open(PICTURES / name).convert("RGB"))
        pixels = scaled(center_square(rgb), size)
        values = (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
        parameters = {"size": size, "mean": 127.5, "std": 127.5}
        rows.append(pipeline_row("support-library", parameters, name, "NHWC", values, pixels))
    made_by = {"skia": skia.__version__, "pillow": PIL.__version__}
    how = {"support-library": "Skia on the CPU as Bitmap.createScaledBitmap uses it; not run on Android"}
    write_json("pipelines_support_library.json", {"made_by": made_by, "how": how, "cases": rows})


if __name__ == "__main__":
    main()
