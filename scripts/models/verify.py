"""Measures every exported file and fails unless the family keeps its promises.

The measurements go to a JSON file, from which the manifest and the README's
table are generated: no figure is typed by hand.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import data
import evaluate
import ranking
import validation
from variants import all_variants

TARGETS = {0.25: 0.90, 0.5: 0.915, 1.0: 0.925}
# How far Top-1 may lie from the float32 reference of the same weights.
FLOAT_TOLERANCE = 0.001
QUANTISED_TOLERANCE = 0.015


def read_validation(folder):
    rows = validation.read(folder)
    images = np.stack([np.asarray(Image.open(folder / file)) for file, _ in rows])
    return images, np.array([label for _, label in rows])


def measure(path, test, shipped):
    images, labels = test
    ranks = ranking.rank_of_label(evaluate.scores(path, data.normalise(images)), labels)
    images, labels = shipped
    # From the PNGs, not from rows of the above: this covers the shipped files too.
    shipped_ranks = ranking.rank_of_label(
        evaluate.scores(path, data.normalise(images)), labels
    )
    return {
        "test_images": len(ranks),
        "test_top1": ranking.top(ranks, 1),
        "test_top5": ranking.top(ranks, 5),
        "validation_top1": ranking.top(shipped_ranks, 1),
        "validation_top5": ranking.top(shipped_ranks, 5),
    }


def problems(measured):
    """Sentences, one for each promise that is not kept."""
    found = []
    references = {}
    for variant in all_variants():
        top1 = measured[variant.name]["test_top1"]
        reference = measured[variant.reference]["test_top1"]
        references[variant.width] = reference
        tolerance = FLOAT_TOLERANCE if variant.is_float else QUANTISED_TOLERANCE
        # Accuracies are multiples of 1/images: a hair of slack for rounding.
        if abs(top1 - reference) > tolerance + 1e-9:
            found.append(
                f"{variant.name}: Top-1 {top1:.4f} is more than {tolerance} from"
                f" the reference's {reference:.4f}"
            )
    for width, target in TARGETS.items():
        if references[width] < target:
            found.append(f"width {width}: Top-1 {references[width]:.4f} < {target}")
    ordered = [references[width] for width in sorted(references)]
    if sorted(set(ordered)) != ordered:
        found.append(f"Top-1 does not rise with the width: {ordered}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="the family's folder")
    parser.add_argument("--measured", type=Path, required=True, help="JSON to write")
    options = parser.parse_args()
    test = data.load(options.work, "test")
    shipped = read_validation(options.models / "validation")
    measured = {}
    print(f"{'model':40} {'bytes':>9} {'top1':>7} {'top5':>7} {'vs f32':>7} {'val top1':>8}")
    for variant in all_variants():
        path = options.models / variant.file_name
        row = measured[variant.name] = measure(path, test, shipped)
        difference = row["test_top1"] - measured[variant.reference]["test_top1"]
        print(
            f"{variant.name:40} {path.stat().st_size:9} {row['test_top1']:7.4f}"
            f" {row['test_top5']:7.4f} {difference:+7.4f} {row['validation_top1']:8.3f}",
            flush=True,
        )
    options.measured.write_text(json.dumps(measured, indent=1) + "\n")
    found = problems(measured)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
