//! A program for a device that is not this build is refused before anything is measured.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use shutterbench::fetch::bring::TARGET;
use shutterbench::record::build;

use crate::common::TimelyOutput;
use crate::lab::{Lab, text};

/// What is said of a run with `program`.
fn refusal(lab: &Lab, serial: &str, program: &[u8]) -> String {
    let folder = lab.folder.path().join("programs").join(TARGET);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("shutterbench");
    fs::write(&path, program).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let out = lab.folder.path().join("run");
    let mut command = lab.run(serial, &["--model", "fmnist_mobilenet_v1_0.25_f32"]);
    command.args(["--backend", "tract", "--no-accuracy", "--out"]).arg(&out);
    command.env("SHUTTERBENCH_PROGRAMS", lab.folder.path().join("programs"));
    let output = command.timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!out.join("journal.jsonl").exists() && !out.join("results.csv").exists());
    assert_eq!(lab.on(serial, "ls /mnt/shutterbench/runs"), "", "nothing was begun there");
    said
}

#[test]
fn a_build_of_the_same_version_from_other_sources_is_refused() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    // This very program, but for what it says of its sources.
    let own = fs::read(Path::new(env!("CARGO_BIN_EXE_shutterbench"))).unwrap();
    let (mine, others) = (build::SOURCES.as_bytes(), b"0123456789abcdef");
    let mut other = own.clone();
    let places: Vec<usize> = own
        .windows(mine.len())
        .enumerate()
        .filter(|(_, it)| *it == mine)
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        other[at..at + others.len()].copy_from_slice(others);
    }
    let said = refusal(&lab, &serial, &other);
    assert!(said.contains("is another build"), "{said}");
    assert!(said.contains("sources 0123456789abcdef") && said.contains(build::SOURCES), "{said}");
    assert!(said.contains("scripts/adb/build"), "{said}");
}

#[test]
fn a_program_that_does_not_start_there_is_told_in_its_own_words() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let said = refusal(&lab, &serial, b"#!/bin/sh\necho no such loader >&2\nexit 127\n");
    assert!(said.contains("does not start on device"), "{said}");
    assert!(said.contains("no such loader"), "{said}");
}
