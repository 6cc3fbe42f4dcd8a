"""OpenCV's resize: tests/goldens/filters_opencv.json.

    filters_opencv.py OUT.json
    filters_opencv.py --merge OUT.json ...
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from common import tensor, write_json
from filter_cases import each

FILTERS = {
    "nearest": cv2.INTER_NEAREST,
    "nearest_exact": cv2.INTER_NEAREST_EXACT,
    "linear": cv2.INTER_LINEAR,
    "linear_exact": cv2.INTER_LINEAR_EXACT,
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
    "lanczos4": cv2.INTER_LANCZOS4,
}
# Sizes at which float tensors are small.
FLOAT_SIZES = [(7, 5), (5, 7), (1, 1)]


def entries():
    cv2.setNumThreads(1)
    for path, size in each():
        pixels = np.asarray(Image.open(path).convert("RGB"))
        for name, code in FILTERS.items():
            yield entry(path.name, pixels, name, size, code)
            if size in FLOAT_SIZES and name != "linear_exact":
                yield entry(path.name, pixels.astype(np.float32), name, size, code)


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


def merge(paths):
    documents = [json.loads(Path(path).read_text()) for path in paths]
    first = documents[0]
    merged = [dict(row) for row in first["cases"]]
    for document in documents[1:]:
        for row, other in zip(merged, document["cases"]):
            if row["result"]["sha256"] != other["result"]["sha256"]:
                row.setdefault("differs", {})[document["version"]] = other["result"]
    write_json(
        "filters_opencv.json",
        {
            "made_by": {"opencv": first["version"]},
            "compared_with": [document["version"] for document in documents[1:]],
            "cases": merged,
        },
    )
    print("differ:", sum("differs" in row for row in merged), "of", len(merged))


if __name__ == "__main__":
    if sys.argv[1] == "--merge":
        merge(sys.argv[2:])
    else:
        document = {"version": cv2.__version__, "cases": list(entries())}
        Path(sys.argv[1]).write_text(json.dumps(document))
