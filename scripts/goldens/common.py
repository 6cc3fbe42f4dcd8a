"""What every script of this folder writes, and how: read README.md for the schema."""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "tests/goldens"
PICTURES = GOLDENS / "pictures"
SAMPLES = 24
LARGEST_JSON = 400_000


def digest(array):
    return hashlib.sha256(little_endian(array)).hexdigest()


def little_endian(array):
    array = np.ascontiguousarray(array)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def tensor(array, whole_up_to=2048, samples=SAMPLES):
    """An array as JSON: type, shape, hash, and all bytes (base64) or else samples."""
    array = np.ascontiguousarray(array)
    kinds = {"uint8": "u8", "int8": "i8", "float32": "f32"}
    entry = {
        "type": kinds[str(array.dtype)],
        "shape": list(array.shape),
        "sha256": digest(array),
    }
    raw = little_endian(array)
    if len(raw) <= whole_up_to:
        entry["base64"] = base64.b64encode(raw).decode()
    else:
        flat = array.reshape(-1)
        places = np.linspace(0, flat.size - 1, samples).astype(int)
        value = float if array.dtype == np.float32 else int
        entry["samples"] = [[int(i), value(flat[i])] for i in places]
    return entry


def write_json(name, document):
    """Writes tests/goldens/NAME, one entry of a list per line."""
    lines = ["{"]
    keys = list(document)
    for key in keys:
        value = document[key]
        comma = "" if key == keys[-1] else ","
        if isinstance(value, list):
            rows = [json.dumps(row, separators=(",", ":")) for row in value]
            lines.append(f" {json.dumps(key)}: [\n  " + ",\n  ".join(rows) + f"\n ]{comma}")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}{comma}")
    text = "\n".join(lines + ["}"]) + "\n"
    json.loads(text)
    assert len(text) <= LARGEST_JSON, f"{name} has {len(text)} bytes"
    path = GOLDENS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"{name}: {len(text):,} bytes")


# Pictures that every preset is tried on; of those in BYTES all pixels are written.
PIPELINE_PICTURES = [
    "texture.png",
    "tall.png",
    "small.png",
    "photo.jpg",
    "wide.png",
    "row.png",
    "column.png",
    "pixel.png",
    "tall.jpg",
    "grey.jpg",
]
BYTES = ["texture.png", "tall.png", "small.png"]
USUAL_SIZE_PICTURES = ["texture.png", "tall.png", "photo.jpg"]


def pipeline_cases(small, usual=224):
    """Pictures and input sizes: all at the small size, three at the usual one."""
    yield from ((name, small) for name in PIPELINE_PICTURES)
    yield from ((name, usual) for name in USUAL_SIZE_PICTURES if usual)


def pipeline_row(preset, parameters, picture, layout, values, pixels=None, channels=3):
    """One golden of a pipeline: the input tensor without its batch dimension.

    `pixels` is the same as u8, height x width x channels, where the original makes its
    values from 8-bit pixels: of these all bytes are written, else of the values.
    """
    planes, height, width = np.shape(values) if layout == "NCHW" else np.roll(np.shape(values), 1)
    assert planes == channels
    small = height <= 64 and picture in BYTES
    row = {
        "preset": preset,
        "parameters": parameters,
        "picture": picture,
        "height": int(height),
        "width": int(width),
        "layout": layout,
        "input": tensor(values, 8192 if small and pixels is None else 0, 8),
    }
    if pixels is not None:
        row["pixels"] = tensor(pixels, 8192 if small else 0, 8)
    return row


def save_or_merge(file, library, make, arguments):
    """What scripts do that run under several versions of a library.

    With the path of a JSON file: writes what `make()` returns into it. With --merge and
    such files: writes tests/goldens/FILE with the cases of the first, and beside those
    in which another version made something else, that (`differs`, by version).
    """
    if arguments[0] != "--merge":
        Path(arguments[0]).write_text(json.dumps(make()))
        return
    documents = [json.loads(Path(path).read_text()) for path in arguments[1:]]
    first, *others = documents
    for other in others:
        for row, its in zip(first["cases"], other["cases"], strict=True):
            tensors = [key for key in ["result", "input", "pixels"] if key in row]
            if any(row[key]["sha256"] != its[key]["sha256"] for key in tensors):
                version = other["made_by"][library]
                row.setdefault("differs", {})[version] = {key: its[key] for key in tensors}
    compared = [other["made_by"] for other in others]
    cases = first.pop("cases")
    write_json(file, {**first, "compared_with": compared, "cases": cases})
