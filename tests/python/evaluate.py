"""Top-1 and Top-5 of hosted ImageNet models, evaluated in Python alone.

    evaluate.py DATASET OUTPUT.csv MODEL.tflite...

DATASET holds labels.csv (file, class_index) and its images. Each image is
decoded once by Pillow, cropped to its central 87.5%, and resized once a model
with Pillow's bilinear filter (which antialiases); ai-edge-litert's interpreter
infers on one thread. OUTPUT.csv gets the five best classes of each image, as
indices of the dataset (the models' output 0 is a background class). The times
of each part go to standard error.
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

CROP = 0.875
BEST = 5


class Model:
    def __init__(self, path):
        self.name = path.stem
        self.interpreter = Interpreter(str(path), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        _, self.height, self.width, _ = self.input["shape"]

    def scores(self, image):
        self.interpreter.set_tensor(self.input["index"], image[None])
        self.interpreter.invoke()
        scale, zero_point = self.output["quantization"]
        stored = self.interpreter.get_tensor(self.output["index"])[0]
        return (stored.astype(np.float32) - zero_point) * scale


def central_box(width, height):
    left, top = (int((side - side * CROP) / 2) for side in (width, height))
    return left, top, width - left, height - top


def main():
    dataset, output = Path(sys.argv[1]), sys.argv[2]
    models = [Model(Path(path)) for path in sys.argv[3:]]
    spent = {"decode": 0.0, "resize": 0.0, "inference": 0.0}
    right = {model.name: [0, 0] for model in models}
    with open(dataset / "labels.csv", newline="") as table:
        labels = [(row["file"], int(row["class_index"])) for row in csv.DictReader(table)]
    with open(output, "w", newline="") as file:
        to = csv.writer(file)
        ranks = [f"top{rank}_{what}" for rank in range(1, BEST + 1) for what in ("class", "score")]
        to.writerow(["model", "image", "label", *ranks])
        for name, label in labels:
            start = time.perf_counter()
            photo = Image.open(dataset / name).convert("RGB")
            spent["decode"] += time.perf_counter() - start
            box = central_box(*photo.size)
            for model in models:
                start = time.perf_counter()
                size = (model.width, model.height)
                pixels = np.asarray(photo.crop(box).resize(size, Image.Resampling.BILINEAR))
                resized = time.perf_counter()
                scores = model.scores(pixels)
                spent["resize"] += resized - start
                spent["inference"] += time.perf_counter() - resized
                best = np.argsort(-scores, kind="stable")[:BEST]
                right[model.name][0] += best[0] - 1 == label
                right[model.name][1] += label + 1 in best
                ranked = [value for i in best for value in (i - 1, f"{scores[i]:.9g}")]
                to.writerow([model.name, name, label, *ranked])
    for name, (top1, top5) in right.items():
        print(f"{name} top1 {top1 / len(labels):.3f} top5 {top5 / len(labels):.3f}", file=sys.stderr)
    for part, seconds in spent.items():
        print(f"{part} {seconds:.3f} s", file=sys.stderr)


main()
