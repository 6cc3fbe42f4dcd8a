"""Called by scripts/measure/settled: the same models interleaved, alone, and by other tools."""

import argparse
import csv
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT_PERCENT = 1.0

# The tool rounds its figures to 0.01 ms, which is 2% of a small model's; its own
# `round` is replaced, and nothing else.
TOOL = """
import ai_edge_litert.tools.benchmark_litert_model as tool
tool.round = lambda value, digits=None: value
tool.main()
"""

PYTHON_LOOP = """
import sys, time
import numpy, onnxruntime
model, seconds = sys.argv[1], float(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
given = session.get_inputs()[0]
shape = [size if isinstance(size, int) else 1 for size in given.shape]
feed = {given.name: numpy.random.default_rng(1).random(shape, dtype=numpy.float32)}
for _ in range(5):
    session.run(None, feed)
times, end = [], time.perf_counter() + seconds
while time.perf_counter() < end or len(times) < 5:
    start = time.perf_counter_ns()
    session.run(None, feed)
    times.append(time.perf_counter_ns() - start)
print(sorted(times)[len(times) // 2])
"""


@dataclass
class Subject:
    """A model that is compared with itself, and the backends that it runs on."""

    size: str
    path: Path
    backends: list

    @property
    def name(self):
        return self.path.stem


def subjects(arguments):
    tflite = ["tflite", "litert"]
    of = lambda name: arguments.models / f"mobilenet_{name}_quant.tflite"
    found = [
        Subject("small", of("v1_0.25_128"), tflite),
        Subject("middle", of("v1_0.75_192"), tflite),
        Subject("large", of("v2_1.0_224"), tflite),
        Subject("very large", arguments.resnet, ["onnxruntime"]),
    ]
    missing = [str(subject.path) for subject in found if not subject.path.is_file()]
    if missing:
        sys.exit(f"settled: no {', '.join(missing)}; set SHUTTERBENCH_SHARED")
    return found


def shutterbench(arguments, models, backends):
    """Medians in ns by (model, backend) of one run, all cases interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.program, "run", "--quiet", "--json", "--no-accuracy"]
        command += ["--out", f"{folder}/run", "--threads", "1"]
        # The others know of no disturbed visits, so that all count here too.
        command += ["--no-yardstick", "--backend", ",".join(backends)]
        command += ["--min-seconds", arguments.seconds, "--max-seconds", arguments.seconds]
        if arguments.affinity:
            command += ["--affinity", arguments.affinity]
        for model in models:
            command += ["--model", model]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"settled: shutterbench failed: {done.stderr.strip()}")
    rows = [row for row in json.loads(done.stdout) if row["status"] == "ok"]
    medians = {(row["model"], row["backend"]): row["latency_p50_us"] * 1e3 for row in rows}
    return medians, len(rows)


def pinned(arguments, command):
    prefix = ["taskset", "-c", arguments.affinity] if arguments.affinity else []
    return prefix + list(map(str, command))


def output_of(command, what):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"settled: {what} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def bare_loop(arguments, subject, runs):
    command = [arguments.bare_loop, arguments.library, subject.path, "xnnpack", 1, 20, runs]
    lines = output_of(pinned(arguments, command), "the loop in C").split()
    return statistics.median(map(int, lines))


def litert_tool(arguments, subject, runs):
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [arguments.python, "-c", TOOL, "--model", subject.path]
        command += ["--num_runs", runs, "--warmup_runs", 20, "--num_threads", 1]
        output_of(pinned(arguments, command + ["--result_json", result]), "LiteRT's tool")
        return json.loads(result.read_text())["latency"]["median_ms"] * 1e6


def python_loop(arguments, subject):
    command = [arguments.python, "-c", PYTHON_LOOP, subject.path, arguments.seconds]
    return float(output_of(pinned(arguments, command), "the loop in Python"))


def peers(arguments, subject, backend, interleaved_ns):
    """What the interleaved median of the subject on the backend is compared with."""
    runs = max(5, round(arguments.seconds * 1e9 / interleaved_ns))
    alone = lambda: shutterbench(arguments, [subject.path], [backend])[0][subject.name, backend]
    found = [("alone", alone)]
    if backend == "tflite":
        found.append(("bare loop in C", lambda: bare_loop(arguments, subject, runs)))
    elif backend == "litert":
        found.append(("LiteRT's tool", lambda: litert_tool(arguments, subject, runs)))
    else:
        found.append(("loop in Python", lambda: python_loop(arguments, subject)))
    return found


def all_peers(arguments, found, swept, repetition):
    """Every peer's median in ns, asked in a random order, by (size, name, backend, peer)."""
    turns = [
        ((subject.size, subject.name, backend, peer), ask)
        for subject in found
        for backend in subject.backends
        for peer, ask in peers(arguments, subject, backend, swept[subject.name, backend])
    ]
    random.Random(repetition).shuffle(turns)
    return {key: ask() for key, ask in turns}


def measure(arguments, found, writer, file):
    """Ratios of the interleaved median to each peer's, by (size, name, backend, peer). The
    peers are asked before and after each sweep and their geometric mean counts, so that a
    machine that becomes steadily faster or slower favours neither."""
    others = sorted(arguments.models.glob("*.tflite"))
    embedded = Path(__file__).parents[2] / "models/fashion-mnist"
    others += sorted(embedded.glob("*0.25*.tflite")) + sorted(embedded.glob("*0.25*.onnx"))
    known = {subject.path for subject in found}
    models = [subject.path for subject in found] + [m for m in others if m not in known]
    ratios, cases, before = {}, 0, None
    for repetition in range(arguments.repetitions):
        swept, cases = shutterbench(arguments, models, ["tflite", "litert", "onnxruntime"])
        if cases < 20:
            sys.exit(f"settled: the sweep has only {cases} cases")
        for subject in found:
            for backend in subject.backends:
                if (subject.name, backend) not in swept:
                    sys.exit(f"settled: {subject.name} did not run on {backend}")
        after = all_peers(arguments, found, swept, repetition)
        # The first sweep only tells how many runs the peers need.
        for key, after_ns in after.items() if before else ():
            swept_ns, before_ns = swept[key[1:3]], before[key]
            ratios.setdefault(key, []).append(swept_ns / math.sqrt(before_ns * after_ns))
            figures = map(round, [swept_ns, before_ns, after_ns])
            writer.writerow([repetition, *key, *figures, time.time_ns()])
        file.flush()
        before = after
        print(f"repetition {repetition + 1} of {arguments.repetitions}", file=sys.stderr)
    return ratios, cases


def summary(arguments, ratios, cases):
    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line),
        "a CPU that does not tell its name",
    )
    text = (
        f"{cases} cases interleaved, 1 thread, {arguments.repetitions - 1} repetitions, "
        f"{arguments.seconds} s per case; {cpu} ({os.cpu_count()} CPUs), "
        f"{time.strftime('%Y-%m-%d')}. Ratios of the median in the sweep to the other one.\n\n"
        "| model | backend | held against | median ratio | smallest .. largest |\n"
        "|---|---|---|---|---|\n"
    )
    within = True
    order = {key: at for at, key in enumerate(ratios)}
    size_order = ["small", "middle", "large", "very large"]
    for key in sorted(order, key=lambda key: (size_order.index(key[0]), key[2], key[3])):
        size, name, backend, peer = key
        middle = math.exp(statistics.median(math.log(ratio) for ratio in ratios[key]))
        within &= abs(middle - 1) * 100 <= LIMIT_PERCENT
        text += f"| {name} ({size}) | {backend} | {peer} | {middle:.4f} "
        text += f"| {min(ratios[key]):.4f} .. {max(ratios[key]):.4f} |\n"
    return text, within


def main():
    parser = argparse.ArgumentParser(prog="settled")
    for path in ["program", "bare-loop", "python", "library", "models", "resnet", "csv"]:
        parser.add_argument(f"--{path}", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--repetitions", type=int, default=17)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--affinity", default="")
    arguments = parser.parse_args()
    found = subjects(arguments)
    with open(arguments.csv, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        head = ["repetition", "size", "model", "backend", "held_against"]
        writer.writerow([*head, "interleaved_ns", "before_ns", "after_ns", "unix_ns"])
        ratios, cases = measure(arguments, found, writer, file)
    text, within = summary(arguments, ratios, cases)
    print(text)
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
