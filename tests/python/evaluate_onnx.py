"""The best classes of an ONNX classifier, evaluated in Python alone.

    evaluate_onnx.py PRESET EXIF MODEL DATASET OUTPUT.csv

PRESET is torchvision (Resize(side / 0.875), CenterCrop(side)) or keras (load_img: nearest, to
side x side), EXIF is ignore or apply. Pillow prepares the images that labels.csv names,
values become -1..1, and onnxruntime infers. OUTPUT.csv gets the five best classes of each
image with their shares of the softmax.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

BEST = 5


def torchvision(photo, side):
    shorter = int(side / 0.875)
    long = int(shorter * max(photo.size) / min(photo.size))
    width, height = (shorter if length == min(photo.size) else long for length in photo.size)
    resized = photo.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - side) / 2), round((height - side) / 2)
    return resized.crop((left, top, left + side, top + side))


def keras(photo, side):
    return photo.resize((side, side), Image.Resampling.NEAREST)


def main():
    preset, exif, model, dataset, output = sys.argv[1:]
    prepare = {"torchvision": torchvision, "keras": keras}[preset]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    [image] = session.get_inputs()
    _, channels, side, _ = image.shape
    with open(Path(dataset) / "labels.csv", newline="") as table:
        names = [row["file"] for row in csv.DictReader(table)]
    with open(output, "w", newline="") as file:
        to = csv.writer(file)
        to.writerow(["image", *(f"top{k}_{what}" for k in range(1, BEST + 1) for what in ("class", "score"))])
        for name in names:
            photo = Image.open(Path(dataset) / name)
            if exif == "apply":
                photo = ImageOps.exif_transpose(photo)
            photo = photo.convert("RGB")
            if channels == 1:
                photo = photo.convert("L")
            pixels = np.asarray(prepare(photo, side), dtype=np.float32).reshape(side, side, channels)
            values = (pixels - np.float32(127.5)) / np.float32(127.5)
            [logits] = session.run(None, {image.name: np.moveaxis(values, -1, 0)[None]})
            shares = np.exp(logits[0].astype(np.float64) - logits.max())
            shares /= shares.sum()
            best = np.argsort(-logits[0], kind="stable")[:BEST]
            to.writerow([name, *(value for k in best for value in (k, f"{shares[k]:.9g}"))])


main()
