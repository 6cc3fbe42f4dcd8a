"""Top-1 and Top-5 of hosted ImageNet models, evaluated in Python alone.

    evaluate.py PRESET DATASET OUTPUT.csv MODEL.tflite...

DATASET holds labels.csv (file, class_index) and its images. Each image is decoded once by
Pillow, and prepared once a model as PRESET says: slim-pillow, torchvision (both with
Pillow's bilinear filter, which antialiases) or tflite-eval (with the reference kernel of
TensorFlow Lite's RESIZE_BILINEAR). ai-edge-litert's interpreter infers on one thread.
OUTPUT.csv gets the five best classes of each image, as indices of the dataset (the models'
output 0 is a background class). The times of each part go to standard error.
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from make_models import buffer, code, operator, packed, tensor

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


def slim_pillow(photo, side):
    left, top = (int((length - length * CROP) / 2) for length in photo.size)
    box = left, top, photo.width - left, photo.height - top
    return np.asarray(photo.crop(box).resize((side, side), Image.Resampling.BILINEAR))


def torchvision(photo, side):
    """Resize(side / 0.875) and CenterCrop(side)."""
    shorter = int(side / CROP)
    least = min(photo.size)
    width, height = (
        shorter if length == least else int(shorter * length / least) for length in photo.size
    )
    resized = photo.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - side) / 2), round((height - side) / 2)
    return np.asarray(resized.crop((left, top, left + side, top + side)))


def half_away(value):
    """C's round() of a number that is not negative."""
    return int(value + 0.5)


class TfliteEval:
    def __init__(self):
        self.interpreters = {}

    def __call__(self, photo, side):
        kept = min(half_away(CROP * length) for length in photo.size)
        left, top = (half_away((length - kept) / 2) for length in photo.size)
        square = np.asarray(photo)[top : top + kept, left : left + kept].astype(np.float32)
        if side not in self.interpreters:
            self.interpreters[side] = self.resizing(side)
        interpreter = self.interpreters[side]
        index = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(index, [1, kept, kept, 3])
        interpreter.allocate_tensors()
        interpreter.set_tensor(index, square[None])
        interpreter.invoke()
        resized = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        return resized.astype(np.uint8)

    @staticmethod
    def resizing(side):
        """RESIZE_BILINEAR alone, to side x side."""
        f32, i32 = schema.TensorType.FLOAT32, schema.TensorType.INT32
        graph = schema.SubGraphT()
        graph.tensors = [
            tensor("image", [1, 1, 1, 3], f32),
            tensor("size", [2], i32, 1),
            tensor("resized", [1, side, side, 3], f32),
        ]
        graph.inputs, graph.outputs = [0], [2]
        kind = schema.BuiltinOptions.ResizeBilinearOptions
        graph.operators = [operator(0, [0, 1], [2], kind, schema.ResizeBilinearOptionsT())]
        model = schema.ModelT()
        model.version, model.subgraphs = 3, [graph]
        model.operatorCodes = [code(schema.BuiltinOperator.RESIZE_BILINEAR, 1)]
        model.buffers = [buffer(), buffer(np.array([side, side], dtype=np.int32))]
        return Interpreter(
            model_content=packed(model),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )


PRESETS = {"slim-pillow": slim_pillow, "torchvision": torchvision, "tflite-eval": TfliteEval()}


def main():
    prepare = PRESETS[sys.argv[1]]
    dataset, output = Path(sys.argv[2]), sys.argv[3]
    models = [Model(Path(path)) for path in sys.argv[4:]]
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
            for model in models:
                start = time.perf_counter()
                pixels = prepare(photo, model.width)
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
