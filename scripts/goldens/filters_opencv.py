"""OpenCV's resize: tests/goldens/filters_opencv.json.

    filters_opencv.py OUT.json
    filters_opencv.py --merge OUT.json ...
"""

import sys

import cv2
import numpy as np
from PIL import Image

from common import save_or_merge, tensor
from filter_cases import each

FILTERS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
    "lanczos4": cv2.INTER_LANCZOS4,
}


def entries():
    cv2.setNumThreads(1)
    for path, size in each():
        pixels = np.asarray(Image.open(path).convert("RGB"))
        for name, code in FILTERS.items():
            yield entry(path.name, pixels, name, size, code)


def entry(file, pixels, name, size, code):
    """What the portable code makes, and how far the code tuned to this CPU is from it."""
    cv2.setUseOptimized(False)
    portable = cv2.resize(pixels, size, interpolation=code)
    cv2.setUseOptimized(True)
    tuned = cv2.resize(pixels, size, interpolation=code)
    case = {
        "picture": file,
        "filter": name,
        "width": size[0],
        "height": size[1],
        "result": tensor(portable),
    }
    away = float(np.abs(tuned.astype(np.float64) - portable).max())
    if away > 0:
        case["tuned_code_is_off_by"] = away
    return case


def document():
    return {"made_by": {"opencv": cv2.__version__}, "cases": list(entries())}


if __name__ == "__main__":
    save_or_merge("filters_opencv.json", "opencv", document, sys.argv[1:])
