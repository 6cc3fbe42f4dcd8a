# %% [markdown]
# The usual plots of a run, with pandas and matplotlib, in ten cells.
#
# As a script: `python plots.py RUN [FOLDER]` prints tables and writes six SVG files. As a notebook:
# editors show the cells of this file, and `jupytext --to ipynb plots.py` makes a notebook of it; set
# RUN in the next cell.

# %% 1. The run.
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.fonttype"] = "none"
import matplotlib.pyplot as plt

import shutterbench

RUN, FOLDER = [*sys.argv[1:], "."][:2]
run = shutterbench.read(RUN)
folder = Path(FOLDER)

# %% 2. What measured, and how well it could.
host = run.info["host"]
print(host["cpu"], host["os"], run.info["started_at"])
print(run.cases.stability.value_counts().to_string())

# %% 3. The cases that were measured, the fastest first.
cases = run.cases[run.cases.status == "ok"].sort_values("latency_p50_us")
columns = ["model", "backend", "delegate", "threads", "latency_p50_us", "top1"]
print(cases[columns].to_string(index=False))

# %% 4. Medians with their 95% intervals.
names = cases.model + " " + cases.backend + "/" + cases.delegate + " x" + cases.threads.astype("string")
low = (cases.latency_p50_us - cases.latency_p50_low_us).fillna(0).astype(float)
high = (cases.latency_p50_high_us - cases.latency_p50_us).fillna(0).astype(float)
figure, axes = plt.subplots(figsize=(9, 0.4 * len(cases) + 1.5), layout="constrained")
axes.barh(names, cases.latency_p50_us.astype(float), xerr=[low, high])
axes.set_xlabel("median latency, µs")
figure.savefig(folder / "latency.svg")

# %% 5. How each case's runs are distributed: slow ones are other programs, or a clock that changes.
figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
for case, samples in run.samples.groupby("case"):
    sorted_us = samples.latency_ns.astype(float).sort_values() / 1e3
    axes.plot(sorted_us, [(at + 1) / len(sorted_us) for at in range(len(sorted_us))], label=case)
axes.set(xscale="log", xlabel="latency, µs", ylabel="share of runs")
axes.legend(fontsize="small")
figure.savefig(folder / "samples.svg")

# %% 6. Whether the machine changed from round to round.
figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
rounds = run.samples.groupby(["case", "round"]).latency_ns.median().unstack("case").astype(float)
axes.plot(rounds / rounds.median(), label=rounds.columns)
axes.set(xlabel="round", ylabel="median of the round / median of all rounds")
axes.legend(fontsize="small")
figure.savefig(folder / "rounds.svg")

# %% 7. What accuracy costs.
scored = cases.dropna(subset=["top1", "latency_p50_us"])
figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
for model, rows in scored.groupby("model"):
    axes.plot(rows.latency_p50_us.astype(float), 100 * rows.top1.astype(float), "o", label=model)
axes.set(xscale="log", xlabel="median latency, µs", ylabel="Top-1, %")
axes.legend(fontsize="small")
figure.savefig(folder / "accuracy.svg")

# %% 8. What size costs.
figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
for model, rows in cases.groupby("model"):
    axes.plot(rows.model_bytes.astype(float) / 1e6, rows.latency_p50_us.astype(float), "o", label=model)
axes.set(yscale="log", xlabel="size of the model, MB", ylabel="median latency, µs")
axes.legend(fontsize="small")
figure.savefig(folder / "size.svg")

# %% 9. Which classes the first scored model confuses.
predictions = run.predictions
if not predictions.empty:
    subject = ["model", "backend", "delegate"]
    first = predictions[(predictions[subject] == predictions[subject].iloc[0]).all(axis=1)]
    confusion = first.groupby(["label", "top1_class"]).size().unstack(fill_value=0)
    figure, axes = plt.subplots(figsize=(6, 6), layout="constrained")
    axes.imshow(confusion.astype(float))
    axes.set(xlabel="predicted class", ylabel="true class", title=first.model.iloc[0])
    figure.savefig(folder / "confusion.svg")

# %% 10. The photos that the first scored model gets most wrong.
if not predictions.empty:
    wrong = first[first.rank_of_label > 1].sort_values("rank_of_label", ascending=False)
    print(wrong[["image", "label", "top1_class", "top1_score", "rank_of_label"]].head(5).to_string(index=False))
