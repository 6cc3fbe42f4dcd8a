"""How OpenCV and TensorFlow decode the pictures beside Pillow: adds to tests/goldens/decode.json.

    decode_others.py          under an environment with OpenCV or with TensorFlow
"""

import json
import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import numpy as np
from PIL import Image

from common import GOLDENS, PICTURES, write_json


def opencv():
    import cv2

    def read(path, flags):
        image = cv2.imread(str(path), flags)
        return None if image is None else image[..., ::-1]

    upright = cv2.IMREAD_COLOR
    return {
        "opencv": cv2.__version__,
    }, {
        "opencv": lambda path: read(path, upright | cv2.IMREAD_IGNORE_ORIENTATION),
        "opencv_by_default": lambda path: read(path, upright),
    }


def tensorflow():
    import tensorflow as tf

    def image(path):
        return tf.io.decode_image(
            tf.io.read_file(str(path)), channels=3, expand_animations=False
        ).numpy()

    def accurate(path):
        if path.suffix != ".jpg":
            return image(path)
        data = tf.io.read_file(str(path))
        return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()

    return {"tensorflow": tf.__version__}, {
        "tensorflow_accurate": accurate,
        "tensorflow_by_default": image,
    }


def difference(decode, path):
    """`same` as Pillow, `fails`, or by how much and where it begins."""
    pillow = np.asarray(Image.open(path).convert("RGB")).astype(int)
    try:
        other = decode(path)
    except Exception:
        other = None
    if other is None:
        return "fails"
    if other.shape != pillow.shape:
        return {"width": other.shape[1], "height": other.shape[0]}
    away = np.abs(other.astype(int) - pillow)
    if not away.any():
        return "same"
    return {
        "largest_difference": int(away.max()),
        "share_different": round(float((away > 0).any(axis=-1).mean()), 4),
        "first_pixels": other.reshape(-1, 3)[:4].tolist(),
    }


def main():
    try:
        versions, decoders = opencv()
    except ImportError:
        versions, decoders = tensorflow()
    document = json.loads((GOLDENS / "decode.json").read_text())
    document["made_by"].update(versions)
    for row in document["pictures"]:
        others = row.setdefault("others", {})
        for name, decode in decoders.items():
            others[name] = difference(decode, PICTURES / row["file"])
    write_json("decode.json", document)


if __name__ == "__main__":
    main()
