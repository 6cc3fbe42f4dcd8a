# Sourced by the scripts beside it: builds the experiment and says what is to come.
source "$(dirname "${BASH_SOURCE[0]}")/../setup/common.sh"

experiment="$root/target/release/examples/sensitivity"
document="$root/docs/measurement.md"
default_model=$root/models/fashion-mnist/fmnist_mobilenet_v1_0.25_int8.tflite

# Builds the experiment and brings the runtimes that it uses.
prepare_experiment() {
    need_rust
    "$root/scripts/setup/tflitec"
    (cd "$root" && cargo build --release --example sensitivity)
}

# compare SECTION ARGUMENT...: one experiment, whose summary goes into the
# section of docs/measurement.md and whose comparisons into results/SECTION.csv.
# `--model` among the arguments overrides the embedded model.
compare() {
    local section=$1
    shift
    local model=(--model "$default_model")
    [[ " $* " == *" --model"* ]] && model=()
    mkdir -p "$root/results"
    (cd "$root" && "$experiment" "${model[@]}" --csv "results/$section.csv" \
        --section "$section" --document "$document" "$@")
}
