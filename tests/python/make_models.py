"""Writes small models of kinds that the embedded family lacks.

    make_models.py FOLDER

- int16x8.tflite: 16-bit input and output, 8-bit weights.
- metadata.tflite: float32, with normalisation and labels inside the file, as
  TensorFlow Lite's hosted models carry them.
- two_outputs.tflite: a graph whose second output is no class.
- open_size.tflite, single_pixel.tflite: the mean of each channel of an image of any
  size, with and without a signature that says so.
- custom.tflite, flex.tflite: operators that only other runtimes have.
"""

import io
import pathlib
import sys
import zipfile

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

SIDE, CHANNELS, CLASSES = 4, 3, 5
LABELS = [f"class {i}" for i in range(CLASSES)]


def tensor(name, shape, kind, buffer=0, scale=None, zero_point=0):
    it = schema.TensorT()
    it.name, it.shape, it.type, it.buffer = name, shape, kind, buffer
    if scale is not None:
        it.quantization = schema.QuantizationParametersT()
        it.quantization.scale, it.quantization.zeroPoint = [scale], [zero_point]
    return it


def buffer(values=None):
    it = schema.BufferT()
    if values is not None:
        it.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), dtype=np.uint8)
    return it


def operator(code, inputs, outputs, kind, options):
    it = schema.OperatorT()
    it.opcodeIndex, it.inputs, it.outputs = code, inputs, outputs
    it.builtinOptionsType, it.builtinOptions = kind, options
    return it


def code(builtin, version):
    it = schema.OperatorCodeT()
    it.builtinCode = it.deprecatedBuiltinCode = builtin
    it.version = version
    return it


def classifier(kind, bias_kind, bias_type, input_scale, input_zero, scores, version):
    """Flattens an image, one fully connected layer, softmax."""
    seed = np.random.default_rng(7)
    size = SIDE * SIDE * CHANNELS
    weights = seed.integers(-127, 128, (CLASSES, size)).astype(np.int8)
    bias = np.zeros(CLASSES, dtype=bias_type)
    shape = np.array([1, size], dtype=np.int32)
    weight_kind, weight_scale, bias_scale = schema.TensorType.INT8, 0.01, None
    if kind == schema.TensorType.UINT8:
        weights, weight_kind = (weights.astype(np.int16) + 128).astype(np.uint8), kind
    if kind == schema.TensorType.FLOAT32:
        weights, weight_kind, weight_scale = (weights * 0.01).astype(np.float32), kind, None
    else:
        bias_scale = input_scale * weight_scale
    weight_zero = 128 if weight_kind == schema.TensorType.UINT8 else 0
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("image", [1, SIDE, SIDE, CHANNELS], kind, 0, input_scale, input_zero),
        tensor("flat_shape", [2], schema.TensorType.INT32, 1),
        tensor("flat", [1, size], kind, 0, input_scale, input_zero),
        tensor("weights", [CLASSES, size], weight_kind, 2, weight_scale, weight_zero),
        tensor("bias", [CLASSES], bias_kind, 3, bias_scale),
        tensor("logits", [1, CLASSES], kind, 0, *scores["logits"]),
        tensor("scores", [1, CLASSES], kind, 0, *scores["scores"]),
    ]
    graph.inputs, graph.outputs = [0], [6]
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    options = schema.BuiltinOptions
    graph.operators = [
        operator(0, [0, 1], [2], options.ReshapeOptions, schema.ReshapeOptionsT()),
        operator(1, [2, 3, 4], [5], options.FullyConnectedOptions,
                 schema.FullyConnectedOptionsT()),
        operator(2, [5], [6], options.SoftmaxOptions, softmax),
    ]
    model = schema.ModelT()
    model.version, model.description = 3, "made by shutterbench's tests"
    builtin = schema.BuiltinOperator
    model.operatorCodes = [
        code(builtin.RESHAPE, 1), code(builtin.FULLY_CONNECTED, version), code(builtin.SOFTMAX, 2),
    ]
    model.subgraphs = [graph]
    model.buffers = [buffer(), buffer(shape), buffer(weights), buffer(bias)]
    return model


def means(signature):
    """The mean of each channel of an image of open height and width."""
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("image", [1, 1, 1, 3], schema.TensorType.FLOAT32),
        tensor("axes", [2], schema.TensorType.INT32, 1),
        tensor("means", [1, 3], schema.TensorType.FLOAT32),
    ]
    if signature:
        graph.tensors[0].shapeSignature = [-1, -1, -1, 3]
        graph.tensors[2].shapeSignature = [-1, 3]
    graph.inputs, graph.outputs = [0], [2]
    options = schema.ReducerOptionsT()
    graph.operators = [
        operator(0, [0, 1], [2], schema.BuiltinOptions.ReducerOptions, options),
    ]
    model = schema.ModelT()
    model.version, model.description = 3, "made by shutterbench's tests"
    model.operatorCodes = [code(schema.BuiltinOperator.MEAN, 1)]
    model.subgraphs = [graph]
    model.buffers = [buffer(), buffer(np.array([1, 2], dtype=np.int32))]
    return model


def custom(name):
    """The same with an operator of this name in place of the mean."""
    model = means(False)
    model.subgraphs[0].tensors[0].shape = [1, 4, 4, 3]
    foreign = code(schema.BuiltinOperator.CUSTOM, 1)
    foreign.customCode = name
    model.operatorCodes = [foreign]
    only = model.subgraphs[0].operators[0]
    only.builtinOptionsType, only.builtinOptions = schema.BuiltinOptions.NONE, None
    return model


def packed(model):
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def metadata():
    """`metadata_schema.fbs` by hand: ModelMetadata > SubGraphMetadata > TensorMetadata,
    with NormalizationOptions at the input and an AssociatedFile at the output."""
    b = flatbuffers.Builder(1024)

    def vector(offsets):
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return b.EndVector()

    def floats(values):
        b.StartVector(4, len(values), 4)
        for value in reversed(values):
            b.PrependFloat32(value)
        return b.EndVector()

    def table(slots, fields):
        b.StartObject(slots)
        for slot, offset in fields.items():
            b.PrependUOffsetTRelativeSlot(slot, offset, 0)
        return b.EndObject()

    normalization = table(2, {0: floats([100.0]), 1: floats([50.0])})
    b.StartObject(2)
    b.PrependUint8Slot(0, 1, 0)  # NormalizationOptions
    b.PrependUOffsetTRelativeSlot(1, normalization, 0)
    unit = b.EndObject()
    image = table(8, {4: vector([unit])})
    name = b.CreateString("labels.txt")
    b.StartObject(5)
    b.PrependUOffsetTRelativeSlot(0, name, 0)
    b.PrependInt8Slot(2, 2, 0)  # TENSOR_AXIS_LABELS
    file = b.EndObject()
    scores = table(8, {6: vector([file])})
    graph = table(6, {2: vector([image]), 3: vector([scores])})
    b.Finish(table(8, {3: vector([graph])}), file_identifier=b"M001")
    return np.frombuffer(bytes(b.Output()), dtype=np.uint8)


def with_metadata(model):
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.metadata = [entry]
    model.buffers.append(buffer(metadata()))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as labels:
        labels.writestr("labels.txt", "\n".join(LABELS) + "\n")
    return packed(model) + archive.getvalue()


def main():
    folder = pathlib.Path(sys.argv[1])
    kinds = schema.TensorType
    wide = {"logits": (1 / 256,), "scores": (1 / 32768,)}
    eight = {"logits": (0.1, 128), "scores": (1 / 256, 0)}
    sixteen = classifier(kinds.INT16, kinds.INT64, np.int64, 1 / 32768, 0, wide, 4)
    (folder / "int16x8.tflite").write_bytes(packed(sixteen))
    real = classifier(kinds.FLOAT32, kinds.FLOAT32, np.float32, None, 0,
                      {"logits": (), "scores": ()}, 1)
    (folder / "metadata.tflite").write_bytes(with_metadata(real))
    two = classifier(kinds.UINT8, kinds.INT32, np.int32, 1 / 128, 128, eight, 1)
    two.subgraphs[0].outputs = [6, 2]
    (folder / "two_outputs.tflite").write_bytes(packed(two))
    (folder / "open_size.tflite").write_bytes(packed(means(True)))
    (folder / "single_pixel.tflite").write_bytes(packed(means(False)))
    (folder / "custom.tflite").write_bytes(packed(custom("edgetpu-custom-op")))
    (folder / "flex.tflite").write_bytes(packed(custom("FlexErf")))


if __name__ == "__main__":
    main()
