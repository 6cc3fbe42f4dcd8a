"""The command lines of README.md and docs/*.md, and how each runs on a fresh system.

Fenced lines without a language, or marked as shell, and spans between backticks that begin with
one of PROGRAMS and have an argument. Files that the pages name (my.tflite, photos, sweep.toml) are
laid out by PREPARATION, so most lines run as they are printed; what stands for something of the
reader's own is replaced by REPLACED, and what cannot run is in NOT_HERE with its reason.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("shutterbench", "scripts/", "venv/bin/", "cargo", "pip", "podman", "python3 -m", "bencher")
# Exit codes that are an answer (docs/ci.md, docs/choosing.md, docs/history.md): a regression, or no
# case that keeps the limits for certain.
ANSWERS = {
    "shutterbench pick": {0, 1},
    "shutterbench compare": {0, 1},
    "shutterbench history gate": {0, 1},
    "shutterbench run --ab": {0, 1},
    "shutterbench run sweep.toml --against": {0, 1},
    "shutterbench run --settings": {0, 1},
}
# (page or '', pattern, reason). The first that matches counts.
NOT_HERE = [
    ("", r"--device( |$)|--target (TARGET|aarch64-linux-android)|scripts/adb/", "needs a phone or board, or the servers of Android's packages; scripts/adb/test emulates one"),
    ("docs/farms.md", r"", "needs a farm's device; the tests run the hooks with doubles"),
    ("docs/ci.md", r"^(models|threads|dataset|max_seconds) =", "a suite file, not a command"),
    ("", r"imagenette2-160|first-run", "the archive is not in any mirror here; the tests unpack one of the same layout"),
    ("", r"squeezenet1", "the model is not in any mirror here"),
    ("", r"^scripts/test", "CI runs it in a fresh clone; 20 minutes or more"),
    ("", r"^scripts/wheel|^venv/bin|^python3 -m venv|^pip install|target/wheels", "the first steps above; scripts/wheel makes the wheel that they install"),
    ("", r"^scripts/bench|^cargo (install|package)", "in the steps from source"),
    ("", r"^scripts/exports", "builds other projects' code from clones of theirs, which are not to be had here"),
    ("", r"^scripts/(macos|windows)", "builds for another system, with that system's tools"),
    ("", r"^podman|^scripts/container", "scripts/container builds and runs the image; it needs root and buildah or podman"),
    ("", r"^scripts/(measure|peers|goldens|schedulers|setup)", "measures for a published page, for the quiet machine that its head asks for"),
    ("", r"^cargo (test|bench|build)", "for those who change the program; CI compiles all of them"),
    ("", r"^bencher", "another program's command"),
    ("", r"^shutterbench (run|tune|history|merge|pick|plan|compare|fleet|profile)$|^shutterbench (run|fetch|tune) --(device|model M|ab)$", "a mention, not a whole command line"),
]
NEWEST = "$(ls -td results/2* | head -1)"
# (page or '', text, what runs instead).
REPLACED = [
    ("docs/models.md", "'mobilenet_v1_*_quant'", "mobilenet_v1_0.75_192_quant"),
    ("docs/tune.md", "results/RUN", NEWEST),
    ("docs/choosing.md", "results/*/", "fleet/*/"),
    ("docs/schedulers.md", "--only 3f2a77c01b", "--only $(shutterbench plan SUITE.toml --json | grep -o '\"id\": *\"[0-9a-f]*' | head -1 | grep -o '[0-9a-f]*$')"),
    ("docs/schedulers.md", "shared/part-2", "cases/part-2"),
    ("", "RUN RUN...", "results/BASE results/NEW"),
    ("", "report RUN", "report results/RUN"),
    ("", "pick RUN", "pick results/RUN"),
    ("", "inspect MODEL", "inspect my.tflite"),
    ("", "KIND FILE", "junit FILE"),
    ("", "'base.toml' 'new.toml'", "base.toml new.toml"),
]
# Lines that are one task of several: (text in it, the tasks).
TASKS = [("$TASK/8", "TASK", range(8)), ("$K/8", "K", range(1, 9))]

# What each page's folder holds before its first line runs. `$shared` holds the models and photos of
# others, `$code` is the checkout.
PREPARATION = r"""
set -e
mkdir photos results fleet shared cases
cp $(ls $shared/imagenet-sample/*.JPEG | head -40) photos/
{ head -1 $shared/imagenet-sample/labels.csv; grep -F -f <(ls photos) $shared/imagenet-sample/labels.csv; } > photos/labels.csv.new
mv photos/labels.csv.new photos/labels.csv
for folder in PHOTOS ILSVRC validation; do cp -r photos $folder; done
cp $shared/models/imagenet_labels.txt labels.txt
for model in my m model mobilenet_v1_0.25_128_quant; do
    cp $shared/models/mobilenet_v1_0.25_128_quant.tflite $model.tflite
    printf 'labels = "labels.txt"\npreprocess = "tflite-eval"\nlabel_offset = 1\n' > $model.toml
done
cp my.tflite a.tflite; cp my.toml a.toml
cp $code/models/fashion-mnist/fmnist_mobilenet_v1_0.25_f32.onnx m.onnx
suite() { printf 'models = [%s]\nbackends = ["tflite"]\nthreads = [1]\nmax_seconds = 0.3\n' "$1"; }
for name in base new sweep; do { suite '"my.tflite"'; printf 'dataset = "photos"\n'; } > $name.toml; done
suite '"fmnist_mobilenet_v1_0.25_int8", "fmnist_mobilenet_v1_0.25_f32", "fmnist_mobilenet_v1_0.5_int8", "fmnist_mobilenet_v1_0.5_f32"' > SUITE.toml
cp SUITE.toml suite.toml
for side in base new; do
    mkdir -p $side/model; cp model.tflite model.toml labels.txt $side/model/; cp -r photos $side/model/validation
    { suite '"model.tflite"'; printf 'dataset = "validation"\n'; } > $side/model/benchmark.toml
done
mkdir -p ../base/target/release; ln -sf "$(command -v shutterbench)" ../base/target/release/shutterbench
cp -r $code/results/example results/
for run in BASE NEW RUN; do
    shutterbench run --quiet --model 'fmnist_mobilenet_v1_0.25_*' --backend tflite --max-seconds 0.2 --images 40 --budget-ms 33 --out results/$run > /dev/null
done
cp -r results/RUN fleet/R58M123ABC; cp -r results/NEW fleet/8BAX0X0X
printf 'device,weight\nR58M123ABC,40\n8BAX0X0X,25\n' > shares.csv
shutterbench history --history other.sqlite add results/NEW > /dev/null
for i in 1 2 3; do cp "$(ls photos/*.JPEG | sed -n ${i}p)" ILSVRC2012_val_0000000$i.JPEG; done
tar -cf ILSVRC2012_img_val.tar ILSVRC2012_val_*.JPEG; rm ILSVRC2012_val_*.JPEG
mkdir -p ~/.local/share/bash-completion/completions
"""
# Before the first line of these pages; the run that `settings.md` chooses from is scored on photos.
PAGE_PREPARATION = {
    # docs/device.md says so.
    "README.md": "apt-get -qq install -y adb",
    "docs/settings.md": "rm -rf results/RUN; shutterbench run --quiet --model my.tflite --dataset photos --backend tflite --max-seconds 0.3 --out results/RUN > /dev/null",
    "docs/history.md": "shutterbench history add results/BASE",
    "docs/ci.md": "shutterbench history --history history.sqlite add results/BASE",
    "docs/tune.md": "shutterbench fetch openvino",
}


@dataclass
class Line:
    """A command line of a page, as printed and as it runs; `reason` says why it does not."""

    page: str
    number: int
    printed: str
    runs: str
    reason: str = ""

    @property
    def is_replaced(self) -> bool:
        return self.runs != self.printed

    def is_answer(self, code: int) -> bool:
        allowed = next((codes for start, codes in ANSWERS.items() if self.printed.startswith(start)), {0})
        return code in allowed


def of_page(root: Path, page: str) -> list[Line]:
    """Every command line of a page, in order, each once."""
    found: dict[str, Line] = {}
    for number, text in sorted(fenced(root / page) + spans(root / page)):
        if text not in found:
            reason = next((why for of, pattern, why in NOT_HERE if of in ("", page) and re.search(pattern, text)), "")
            found[text] = Line(page, number, text, text if reason else replaced(page, text), reason)
    return list(found.values())


def fenced(path: Path) -> list[tuple[int, str]]:
    lines, inside = [], False
    language = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            inside, language = not inside, line.strip("`").strip()
        elif inside and language in ("", "sh", "bash", "console"):
            command = re.sub(r"\s{2,}#.*", "", line).strip()
            if command.startswith(PROGRAMS) or (language and command and not command.startswith("#")):
                lines.append((number, command))
    return lines


def spans(path: Path) -> list[tuple[int, str]]:
    """Spans between backticks outside of fences; a line may end inside one."""
    text = re.sub(r"^```.*?^```", lambda fence: "\n" * fence[0].count("\n"), path.read_text(), flags=re.S | re.M)
    lines = []
    for span in re.finditer(r"`([^`]+)`", text):
        command = " ".join(span[1].split())
        whole = command.startswith(PROGRAMS) and " " in command or re.fullmatch(r"scripts/\w+", command)
        if whole and "..." not in command.replace("RUN...", ""):
            lines.append((text.count("\n", 0, span.start()) + 1, command))
    return lines


def replaced(page: str, text: str) -> str:
    for of, old, new in REPLACED:
        if of in ("", page):
            text = text.replace(old, new)
    # Long enough to see that it works; what is measured is not the question here.
    if re.match(r"shutterbench run (?!.*--(resume|settings|max-seconds))", text):
        text += " --max-seconds 0.3"
    for part, variable, tasks in TASKS:
        if part in text:
            text = f"for {variable} in {' '.join(map(str, tasks))}; do {text} || exit; done"
    return text
