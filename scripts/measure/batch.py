"""What scripts/measure/batch makes and sums up.

    batch.py make MODEL FOLDER       the models of 8 images and of one, and a suite for each
    batch.py summary FOLDER CSV      the ratios of two runs in turn, and whether they are right

The summary is a table in Markdown; exit code 1 where the first ratio is off by more than 5%.
"""

import csv
import datetime
import math
import pathlib
import statistics
import sys

IMAGES = 8
LIMIT = 0.05
BACKENDS = "tract", "onnxruntime"
RUNS = {
    "resized": "the same graph with an open batch, --batch 8",
    "single": "the same graph, one image a run",
}


def make(source, folder):
    import onnx

    for name, images, batch in (("fixed", IMAGES, 1), ("resized", None, IMAGES), ("single", 1, 1)):
        model = onnx.load(source)
        for value in [*model.graph.input, *model.graph.output]:
            first = value.type.tensor_type.shape.dim[0]
            if images is None:
                first.dim_param = "N"
            else:
                first.dim_value = images
        del model.graph.value_info[:]
        # One name in both suites, so that their cases are each other's.
        place = folder / name
        place.mkdir()
        onnx.save(model, place / "model.onnx")
        backends = ", ".join(f'"{backend}"' for backend in BACKENDS)
        (folder / f"{name}.toml").write_text(
            f'models = ["{place}/model.onnx"]\nbackends = [{backends}]\ndelegates = ["none"]\n'
            f"threads = [1]\nbatch = {batch}\n")


def medians(folder):
    """By backend and round: the median latency per image of a visit, in microseconds."""
    rows = list(csv.DictReader((folder / "results.csv").open()))
    images = {row["backend"]: int(row["batch"]) for row in rows}
    samples = {}
    for row in csv.DictReader((folder / "samples.csv").open()):
        backend = next(name for name in BACKENDS if f" {name}/" in row["case"])
        samples.setdefault((backend, row["round"]), []).append(int(row["latency_ns"]))
    return {key: statistics.median(times) / 1000 / images[key[0]] for key, times in samples.items()}


def summary(folder, path):
    lines = ["| backend | 8 images a run, per image (us) | against | per image (us) "
             "| ratio | rounds |", "|---|---|---|---|---|---|"]
    rounds, is_right = [], True
    for run, words in RUNS.items():
        fixed, other = (medians(side) for side in sides(folder / run))
        for backend in BACKENDS:
            both = sorted(key for key in fixed if key in other and key[0] == backend)
            ratios = [fixed[key] / other[key] for key in both]
            rounds += [[run, *key, fixed[key], other[key]] for key in both]
            ratio = math.exp(statistics.median(map(math.log, ratios)))
            is_right &= run != "resized" or abs(ratio - 1) <= LIMIT
            sizes = (statistics.median(side[key] for key in both) for side in (fixed, other))
            fixed_us, other_us = (f"{size:.2f}" for size in sizes)
            lines.append(f"| {backend} | {fixed_us} | {words} | {other_us} | {ratio:.4f} "
                         f"| {len(both)} |")
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["against", "backend", "round", "fixed_us", "other_us"])
        writer.writerows([*row[:3], f"{row[3]:.3f}", f"{row[4]:.3f}"] for row in rounds)
    now = datetime.datetime.now(datetime.timezone.utc)
    print("\n".join([*lines, "", f"fmnist_mobilenet_v1_1.0_f32, 1 thread, {now:%Y-%m-%d}."]))
    return 0 if is_right else 1


def sides(folder):
    """The folders of the two runs that were taken in turn: the base, then the new one."""
    return [folder / "base", folder / "new"]


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "make":
        make(paths[0], pathlib.Path(paths[1]))
    else:
        sys.exit(summary(pathlib.Path(paths[0]), paths[1]))
