"""The exported files: one entry a width and format."""

from dataclasses import dataclass

import plan

# Name in the file, format, precision.
EXPORTS = (
    ("f32", "tflite", "float32"),
    ("f16", "tflite", "float16"),
    ("dynamic", "tflite", "dynamic_int8"),
    ("int8_float_io", "tflite", "int8"),
    ("int8", "tflite", "int8"),
    ("uint8_io", "tflite", "int8"),
    ("f32", "onnx", "float32"),
    ("int8", "onnx", "int8"),
)


@dataclass(frozen=True)
class Variant:
    width: float
    export: str
    format: str
    precision: str

    @property
    def file_name(self):
        return f"{plan.stem(self.width)}_{self.export}.{self.format}"

    @property
    def name(self):
        """Unique over formats: ONNX files share their stem with TFLite ones."""
        suffix = "_onnx" if self.format == "onnx" else ""
        return f"{plan.stem(self.width)}_{self.export}{suffix}"

    @property
    def reference(self):
        """The float32 TFLite model of the same weights."""
        return f"{plan.stem(self.width)}_f32"

    @property
    def is_float(self):
        return self.precision in ("float32", "float16")


def all_variants():
    return [
        Variant(width, *export) for width in plan.WIDTHS for export in EXPORTS
    ]
