"""Called by scripts/measure/resize: times of filters and presets, in turn with the peers'."""

import argparse
import math
import os
import random
import statistics
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

PHOTO, SIDE = (500, 375), 224
# A visit repeats until it lasts about this long.
VISIT_NS = 10e6

PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
OPENCV = {
    "nearest": cv2.INTER_NEAREST,
    "area": cv2.INTER_AREA,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
# (filter, antialias): whose resizes of that kind the program repeats, and which library has
# one of its own.
FILTERS = {
    ("nearest", "plain"): (["pillow-12", "opencv", "tensorflow"], ["Pillow", "OpenCV"]),
    ("bilinear", "plain"): (["opencv", "tensorflow", "tflite", "libyuv", "skia"], ["OpenCV"]),
    ("bicubic", "plain"): (["opencv", "tensorflow"], ["OpenCV"]),
    ("lanczos", "plain"): (["opencv", "tensorflow"], ["OpenCV"]),
    ("area", "antialias"): (["pillow-12", "opencv", "tensorflow"], ["Pillow", "OpenCV"]),
    ("bilinear", "antialias"): (["pillow-12", "tensorflow"], ["Pillow"]),
    ("hamming", "antialias"): (["pillow-12"], ["Pillow"]),
    ("bicubic", "antialias"): (["pillow-12", "tensorflow"], ["Pillow"]),
    ("lanczos", "antialias"): (["pillow-12", "tensorflow"], ["Pillow"]),
}
CORNERS = {"tflite"}
FLOATS = {"tensorflow", "tflite"}
NAMES = {
    "pillow-12": "Pillow",
    "opencv": "OpenCV",
    "tensorflow": "TensorFlow",
    "tflite": "TensorFlow Lite",
    "libyuv": "libyuv",
    "skia": "Skia",
}
PRESETS = [
    "tflite-eval",
    "slim",
    "slim-pillow",
    "torchvision",
    "timm",
    "timm,crop_mode=squash",
    "timm,crop_mode=border",
    "hf",
    "efficientnet",
    "efficientnet,mode=lite",
    "keras",
    "keras,loader=load_img",
    "mlperf",
    "mlperf,mode=mobilenet",
    "task-library",
    "support-library",
    "ultralytics",
    "letterbox",
]


class Loop:
    """The program's own resizes, in a process that answers requests."""

    def __init__(self, program, photo):
        self.process = subprocess.Popen(
            [program, photo, str(SIDE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def request(self, words):
        def visit(repetitions):
            print(words, repetitions, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
            if not answer:
                raise SystemExit(f"resize_loop refuses '{words}'")
            return int(answer)

        return visit


def repeated(work):
    def visit(repetitions):
        work()
        begin = time.perf_counter_ns()
        for _ in range(repetitions):
            work()
        return time.perf_counter_ns() - begin

    return visit


def peer(library, name, image, pixels):
    size = (SIDE, SIDE)
    if library == "Pillow":
        return repeated(lambda: image.resize(size, PILLOW[name]))
    return repeated(lambda: cv2.resize(pixels, size, interpolation=OPENCV[name]))


def cases(loop, image):
    """By name: what a visit of it does."""
    pixels = np.ascontiguousarray(np.asarray(image))
    all_of_them = {}
    for (name, antialias), (ours, peers) in FILTERS.items():
        for library in ours:
            place = "corner" if library in CORNERS else "half-pixel"
            words = f"filter {library} {name} {antialias} {place}"
            all_of_them[name, antialias, library] = loop.request(words)
        for library in peers:
            all_of_them[name, antialias, library] = peer(library, name, image, pixels)
    for preset in PRESETS:
        all_of_them[preset] = loop.request(f"preset {preset}")
    return all_of_them


def measure(all_of_them, rounds):
    """By case: nanoseconds of one resize in each round, in another order each time."""
    often = {}
    for case, visit in all_of_them.items():
        visit(5)
        often[case] = max(3, math.ceil(VISIT_NS / (visit(5) / 5)))
    times = {case: [] for case in all_of_them}
    seed = random.Random(1)
    for _ in range(rounds):
        order = list(all_of_them)
        seed.shuffle(order)
        for case in order:
            times[case].append(all_of_them[case](often[case]) / often[case])
    return times


def per_pixel(times):
    return f"{statistics.median(times) / SIDE**2:.2f}"


def ratio(ours, theirs):
    return f"{statistics.median(a / b for a, b in zip(ours, theirs)):.2f}"


def filters(times, made_by):
    lines = [
        f"{made_by}; nanoseconds per output pixel of three channels:",
        "",
        "| filter | antialias | as | shutterbench | Pillow | x Pillow | OpenCV | x OpenCV |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for (name, antialias), (ours, peers) in FILTERS.items():
        for library in ours:
            mine = times[name, antialias, library]
            kind = NAMES[library] + (", f32" if library in FLOATS else "")
            cells = [name, "yes" if antialias == "antialias" else "no", kind, per_pixel(mine)]
            for other in ["Pillow", "OpenCV"]:
                theirs = times[name, antialias, other] if other in peers else None
                cells += [per_pixel(theirs), ratio(mine, theirs)] if theirs else ["", ""]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def presets(times, made_by):
    lines = [
        f"{made_by}; from the decoded photo to a float32 tensor of 224 x 224:",
        "",
        "| preset | microseconds per image | ns per output pixel |",
        "|---|--:|--:|",
    ]
    for preset in PRESETS:
        microseconds = statistics.median(times[preset]) / 1e3
        lines.append(f"| `{preset}` | {microseconds:.0f} | {per_pixel(times[preset])} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("picture", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    given = parser.parse_args()
    # The child inherits it: both sides run on one CPU, and never at the same time.
    os.sched_setaffinity(0, {given.cpu})
    cv2.setNumThreads(1)
    photo = given.folder / "photo.png"
    image = Image.open(given.picture).convert("RGB").resize(PHOTO, Image.Resampling.BICUBIC)
    image.save(photo)
    loop = Loop(given.program, photo)
    times = measure(cases(loop, image), given.rounds)
    loop.process.stdin.close()
    loop.process.wait()
    cpu = next(
        line.split(":")[1].strip()
        for line in open("/proc/cpuinfo")
        if line.startswith("model name")
    )
    made_by = (
        f"`scripts/measure/resize` on {cpu} (one CPU, one thread), {time.strftime('%F')}, "
        f"medians of {given.rounds} rounds, Pillow {PIL.__version__}, OpenCV {cv2.__version__}"
    )
    (given.folder / "filters.md").write_text(filters(times, made_by) + "\n")
    (given.folder / "presets.md").write_text(presets(times, made_by) + "\n")


main()
