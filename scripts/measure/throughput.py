"""Called by scripts/measure/accuracy-throughput: from its rounds to a table. Exit code 1
where a preset takes more than LIMIT times the bound."""

import statistics
import sys
import time
from pathlib import Path

LIMIT = 1.25


def read(path, cores):
    """One round's figures by name."""
    lines = [line.split() for line in path.read_text().splitlines()]
    values = {}
    for name, *rest in lines:
        if name == "decoded":
            which, images, seconds = rest
            values[f"images {which}"], values[f"decode {which}"] = [int(images)], [float(seconds)]
        else:
            # One line from each core's loop.
            values.setdefault(name, []).append(float(rest[0]))
    facts = {name: statistics.mean(of) for name, of in values.items()}
    facts["bound"] = (facts["decode"] + facts["inference"]) / cores
    facts["alone"] = (facts["alone-decode"] + facts["alone-inference"]) / cores
    facts["whole"] = facts["bound"] + (facts["prepare"] + facts["reference"]) / cores
    return facts


def main():
    cores, models, folder, presets = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
    rounds = {
        preset: [read(path, cores) for path in sorted(folder.glob(f"round.{preset}.*"))]
        for preset in presets
    }
    first = rounds[presets[0]]
    cpu = next(
        line.split(":")[1].strip()
        for line in open("/proc/cpuinfo")
        if line.startswith("model name")
    )
    print(
        f"{models} models, {first[0]['images run']:.0f} images, {cpu} ({cores} CPUs), "
        f"{time.strftime('%F')}, medians of {len(first)} rounds, seconds:\n"
    )
    rows = [
        ("`shutterbench run`, from start to the written report", lambda f: f["ours"], "s"),
        ("the same work in Python, one process", lambda f: f["theirs"], "s"),
        ("- over `run`", lambda f: f["theirs"] / f["ours"], "x"),
        ("bound: bare decoding and inference, divided by the cores", lambda f: f["bound"], "s"),
        ("- `run` over it", lambda f: f["ours"] / f["bound"], "x"),
        ("the same from a loop alone on the machine", lambda f: f["alone"], "s"),
        ("- `run` over it", lambda f: f["ours"] / f["alone"], "x"),
        ("the bound with preparing and the references' inference", lambda f: f["whole"], "s"),
        ("- `run` over it", lambda f: f["ours"] / f["whole"], "x"),
        (f"`run` with {2 * models} models (the same again under other names)", lambda f: f["twice"], "s"),
        ("one core, bare: decoding", lambda f: f["decode"], "s"),
        ("one core, bare: preparing", lambda f: f["prepare"], "s"),
        ("one core, bare: inference", lambda f: f["inference"], "s"),
        ("one core, bare: the references' inference", lambda f: f["reference"], "s"),
        (f"decoding in a run of {models} models, summed over the cores", lambda f: f["decode run"], "s"),
        (f"decoding in a run of {2 * models} models", lambda f: f["decode twice"], "s"),
    ]
    print(f"| what | {' | '.join(f'`{preset}`' for preset in presets)} |")
    print(f"|---|{'--:|' * len(presets)}")
    for what, of, unit in rows:
        cells = []
        for preset in presets:
            values = sorted(of(facts) for facts in rounds[preset])
            cell = f"{statistics.median(values):.2f}"
            cells.append(f"x {cell} ({values[0]:.2f} to {values[-1]:.2f})" if unit == "x" else cell)
        print(f"| {what} | {' | '.join(cells)} |")
    worst = max(
        statistics.median(facts["ours"] / facts["bound"] for facts in of) for of in rounds.values()
    )
    sys.exit(worst > LIMIT)


main()
