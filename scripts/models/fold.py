"""Folds batch norms into the convolutions before them.

Every export starts from the one .npz that this writes, so that the formats of
one width differ by their format alone. Kernels are stored the way TensorFlow
holds them: (height, width, in, out), depthwise (height, width, channel, 1).
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import plan
from train import RECIPES


def fold(state):
    """{name: array}: kernel and bias of each convolution and the classifier."""
    state = {name: tensor.numpy() for name, tensor in state.items()}
    weights = {}
    for name in plan.convolutions():
        # In double precision, so that folding itself rounds only once.
        kernel, gamma, beta, mean, variance = (
            state[f"{name}.{part}"].astype(np.float64)
            for part in (
                "conv.weight", "norm.weight", "norm.bias",
                "norm.running_mean", "norm.running_var",
            )
        )
        factor = gamma / np.sqrt(variance + plan.BATCH_NORM_EPSILON)
        kernel = kernel * factor[:, None, None, None]
        # PyTorch has (out, in, height, width), depthwise (channel, 1, height, width).
        order = (2, 3, 0, 1) if name.endswith("depthwise") else (2, 3, 1, 0)
        weights[f"{name}_kernel"] = kernel.transpose(order).astype(np.float32)
        weights[f"{name}_bias"] = (beta - mean * factor).astype(np.float32)
    weights["classifier_kernel"] = state["classifier.weight"].T
    weights["classifier_bias"] = state["classifier.bias"]
    return weights


def load(work, width):
    with np.load(plan.folded(work, width)) as stored:
        return dict(stored)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--width", type=float, choices=plan.WIDTHS, required=True)
    options = parser.parse_args()
    last_phase = len(RECIPES[options.width]) - 1
    trained = plan.checkpoint(options.work, options.width, last_phase)
    state = torch.load(trained, weights_only=True)
    target = plan.folded(options.work, options.width)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez(target, **fold(state))


if __name__ == "__main__":
    main()
