//! Every number of a fleet's report, computed again from the samples.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common;
use crate::common::{printed, said, shutterbench_in};
use crate::simulated_fleet::{CLASSES, CRASHED, Case, DEVICES, Fleet, MODELS, WEIGHTS, journal};

fn near(found: &Value, expected: f64, tolerance: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: {found}"));
    assert!(
        (found - expected).abs() <= tolerance * expected.abs() + 1e-3,
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn slow_a_grid_of_ten_devices_is_that_of_the_samples() {
    let fleet = Fleet::new();
    let budget = fleet.budget_ms(MODELS[0]);
    let budget_text = budget.to_string();
    let more = ["--device-weights", "weights.csv", "--budget-ms", &budget_text];
    let output = fleet.run("fleet", &[&more[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let report: Value = serde_json::from_str(&printed(&output)).unwrap();
    assert_eq!(report["column"], "latency_p50_us");
    for (device, known) in report["devices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(known["name"], format!("phone-{device}"));
        assert_eq!(known["class"], CLASSES[device % 3]);
        assert_eq!(known["weight"], json!(WEIGHTS[device]));
        assert_eq!(known["os"], format!("Android 1{device}"));
    }
    let lines = report["models"].as_array().unwrap();
    assert_eq!(lines.len(), MODELS.len());
    for (line, model) in lines.iter().zip(MODELS) {
        assert_eq!(line["model"], model);
        let (mut logs, mut weights, mut worst) = (0.0, 0.0, (0, 0.0));
        let mut shares: HashMap<&str, f64> = HashMap::new();
        for device in 0..DEVICES {
            let cell = &line["devices"][device]["measured"];
            let at = format!("{model} on phone-{device}");
            let Some(case) = fleet.fastest(device, model) else {
                assert!(cell.is_null() && device == CRASHED, "{at}: {cell}");
                *shares.entry("not_measured").or_default() += WEIGHTS[device];
                continue;
            };
            assert_eq!(cell["case"], case.name.as_str(), "{at}");
            near(&cell["value_us"], case.p50 / 1e3, 1e-9, &at);
            let (low, high) = fleet.interval(case);
            near(&cell["low_us"], low, 1e-4, &at);
            near(&cell["high_us"], high, 1e-4, &at);
            near(&cell["top1"], fleet.top1[model], 1e-9, &at);
            logs += WEIGHTS[device] * (case.p50 / 1e3).ln();
            weights += WEIGHTS[device];
            if case.p50 > worst.1 {
                worst = (device, case.p50);
            }
            let stand = if high <= budget * 1e3 {
                "within"
            } else if low > budget * 1e3 {
                "beyond"
            } else {
                "cannot_be_told"
            };
            *shares.entry(stand).or_default() += WEIGHTS[device];
        }
        near(&line["mean_us"], (logs / weights).exp(), 1e-6, model);
        assert_eq!(line["worst_device"], format!("phone-{}", worst.0));
        near(&line["worst_us"], worst.1 / 1e3, 1e-9, model);
        let all: f64 = WEIGHTS.iter().sum();
        for name in ["within", "cannot_be_told", "beyond", "not_measured"] {
            let expected = shares.get(name).copied().unwrap_or(0.0) / all;
            let found = line["share_of_devices"][name].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-9, "{model} {name}: {found}, {expected}");
            assert!(found.is_sign_positive(), "{model} {name}: {found}");
        }
        near(&line["top1_lowest"], fleet.top1[model], 1e-9, model);
    }
    // The limit is not a formality: it parts the devices.
    let within = lines[0]["share_of_devices"]["within"].as_f64().unwrap();
    assert!(within > 0.3 && within < 0.9, "{within}");

    // The other forms say the same.
    let files = ["--csv", "fleet.csv", "--markdown", "fleet.md", "--html", "fleet.html"];
    let output = fleet.run("fleet", &[&more[..], &files[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = printed(&output);
    assert!(text.contains("10 devices of 3 classes") && text.contains("phone-9"), "{text}");
    let folder = fleet.folder.path();
    let mut table = csv::Reader::from_path(folder.join("fleet.csv")).unwrap();
    let rows: Vec<HashMap<String, String>> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), MODELS.len() * DEVICES);
    for (index, row) in rows.iter().enumerate() {
        let cell = &lines[index / DEVICES]["devices"][index % DEVICES]["measured"];
        assert_eq!(row["device"], format!("phone-{}", index % DEVICES));
        match cell["value_us"].as_f64() {
            Some(value) => assert_eq!(row["latency_us"].parse::<f64>().unwrap(), value),
            None => assert_eq!((row["latency_us"].as_str(), row["case"].as_str()), ("", "")),
        }
    }
    let markdown = fs::read_to_string(folder.join("fleet.md")).unwrap();
    let page = fs::read_to_string(folder.join("fleet.html")).unwrap();
    for expected in ["phone-9", CLASSES[1], MODELS[1]] {
        assert!(markdown.contains(expected) && page.contains(expected), "{expected}");
    }
    assert!(
        page.contains("Content-Security-Policy") && !page.contains("://"),
        "it loads something"
    );

    // A tail in place of the median: its fastest case may be another.
    let output = fleet.run("fleet", &["--tail", "p90", "--json"]);
    let report: Value = serde_json::from_str(&printed(&output)).unwrap();
    for (line, model) in report["models"].as_array().unwrap().iter().zip(MODELS) {
        for device in 0..DEVICES {
            let of_model = fleet.cases[device].iter().filter(|case| case.model == model);
            let Some(p90) = of_model.map(|case| case.p90).min_by(f64::total_cmp) else { continue };
            near(&line["devices"][device]["measured"]["value_us"], p90 / 1e3, 1e-9, model);
        }
    }
}

/// A case with what it is on each device that measured it.
fn by_case(fleet: &Fleet) -> Vec<(String, Vec<Option<&Case>>)> {
    let names: Vec<String> = fleet.cases[0].iter().map(|case| case.name.clone()).collect();
    let on = |name: &String| {
        let of_device = |cases: &'_ Vec<Case>| cases.iter().position(|case| case.name == *name);
        (0..DEVICES)
            .map(|device| of_device(&fleet.cases[device]).map(|at| &fleet.cases[device][at]))
            .collect::<Vec<Option<&Case>>>()
    };
    names.iter().map(|name| (name.clone(), on(name))).collect()
}

#[test]
fn slow_a_fleet_decides_as_brute_force_does() {
    let fleet = Fleet::new();
    let limit_ms = fleet.budget_ms(MODELS[0]) * 3.0;
    let all: f64 = WEIGHTS.iter().sum();
    for (rule, needed) in
        [("all", 1.0), ("worst", 1.0), ("share:0.85", 0.85), ("share:50%", 0.5), ("share:0.2", 0.2)]
    {
        for limit in [None, Some(limit_ms)] {
            let mut best: Option<(f64, String)> = None;
            let mut may_fit = false;
            for (name, on) in by_case(&fleet) {
                let (mut kept, mut unknown) = (0.0, 0.0);
                let (mut logs, mut weights, mut worst) = (0.0, 0.0, 0.0_f64);
                for (device, case) in on.iter().enumerate() {
                    let Some(case) = case else { continue };
                    let (low, high) = fleet.interval(case);
                    let limit = limit.map_or(f64::INFINITY, |ms| ms * 1e3);
                    if high <= limit {
                        kept += WEIGHTS[device];
                    } else if low <= limit {
                        unknown += WEIGHTS[device];
                    }
                    logs += WEIGHTS[device] * case.p50.ln();
                    weights += WEIGHTS[device];
                    worst = worst.max(case.p50);
                }
                let score = if rule == "worst" { worst.ln() } else { logs / weights };
                if kept / all >= needed - 1e-9 {
                    if best.as_ref().is_none_or(|(least, _)| score < *least) {
                        best = Some((score, name));
                    }
                } else if (kept + unknown) / all >= needed - 1e-9 {
                    may_fit = true;
                }
            }
            let text = limit.map(|ms| ms.to_string());
            let mut more = vec![
                "--fleet",
                rule,
                "--device-weights",
                "weights.csv",
                "--json",
                "--weight",
                "latency_p50_us=1",
            ];
            more.extend(text.iter().flat_map(|text| ["--max-latency-ms", text]));
            let output = fleet.run("pick", &more);
            let answer: Value = serde_json::from_str(&printed(&output))
                .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
            let at = format!("{rule} {limit:?}: {answer:#}");
            match best {
                Some((_, name)) => {
                    assert_eq!(answer["answer"], "model", "{at}");
                    assert_eq!(answer["choice"]["case"], name.as_str(), "{at}");
                    assert_eq!(output.status.code(), Some(0));
                }
                None => {
                    let expected = if may_fit { "cannot_be_told" } else { "none_fits" };
                    assert_eq!(answer["answer"], expected, "{at}");
                    assert_eq!(output.status.code(), Some(1));
                }
            }
        }
    }
}

#[test]
fn slow_each_class_gets_its_own_choice_and_settings() {
    let fleet = Fleet::new();
    let folder = fleet.folder.path();
    let more = ["--fleet", "worst", "--by-class", "--weight", "latency_p50_us=1"];
    let output = fleet.run("pick", &[&more[..], &["--settings", "choice.json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = printed(&output);
    for class in CLASSES {
        assert!(text.contains(&format!("{class}:\n")), "{text}");
        let plain = class.to_lowercase().replace(' ', "-");
        let path = folder.join(format!("choice-{plain}.json"));
        let settings: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // The best on its worst device, of those cases that every device of the class has.
        let mine = (0..DEVICES).filter(|device| CLASSES[device % 3] == class);
        let devices: Vec<usize> = mine.collect();
        let worst = |name: &str| -> Option<(usize, f64)> {
            let of = |device: &usize| {
                let case = fleet.cases[*device].iter().find(|case| case.name == name)?;
                Some((*device, case.p50))
            };
            let all: Option<Vec<(usize, f64)>> = devices.iter().map(of).collect();
            all?.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let names = by_case(&fleet);
        let best = names
            .iter()
            .filter_map(|(name, _)| Some((name, worst(name)?)))
            .min_by(|a, b| a.1.1.total_cmp(&b.1.1))
            .unwrap();
        let threads = best.0.rsplit_once(" x").unwrap().1;
        assert_eq!(settings["threads"].to_string(), threads, "{class}");
        assert_eq!(settings["measured"]["cpu"], class);
        // It promises what its slowest device keeps.
        assert_eq!(settings["measured"]["device"], format!("phone-{}", best.1.0));
        let promise = &settings["promised"][0];
        assert_eq!(promise["column"], "latency_p50_us");
        near(&promise["value"], best.1.1 / 1e3, 1e-9, class);
    }
}

#[test]
fn what_is_no_fleet_is_refused_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let example = common::repository().join("tests/fixtures");
    let copy = |name: &str, change: &dyn Fn(&mut Value)| -> PathBuf {
        let mut entries = journal(&example.join("journal-1.jsonl"));
        change(&mut entries[0]);
        let to = folder.join(name);
        fs::create_dir(&to).unwrap();
        let lines: Vec<String> = entries.iter().map(Value::to_string).collect();
        fs::write(to.join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
        to
    };
    copy("one", &|header| header["run_id"] = json!("one"));
    copy("same", &|header| header["run_id"] = json!("one"));
    copy("two", &|header| header["run_id"] = json!("two"));
    copy("other", &|header| {
        header["run_id"] = json!("other");
        header["models"][0]["sha256"] = json!("00".repeat(32));
    });
    let refused = |arguments: &[&str]| {
        let output = shutterbench_in(folder, arguments);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        text
    };
    let text = refused(&["fleet", "one", "same"]);
    assert!(text.contains("one and same are the same run"), "{text}");
    let text = refused(&["fleet", "one", "other"]);
    assert!(text.contains("is another file in one and in other"), "{text}");
    copy("part", &|header| {
        header["run_id"] = json!("part");
        header["options"]["cases"] = json!({ "partition": "slice:1/2", "positions": [0] });
    });
    let text = refused(&["fleet", "one", "part"]);
    assert!(text.contains("part is part slice:1/2 of a run"), "{text}");
    let text = refused(&["pick", "one", "two"]);
    assert!(text.contains("there are 2 devices (one, two); name one with --device"), "{text}");
    fs::write(folder.join("weights.csv"), "device,weight\none,1\n").unwrap();
    let text = refused(&["fleet", "one", "two", "--device-weights", "weights.csv"]);
    assert!(text.contains("weights.csv has no weight for device two"), "{text}");

    // Both are called 'local': they get their folders' names.
    let output = shutterbench_in(folder, &["fleet", "one", "two", "--json"]);
    let report: Value = serde_json::from_str(&printed(&output)).unwrap();
    let names: Vec<&str> = report["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one", "two"]);
}
