"""Runs a model with the Python package onnxruntime, for comparison.

    onnxruntime_outputs.py MODEL INPUT_TYPE OUTPUT_TYPE OUTPUT_ELEMENTS INPUT OUTPUT

INPUT holds the raw bytes of the model's one input; the raw bytes of its first
output are written to OUTPUT. CPU, one thread, every graph optimisation.
"""

import sys

import numpy as np
import onnxruntime


def main():
    model_path, input_type, output_type, elements, input_path, output_path = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        model_path, options, providers=["CPUExecutionProvider"]
    )
    node = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in node.shape]
    image = np.fromfile(input_path, dtype=input_type).reshape(shape)
    output = session.run(None, {node.name: image})[0]
    assert output.dtype == np.dtype(output_type) and output.size == int(elements)
    output.tofile(output_path)


main()
