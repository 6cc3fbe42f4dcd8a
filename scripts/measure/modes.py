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

PEER = Path(__file__).with_name("modes_peer.py")
LEAST_IN_TIME = 0.99
WITHIN = 0.05
ROUNDS = 5

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
        command = [*setup.pinned, tool, "-m", model, "-d", "CPU", "-api", way, "-hint", "none"]
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


def together(setup, backend, model, streams):
    """Images per second of that many loops in Python at once, median over a few tries."""
    rates = []
    for _ in range(3):
        found = setup.peer(
            backend, model, "--seconds", setup.seconds / 3, at_once=streams
        )
        if len(found) < streams:
            return None
        # While all of them ran.
        begin = max(one["starts_ns"][0] for one in found)
        end = min(one["starts_ns"][-1] for one in found)
        runs = sum(sum(begin <= at < end for at in one["starts_ns"]) for one in found)
        rates.append(runs * 1e9 / max(1, end - begin))
    return statistics.median(rates)


def load_us(setup, backend, model, cache):
    """Median time in us to load a model in Python in a fresh process: with a cache emptied each time,
    filled, or none."""
    times = []
    with tempfile.TemporaryDirectory(dir=setup.folder) as folder:
        for _ in range(max(3, setup.starts)):
            arguments = []
            if cache == "miss":
                with tempfile.TemporaryDirectory(dir=setup.folder) as empty:
                    found = setup.peer(backend, model, "--cache", empty)
            else:
                if cache == "hit":
                    arguments = ["--cache", folder]
                found = setup.peer(backend, model, *arguments)
            if not found:
                return None
            times.append(found[0]["load_ns"] / 1e3)
    # The first one filled the cache.
    return statistics.median(times[1:] if cache == "hit" else times)


def held_against(row, name, peer, ours):
    """Notes a peer's figure beside a row, if there is one."""
    if peer and row[ours]:
        row |= {"peer": name, "peer_value": peer, "ratio": float(row[ours]) / peer}


def with_peers(setup, backend, model, rows):
    for row in rows:
        kind, rate = row["scenario"], float(row["rate_per_s"] or 0)
        streams = int(row["streams"] or 0)
        if row["status"] != "ok":
            continue
        if kind == "back_to_back" and backend == "litert":
            peer = litert_tool(setup, model, float(row["latency_p50_us"]))
            held_against(row, "benchmark_litert_model.py", peer, "latency_p50_us")
        elif kind == "back_to_back" and backend == "openvino":
            peer, _ = benchmark_app(setup, model, 1)
            held_against(row, "benchmark_app", peer, "latency_p50_us")
        elif kind in ("back_to_back", "paced"):
            peer, in_time = loop(setup, backend, model, rate)
            held_against(row, "loop in Python", peer, "latency_p50_us")
            row["peer_in_time"] = in_time
        elif kind == "streams" and backend == "openvino":
            _, peer = benchmark_app(setup, model, streams)
            name = "benchmark_app, streams of one process"
            held_against(row, name, peer, "throughput_per_s")
        elif kind == "streams":
            peer = together(setup, backend, model, streams)
            held_against(row, "loops in Python at once", peer, "throughput_per_s")
    return rows


def scenarios(setup, models):
    found = []
    for backend, model, streams, photos in models:
        said(f"{Path(model).stem} on {backend}: paced, in streams, end to end")
        arguments = ["--backend", backend, "--model", model, "--rate", "10,30"]
        arguments += ["--streams", streams]
        if photos:
            arguments += ["--dataset", setup.photos, "--images", "64", "--end-to-end"]
        else:
            arguments += ["--no-accuracy"]
        rows = setup.rows(f"{backend}-{Path(model).stem}", *arguments)
        found += with_peers(setup, backend, model, rows)
    return found


def starts(setup, cases):
    found = []
    for backend, model in cases:
        said(f"{Path(model).stem} on {backend}: starts")
        arguments = ["--backend", backend, "--model", model, "--no-accuracy", "--runs", "20"]
        arguments += ["--processes", "1", "--cold-starts", setup.starts]
        if backend in ("tflite", "litert"):
            # As their Python packages run models.
            arguments += ["--delegate", "xnnpack"]
        if backend in CACHES:
            kept = setup.folder / f"kept-{backend}"
            arguments += ["--set", f"kept:{CACHES[backend]}={kept}"]
        rows = setup.rows(f"starts-{backend}", *arguments)
        for row in rows:
            # The library of a Python package is in memory before it can be asked to load a model.
            if row["scenario"] != "cold_start" and row["status"] == "ok" and backend in setup.python:
                peer = load_us(setup, backend, model, row["cache"])
                held_against(row, "its Python package, load alone", peer, "load_p50_us")
        found += rows
    return found


def ms(us):
    return f"{float(us) / 1e3:.3g}" if us else ""


def interval(row, name, show):
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return show(row[name]) + (f" [{show(low)}, {show(high)}]" if low else "")


def latency(row):
    low, high = row["latency_p50_low_us"], row["latency_p50_high_us"]
    return ms(row["latency_p50_us"]) + (f" [{ms(low)}, {ms(high)}]" if low else "")


def number(text):
    return f"{float(text):.3g}" if text else ""


def percent(text):
    return f"{100 * float(text):.1f}%" if text not in ("", None) else ""


def scenario(row):
    if row["streams"]:
        name = f"{row['streams']} stream" + ("s" if row["streams"] != "1" else "")
    elif row["rate_per_s"]:
        name = f"{float(row['rate_per_s']):g} per second"
    elif row["scenario"] == "cache_miss":
        name = "warm start, cache empty"
    else:
        name = row["scenario"].replace("_", " ")
        name += ", cache filled" if row["cache"] == "hit" else ""
    if row["status"] == "ok":
        return name
    return f"{name}: {row['status']}: {(row['error'] or '').replace('|', '/')}"


def peer(row):
    if "peer" not in row:
        return ["", "", ""]
    is_rate = row["scenario"] == "streams"
    value = number(row["peer_value"]) + "/s" if is_rate else ms(row["peer_value"]) + " ms"
    return [row["peer"], value, f"{row['ratio']:.3f}"]


def print_table(titles, rows, cells):
    print("| " + " | ".join(titles) + " |")
    print("|" + "|".join("---" if title in TEXTS else "--:" for title in titles) + "|")
    for row in rows:
        print("| " + " | ".join(cells(row)) + " |")
    print()


TEXTS = ("case", "scenario", "parts, ms", "peer")


def print_scenarios(rows):
    titles = ["case", "scenario", "p50 ms", "p99 ms", "over back to back", "per second", "in time"]
    titles += ["missed", "peer", "peer's figure", "ratio"]

    def cells(row):
        return [
            row["case"],
            scenario(row),
            latency(row),
            ms(row["latency_p99_us"]),
            interval(row, "over_back_to_back", number),
            number(row["throughput_per_s"]),
            percent(row["started_in_time"]),
            percent(row["deadline_misses"]),
            *peer(row),
        ]

    print_table(titles, [row for row in rows if row["scenario"] != "end_to_end"], cells)
    photos = [row for row in rows if row["scenario"] == "end_to_end"]
    names = ["decode", "prepare", "write", "invoke", "read", "rank"]

    def parts(row):
        return [row["case"], latency(row), *(ms(row[f"{name}_p50_us"]) for name in names)]

    if photos:
        print_table(["case", "end to end, p50 ms", *names], photos, parts)


def print_starts(rows):
    titles = ["case", "scenario", "p50 ms", "open", "load", "first run", "cache", "peer"]
    titles += ["peer's figure", "ratio"]

    def cells(row):
        size = float(row["cache_bytes"] or 0)
        return [
            row["case"],
            scenario(row),
            latency(row),
            *(ms(row[f"{part}_p50_us"]) for part in ("open", "load", "first")),
            f"{size / 1e6:.2f} MB" if size else "",
            *peer(row),
        ]

    print_table(titles, rows, cells)


def reason(row):
    """What is known to differ, where something is."""
    if row["scenario"] in ("warm_start", "cache_miss") and row["backend"] == "litert":
        return "; the package also tries to load plugins for NPUs whenever it loads a model"
    if row["scenario"] == "paced" and float(row["latency_p50_us"]) < 1000:
        return "; after a pause Python's own part of the loop is cold too"
    if row["scenario"] == "streams" and row["backend"] == "openvino" and row["streams"] != "1":
        return "; the tool's streams are in one process and share the weights"
    low, high = row["latency_p50_low_us"], row["latency_p50_high_us"]
    if low and float(high) / float(low) > 1 + 2 * WITHIN:
        return "; the median itself is known no better"
    return ""


def print_summary(rows):
    """The share of runs that started in time; whether it is as large as the machine allows."""
    paced = [row for row in rows if row["started_in_time"]]
    runs = sum(int(row["runs"]) for row in paced)
    share = sum(float(row["started_in_time"]) * int(row["runs"]) for row in paced) / max(1, runs)
    peers = [row["peer_in_time"] for row in paced if row.get("peer_in_time") is not None]
    allowed = statistics.mean(peers) if peers else None
    beside = f" ({percent(allowed)} of those of the loops in Python, which only sleep)" if peers else ""
    print(f"{percent(share)} of {runs} paced runs started within 200 us of their time{beside}.")
    against = [row for row in rows if "ratio" in row]
    off = [row for row in against if abs(row["ratio"] - 1) > WITHIN]
    print()
    print(f"{len(against) - len(off)} of {len(against)} figures are within 5% of the peer's", end="")
    print(":" if off else ".")
    print()
    for row in off:
        print(f"- {row['case']}, {scenario(row)}: {row['ratio']:.3f}{reason(row)}")
    return share >= LEAST_IN_TIME or (allowed is not None and share >= allowed - 0.02)


def main():
    parser = argparse.ArgumentParser()
    for name in ["program", "python", "folder", "photos", "csv", "models", "onnx"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--openvino", default="")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--affinity", default="")
    parser.add_argument("--only", choices=["scenarios", "starts", ""], default="")
    given = parser.parse_args()
    setup = Setup(given)
    of = lambda name: f"{given.models}/mobilenet_{name}_quant.tflite"
    small, middle, large = of("v1_0.25_128"), of("v1_0.75_192"), of("v2_1.0_224")
    began, rows = time.monotonic(), []
    if given.only != "starts":
        rows = scenarios(
            setup,
            [
                ("litert", small, "1,2,4", True),
                ("litert", middle, "1,2,4", True),
                ("litert", large, "1,2,4", True),
                ("onnxruntime", given.onnx, "1,2", False),
                ("openvino", large, "1,2", False),
            ],
        )
    if given.only != "scenarios":
        cases = [("tflite", large), ("litert", large), ("openvino", large)]
        cases += [("onnxruntime", given.onnx), ("tract", given.onnx)]
        begun = starts(setup, cases)
    else:
        begun = []
    titles = list((rows or begun)[0])
    titles = [title for title in titles if not title.startswith("peer") and title != "ratio"]
    titles += ["peer", "peer_value", "peer_in_time", "ratio"]
    with open(given.csv, "w", newline="") as file:
        writer = csv.DictWriter(file, titles, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows + begun)
    if rows:
        print_scenarios(rows)
    if begun:
        print_starts(begun)
    is_kept = print_summary(rows + begun)
    print(f"\n1 thread, {setup.seconds:g} s per scenario, {setup.starts} starts, in all ", end="")
    print(f"{(time.monotonic() - began) / 60:.0f} minutes; {time.strftime('%Y-%m-%d', time.gmtime())}.")
    sys.exit(0 if is_kept or not rows else 1)


main()
