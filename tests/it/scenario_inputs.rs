//! What the workers of scenarios are given, read from the requests that they receive.

use std::fs;
use std::io::{BufReader, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use shutterbench::worker::protocol::{Request, read_frame};
use tempfile::TempDir;

use crate::common::TimelyOutput;

/// The requests that a worker received, with their payloads.
fn requests(file: &Path) -> Vec<(Request, Vec<u8>)> {
    let mut file = BufReader::new(fs::File::open(file).unwrap());
    let mut requests = Vec::new();
    loop {
        match read_frame::<Request>(&mut file) {
            Ok(Some(request)) => requests.push(request),
            Ok(None) => return requests,
            // A worker is ended when its last reply is there.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return requests,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn runs_after_those_on_photos_have_the_stated_input_again() {
    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("requests");
    fs::create_dir(&kept).unwrap();
    // The same program, whose requests are kept on the way to it.
    let program = folder.path().join("program");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = worker ]; then\n  cd '{}' && mkfifo $$.pipe && exec 3<&0\n  tee $$.asked <&3 >$$.pipe &\n  exec '{program}' \"$@\" <$$.pipe 3<&-\nfi\nexec '{program}' \"$@\"\n",
        kept.display(),
        program = env!("CARGO_BIN_EXE_shutterbench"),
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args([
            "run",
            "--quiet",
            "--backend",
            "tract",
            "--model",
            "fmnist_mobilenet_v1_0.25_f32_onnx",
        ])
        .args(["--warmup", "1", "--processes", "1", "--runs", "10", "--images", "10"])
        .args(["--end-to-end", "--rate", "200", "--seed", "1", "--against"])
        .arg(&program)
        .arg("--out")
        .arg(folder.path().join("run"))
        .timely_output();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (mut stated, mut timed_after_photos) = (Vec::new(), 0);
    for entry in fs::read_dir(&kept).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "asked") {
            continue;
        }
        let mut were_photos = false;
        for (request, payload) in requests(&path) {
            match request {
                Request::SetInputs => {
                    stated.push(payload);
                    were_photos = false;
                    continue;
                }
                Request::EndToEnd(_) => were_photos = true,
                Request::Visit(_) | Request::Paced(_) => {
                    assert!(!were_photos, "a run on what the photos left in {}", path.display());
                    timed_after_photos += usize::from(stated.len() > 1);
                }
                _ => {}
            }
        }
    }
    // Five rounds of three scenarios each in random order: in some the photos were not the last.
    assert!(timed_after_photos > 0 && stated.len() > 6, "{} inputs", stated.len());
    assert!(stated.iter().all(|input| *input == stated[0]), "the same input each time");
}
