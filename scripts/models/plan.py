"""What the family looks like: widths, blocks, layer names, padding, file names."""

from pathlib import Path

WIDTHS = (0.25, 0.5, 1.0)
STEM_CHANNELS = 32

# (channels at width 1.0, stride) of each depthwise-separable block. Only the
# first works at 14x14, the rest at 7x7 and 4x4: that is what makes training all
# widths on a desktop CPU a matter of minutes.
BLOCKS = ((64, 1), (128, 2), (128, 1), (128, 1), (256, 2), (256, 1), (512, 1))
BATCH_NORM_EPSILON = 1e-3


def scaled(channels, width):
    return int(channels * width)


def same_padding(size, kernel, stride):
    """TensorFlow's SAME: (before, after), the odd pixel at the bottom and right."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def convolutions():
    """Names of all convolution layers, in the order of the network."""
    names = ["stem"]
    for i in range(len(BLOCKS)):
        names += [f"block{i}_depthwise", f"block{i}_pointwise"]
    return names


def stem(width):
    """What the file names of all exports of one width begin with."""
    return f"fmnist_mobilenet_v1_{width}"


def checkpoint(work, width, phase):
    """Weights after a training phase; phases are numbered from 0."""
    return Path(work) / "checkpoints" / f"{width}_phase{phase}.pt"


def folded(work, width):
    return Path(work) / "folded" / f"{width}.npz"
