"""Called by scripts/measure/modes: measures in turn with shutterbench and with its peers, prints the
tables, and writes every row to a CSV."""

import argparse
import csv
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from modes_tables import C_LOAD, C_LOOP, LOOSE, print_scenarios, print_starts, print_summary

PEER = Path(__file__).with_name("modes_peer.py")
ROUNDS = 5
# Starts are made in this many runs, each followed by as many of the peer.
BLOCKS = 5

# The tool rounds its figures to 0.01 ms, which is 2% of a small model's; its own `round` is
# replaced, and nothing else.
TOOL = """
import ai_edge_litert.tools.benchmark_litert_model as tool
tool.round = lambda value, digits=None: value
tool.main()
"""

# Which caches are named for starts, and by which setting.
CACHES = {
    "litert": "weight_cache_folder",
    "onnxruntime": "optimized_model_folder",
    "openvino": "CACHE_DIR",
}


# The libraries that C loads models with, and what it keeps in a folder for a cache.
LIBRARIES = {
    "tflite": "libtensorflowlite_c.so",
    "litert": "libLiteRt.so",
    "onnxruntime": "libonnxruntime.so",
    "openvino": "libopenvino_c.so",
}
KEPT = {"litert": "weights.xnnpack", "onnxruntime": "kept.onnx", "openvino": ""}


def said(text):
    print(f"modes: {text}", file=sys.stderr, flush=True)


class Setup:
    """What measures, and where."""

    def __init__(self, given):
        self.program, self.seconds, self.starts = given.program, given.seconds, given.starts
        self.pinned = ["taskset", "-c", given.affinity] if given.affinity else []
        self.affinity = ["--affinity", given.affinity] if given.affinity else []
        of = {"openvino": given.openvino}
        self.python = {name: of.get(name) or given.python for name in [*CACHES, "tflite"]}
        self.folder = Path(given.folder)
        self.photos = given.photos
        self.libraries = Path(given.libraries)
        self.bare_loop = [given.bare_loop, self.libraries / LIBRARIES["tflite"]]
        self.bare_load = given.bare_load

    def rows(self, name, *arguments):
        """The rows of scenarios.csv of a run."""
        out = self.folder / name
        command = [self.program, "run", "--quiet", "--threads", "1", "--seed", "1", "--out", out]
        command += ["--min-seconds", min(1.0, self.seconds), "--max-seconds", self.seconds]
        done = ask([*command, *self.affinity, *arguments])
        table = out / "scenarios.csv"
        if not table.is_file():
            sys.exit(f"modes: the run {name} failed: {done.stderr.strip()[-800:]}")
        with open(table, newline="") as file:
            return list(csv.DictReader(file))

    def peer(self, backend, model, *arguments, at_once=1):
        """What `at_once` processes of a backend's own Python package say; none where it is not."""
        command = [*self.pinned, self.python[backend], PEER, backend, model, *arguments]
        if at_once > 1:
            # All have loaded by then.
            command += ["--at", time.time() + 2.0 + 0.5 * at_once]
        started = [spawn(command) for _ in range(at_once)]
        found = []
        for process in started:
            output, errors = process.communicate(timeout=120)
            if process.returncode != 0:
                said(f"no peer of {backend}: {errors.strip().splitlines()[-1:]}")
                return []
            found.append(json.loads(output))
        return found


def spawn(command):
    pipe = subprocess.PIPE
    return subprocess.Popen(list(map(str, command)), stdout=pipe, stderr=pipe, text=True)


def ask(command, timeout=600):
    command = list(map(str, command))
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def litert_tool(setup, model, latency_us):
    """Median of LiteRT's own tool, in us, over a few processes."""
    runs = max(20, round(setup.seconds / ROUNDS * 1e6 / latency_us))
    medians = []
    for index in range(3):
        result = setup.folder / f"tool-{index}.json"
        command = [*setup.pinned, setup.python["litert"], "-c", TOOL, "--model", model]
        command += ["--num_runs", runs, "--warmup_runs", 20, "--result_json", result]
        if ask(command).returncode == 0:
            medians.append(json.loads(result.read_text())["latency"]["median_ms"] * 1e3)
    return statistics.median(medians) if medians else None


def benchmark_app(setup, model, streams):
    """Median in us and images per second of OpenVINO's own tool, over a few processes."""
    tool = Path(setup.python["openvino"]).with_name("benchmark_app")
    medians, rates = [], []
    for _ in range(3):
        way = "sync" if streams == 1 else "async"
        # By its interpreter: a virtual environment may have been moved since.
        app = [setup.python["openvino"], tool]
        command = [*setup.pinned, *app, "-m", model, "-d", "CPU", "-api", way, "-hint", "none"]
        command += ["-nstreams", streams, "-nthreads", streams, "-nireq", streams]
        # Whole seconds, of which it drops none.
        command += ["-t", max(1, round(setup.seconds / 3))]
        text = ask(command).stdout
        median = re.search(r"Median:\s+([0-9.]+) ms", text)
        rate = re.search(r"Throughput:\s+([0-9.]+) FPS", text)
        if median and rate:
            medians.append(float(median[1]) * 1e3)
            rates.append(float(rate[1]))
    if not medians:
        return None, None
    return statistics.median(medians), statistics.median(rates)


def loop(setup, backend, model, rate=0.0):
    """Median in us of a loop in Python, over as many processes as shutterbench has, and which share
    of its runs started in time."""
    share = setup.seconds / ROUNDS
    medians, in_time, runs = [], 0, 0
    for _ in range(ROUNDS):
        for found in setup.peer(backend, model, "--rate", rate, "--seconds", share):
            if found["latency_ns"]:
                medians.append(statistics.median(found["latency_ns"]) / 1e3)
                runs += len(found["latency_ns"])
                in_time += found["in_time"] or 0
    if not medians:
        return None, None
    return statistics.median(medians), (in_time / runs if rate else None)


def loop_in_c(setup, model, rate):
    """The same of a loop in C over TensorFlow Lite."""
    period_s = 1 / rate
    # The first half second is not timed, as in shutterbench.
    settle, runs = round(0.5 * rate), max(5, round(setup.seconds / ROUNDS * rate))
    medians, in_time = [], 0
    for _ in range(ROUNDS):
        command = [*setup.pinned, *setup.bare_loop, model, "xnnpack", 1, 20]
        done = ask([*command, settle + runs, round(1e6 * period_s)])
        lines = [list(map(int, line.split())) for line in done.stdout.splitlines()[settle:]]
        if len(lines) < runs:
            said(f"no loop in C: {done.stderr.strip()[-300:]}")
            return None, None
        medians.append(statistics.median(ns for ns, _ in lines) / 1e3)
        in_time += sum(late <= 200_000 for _, late in lines)
    return statistics.median(medians), in_time / (ROUNDS * runs)


def together(setup, backend, model, streams):
    """Images per second of that many loops in Python at once, median over a few tries, and which
    share of their time lies between runs."""
    rates, outside = [], []
    for _ in range(3):
        found = setup.peer(
            backend, model, "--seconds", setup.seconds / 3, at_once=streams
        )
        if len(found) < streams:
            return None, None
        # While all of them ran.
        begin = max(one["starts_ns"][0] for one in found)
        end = min(one["starts_ns"][-1] for one in found)
        runs = sum(sum(begin <= at < end for at in one["starts_ns"]) for one in found)
        rates.append(runs * 1e9 / max(1, end - begin))
        for one in found:
            wall = one["starts_ns"][-1] - one["starts_ns"][0]
            outside.append(1 - sum(one["latency_ns"][:-1]) / max(1, wall))
    return statistics.median(rates), statistics.median(outside)


def load_us(setup, load, cache, starts):
    """Median time in us of `load`, which takes where its cache is and returns nanoseconds, with a
    cache emptied each time, filled, or none; none where it cannot be measured."""
    times = []
    with tempfile.TemporaryDirectory(dir=setup.folder) as folder:
        # A first one fills the cache.
        for _ in range(starts + (cache == "hit")):
            if cache == "miss":
                with tempfile.TemporaryDirectory(dir=setup.folder) as empty:
                    ns = load(empty)
            else:
                ns = load(folder if cache == "hit" else "")
            if ns is None:
                return None
            times.append(ns / 1e3)
    return statistics.median(times[1 if cache == "hit" else 0 :])


def loads(setup, backend, model):
    """How a backend's own Python package loads a model in a fresh process, and how C does."""

    def in_python(folder):
        found = setup.peer(backend, model, *(["--cache", folder] if folder else []))
        return found[0]["load_ns"] if found else None

    def in_c(folder):
        kept = Path(folder, KEPT[backend]) if folder else ""
        library = setup.libraries / LIBRARIES[backend]
        command = [*setup.pinned, setup.bare_load, backend, library, model]
        # shutterbench's starts come after a pause too, in which caches and clocks cool: without it
        # LiteRT loads in C in 3.5 ms instead of 4.2.
        time.sleep(0.05)
        done = ask([*command, kept] if folder else command)
        if done.returncode != 0:
            said(f"no load in C: {done.stderr.strip()[-300:]}")
            return None
        return int(done.stdout)

    return in_python, in_c


def held_against(row, name, peer, ours):
    """Notes a peer's figure beside a row, if there is one."""
    if peer and row[ours]:
        row |= {"peer": name, "peer_value": peer, "ratio": float(row[ours]) / peer}


def with_peers(setup, backend, model, rows):
    for row in rows:
        kind, rate = row["scenario"], float(row["rate_per_s"] or 0)
        streams = int(row["streams"] or 0)
        if row["status"] != "ok" or (f"+{LOOSE}" in row["case"] and streams < 2):
            continue
        if kind == "back_to_back" and backend == "litert":
            peer = litert_tool(setup, model, float(row["latency_p50_us"]))
            held_against(row, "benchmark_litert_model.py", peer, "latency_p50_us")
        elif kind == "back_to_back" and backend == "openvino":
            peer, _ = benchmark_app(setup, model, 1)
            held_against(row, "benchmark_app", peer, "latency_p50_us")
        elif backend == "tflite":
            # Its C interface has no tool of its own.
            if rate:
                peer, in_time = loop_in_c(setup, model, rate)
                held_against(row, C_LOOP, peer, "latency_p50_us")
                row["peer_in_time"] = in_time
        elif kind in ("back_to_back", "paced"):
            peer, in_time = loop(setup, backend, model, rate)
            held_against(row, "loop in Python", peer, "latency_p50_us")
            row["peer_in_time"] = in_time
        elif kind == "streams" and backend == "openvino":
            _, peer = benchmark_app(setup, model, streams)
            name = "benchmark_app, streams of one process"
            held_against(row, name, peer, "throughput_per_s")
        elif kind == "streams":
            peer, row["peer_outside"] = together(setup, backend, model, streams)
            held_against(row, "loops in Python at once", peer, "throughput_per_s")
    return rows


def scenarios(setup, models):
    found = []
    for backend, model, streams, photos in models:
        said(f"{Path(model).stem} on {backend}: paced, in streams, end to end")
        arguments = ["--backend", backend, "--model", model, "--rate", "10,30"]
        if streams:
            arguments += ["--streams", streams]
        if backend == "tflite":
            arguments += ["--delegate", "xnnpack"]
        if backend == "openvino":
            # By default each process has its threads on the same CPU.
            arguments += ["--set", f"{LOOSE}:ENABLE_CPU_PINNING=false"]
        if photos:
            arguments += ["--dataset", setup.photos, "--images", "64", "--end-to-end"]
        else:
            arguments += ["--no-accuracy"]
        rows = setup.rows(f"{backend}-{Path(model).stem}", *arguments)
        found += with_peers(setup, backend, model, rows)
    return found


def starts(setup, cases):
    """Rows of the same start in each of the blocks."""
    starts, found = -(-setup.starts // BLOCKS), []
    for backend, model in cases:
        said(f"{Path(model).stem} on {backend}: starts")
        arguments = ["--backend", backend, "--model", model, "--no-accuracy", "--runs", "20"]
        arguments += ["--processes", "1", "--cold-starts", starts]
        if backend in ("tflite", "litert"):
            # As their Python packages run models.
            arguments += ["--delegate", "xnnpack"]
        if backend in CACHES:
            kept = setup.folder / f"kept-{backend}"
            arguments += ["--set", f"kept:{CACHES[backend]}={kept}"]
        blocks = []
        for block in range(BLOCKS):
            rows = setup.rows(f"starts-{backend}-{block}", *arguments)
            for row in rows:
                row["block"] = block
                # A peer's library is in memory before it can be asked to load a model.
                if row["scenario"] == "cold_start" or row["status"] != "ok" or backend not in LIBRARIES:
                    continue
                in_python, in_c = loads(setup, backend, model)
                row["load_in_c"] = load_us(setup, in_c, row["cache"], starts)
                if backend == "tflite":
                    # The interpreter of LiteRT's package is of another version.
                    held_against(row, C_LOAD, row["load_in_c"], "load_p50_us")
                else:
                    peer = load_us(setup, in_python, row["cache"], starts)
                    held_against(row, "its Python package", peer, "load_p50_us")
            blocks.append(rows)
        found += zip(*blocks, strict=True)
    return found


def main():
    parser = argparse.ArgumentParser()
    for name in ["program", "python", "folder", "photos", "csv", "models", "onnx", "bare-loop", "bare-load", "libraries"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--openvino", default="")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--affinity", default="")
    parser.add_argument("--only", choices=["scenarios", "starts"], required=True)
    given = parser.parse_args()
    setup = Setup(given)
    of = lambda name: f"{given.models}/mobilenet_{name}_quant.tflite"
    small, middle, large = of("v1_0.25_128"), of("v1_0.75_192"), of("v2_1.0_224")
    began, rows, begun = time.monotonic(), [], []
    if given.only == "scenarios":
        rows = scenarios(
            setup,
            [
                # Without Python beside it: what its own part is on a schedule.
                ("tflite", small, "", False),
                ("tflite", large, "", False),
                ("litert", small, "1,2,4", True),
                ("litert", middle, "1,2,4", True),
                ("litert", large, "1,2,4", True),
                ("onnxruntime", given.onnx, "1,2", False),
                ("openvino", large, "1,2", False),
            ],
        )
    else:
        cases = [("tflite", large), ("litert", large), ("openvino", large)]
        cases += [("onnxruntime", given.onnx), ("tract", given.onnx)]
        begun = starts(setup, cases)
    all_rows = rows + [row for blocks in begun for row in blocks]
    added = ["block", "peer", "peer_value", "peer_in_time", "peer_outside", "load_in_c", "ratio"]
    titles = [title for title in all_rows[0] if title not in added] + added
    with open(given.csv, "w", newline="") as file:
        writer = csv.DictWriter(file, titles, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(all_rows)
    if rows:
        print_scenarios(rows)
    if begun:
        print_starts(begun)
    is_kept = print_summary(rows, begun)
    how = f"{setup.seconds:g} s per scenario" if rows else f"{setup.starts} starts in {BLOCKS} runs"
    print(f"\n1 thread, {how}, in all {(time.monotonic() - began) / 60:.0f} minutes; ", end="")
    print(f"{time.strftime('%Y-%m-%d', time.gmtime())}.")
    sys.exit(0 if is_kept else 1)


main()
