"""Runs an exported file on images and returns its scores."""

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter


def _tflite(path, images):
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = source["quantization"]
    if scale:
        limits = np.iinfo(source["dtype"])
        # In double precision: pixel/255 over a scale of 1/255 must give the
        # pixel back, not a neighbour of it.
        quantised = np.rint(images.astype(np.float64) / scale) + zero
        images = np.clip(quantised, limits.min, limits.max).astype(source["dtype"])
    # Quantised scores are compared as they are: dequantising is monotonic, and
    # equal steps must stay ties.
    scores = np.empty((len(images), target["shape"][-1]), target["dtype"])
    for i, image in enumerate(images):
        interpreter.set_tensor(source["index"], image[None])
        interpreter.invoke()
        scores[i] = interpreter.get_tensor(target["index"])[0]
    return scores


def _onnx(path, images):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    batches = images.transpose(0, 3, 1, 2)[:, None]
    return np.concatenate([session.run(None, {name: batch})[0] for batch in batches])


def scores(path, images):
    """(N, classes) for normalised NHWC images, one inference an image."""
    return {".tflite": _tflite, ".onnx": _onnx}[path.suffix](path, images)
