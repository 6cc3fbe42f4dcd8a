"""Called by scripts/measure/unpaired: runs of one model, every second one slower."""

import argparse
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

THRESHOLD = 5.0


def called(arguments, *words, env=None, expected=(0,)):
    command = [str(word) for word in (arguments.program, *words)]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode not in expected:
        sys.exit(f"unpaired: {words[0]} failed: {done.stderr.strip()[-800:]}")
    return done.stdout


def measure(arguments, run):
    """The folder of a run; one that is there and whole is not measured again."""
    folder = arguments.folder / f"{run:03}"
    if (folder / "results.csv").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    began = time.time()
    environment = {**os.environ, "SLOWER_PERCENT": str(slower(arguments, run))}
    options = ["--quiet", "--no-accuracy", "--backend", "tflite", "--delegate", "xnnpack"]
    options += ["--model", arguments.model, "--out", folder, *arguments.options]
    called(arguments, "run", *options, env=environment)
    print(f"run {run + 1} of {arguments.runs}: {time.time() - began:.1f} s", file=sys.stderr)
    return folder


def slower(arguments, run):
    return arguments.percent if run % 2 else 0.0


def without_yardstick(folder):
    """The same run as it would be without the yardstick: its rows and its latencies."""
    copy = folder.with_name(folder.name + "-plain")
    copy.mkdir(exist_ok=True)
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    with open(copy / "journal.jsonl", "w") as journal:
        for line in lines:
            entry = json.loads(line)
            if entry["entry"] == "header":
                entry.pop("yardstick", None)
            if entry["entry"] == "visit":
                entry["visit"].pop("yardstick_ns", None)
            journal.write(json.dumps(entry) + "\n")
    return copy


def compared(arguments, base, new):
    """Ratio, ends of its interval, and verdict."""
    options = [base, new, "--threshold", THRESHOLD, "--json"]
    comparison = json.loads(called(arguments, "compare", *options, expected=(0, 1)))
    [case] = comparison["cases"]
    return case["change"], case["low"], case["high"], case["outcome"]


def pairs(arguments):
    """Identical pairs, then those of a model and the slower one; no run is in two of a kind."""
    whole = range(0, arguments.runs - arguments.runs % 4, 4)
    identical = [(run + odd, run + odd + 2) for run in whole for odd in (0, 1)]
    return {"identical": identical, "slower": [(run, run + 1) for run in range(0, arguments.runs - 1, 2)]}


def compare_all(arguments, folders):
    """A row per pair and method: method, kind, base, new, and what `compared` gives."""
    plain = [without_yardstick(folder) for folder in folders]
    methods = {"yardstick": folders, "latencies": plain}
    return [
        (method, kind, base, new, *compared(arguments, sides[base], sides[new]))
        for method, sides in methods.items()
        for kind, all_pairs in pairs(arguments).items()
        for base, new in all_pairs
    ]


def write_tables(arguments, folders, rows):
    with open(arguments.csv, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["method", "kind", "base", "new", "ratio", "low", "high", "verdict"])
        writer.writerows(rows)
    with open(arguments.csv.with_name(arguments.csv.stem + "_visits.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        head = ["run", "percent_slower", "process", "round", "p50_us"]
        writer.writerow([*head, "yardstick_before_us", "yardstick_after_us"])
        for run, folder in enumerate(folders):
            [case] = json.loads((folder / "run.json").read_text())["measured_cases"]
            for visit in case["visits"]:
                line = [run, slower(arguments, run), visit["process"], visit["round"]]
                writer.writerow([*line, visit["p50_us"], *visit["yardstick_us"]])


def summary(arguments, folders, rows):
    of = lambda method, kind: [row for row in rows if row[:2] == (method, kind)]
    host = json.loads((folders[0] / "run.json").read_text())["host"]
    results = [next(csv.DictReader(open(folder / "results.csv"))) for folder in folders]
    p50 = [float(row["latency_p50_us"]) / (1 + slower(arguments, run) / 100) for run, row in enumerate(results)]
    disturbed = sorted(float(row["disturbed"]) for row in results)
    text = (
        f"{arguments.model.stem}, tflite/xnnpack, 1 thread; {len(folders)} runs at the default "
        f"settings, every second one {arguments.percent:g}% slower; {host['cpu']} "
        f"({host['cores']} CPUs), {time.strftime('%Y-%m-%d')}. Of the visits "
        f"{statistics.median(disturbed):.0%} ({disturbed[0]:.0%} to {disturbed[-1]:.0%}) were "
        f"disturbed; the medians of all runs, the slowing taken out, span "
        f"{max(p50) / min(p50) - 1:.1%}.\n\n"
        f"| compared by, threshold {THRESHOLD:g}% | pairs | same | slower | faster | undecided "
        "| half of the interval | ratios |\n|---|---|---|---|---|---|---|---|\n"
    )
    good = True
    for method in ("yardstick", "latencies"):
        for kind in ("identical", "slower"):
            found = of(method, kind)
            by = Counter(row[7] for row in found)
            half = statistics.median((row[6] - row[5]) / 2 for row in found if row[5] is not None)
            ratios = sorted(row[4] for row in found)
            text += (
                f"| {method} | {len(found)} {kind} | {by['same']} | {by['worse']} | {by['better']} "
                f"| {by['undecided']} | {half:.1%} | {ratios[0]:.4f} .. {ratios[-1]:.4f} |\n"
            )
            if method == "yardstick" and kind == "identical":
                good &= by["worse"] + by["better"] <= 0.05 * len(found)
                good &= by["same"] >= 0.75 * len(found)
            elif method == "yardstick":
                good &= by["worse"] >= 0.9 * len(found)
    return text, good


def main():
    parser = argparse.ArgumentParser(prog="unpaired")
    for path in ["program", "model", "folder", "csv"]:
        parser.add_argument(f"--{path}", type=lambda text: Path(text).absolute(), required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--percent", type=float, required=True)
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    folders = [measure(arguments, run) for run in range(arguments.runs)]
    rows = compare_all(arguments, folders)
    write_tables(arguments, folders, rows)
    text, good = summary(arguments, folders, rows)
    print(text)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
