"""torchvision, timm and ultralytics on Pillow images: pipelines_torch.json."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("YOLO_CONFIG_DIR", str(ROOT / "build/goldens/ultralytics"))

import cv2
import numpy as np
import PIL
import timm
import torch
import torchvision
import ultralytics
from PIL import Image
from timm.data import create_transform
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from ultralytics.data.augment import LetterBox, classify_transforms

from common import PICTURES, pipeline_cases, pipeline_row, write_json

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
INTERPOLATION = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}

# Resize, crop, interpolation; the last two lie outside what is resized: padded with 0.
TORCHVISION = [
    (36, 32, "bilinear"),
    (27, 24, "bilinear"),
    (25, 24, "bicubic"),
    (20, 24, "bilinear"),
    (256, 224, "bilinear"),
    (232, 224, "bilinear"),
    (256, 224, "bicubic"),
]
TIMM = [
    {"crop_pct": 0.875, "interpolation": "bicubic", "crop_mode": "center"},
    {"crop_pct": 0.95, "interpolation": "bicubic", "crop_mode": "center"},
    {"crop_pct": 1.0, "interpolation": "bilinear", "crop_mode": "center"},
    {"crop_pct": 0.9, "interpolation": "lanczos", "crop_mode": "center"},
    {"crop_pct": 1.0, "interpolation": "bicubic", "crop_mode": "squash"},
    {"crop_pct": 0.9, "interpolation": "bilinear", "crop_mode": "squash"},
    {"crop_pct": 1.0, "interpolation": "bicubic", "crop_mode": "border"},
    {"crop_pct": 0.9, "interpolation": "bilinear", "crop_mode": "border", "mean": HALF, "std": HALF},
    {"crop_pct": 0.95, "interpolation": "bicubic", "crop_mode": "center", "mean": HALF, "std": HALF},
]
# Height and width differ: the shorter side is resized to its own target.
OBLONG = {"crop_pct": 0.9, "interpolation": "bicubic", "crop_mode": "center"}


def picture(name):
    return Image.open(PICTURES / name).convert("RGB")


def from_pil(preset, parameters, name, transform):
    """Runs a list of transforms; the pixels are what stood before the conversion to f32."""
    image = picture(name)
    values = transform(image).numpy()
    steps = transform.transforms
    for step in steps[: next(i for i, s in enumerate(steps) if "ToTensor" in type(s).__name__)]:
        image = step(image)
    return pipeline_row(preset, parameters, name, "NCHW", values, np.asarray(image))


def torchvision_rows():
    for resize, crop, interpolation in TORCHVISION:
        transform = transforms.Compose(
            [
                transforms.Resize(resize, INTERPOLATION[interpolation]),
                transforms.CenterCrop(crop),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        )
        parameters = {
            "resize": resize,
            "crop": crop,
            "interpolation": interpolation,
            "mean": MEAN,
            "std": STD,
        }
        names = [case for case in pipeline_cases(24) if (case[1] == 224) == (crop == 224)]
        for name, _ in names:
            yield from_pil("torchvision", parameters, name, transform)


def timm_rows():
    def row(config, name, input_size):
        full = {"mean": MEAN, "std": STD, **config, "input_size": [3, *input_size]}
        transform = create_transform(**full, is_training=False)
        return from_pil("timm", full, name, transform)

    for config in TIMM:
        for name, size in pipeline_cases(24):
            yield row(config, name, (size, size))
    for name in ["texture.png", "tall.png", "wide.png", "small.png"]:
        yield row(OBLONG, name, (20, 28))
        yield row(OBLONG, name, (28, 20))


def ultralytics_rows():
    for name, size in pipeline_cases(24):
        parameters = {"size": size}
        yield from_pil("ultralytics", parameters, name, classify_transforms(size))


def letterbox_rows():
    """Ultralytics' LetterBox: OpenCV's INTER_LINEAR, the rest filled with 114."""
    for name, size in pipeline_cases(24):
        rgb = np.asarray(picture(name))
        boxed = LetterBox((size, size), auto=False)(image=rgb)
        parameters = {"size": size, "color": [114, 114, 114], "scale": 1 / 255}
        values = (boxed.transpose(2, 0, 1).astype(np.float32) / 255).astype(np.float32)
        yield pipeline_row("letterbox", parameters, name, "NCHW", values, boxed)


def main():
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    made_by = {
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "timm": timm.__version__,
        "ultralytics": ultralytics.__version__,
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
    }
    how = {
        "torchvision": "Resize, CenterCrop, ToTensor, Normalize on the picture as RGB",
        "timm": "timm.data.create_transform with these parameters, on the picture as RGB",
        "ultralytics": "ultralytics.data.augment.classify_transforms(size)",
        "letterbox": "ultralytics.data.augment.LetterBox(auto=False), then divided by 255 in f32",
    }
    for file, makers in [
        ("pipelines_torchvision.json", [torchvision_rows, ultralytics_rows, letterbox_rows]),
        ("pipelines_timm.json", [timm_rows]),
    ]:
        rows = [row for maker in makers for row in maker()]
        presets = {row["preset"] for row in rows}
        used = {preset: text for preset, text in how.items() if preset in presets}
        write_json(file, {"made_by": made_by, "how": used, "cases": rows})


if __name__ == "__main__":
    main()
