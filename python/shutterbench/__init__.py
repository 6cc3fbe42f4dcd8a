"""Runs of shutterbench as pandas frames.

Every figure comes from the program itself: this package calls it and reads what it writes.

    import shutterbench

    run = shutterbench.read("results/20261127-120000-abc123")
    run.cases.sort_values("latency_p50_us")[["model", "backend", "latency_p50_us", "top1"]]
    run.samples.groupby("case").latency_ns.quantile(0.99)
    run.predictions.query("rank_of_label > 5")
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["Run", "ShutterbenchError", "program", "read"]

# What the schema of the rows calls a type, and what a frame holds for it. All of these know
# 'not measured'.
_FRAME_TYPES = {
    "string": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
}
# The columns of predictions.csv and samples.csv whose values are names or scores (docs/columns.md);
# the others hold whole numbers, and `tie` a boolean.
_NAMES = ["case", "model", "backend", "delegate", "image", "device", "options"]
_SCORES = [f"top{rank}_score" for rank in range(1, 6)]


class ShutterbenchError(RuntimeError):
    """The program refused; the message is its own sentence."""


def program() -> Path:
    """The program that the same wheel installed, else the one on PATH.

    Raises ShutterbenchError if there is none.
    """
    name = "shutterbench.exe" if os.name == "nt" else "shutterbench"
    folders = [
        sysconfig.get_path("scripts"),
        sysconfig.get_path("scripts", f"{os.name}_user"),
        os.path.dirname(sys.executable),
    ]
    for folder in folders:
        path = Path(folder) / name
        if path.is_file():
            return path
    found = shutil.which("shutterbench")
    if found is None:
        raise ShutterbenchError(
            "the program shutterbench was not found; install it with pip or cargo, and put its folder on PATH"
        )
    return Path(found)


def read(run: str | os.PathLike[str]) -> Run:
    """The run in this folder.

    Raises ShutterbenchError with the program's own sentence if the folder holds none.
    """
    folder = Path(run)
    if not (folder / "journal.jsonl").is_file():
        raise ShutterbenchError(f"{folder} is not the folder of a run: it has no journal.jsonl")
    return Run(folder)


@dataclass(frozen=True)
class Run:
    """A run. Each frame is read when it is first used.

    Times are in the unit of the column's name, proportions are 0..1; what was not measured is
    pandas.NA. docs/columns.md describes every column.
    """

    folder: Path

    @cached_property
    def cases(self) -> pandas.DataFrame:
        """A row per case: model x backend x delegate x threads (the columns of results.csv)."""
        properties = json.loads(_output("list", "columns", "--json"))["items"]["properties"]
        types = {name: _frame_type(schema) for name, schema in properties.items()}
        return self._frame("--csv", types)

    @cached_property
    def samples(self) -> pandas.DataFrame:
        """A row per timed run: case, round, iteration, at_ns, latency_ns."""
        return self._frame("--samples", _file_types())

    @cached_property
    def predictions(self) -> pandas.DataFrame:
        """A row per scored image and (model, backend, delegate)."""
        return self._frame("--predictions", _file_types())

    @cached_property
    def info(self) -> dict[str, Any]:
        """run.json: host, options, models, hashes, visits, figures that no column has."""
        info: dict[str, Any] = json.loads(_output("report", self.folder, "--run-json", "-"))
        return info

    def _frame(self, option: str, types: dict[str, str]) -> pandas.DataFrame:
        return _frame(_output("report", self.folder, option, "-"), types)


def _frame(text: bytes, types: dict[str, str]) -> pandas.DataFrame:
    import pandas

    # Only an empty field is 'not measured': a model may be named NA. Scores that are not numbers
    # are absent too, since the type of a column of them has no other value for it.
    columns = text.split(b"\n", 1)[0].decode().strip().split(",")
    absent = {name: ["", "NaN"] if types.get(name) == "Float64" else [""] for name in columns}
    frame: pandas.DataFrame = pandas.read_csv(
        io.BytesIO(text), dtype=types, keep_default_na=False, na_values=absent
    )
    return frame.convert_dtypes(convert_string=False, convert_floating=False)


def _file_types() -> dict[str, str]:
    return dict.fromkeys(_NAMES, "string") | dict.fromkeys(_SCORES, "Float64")


def _frame_type(schema: dict[str, Any]) -> str:
    kinds = schema["type"]
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return _FRAME_TYPES[next(kind for kind in kinds if kind != "null")]


def _output(*arguments: str | os.PathLike[str]) -> bytes:
    done = subprocess.run([program(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise ShutterbenchError(said.removeprefix("shutterbench: ") or f"it ended with {done.returncode}")
    return done.stdout
