"""MLPerf's image classification: pipelines_mlperf.json.

The steps follow mlcommons/inference, vision/classification_and_detection/python/dataset.py
(resize_with_aspectratio, center_crop, pre_process_vgg, pre_process_mobilenet).
"""

import cv2
import numpy as np
import PIL
from PIL import Image

from common import PICTURES, pipeline_cases, pipeline_row, write_json

FILTERS = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR}


def pixels_for(rgb, size, code):
    height, width = rgb.shape[:2]
    side = int(100.0 * size / 87.5)
    if height > width:
        target = (side, int(side * height / width))
    else:
        target = (int(side * width / height), side)
    resized = cv2.resize(rgb, target, interpolation=code)
    left, top = int((target[0] - size) / 2), int((target[1] - size) / 2)
    right, bottom = int((target[0] + size) / 2), int((target[1] + size) / 2)
    return resized[top:bottom, left:right]


def main():
    cv2.setNumThreads(1)
    rows = []
    for variant, kind in [("vgg", "area"), ("mobilenet", "linear")]:
        for name, size in pipeline_cases(24):
            rgb = np.asarray(Image.open(PICTURES / name).convert("RGB"))
            pixels = pixels_for(rgb, size, FILTERS[kind])
            cv2.setUseOptimized(False)
            assert np.array_equal(pixels, pixels_for(rgb, size, FILTERS[kind])), name
            cv2.setUseOptimized(True)
            values = pixels.astype(np.float32)
            if variant == "vgg":
                values -= np.array([123.68, 116.78, 103.94], dtype=np.float32)
            else:
                values /= 255.0
                values -= 0.5
                values *= 2
            parameters = {"size": size, "variant": variant, "filter": kind}
            rows.append(pipeline_row("mlperf", parameters, name, "NHWC", values, pixels))
    made_by = {"opencv": cv2.__version__, "numpy": np.__version__, "pillow": PIL.__version__}
    how = {
        "mlperf": "OpenCV's resize and numpy, step by step as in dataset.py, on pixels that Pillow "
        "decoded (the original's cv2.imread would turn by EXIF)"
    }
    write_json("pipelines_mlperf.json", {"made_by": made_by, "how": how, "cases": rows})


if __name__ == "__main__":
    main()
