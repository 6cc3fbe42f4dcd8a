//! `history gate --confirm`: what is suspected is measured again, paired.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::common::{TimelyOutput, repository, said, shutterbench_in};
use crate::history::{ends, history, json, published};

/// A model of the embedded family under another name and in a folder of its own.
fn model(at: &Path, folder: &str, width: &str) -> String {
    let file = format!("fmnist_mobilenet_v1_{width}_f32.onnx");
    fs::create_dir_all(at.join(folder)).unwrap();
    let to = format!("{folder}/net.onnx");
    fs::copy(repository().join("models/fashion-mnist").join(file), at.join(&to)).unwrap();
    to
}

const OPTIONS: [&str; 10] = [
    "--backend",
    "tract",
    "--threads",
    "1",
    "--runs",
    "160",
    "--processes",
    "8",
    "--quiet",
    "--no-accuracy",
];

fn run(at: &Path, model: &str, name: &str) {
    let output =
        shutterbench_in(at, &[&["run", "--model", model, "--out", name], &OPTIONS[..]].concat());
    ends(&output, 0);
}

/// Twelve days with the median of the run in `one`, times `factor`; they have no journal.
fn twelve_days(at: &Path, factor: f64) {
    let table = csv::Reader::from_path(at.join("one/results.csv")).unwrap().into_deserialize();
    let rows: Vec<std::collections::HashMap<String, String>> = table.map(Result::unwrap).collect();
    let p50_us: f64 = rows[0]["latency_p50_us"].parse().unwrap();
    let day =
        |day: usize| published(at, "one", day, p50_us * factor * (1.0 + 0.001 * (day % 3) as f64));
    let days: Vec<String> = (1..=12).map(day).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    ends(&history(at, &[&["add"], &days[..]].concat()), 0);
}

#[test]
fn a_slower_model_is_confirmed_against_the_earlier_one() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    let (old, new) = (model(at, "v1", "0.25"), model(at, "v2", "1.0"));
    run(at, &old, "one");
    twelve_days(at, 1.0);
    ends(&history(at, &["add", "one"]), 0);
    run(at, &new, "two");

    let output = history(at, &["gate", "two", "--confirm", "--out", "again"]);
    let text = ends(&output, 1);
    assert!(text.contains("confirmed") && text.contains("1 confirmed, 0 not"), "{text}");
    let told = said(&output);
    assert!(told.contains("run --ab again/base.toml again/new.toml --out again"), "{told}");
    assert!(told.contains("measured again in again"), "{told}");
    assert!(at.join("again/compare.html").is_file());

    // The same with the user's own suites, and as JSON.
    for (suite, model) in [("old.toml", &old), ("new.toml", &new)] {
        let text = format!(
            "models = [\"{model}\"]\nbackends = [\"tract\"]\nthreads = [1]\nruns = \"160\"\nprocesses = \"8\"\naccuracy = false\n"
        );
        fs::write(at.join(suite), text).unwrap();
    }
    let output = history(at, &["gate", "two", "--json", "--confirm", "old.toml", "new.toml"]);
    ends(&output, 1);
    let red = json(&output);
    assert_eq!(red["series"][0]["standing"], "confirmed", "{red}");
    let folder = PathBuf::from(red["confirmation"]["measured"].as_str().unwrap());
    assert!(at.join(&folder).join("base/results.csv").is_file(), "{red}");

    // The model of before is gone.
    fs::copy(at.join(&new), at.join(&old)).unwrap();
    let output = history(at, &["gate", "two", "--confirm"]);
    ends(&output, 0);
    assert!(said(&output).contains("is no longer the model that"), "{}", said(&output));
    fs::remove_dir_all(at.join("one")).unwrap();
    let output = history(at, &["gate", "two", "--confirm"]);
    ends(&output, 0);
    let told = said(&output);
    assert!(told.contains("not measured again: the run ") && told.contains("journal"), "{told}");
}

/// Halves the values of the first run that was measured, as if the machine had been twice as fast.
fn halve_the_first(at: &Path) {
    let file = rusqlite::Connection::open(at.join("history.sqlite")).unwrap();
    let halved = "UPDATE value SET value = value / 2
                  WHERE run = (SELECT number FROM run WHERE run_id NOT LIKE 'day%')";
    assert!(file.execute(halved, []).unwrap() > 0);
}

#[test]
fn what_did_not_change_is_not_measured_against_itself() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    let net = model(at, "v1", "0.25");
    run(at, &net, "one");
    twelve_days(at, 0.5);
    ends(&history(at, &["add", "one"]), 0);
    run(at, &net, "two");
    halve_the_first(at);
    let output = history(at, &["gate", "two", "--confirm"]);
    ends(&output, 0);
    let told = said(&output);
    assert!(told.contains("nothing to hold against each other"), "{told}");
    assert_eq!(told.lines().filter(|line| line.contains("not measured again")).count(), 1);
}

#[test]
fn another_build_takes_turns_with_this_one_if_it_is_named() {
    let home = TempDir::new().unwrap();
    let at = home.path();
    let net = model(at, "v1", "0.25");
    // The same program, but for a byte behind its end; beside it, where its libraries are found.
    let this = Path::new(env!("CARGO_BIN_EXE_shutterbench"));
    let mut file = tempfile::Builder::new()
        .prefix("earlier-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempfile_in(this.parent().unwrap())
        .unwrap();
    file.write_all(&[&fs::read(this).unwrap()[..], &[0]].concat()).unwrap();
    let earlier = file.into_temp_path();
    let program = earlier.to_str().unwrap();
    let words = [&["run", "--model", &net, "--out", "one"], &OPTIONS[..]].concat();
    let output = Command::new(program).args(words).current_dir(at).timely_output();
    ends(&output, 0);
    twelve_days(at, 0.5);
    ends(&history(at, &["add", "one"]), 0);
    run(at, &net, "two");
    halve_the_first(at);

    let output = history(at, &["gate", "two", "--confirm"]);
    ends(&output, 0);
    assert!(said(&output).contains("another build of shutterbench"), "{}", said(&output));
    let output = history(at, &["gate", "two", "--confirm", "--against", "v1/net.onnx"]);
    ends(&output, 0);
    assert!(said(&output).contains("is not the program that measured"), "{}", said(&output));
    let against = ["gate", "two", "--confirm", "--against", program, "--out", "again"];
    let output = history(at, &against);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    assert!(said(&output).contains("run again/new.toml --against "), "{}", said(&output));
    assert!(at.join("again/compare.html").is_file(), "{}", said(&output));
}
