"""Hugging Face's image processors (the ones on Pillow): pipelines_hf.json.

    pipelines_hf.py OUT.json
    pipelines_hf.py --merge OUT.json ...

Run under two versions of Pillow; what the second makes otherwise is added.
"""

import sys

import numpy as np
import PIL
import transformers
from PIL import Image
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import (
    EfficientNetImageProcessorPil,
)
from transformers.models.mobilenet_v2.image_processing_pil_mobilenet_v2 import (
    MobileNetV2ImageProcessorPil,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from common import PICTURES, pipeline_cases, pipeline_row, save_or_merge

HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def square(size):
    return {"height": size, "width": size}


def cropped(size, resample, **more):
    """As MobileNetV2 and ResNet-like models: shorter side, then a crop from the centre."""
    return {
        "do_resize": True,
        "size": {"shortest_edge": size * 256 // 224},
        "resample": resample,
        "do_center_crop": True,
        "crop_size": square(size),
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        **more,
    }


def whole(size, resample, **more):
    """As ViT: both sides to the input's, whatever the shape was."""
    return {
        "do_resize": True,
        "size": square(size),
        "resample": resample,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        **more,
    }


def convnext(size, crop_pct):
    return {
        "do_resize": True,
        "size": {"shortest_edge": size},
        "crop_pct": crop_pct,
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        **IMAGENET,
    }


# Class, name as preprocessor_config.json has it, parameters by input size, small size,
# usual size.
PROCESSORS = [
    (MobileNetV2ImageProcessorPil, lambda s: cropped(s, 2, **HALF), 24, 224),
    (MobileNetV2ImageProcessorPil, lambda s: cropped(s, 3, **IMAGENET), 24, 224),
    # Larger than what it is cut from: padded with zeros before normalising.
    (MobileNetV2ImageProcessorPil, lambda s: {**cropped(s, 2, **HALF), "do_resize": False}, 25, 224),
    (ViTImageProcessorPil, lambda s: whole(s, 2, **HALF), 24, 224),
    (ViTImageProcessorPil, lambda s: whole(s, 3, **IMAGENET), 24, 224),
    (ViTImageProcessorPil, lambda s: whole(s, 0, **HALF), 24, 0),
    (ViTImageProcessorPil, lambda s: whole(s, 1, **HALF), 24, 0),
    (ViTImageProcessorPil, lambda s: {**whole(s, 2), "do_normalize": False}, 24, 0),
    (
        ViTImageProcessorPil,
        lambda s: {**whole(s, 2, **HALF), "do_rescale": False, "rescale_factor": 1.0},
        24,
        0,
    ),
    (ConvNextImageProcessorPil, lambda s: convnext(s, 0.875), 24, 224),
    # 384 and more are squeezed whole, without a crop.
    (ConvNextImageProcessorPil, lambda s: convnext(s, 1.0), 384, 0),
    (
        EfficientNetImageProcessorPil,
        lambda s: {**whole(s, 3, **IMAGENET), "rescale_offset": False, "include_top": True},
        24,
        224,
    ),
    (
        EfficientNetImageProcessorPil,
        lambda s: {
            **whole(s, 3, **IMAGENET),
            "rescale_factor": 1 / 127.5,
            "rescale_offset": True,
            "include_top": False,
        },
        24,
        0,
    ),
]


def rows():
    for kind, parameters, small, usual in PROCESSORS:
        cases = pipeline_cases(small, usual)
        for picture, size in cases:
            if small == 384 and picture not in ["texture.png", "tall.png"]:
                continue
            config = {"image_processor_type": kind.__name__.removesuffix("Pil"), **parameters(size)}
            image = Image.open(PICTURES / picture).convert("RGB")
            values = kind(**parameters(size))(image)["pixel_values"][0]
            untouched = {"do_rescale": False, "do_normalize": False, "include_top": False}
            known = {**parameters(size), **{k: v for k, v in untouched.items() if k in config}}
            pixels = kind(**known)(image)["pixel_values"][0]
            assert pixels.dtype == np.uint8
            values = np.asarray(values).astype(np.float32)
            yield pipeline_row("hf", config, picture, "NCHW", values, pixels.transpose(1, 2, 0))


def document():
    return {
        "made_by": {"transformers": transformers.__version__, "pillow": PIL.__version__},
        "how": {"hf": "transformers' image processors of the Pillow backend, on the picture as RGB"},
        "cases": list(rows()),
    }


if __name__ == "__main__":
    save_or_merge("pipelines_hf.json", "pillow", document, sys.argv[1:])
