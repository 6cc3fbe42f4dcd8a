"""Runs a model with the Python package ai-edge-litert, for comparison.

    litert_outputs.py MODEL INPUT_TYPE OUTPUT_TYPE OUTPUT_ELEMENTS INPUT OUTPUT

INPUT holds the raw bytes of the model's one input; the raw bytes of its first
output are written to OUTPUT. CPU, one thread.
"""

import sys

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.hardware_accelerator import HardwareAccelerator


def main():
    model_path, input_type, output_type, elements, input_path, output_path = sys.argv[1:]
    model = CompiledModel.from_file(model_path, hardware_accel=HardwareAccelerator.CPU)
    inputs = model.create_input_buffers(0)
    outputs = model.create_output_buffers(0)
    inputs[0].write(np.fromfile(input_path, dtype=input_type))
    model.run_by_index(0, inputs, outputs)
    outputs[0].read(int(elements), np.dtype(output_type)).tofile(output_path)


main()
