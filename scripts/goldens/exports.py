"""What the exports of all libraries share: photos, a last layer, predictions.json.

The weights are random with a fixed seed. Random networks give nearly the same answer
for every photo, so two things are fitted to the photos: the statistics of batch norm,
and the last layer, which is random over the leading principal components of its input.
"""

import json
import os
from pathlib import Path

import numpy as np

from common import GOLDENS, PICTURES, PIPELINE_PICTURES, ROOT

SHARED = Path(os.environ.get("SHUTTERBENCH_SHARED", ROOT.parent / "shared"))
PHOTOS = SHARED / "imagenet-sample"
# Not those with sides of one pixel: transformers takes such a height for one channel.
EXPORT_PICTURES = [n for n in PIPELINE_PICTURES if n not in ["pixel.png", "row.png", "column.png"]]
COMPONENTS = 6


def photos():
    """Every fifth photo in order of name: 100 of 500."""
    names = sorted(path.name for path in PHOTOS.glob("*.JPEG"))
    assert len(names) >= 500, f"no photos in {PHOTOS}; set SHUTTERBENCH_SHARED"
    return [PHOTOS / name for name in names[::5][:100]]


def last_layer(features, classes, live, seed):
    """Weights (classes x features) and biases under which `live` classes share the photos."""
    random = np.random.RandomState(seed)
    features = np.asarray(features, dtype=np.float64)
    mean = features.mean(axis=0)
    _, sizes, directions = np.linalg.svd(features - mean, full_matrices=False)
    whiten = directions[:COMPONENTS] / (sizes[:COMPONENTS, None] / np.sqrt(len(features)))
    rows = random.normal(size=(classes, COMPONENTS))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[random.permutation(classes)[live:]] *= 0.05
    weights = 3 * rows @ whiten
    return weights.astype(np.float32), (-weights @ mean).astype(np.float32)


def smooth(height, width):
    """A bump that kernels are multiplied by: random ones without it heed every pixel's noise."""
    y, x = np.mgrid[0:height, 0:width]
    distance = (y - (height - 1) / 2) ** 2 + (x - (width - 1) / 2) ** 2
    return np.exp(-distance / 2).astype(np.float32)


def ranked(scores, count=5):
    order = np.argsort(-scores, kind="stable")[:count]
    return [[int(i), float(np.float32(scores[i]))] for i in order]


def write_predictions(
    folder,
    made_by,
    library,
    preprocessing,
    scores_of,
    other_scores_of,
    scores="logits",
    other="the whole photo squashed to the input's size",
    also=None,
):
    """`scores_of(path)`: the library's scores; `other_scores_of`: under another pipeline."""
    pictures, taken, changed = [], [], 0
    for name in EXPORT_PICTURES:
        top = ranked(scores_of(PICTURES / name))
        pictures.append({"file": name, "best": top[0][0], "top": top, "margin": top[0][1] - top[1][1]})
    for path in photos():
        top = ranked(scores_of(path))
        changed += top[0][0] != ranked(other_scores_of(path))[0][0]
        row = {"file": path.name, "best": top[0][0], "top": top, "margin": top[0][1] - top[1][1]}
        for name, function in (also or {}).items():
            row[name] = ranked(function(path))[0][0]
        taken.append(row)
    margins = sorted(row["margin"] for row in taken)
    document = {
        "library": library,
        "made_by": made_by,
        "preprocessing": preprocessing,
        "scores": scores,
        "classes_seen": len({row["best"] for row in taken}),
        "margins": {"smallest": margins[0], "tenth": margins[10], "median": margins[50]},
        "other_pipeline": other,
        "other_pipeline_changes": changed,
        "pictures": pictures,
        "photos": taken,
    }
    lines = []
    for key, value in document.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in value)
            lines.append(f" {json.dumps(key)}: [\n  {rows}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    (folder / "predictions.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(folder.name, document["classes_seen"], "classes,", document["margins"], "changed by another pipeline:", changed)
    assert document["classes_seen"] >= 5


def export_folder(name):
    folder = GOLDENS / "exports" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
