"""The pipelines that are written in TensorFlow: pipelines_tensorflow.json.

The steps around the real operations follow the sources that README.md names.
"""

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")

import keras
import numpy as np
import PIL
import tensorflow as tf
from keras.applications import imagenet_utils
from PIL import Image

from common import PICTURES, pipeline_cases, pipeline_row, write_json

HOW = {
    "tflite-eval": "crop in numpy as image_preprocessing_stage.cc rounds it; RESIZE_BILINEAR on f32 "
    "in TensorFlow Lite's interpreter with the reference kernels; normalised in numpy in the "
    "same order, then cast",
    "slim": "tf.image.convert_image_dtype, tf.image.central_crop, tf.raw_ops.ResizeBilinear, "
    "minus 0.5, times 2",
    "efficientnet": "crop in numpy as preprocessing.py computes it in f32; tf.raw_ops.ResizeBicubic, or "
    "ResizeBilinear for Lite; minus mean, divided by deviation in f32",
    "keras": "dataset: tf.image.resize as image_dataset_from_directory calls it; load_img: "
    "keras.utils.load_img; then keras.applications.imagenet_utils.preprocess_input",
}


def rgb(name):
    return np.asarray(Image.open(PICTURES / name).convert("RGB"))


def half_away(value):
    """C's round() of a number that is not negative."""
    return int(np.floor(value + 0.5))


class ResizeBilinear:
    """TensorFlow Lite's operation of this name, neither corners aligned nor half pixels."""

    def __init__(self):
        self.interpreters = {}

    def __call__(self, pixels, size):
        key = (pixels.shape, size)
        if key not in self.interpreters:
            self.interpreters[key] = self.build(pixels.shape, size)
        interpreter = self.interpreters[key]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    @staticmethod
    def build(shape, size):
        @tf.function(input_signature=[tf.TensorSpec((1, *shape), tf.float32)])
        def resize(x):
            return tf.raw_ops.ResizeBilinear(images=x, size=[size, size])

        function = resize.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        interpreter = tf.lite.Interpreter(
            model_content=converter.convert(),
            num_threads=1,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
        )
        names = {op["op_name"] for op in interpreter._get_ops_details()}
        assert names <= {"RESIZE_BILINEAR", "DELEGATE"} and "RESIZE_BILINEAR" in names, names
        interpreter.allocate_tensors()
        return interpreter


resize_bilinear = ResizeBilinear()


def by_definition(pixels, size):
    """The same in numpy, in the order in which resize_bilinear.h adds: a check of the above."""
    height, width = pixels.shape[:2]
    f32 = np.float32

    def places(length):
        at = np.arange(size, dtype=f32) * f32(f32(length) / f32(size))
        low = np.maximum(np.floor(at), 0).astype(int)
        high = np.minimum(np.ceil(at), length - 1).astype(int)
        return low, high, (at - low.astype(f32)).astype(f32)

    y0, y1, dy = places(height)
    x0, x1, dx = places(width)
    dy, dx = dy[:, None, None], dx[None, :, None]
    one = f32(1)
    result = pixels[y0][:, x0] * (one - dy) * (one - dx)
    result = result + pixels[y1][:, x0] * dy * (one - dx)
    result = result + pixels[y0][:, x1] * (one - dy) * dx
    return result + pixels[y1][:, x1] * dy * dx


def tflite_eval_rows():
    for name, size in pipeline_cases(24):
        pixels = rgb(name).astype(np.float32)
        height, width = pixels.shape[:2]
        side = min(half_away(0.875 * height), half_away(0.875 * width))
        top, left = half_away((height - side) / 2), half_away((width - side) / 2)
        cropped = pixels[top : top + side, left : left + side]
        resized = resize_bilinear(np.ascontiguousarray(cropped), size)
        assert np.array_equal(resized, by_definition(cropped, size)), name
        # Out of f32 toward zero; for i8 after 128 was subtracted.
        scale = np.float32(1.0 / 127.5)
        for kind, values in [
            ("u8", resized.astype(np.uint8)),
            ("i8", (resized - np.float32(128)).astype(np.int8)),
            ("f32", (resized - np.float32(127.5)) * scale),
        ]:
            if kind != "u8" and size == 224 and name != "photo.jpg":
                continue
            parameters = {
                "size": size,
                "fraction": 0.875,
                "input_type": kind,
                "crop": [left, top, side, side],
            }
            yield pipeline_row("tflite-eval", parameters, name, "NHWC", values)


def slim_rows():
    for name, size in pipeline_cases(24):
        image = tf.image.convert_image_dtype(rgb(name), tf.float32)
        image = tf.image.central_crop(image, 0.875)
        image = tf.raw_ops.ResizeBilinear(images=image[None], size=[size, size])[0]
        values = ((image - 0.5) * 2.0).numpy()
        parameters = {"size": size, "fraction": 0.875}
        yield pipeline_row("slim", parameters, name, "NHWC", values)


def efficientnet_rows():
    variants = {
        "efficientnet": (
            [0.485 * 255, 0.456 * 255, 0.406 * 255],
            [0.229 * 255, 0.224 * 255, 0.225 * 255],
            tf.raw_ops.ResizeBicubic,
        ),
        "lite": ([127.0] * 3, [128.0] * 3, tf.raw_ops.ResizeBilinear),
    }
    for variant, (mean, deviation, resize) in variants.items():
        for name, size in pipeline_cases(24):
            pixels = rgb(name)
            height, width = pixels.shape[:2]
            padding = round(size * (1 / 0.875 - 1))
            share = np.float32(size / (size + padding))
            side = int(share * np.float32(min(height, width)))
            if side == 0:
                continue
            top, left = (height - side + 1) // 2, (width - side + 1) // 2
            cropped = pixels[top : top + side, left : left + side]
            image = resize(images=cropped[None], size=[size, size])[0]
            image = image - tf.constant(mean, shape=[1, 1, 3], dtype=tf.float32)
            image = image / tf.constant(deviation, shape=[1, 1, 3], dtype=tf.float32)
            parameters = {
                "size": size,
                "variant": variant,
                "filter": "bicubic" if variant == "efficientnet" else "bilinear",
                "crop": [left, top, side, side],
                "mean": mean,
                "std": deviation,
            }
            yield pipeline_row("efficientnet", parameters, name, "NHWC", image.numpy())


def keras_rows():
    for name, size in pipeline_cases(24):
        for loader in ["dataset", "load_img"]:
            if loader == "dataset":
                image = tf.image.resize(rgb(name), (size, size), method="bilinear").numpy()
            else:
                loaded = keras.utils.load_img(PICTURES / name, target_size=(size, size))
                image = keras.utils.img_to_array(loaded)
            for mode in ["tf", "torch", "caffe", "none"]:
                if (mode != "tf" and size == 224) or (mode == "none" and loader == "load_img"):
                    continue
                values = image.copy()
                if mode != "none":
                    values = imagenet_utils.preprocess_input(values, mode=mode)
                pixels = image.astype(np.uint8) if loader == "load_img" else None
                parameters = {"size": size, "loader": loader, "mode": mode}
                values = np.ascontiguousarray(values)
                yield pipeline_row("keras", parameters, name, "NHWC", values, pixels)


def main():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    made_by = {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "pillow": PIL.__version__,
    }
    for file, makers in [
        ("pipelines_tensorflow.json", [tflite_eval_rows, slim_rows, efficientnet_rows]),
        ("pipelines_keras.json", [keras_rows]),
    ]:
        rows = [row for maker in makers for row in maker()]
        used = {preset: HOW[preset] for preset in dict.fromkeys(row["preset"] for row in rows)}
        write_json(file, {"made_by": made_by, "how": used, "cases": rows})


if __name__ == "__main__":
    main()
