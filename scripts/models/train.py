"""Trains one width from a fixed seed, in phases, and saves the weights of each.

The schedule is fixed and its last epoch is the one that is kept: no epoch is
picked by its score. The held-out part of the training split is only reported,
as the number by which a change to the recipe may be judged.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import data
import network
import plan

BATCH = 128
MOMENTUM = 0.9
WEIGHT_DECAY = 2e-4
LABEL_SMOOTHING = 0.05


@dataclass(frozen=True)
class Phase:
    """Epochs with a warm-up to the peak rate and a cosine down to zero."""

    epochs: int
    shift: int
    peak_rate: float
    warmup: float

    def rate(self, progress):
        """Learning rate after `progress` epochs."""
        if progress < self.warmup:
            return self.peak_rate * progress / self.warmup
        done = (progress - self.warmup) / (self.epochs - self.warmup)
        return self.peak_rate * 0.5 * (1.0 + math.cos(math.pi * done))


def _main(epochs, shift):
    return Phase(epochs, shift, peak_rate=0.1, warmup=1.0)


def _settle(epochs):
    """Without shifts: the images to classify are centred, and at these lengths
    the networks underfit, the narrow ones most."""
    return Phase(epochs, shift=0, peak_rate=0.02, warmup=0.25)


# Fewer epochs for the wider networks: each of theirs costs more. The widest was
# still underfitting after its second phase, hence a third.
RECIPES = {
    0.25: (_main(20, shift=2), _settle(6)),
    0.5: (_main(16, shift=1), _settle(4)),
    1.0: (_main(12, shift=2), _settle(3), _settle(4)),
}


def augment(images, shift, random):
    """Mirrors half of the images and shifts each by up to `shift` pixels."""
    count, height, width = images.shape
    mirrored = np.where(
        random.random(count)[:, None, None] < 0.5, images[:, :, ::-1], images
    )
    padded = np.pad(mirrored, ((0, 0), (shift, shift), (shift, shift)))
    top, left = random.integers(0, 2 * shift + 1, (2, count, 1, 1))
    rows = top + np.arange(height)[None, :, None]
    columns = left + np.arange(width)[None, None, :]
    return padded[np.arange(count)[:, None, None], rows, columns]


def batch_of(images):
    return torch.from_numpy(data.normalise(images)).permute(0, 3, 1, 2)


def make_optimizer(model):
    # Depthwise filters have nine weights a channel, biases and norms fewer:
    # decaying them costs accuracy and regularises nothing.
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        is_kernel = parameter.ndim > 1 and "depthwise" not in name
        (decayed if is_kernel else free).append(parameter)
    return torch.optim.SGD(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": free}],
        lr=0.0, momentum=MOMENTUM, nesterov=True,
    )


def accuracy(model, images, labels):
    model.eval()
    with torch.inference_mode():
        best = [
            model(batch_of(images[i : i + 500])).argmax(1).numpy()
            for i in range(0, len(images), 500)
        ]
    model.train()
    return float(np.mean(np.concatenate(best) == labels))


def train(model, phase, random, work):
    """Runs one phase; after every epoch its held-out accuracy is printed."""
    images, labels = data.load(work, "train")
    held_images, held_labels = images[-data.HOLDOUT :], labels[-data.HOLDOUT :]
    images, labels = images[: -data.HOLDOUT], labels[: -data.HOLDOUT].astype(np.int64)

    model.train()
    optimizer = make_optimizer(model)
    steps = len(images) // BATCH
    started = time.monotonic()
    for epoch in range(phase.epochs):
        order = random.permutation(len(images))[: steps * BATCH].reshape(steps, BATCH)
        total = 0.0
        for i, chosen in enumerate(order):
            for group in optimizer.param_groups:
                group["lr"] = phase.rate(epoch + (i + 1) / steps)
            loss = functional.cross_entropy(
                model(batch_of(augment(images[chosen], phase.shift, random))),
                torch.from_numpy(labels[chosen]),
                label_smoothing=LABEL_SMOOTHING,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(
            f"epoch {epoch + 1}/{phase.epochs} loss {total / steps:.4f}"
            f" held-out {accuracy(model, held_images, held_labels):.4f}"
            f" {time.monotonic() - started:.0f} s, CPU {time.process_time():.0f} s",
            flush=True,
        )


def run(width, seed, work, first):
    """Runs the phases from number `first` on, each from the one before it."""
    torch.use_deterministic_algorithms(True)
    # Initial weights; the batches have a generator of their own in each phase,
    # so that a later phase can be repeated without the earlier ones.
    torch.manual_seed(seed)
    model = network.Network(width).to(memory_format=torch.channels_last)
    if first:
        before = plan.checkpoint(work, width, first - 1)
        model.load_state_dict(torch.load(before, weights_only=True))
    for number, phase in list(enumerate(RECIPES[width]))[first:]:
        print(f"width {width}, phase {number}: {phase}", flush=True)
        train(model, phase, np.random.default_rng([seed, number]), work)
        target = plan.checkpoint(work, width, number)
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), target)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--width", type=float, choices=plan.WIDTHS, required=True)
    parser.add_argument("--seed", type=int, default=20170825)
    parser.add_argument("--phase", type=int, default=0, help="first phase to run")
    options = parser.parse_args()
    # One thread: reproducible, and the widths train side by side.
    torch.set_num_threads(1)
    run(options.width, options.seed, options.work, options.phase)


if __name__ == "__main__":
    main()
