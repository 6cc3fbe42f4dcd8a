"""Fashion-MNIST as arrays, read from the IDX files of the Debian package."""

import gzip
from pathlib import Path

import numpy as np

LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
RESOLUTION = 28

# Every model's input is pixel / SCALE. A plain division keeps the manifest's
# `mean` and `scale` exact, and makes a uint8 tensor's scale simply 1/255.
SCALE = 255.0

# The tail of the training split, never trained on: schedule and augmentation
# may be judged by it, so that the test split stays unseen until verification.
HOLDOUT = 5000

_IMAGE_MAGIC = 0x0803
_LABEL_MAGIC = 0x0801
_DATASET_FOLDER = Path("usr/share/datasets/fashion-mnist")


def _read_idx(path, magic):
    raw = gzip.decompress(path.read_bytes())
    found = int.from_bytes(raw[:4], "big")
    if found != magic:
        raise ValueError(f"{path}: magic number {found:#x}, expected {magic:#x}")
    rank = magic & 0xFF
    shape = [int.from_bytes(raw[4 * i : 4 * i + 4], "big") for i in range(1, rank + 1)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(work, split):
    """Images (N, 28, 28) and labels (N,), both uint8; split: "train" or "test"."""
    folder = Path(work) / "dataset" / _DATASET_FOLDER
    prefix = {"train": "train", "test": "t10k"}[split]
    images = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", _IMAGE_MAGIC)
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", _LABEL_MAGIC)
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, but {len(labels)} labels")
    return images, labels


def normalise(images):
    """uint8 images (N, H, W) as the float32 NHWC batch that the models take."""
    return (images.astype(np.float32) / np.float32(SCALE))[..., None]


def calibration(work, count=500):
    """Evenly spaced *training* images: quantisation must not see the test split."""
    images, _ = load(work, "train")
    trained_on = images[:-HOLDOUT]
    return normalise(trained_on[:: len(trained_on) // count][:count])
