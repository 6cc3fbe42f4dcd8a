"""Writes the six TFLite files of one width from its folded weights."""

import argparse
from pathlib import Path

import tensorflow as tf

import data
import fold
import inference
import plan


def _float32(converter, representative):
    pass


def _float16(converter, representative):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _dynamic(converter, representative):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _int8_float_io(converter, representative):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    # Without this an operator that cannot be quantised would stay float in silence.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def _int8(converter, representative):
    _int8_float_io(converter, representative)
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


def _uint8_io(converter, representative):
    _int8_float_io(converter, representative)
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8


RECIPES = {
    "f32": _float32,
    "f16": _float16,
    "dynamic": _dynamic,
    "int8_float_io": _int8_float_io,
    "int8": _int8,
    "uint8_io": _uint8_io,
}


def convert(weights, recipe, calibration):
    def representative():
        for image in calibration:
            yield [image[None]]

    # from_keras_model, as from_concrete_functions drops Keras 3 weights silently.
    converter = tf.lite.TFLiteConverter.from_keras_model(inference.build(weights))
    RECIPES[recipe](converter, representative)
    return converter.convert()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--width", type=float, choices=plan.WIDTHS, required=True)
    options = parser.parse_args()
    weights = fold.load(options.work, options.width)
    calibration = data.calibration(options.work)
    for recipe in RECIPES:
        target = Path(options.out) / f"{plan.stem(options.width)}_{recipe}.tflite"
        target.write_bytes(convert(weights, recipe, calibration))
        print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
