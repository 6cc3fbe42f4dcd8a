"""Called by scripts/measure/tune: searches beside full sweeps of the same cases."""

import argparse
import csv
import datetime
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHARE = 0.25
# How long two different answers are held against each other, in seconds of timed runs each.
DUEL_SECONDS = 6
FIELDS = ["model", "repetition", "cases", "sweep_seconds", "tune_seconds", "share",
          "best_of_sweep", "best_of_tune", "ratio", "low", "high", "known_percent",
          "until_first_round", "until_one_is_left", "rounds"]
# What is searched, and swept over: every axis varies. OpenVINO's default precision and one that
# computes the file as it is; both CPUs of a small machine, or one; one image, or four.
SEARCHED = ["--backend", "tflite,openvino", "--set", "f32:INFERENCE_PRECISION_HINT=f32",
            "--threads", "1,2", "--batch", "1,4", "--affinity", "0;0,1"]


def timed(command):
    """The wall time of a command, and what it prints."""
    begin = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    # 1 says that a case failed, which is its own business.
    if ended.returncode not in (0, 1):
        sys.exit(f"{' '.join(map(str, command))}: exit code {ended.returncode}")
    return time.monotonic() - begin, ended.stdout


def axes(folder):
    """The arguments of 'run' that make the cases of a search."""
    with open(folder / "journal.jsonl") as journal:
        header = json.loads(journal.readline())
    def values(key):
        found = (case.get(key) for case in header["cases"])
        return list(dict.fromkeys(str(value) for value in found if value is not None))
    sets = [f"{one['name']}:" + ";".join(f"{key}={value}" for key, value in one["set"].items())
            for one in header["options"].get("option_sets", [])]
    chosen = [argument for text in dict.fromkeys(sets) for argument in ("--set", text)]
    varied = [("--batch", ",".join(values("batch"))), ("--affinity", ";".join(values("affinity")))]
    chosen += [argument for option, value in varied if value for argument in (option, value)]
    return ["--backend", ",".join(values("backend")), "--delegate", ",".join(values("delegate")),
            "--threads", ",".join(values("threads")), *chosen]


def ratio(folder, one, other):
    """Latency per image of one case over that of another in the same run, round by round, and the
    95% interval of the median by order statistics."""
    cases = json.loads((folder / "run.json").read_text())["measured_cases"]
    with open(folder / "journal.jsonl") as journal:
        described = json.loads(journal.readline())["cases"]
    images = {name: case.get("batch") or 1 for name, case in zip(names_of(described), described)}
    by_round = {case["case"]: {visit["round"]: visit["p50_us"] / images[case["case"]]
                               for visit in case["visits"]} for case in cases}
    rounds = by_round[one].keys() & by_round[other].keys()
    ratios = sorted(by_round[one][at] / by_round[other][at] for at in rounds)
    reach = 0.98 * math.sqrt(len(ratios))
    low = ratios[max(0, math.floor(len(ratios) / 2 - reach))]
    high = ratios[min(len(ratios) - 1, math.ceil(len(ratios) / 2 + reach))]
    return statistics.median(ratios), low, high


def compared(given, model, repetition, folder):
    search, sweep, duel = folder / "search", folder / "sweep", folder / "duel"
    program = [given.program]
    tune_seconds, told = timed([*program, "tune", "--quiet", "--json", "--model", model, "--margin",
                                f"{given.margin}%", "--seed", str(repetition), *SEARCHED, "--out",
                                search])
    answer = json.loads(told)
    cases = [answer["id"], *(case["id"] for case in answer["left"])]
    run = [*program, "run", "--quiet", "--no-accuracy", "--seed", str(repetition), "--model", model,
           *axes(search)]
    limit = ["--max-seconds", str(given.sweep_seconds)] if given.sweep_seconds else []
    least = ["--min-seconds", str(min(0.5, given.sweep_seconds))] if given.sweep_seconds else []
    sweep_seconds, _ = timed([*run, *limit, *least, "--out", sweep, "--only", *cases])
    # What the search did not let win for its outputs, no sweep may win with.
    wrong = {case["case"] for case in answer["left"] if case["status"] != "ok"}
    rows = list(csv.DictReader(open(sweep / "results.csv")))
    with open(sweep / "journal.jsonl") as journal:
        names = names_of(json.loads(journal.readline())["cases"])
    measured = [(float(row["latency_per_image_us"]), name) for row, name in zip(rows, names)
                if row["status"] == "ok" and name not in wrong]
    best_of_sweep, best = min(measured)[1], answer["best"]
    found = (1.0, 1.0, 1.0)
    if best != best_of_sweep:
        both = [by_name(answer, name) for name in (best, best_of_sweep)]
        seconds = ["--min-seconds", str(DUEL_SECONDS), "--max-seconds", str(DUEL_SECONDS)]
        timed([*run, *seconds, "--out", duel, "--only", *both])
        found = ratio(duel, best, best_of_sweep)
    drops = [case for case in answer["left"] if "round" in case]
    times = sorted(case["seconds"] for case in drops) or [0]
    return dict(zip(FIELDS, [Path(model).stem, repetition, len(cases), round(sweep_seconds, 1),
                             round(tune_seconds, 1), round(tune_seconds / sweep_seconds, 3),
                             short(best_of_sweep), short(best), *(round(it, 4) for it in found),
                             answer["known_percent"], round(times[0], 1), round(times[-1], 1),
                             max((case["round"] + 1 for case in drops), default=0)]))


def names_of(cases):
    """The names of cases, as the program writes them."""
    for case in cases:
        options = f"+{case['options']}" if case.get("options") else ""
        batch = f" b{case['batch']}" if case.get("batch") else ""
        cpus = f" @{case['affinity']}" if case.get("affinity") else ""
        yield (f"{case['model']} {case['backend']}/{case['delegate']}{options} "
               f"x{case['threads']}{batch}{cpus}")


def by_name(answer, name):
    ids = {case["case"]: case["id"] for case in answer["left"]} | {answer["best"]: answer["id"]}
    return ids[name]


def short(case):
    return case.split(" ", 1)[1]


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "an unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--csv", required=True)
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--margin", type=float, default=2)
    parser.add_argument("--sweep-seconds", type=float)
    parser.add_argument("models", nargs="+")
    given = parser.parse_args()
    found = []
    for repetition in range(given.repetitions):
        for model in given.models:
            with tempfile.TemporaryDirectory() as folder:
                found.append(compared(given, model, repetition, Path(folder)))
            print(found[-1], file=sys.stderr)
    with open(given.csv, "w", newline="") as file:
        table = csv.DictWriter(file, FIELDS)
        table.writeheader()
        table.writerows(found)
    limit = 1 + given.margin / 100
    good = [row["low"] <= limit and row["share"] <= SHARE for row in found]
    print(f"Margin {given.margin:g}%, {given.repetitions} repetition(s); {processor()}, "
          f"{datetime.date.today()}. {sum(good)} of {len(good)} searches are as good as the sweep "
          f"in at most {SHARE:.0%} of its time.\n")
    print("| model | cases | sweep (s) | search (s) | share | best of the sweep | best of the search | "
          "its latency over the sweep's best |")
    print("|---|---|---|---|---|---|---|---|")
    for row in found:
        same = row["best_of_sweep"] == row["best_of_tune"]
        over = "the same case" if same else f"{row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
        print(f"| {row['model']} | {row['cases']} | {row['sweep_seconds']} | {row['tune_seconds']} | "
              f"{row['share']:.0%} | {row['best_of_sweep']} | {row['best_of_tune']} | {over} |")
    sys.exit(0 if all(good) else 1)


main()
