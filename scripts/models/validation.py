"""Writes the labelled images that ship with the models.

The first IMAGES_PER_CLASS of each class in test order: balanced, and a choice
that anybody can repeat from the dataset alone.
"""

import argparse
import csv
import re
from pathlib import Path

import numpy as np
from PIL import Image

import data

IMAGES_PER_CLASS = 100
INDEX = "labels.csv"


def _file_name(index, label):
    word = re.sub(r"[^a-z0-9]+", "_", data.LABELS[label].lower())
    return f"{index:05}_{word}.png"


def read(folder):
    """(file, class index) rows of a written folder."""
    with (folder / INDEX).open(newline="") as stream:
        return [(row["file"], int(row["class_index"])) for row in csv.DictReader(stream)]


def write(work, folder):
    images, labels = data.load(work, "test")
    chosen = np.sort(
        np.concatenate(
            [
                np.flatnonzero(labels == label)[:IMAGES_PER_CLASS]
                for label in range(len(data.LABELS))
            ]
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    # A file left from another choice would count as an image of the dataset.
    for old in folder.glob("*.png"):
        old.unlink()
    with (folder / INDEX).open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["file", "class_index"])
        for index in chosen:
            name = _file_name(index, labels[index])
            Image.fromarray(images[index]).save(folder / name, optimize=True)
            rows.writerow([name, labels[index]])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="the family's folder")
    options = parser.parse_args()
    write(options.work, options.models / "validation")
    (options.models / "labels.txt").write_text("\n".join(data.LABELS) + "\n")


if __name__ == "__main__":
    main()
