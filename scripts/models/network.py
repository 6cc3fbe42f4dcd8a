"""The MobileNetV1-style network that is trained, in PyTorch.

Its strides, padding and names are shared with `inference.py`, which rebuilds it
without batch norms for the exports.
"""

from torch import nn
from torch.nn import functional

from data import LABELS, RESOLUTION
from plan import BATCH_NORM_EPSILON, BLOCKS, STEM_CHANNELS, same_padding, scaled


class Convolution(nn.Module):
    """Convolution with TensorFlow's SAME padding, batch norm and ReLU6."""

    def __init__(self, inputs, outputs, kernel, size, stride=1, groups=1):
        super().__init__()
        # nn.Conv2d pads both sides alike; SAME puts the odd pixel at the end.
        before, after = same_padding(size, kernel, stride)
        self.uneven = None if before == after else (before, after, before, after)
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, groups=groups, bias=False,
            padding=before if self.uneven is None else 0,
        )
        # Keeps each channel's variance whatever its fan-in: a depthwise
        # filter has nine inputs, and torch's default would shrink it.
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON, momentum=0.05)

    def forward(self, x):
        if self.uneven is not None:
            x = functional.pad(x, self.uneven)
        return functional.relu6(self.norm(self.conv(x)))


class Network(nn.Module):
    """Its output is logits: the loss is stable on them, the exports add softmax."""

    def __init__(self, width):
        super().__init__()
        channels = scaled(STEM_CHANNELS, width)
        self.stem = Convolution(1, channels, 3, RESOLUTION, stride=2)
        size = -(-RESOLUTION // 2)
        for i, (full, stride) in enumerate(BLOCKS):
            outputs = scaled(full, width)
            depthwise = Convolution(channels, channels, 3, size, stride, groups=channels)
            self.add_module(f"block{i}_depthwise", depthwise)
            size = -(-size // stride)
            self.add_module(f"block{i}_pointwise", Convolution(channels, outputs, 1, size))
            channels = outputs
        self.classifier = nn.Linear(channels, len(LABELS))

    def forward(self, x):
        for name, module in self.named_children():
            if name != "classifier":
                x = module(x)
        return self.classifier(x.mean((2, 3)))
