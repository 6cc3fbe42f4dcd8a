"""Pillow's resize: tests/goldens/filters_pillow.json.

Run by each version in turn; with a file of an earlier one given, only what differs
from it is added:

    filters_pillow.py OUT.json
    filters_pillow.py --merge OUT.json ...
"""

import json
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

from common import PICTURES, tensor, write_json
from filter_cases import BOXES, each

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
            yield entry(path, image, name, size, code, None)
    for file, size, box in BOXES:
        image = Image.open(PICTURES / file)
        for name, code in FILTERS.items():
            yield entry(PICTURES / file, image, name, size, code, box)


def entry(path, image, name, size, code, box):
    resized = np.asarray(image.convert("RGB").resize(size, code, box))
    case = {"picture": path.name, "filter": name, "width": size[0], "height": size[1]}
    if box:
        case["box"] = list(box)
    return {**case, "result": tensor(resized)}


def merge(paths):
    documents = [json.loads(Path(path).read_text()) for path in paths]
    first = documents[0]
    merged = [dict(row) for row in first["cases"]]
    for document in documents[1:]:
        for row, other in zip(merged, document["cases"]):
            if row["result"]["sha256"] != other["result"]["sha256"]:
                row.setdefault("differs", {})[document["version"]] = other["result"]
    write_json(
        "filters_pillow.json",
        {
            "made_by": {"pillow": first["version"]},
            "compared_with": [document["version"] for document in documents[1:]],
            "cases": merged,
        },
    )
    print("differ:", sum("differs" in row for row in merged), "of", len(merged))


if __name__ == "__main__":
    if sys.argv[1] == "--merge":
        merge(sys.argv[2:])
    else:
        document = {"version": PIL.__version__, "cases": list(entries())}
        Path(sys.argv[1]).write_text(json.dumps(document))
