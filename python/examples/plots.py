"""The usual plots of a run, with pandas and matplotlib. Usage: python plots.py RUN [FOLDER]

Writes latency.svg, samples.svg, accuracy.svg and confusion.svg, and prints a table.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.fonttype"] = "none"
import matplotlib.pyplot as plt

import shutterbench

run = shutterbench.read(sys.argv[1])
folder = Path(sys.argv[2] if len(sys.argv) > 2 else ".")

# 1. The cases that were measured, the fastest first.
cases = run.cases[run.cases.status == "ok"].sort_values("latency_p50_us")
columns = ["model", "backend", "delegate", "threads", "latency_p50_us", "top1"]
print(cases[columns].to_string(index=False))

# 2. Medians with their 95% intervals.
names = cases.model + " " + cases.backend + "/" + cases.delegate + " x" + cases.threads.astype("string")
low = (cases.latency_p50_us - cases.latency_p50_low_us).fillna(0).astype(float)
high = (cases.latency_p50_high_us - cases.latency_p50_us).fillna(0).astype(float)
figure, axes = plt.subplots(figsize=(9, 0.4 * len(cases) + 1.5), layout="constrained")
axes.barh(names, cases.latency_p50_us.astype(float), xerr=[low, high])
axes.set_xlabel("median latency, µs")
figure.savefig(folder / "latency.svg")

# 3. How each case's runs are distributed: slow ones are other programs, or a clock that changes.
figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
for case, samples in run.samples.groupby("case"):
    sorted_us = samples.latency_ns.astype(float).sort_values() / 1e3
    axes.plot(sorted_us, [(at + 1) / len(sorted_us) for at in range(len(sorted_us))], label=case)
axes.set(xscale="log", xlabel="latency, µs", ylabel="share of runs")
axes.legend(fontsize="small")
figure.savefig(folder / "samples.svg")

# 4. What accuracy costs.
scored = cases.dropna(subset=["top1", "latency_p50_us"])
figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
for model, rows in scored.groupby("model"):
    axes.plot(rows.latency_p50_us.astype(float), 100 * rows.top1.astype(float), "o", label=model)
axes.set(xscale="log", xlabel="median latency, µs", ylabel="Top-1, %")
axes.legend(fontsize="small")
figure.savefig(folder / "accuracy.svg")

# 5. Which classes the first scored model confuses.
predictions = run.predictions
if not predictions.empty:
    first = predictions[predictions.model == predictions.model.iloc[0]]
    confusion = first.groupby(["label", "top1_class"]).size().unstack(fill_value=0)
    figure, axes = plt.subplots(figsize=(6, 6), layout="constrained")
    axes.imshow(confusion.astype(float))
    axes.set(xlabel="predicted class", ylabel="true class", title=first.model.iloc[0])
    figure.savefig(folder / "confusion.svg")
