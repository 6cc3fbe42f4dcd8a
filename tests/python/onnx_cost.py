"""Multiply-accumulates and parameters of the classifiers that the package onnx brings with it.

    onnx_cost.py

Shapes are those of onnx.shape_inference. Prints a JSON list of {"path", "macs", "parameters"};
parameters are the elements of what convolutions, matrix products and normalisations compute with.
"""

import json
import math
from pathlib import Path

import onnx
from onnx import shape_inference

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def sizes(value):
    return [dim.dim_value for dim in value.type.tensor_type.shape.dim]


def cost(path):
    graph = shape_inference.infer_shapes(
        onnx.load(path), check_type=True, strict_mode=True, data_prop=True
    ).graph
    shapes = {value.name: sizes(value) for value in [*graph.value_info, *graph.input, *graph.output]}
    # By name: the constant that a value is or, moved, is made of.
    constants = {}
    for tensor in graph.initializer:
        shapes[tensor.name] = list(tensor.dims)
        constants[tensor.name] = tensor.name
    macs, used = 0, set()
    for node in graph.node:
        if node.op_type in ("Constant", "ConstantOfShape"):
            constants[node.output[0]] = node.output[0]
            continue
        if node.op_type in ("Reshape", "Unsqueeze"):
            if node.input[0] in constants:
                constants[node.output[0]] = constants[node.input[0]]
            continue
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            macs += math.prod(shapes[node.output[0]]) * math.prod(shapes[node.input[1]][1:])
        elif node.op_type == "Gemm":
            depth = shapes[node.input[0]][0 if attributes.get("transA") else 1]
            macs += math.prod(shapes[node.output[0]]) * depth
        elif node.op_type == "MatMul":
            macs += math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
        used.update(constants[name] for name in node.input if name in constants)
    parameters = sum(math.prod(shapes[name]) for name in used)
    return {"path": str(path), "macs": macs, "parameters": parameters}


def main():
    print(json.dumps([cost(path) for path in sorted(LIGHT.glob("*.onnx"))]))


main()
