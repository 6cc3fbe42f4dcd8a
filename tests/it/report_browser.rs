//! What a reader of report.html sees, in headless Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use shutterbench::decide::comparison as compare;
use shutterbench::record::run::Run;
use shutterbench::record::status::Status;
use shutterbench::report::html::side_by_side_page;

use crate::common::{TimelyOutput, repository, skip};
use crate::report_common::{Shape, change_runs, run};

fn chromium() -> Option<PathBuf> {
    let named = env::var_os("SHUTTERBENCH_CHROMIUM").map(PathBuf::from);
    let on_path = env::split_paths(&env::var_os("PATH")?)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|n| folder.join(n))
        })
        .find(|path| path.is_file());
    named.or(on_path)
}

/// Every kind of ending, so that the page has to show each.
fn plain() -> Run {
    let mut run = run(&Shape::default());
    run.cases[3].status = Status::Crashed;
    run.cases[3].error = Some("its process was terminated by SIGSEGV".into());
    run.cases[3].visits.clear();
    let coverage = run.cases[4].coverage.as_mut().unwrap();
    coverage.nodes_delegated = Some(12);
    coverage.partitions = Some(3);
    coverage.status = Some(shutterbench::record::coverage::DelegateStatus::Partial);
    run.accuracies[3].agreement.as_mut().unwrap().top1 = 0.31;
    run
}

fn hostile() -> Run {
    let attack = "<script>globalThis.hacked = 1</script>";
    let models = vec![
        attack.into(),
        format!("\"><img src=x onerror='globalThis.hacked=1'>_int8"),
        "=1+1 </script><!-- 😀 &lt;_int8".into(),
        "very_long_".repeat(21),
    ];
    let mut run = run(&Shape { models, ..Shape::default() });
    run.header.run_id = attack.into();
    run.header.host.cpu = attack.into();
    run.header.assumptions.push(attack.into());
    for model in &mut run.header.models {
        model.signature.labels = Some(vec![attack.into(); 10]);
        model.description.source = Some(attack.into());
    }
    run.cases[0].status = Status::Failed;
    run.cases[0].error = Some(attack.into());
    run
}

/// 500 cases and 1,000,000 samples.
fn big() -> Run {
    let models = (0..125).map(|i| format!("model_{i:03}_{}", ["f32", "int8"][i % 2])).collect();
    let shape = Shape {
        models,
        rounds: 40,
        samples_per_round: 50,
        images: 500,
        classes: 1000,
        ..Shape::default()
    };
    let run = run(&shape);
    let samples: usize = run.cases.iter().flat_map(|c| &c.visits).map(|v| v.block.runs()).sum();
    assert_eq!((run.cases.len(), samples), (500, 1_000_000));
    run
}

/// 10,000 cases.
fn huge() -> Run {
    let models = (0..2500).map(|i| format!("model_{i:04}_{}", ["f32", "int8"][i % 2])).collect();
    let shape = Shape { models, rounds: 3, samples_per_round: 5, images: 20, ..Shape::default() };
    let run = run(&shape);
    assert_eq!(run.cases.len(), 10_000);
    run
}

/// The page of several runs: half of the second's cases are slower.
fn write_side_by_side(folder: &Path, name: &str, base: &Run) {
    let page = side_by_side_page::page(&[base.clone(), half_slower(base), base.clone()]);
    fs::write(folder.join(name), page).unwrap();
}

fn half_slower(base: &Run) -> Run {
    let mut new = base.clone();
    for visit in new.cases.iter_mut().step_by(2).flat_map(|case| &mut case.visits) {
        change_runs(visit, |block| {
            block.latency_ns.iter_mut().for_each(|ns| *ns = *ns * 6 / 5);
        });
    }
    new
}

fn write(folder: &Path, name: &str, run: &Run) {
    let start = Instant::now();
    shutterbench::report::run_files::write_all(run, &folder.join(name)).unwrap();
    println!("{name}: written in {:.2} s", start.elapsed().as_secs_f64());
}

/// A comparison with the same run, half of whose cases became slower.
fn write_comparison(folder: &Path, name: &str, base: &Run) {
    let new = half_slower(base);
    let compared =
        shutterbench::decide::compare::compare(base, &new, compare::CompareOptions::default());
    assert!(compared.is_regression());
    fs::write(
        folder.join(name),
        shutterbench::report::html::comparison_page::page(std::slice::from_ref(&compared)),
    )
    .unwrap();
}

/// Writes pages into a folder and checks one kind of them in Chromium, if it is there.
fn check(kind: &str, write_pages: impl FnOnce(&Path)) {
    let browser = repository().join("tests/browser");
    if !browser.join("node_modules/playwright-core").is_dir() {
        return skip(
            "the npm packages of tests/browser are not installed; scripts/test installs them",
        );
    }
    let Some(chromium) = chromium() else { return skip("no Chromium on the path") };
    let folder = repository().join("build/browser");
    fs::create_dir_all(&folder).unwrap();
    write_pages(&folder);
    let node = Command::new("node")
        .arg(browser.join("check.mjs"))
        .args([&folder, &chromium])
        .arg(kind)
        .output_if_there();
    let Some(node) = node else { return skip("no Node.js on the path") };
    let said =
        String::from_utf8_lossy(&node.stdout).into_owned() + &String::from_utf8_lossy(&node.stderr);
    println!("{said}");
    assert!(node.status.success(), "{said}");
}

#[test]
fn the_page_is_right_in_chromium() {
    check("usual", |folder| {
        write(folder, "plain", &plain());
        write(folder, "hostile", &hostile());
        write(folder, "big", &big());
        write_side_by_side(folder, "side.html", &plain());
        write_side_by_side(folder, "side-hostile.html", &hostile());
        write_comparison(folder, "compared.html", &plain());
        write_comparison(folder, "compared-hostile.html", &hostile());
    });
}

#[test]
fn slow_pages_of_ten_thousand_cases_are_usable_in_chromium() {
    check("huge", |folder| {
        let huge = huge();
        write(folder, "huge", &huge);
        write_side_by_side(folder, "side-huge.html", &huge);
    });
}
