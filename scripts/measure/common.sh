# Sourced by the scripts beside it: prepares what they measure with, waits for a
# quiet machine, and publishes the result.
source "$(dirname "${BASH_SOURCE[0]}")/../setup/common.sh"

experiment="$root/target/release/examples/sensitivity"
document="$root/docs/evidence.md"
# Every single comparison; committed, so that the summaries can be checked.
raw=docs/measured
default_model=$root/models/fashion-mnist/fmnist_mobilenet_v1_0.25_int8.tflite

# fresh FILE: it was built after the last change of what it is built from.
fresh() {
    [ -x "$1" ] && [ -z "$(find "$root"/{src,templates,examples,benches,Cargo.toml,Cargo.lock,build.rs} -type f -newer "$1" -print -quit)" ]
}

# prepare FILE CARGO_ARGUMENT...: builds FILE and fetches the runtimes, unless they are
# there; then it needs no network.
prepare() {
    local file=$1
    shift
    need_rust
    [ -f "$root/runtimes/$host/libtensorflowlite_c.so" ] || "$root/scripts/setup/tflitec"
    fresh "$file" || (cd "$root" && cargo build --release "$@")
}

prepare_experiment() {
    prepare "$experiment" --example sensitivity
}

# busy_percent LINE: how busy the CPUs of a line of /proc/stat ('cpu', 'cpu0', ...) are,
# in percent of one CPU, over 3 seconds.
busy_percent() {
    python3 -c '
import os, sys, time

def ticks():
    line = next(line.split() for line in open("/proc/stat") if line.split()[0] == sys.argv[1])
    numbers = list(map(int, line[1:9]))
    return sum(numbers) - numbers[3] - numbers[4]

before = ticks()
time.sleep(3)
print(round(100 * (ticks() - before) / 3 / os.sysconf("SC_CLK_TCK")))' "$1"
}

# wait_until_quiet [ARGUMENT...]: until the machine has done almost nothing for three
# times 3 seconds in a row; with `--affinity N` among the arguments, only that CPU.
wait_until_quiet() {
    local line=cpu quiet=0 tries=0 busy
    [[ " $* " =~ \ --affinity[\ =]([0-9]+)\  ]] && line=cpu${BASH_REMATCH[1]}
    while ((quiet < 3)); do
        busy=$(busy_percent "$line")
        if ((busy <= 10)); then quiet=$((quiet + 1)); else quiet=0; fi
        if ((tries++ % 20 == 3)); then
            say "Waiting for a quiet machine: $line is busy by $busy% of a CPU"
        fi
    done
}

# compare SECTION ARGUMENT...: one experiment, whose summary goes into the
# section of docs/evidence.md and whose comparisons into docs/measured/SECTION.csv,
# from which it continues after an interruption.
# `--model` among the arguments overrides the embedded model.
compare() {
    local section=$1
    shift
    local model=(--model "$default_model")
    [[ " $* " == *" --model"* ]] && model=()
    mkdir -p "$root/$raw"
    (cd "$root" && "$experiment" "${model[@]}" --csv "$raw/$section.csv" \
        --section "$section" --document "$document" "$@")
}

# publish SECTION TEXT: puts the text into that section of $document.
publish() {
    python3 - "$document" "$@" <<'PYTHON'
import os, sys

path, section, text = sys.argv[1:]
document = open(path).read()
begin = f"<!-- measured: {section} -->\n"
if document.count(begin) != 1:
    sys.exit(f"{path} has no section '{section}'")
before, rest = document.split(begin)
_, end, after = rest.partition("<!-- end -->")
with open(path + ".new", "w") as new:
    new.write(before + begin + text.strip() + "\n" + end + after)
os.rename(path + ".new", path)
PYTHON
    say "The result is in ${document#"$root"/}"
}
