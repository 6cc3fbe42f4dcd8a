"""Writes the two ONNX files of one width from its folded weights.

The float graph is written node by node: no exporter's version decides its
names, layout or padding. The int8 one is that graph with QDQ pairs.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

import data
import fold
import plan

OPSET = 13
IR_VERSION = 8
INPUT, OUTPUT = "image", "probabilities"


def build(weights):
    nodes, initializers = [], []

    def constant(name, array):
        array = np.ascontiguousarray(array)
        initializers.append(numpy_helper.from_array(array, name))
        return name

    constant("six", np.float32(6.0))
    constant("zero", np.float32(0.0))

    def convolution(x, name, kernel, size, stride=1, groups=1):
        """3x3 or 1x1, with a ReLU6; returns the output's name and size."""
        extent = kernel.shape[-1]
        before, after = plan.same_padding(size, extent, stride)
        inputs = [
            x,
            constant(f"{name}_kernel", kernel),
            constant(f"{name}_bias", weights[f"{name}_bias"]),
        ]
        nodes.append(
            helper.make_node(
                "Conv", inputs, [f"{name}_sum"], name=name, group=groups,
                pads=[before, before, after, after],
                kernel_shape=[extent, extent], strides=[stride, stride],
            )
        )
        nodes.append(
            helper.make_node(
                "Clip", [f"{name}_sum", "zero", "six"], [f"{name}_out"],
                name=f"{name}_relu6",
            )
        )
        return f"{name}_out", -(-size // stride)

    # Keras (height, width, in, out) becomes (out, in, height, width); a
    # depthwise (height, width, channel, 1) becomes (channel, 1, height, width).
    dense_order, depthwise_order = (3, 2, 0, 1), (2, 3, 0, 1)
    x, size = convolution(
        INPUT, "stem", weights["stem_kernel"].transpose(dense_order),
        data.RESOLUTION, stride=2,
    )
    for i, (_, stride) in enumerate(plan.BLOCKS):
        name = f"block{i}_depthwise"
        kernel = weights[f"{name}_kernel"].transpose(depthwise_order)
        x, size = convolution(x, name, kernel, size, stride, groups=kernel.shape[0])
        name = f"block{i}_pointwise"
        x, size = convolution(
            x, name, weights[f"{name}_kernel"].transpose(dense_order), size
        )
    constant("classifier_kernel", weights["classifier_kernel"])
    constant("classifier_bias", weights["classifier_bias"])
    nodes.extend(
        [
            helper.make_node("GlobalAveragePool", [x], ["pooled"], name="pool"),
            helper.make_node("Flatten", ["pooled"], ["features"], name="flatten", axis=1),
            helper.make_node(
                "Gemm", ["features", "classifier_kernel", "classifier_bias"],
                ["logits"], name="classifier",
            ),
            helper.make_node("Softmax", ["logits"], [OUTPUT], name="softmax", axis=1),
        ]
    )
    shape = [1, 1, data.RESOLUTION, data.RESOLUTION]
    graph = helper.make_graph(
        nodes,
        "fmnist_mobilenet_v1",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, len(data.LABELS)])],
        initializers,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
        producer_name="shutterbench",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class _Calibration(quantization.CalibrationDataReader):
    def __init__(self, images):
        self._batches = iter(images.transpose(0, 3, 1, 2)[:, None])

    def get_next(self):
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def quantise(source, target, calibration):
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quantization.quant_pre_process(source, prepared)
        quantization.quantize_static(
            prepared, target, _Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            # Seven-bit weights: x86-64 without VNNI adds pairs of int8 products
            # in 16 bits, and full-range weights would saturate there.
            reduce_range=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--width", type=float, choices=plan.WIDTHS, required=True)
    options = parser.parse_args()
    stem = Path(options.out) / plan.stem(options.width)
    plain, int8 = Path(f"{stem}_f32.onnx"), Path(f"{stem}_int8.onnx")
    onnx.save(build(fold.load(options.work, options.width)), plain)
    quantise(plain, int8, data.calibration(options.work))
    for target in (plain, int8):
        print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main()
