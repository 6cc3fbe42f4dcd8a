"""Called by scripts/measure/profile: from the folders of its runs to a table. Exit code 1 where the
lines of a profile do not add up to the profiled run."""

import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

OUTSIDE = "outside operators"
PROGRAM = os.environ["SHUTTERBENCH_PROGRAM"]


def table_of(folder, name):
    with open(Path(folder) / name, newline="") as file:
        return list(csv.DictReader(file))


def main(folders):
    print("| model | case | timed median (us) | profiled run over it | outside of operators |")
    print("|---|---|--:|--:|--:|")
    wrong = False
    for folder in folders:
        whole = json.loads(subprocess.check_output([PROGRAM, "profile", folder, "--json"]))
        runs = {it["case"]: statistics.median(it["profile"]["runs_ns"]) / 1e3 for it in whole if it["profile"]["runs_ns"]}
        lines = {}
        for line in table_of(folder, "profile.csv"):
            lines.setdefault(line["case"], []).append(line)
        for row in table_of(folder, "results.csv"):
            found = next((case for case in lines if case.startswith(f"{row['model']} {row['backend']}/")), None)
            if row["status"] != "ok" or found is None:
                print(f"| {row['model']} | {row['backend']} | {row['status']} | {row['error']} | |")
                continue
            total = sum(float(line["median_us"]) for line in lines[found])
            wrong |= abs(total - runs[found]) > 0.001 * runs[found] + 0.1
            outside = sum(float(line["share"]) for line in lines[found] if line["operator"] == OUTSIDE)
            timed = float(row["latency_p50_us"])
            print(f"| {row['model']} | {row['backend']}/{row['delegate']} | {timed:.1f} | "
                  f"x {runs[found] / timed:.2f} | {100 * outside:.1f}% |")
    print(f"\n1 thread, {time.strftime('%F')}.")
    sys.exit(wrong)


main(sys.argv[1:])
