"""Called by scripts/measure/modes: the table of a run's scenarios, and paced runs in Python."""

import argparse
import csv
import statistics
import subprocess
import sys
from pathlib import Path

LEAST_IN_TIME = 0.99

# In a process of its own: the interpreter's threads and memory are its alone.
PACED = """
import sys, time
import numpy
from ai_edge_litert.interpreter import Interpreter
model, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
interpreter = Interpreter(model, num_threads=1)
interpreter.allocate_tensors()
given = interpreter.get_input_details()[0]
noise = numpy.random.default_rng(1).integers(0, 256, given["shape"], dtype=numpy.uint8)
interpreter.set_tensor(given["index"], noise.astype(given["dtype"]))
for _ in range(20):
    interpreter.invoke()
times, begin = [], time.perf_counter() + 1 / rate
for frame in range(int(seconds * rate)):
    pause = begin + frame / rate - time.perf_counter()
    if pause > 0:
        time.sleep(pause)
    start = time.perf_counter_ns()
    interpreter.invoke()
    times.append(time.perf_counter_ns() - start)
settled = times[int(rate / 2) + 2:] or times
print(sorted(settled)[len(settled) // 2])
"""


def paced_us(model, rate, seconds):
    """Median latency of a loop in Python, in microseconds; None without LiteRT's package."""
    command = [sys.executable, "-c", PACED, model, rate, seconds]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        print(f"no paced runs in Python: {ended.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return int(ended.stdout) / 1e3


def ms(text):
    return f"{float(text) / 1e3:.3g}" if text else ""


def interval(row, name, show):
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return show(row[name]) + (f" [{show(low)}, {show(high)}]" if low else "")


def latency(row):
    stem, parts = "latency_p50", (row["latency_p50_low_us"], row["latency_p50_high_us"])
    ends = f" [{ms(parts[0])}, {ms(parts[1])}]" if parts[0] else ""
    return ms(row[f"{stem}_us"]) + ends


def parts(row):
    names = ["decode", "prepare", "write", "invoke", "read", "rank", "open", "load", "first"]
    timed = [(name, row[f"{name}_p50_us"]) for name in names]
    return ", ".join(f"{name} {ms(us)}" for name, us in timed if us)


def share(text):
    return f"{100 * float(text):.1f}%" if text else ""


def scenario(row):
    rate = row["rate_per_s"]
    if row["streams"]:
        return f"{row['streams']} streams, fairness {float(row['stream_fairness'] or 0):.2f}"
    name = f"{float(rate):g} per second" if rate else row["scenario"].replace("_", " ")
    return name if row["status"] == "ok" else f"{name}: {row['error'] or row['status']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("scenarios")
    parser.add_argument("--seconds", required=True)
    parser.add_argument("models", nargs="+")
    given = parser.parse_args()
    with open(given.scenarios, newline="") as file:
        rows = list(csv.DictReader(file))
    peers = {}
    for model in given.models:
        for rate in sorted({row["rate_per_s"] for row in rows if row["rate_per_s"]}):
            peers[Path(model).stem, rate] = paced_us(model, rate, given.seconds)
    print("| case | scenario | p50 ms | p99 ms | over back to back | per second | late starts | missed | parts, ms | Python, p50 ms |")
    print("|---|---|--:|--:|--:|--:|--:|--:|---|--:|")
    in_time = []
    for row in rows:
        peer = peers.get((row["model"], row["rate_per_s"])) if row["backend"] == "litert" else None
        if row["started_in_time"]:
            in_time.append(float(row["started_in_time"]))
        cells = [
            row["case"],
            scenario(row),
            latency(row),
            ms(row["latency_p99_us"]),
            interval(row, "over_back_to_back", lambda text: f"{float(text):.3g}" if text else ""),
            f"{float(row['throughput_per_s']):.3g}" if row["throughput_per_s"] else "",
            f"{float(row['start_late_p99_us']):.0f} us" if row["start_late_p99_us"] else "",
            share(row["deadline_misses"]),
            parts(row),
            f"{peer / 1e3:.3g}" if peer else "",
        ]
        print("| " + " | ".join(cells) + " |")
    whole = statistics.mean(in_time) if in_time else 0.0
    print(f"\n{share(whole)} of the paced runs started within 200 us of their time; 'late starts' is the 99th percentile.")
    sys.exit(0 if whole >= LEAST_IN_TIME else 1)


main()
