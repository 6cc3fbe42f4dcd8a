//! Ways to a board that are not ssh's usual one: an sshd without SFTP, a port and an IPv6
//! address in the name.

use std::fs;
use std::path::Path;

use crate::common::TimelyOutput;
use crate::lab::{Lab, rows, text};
use crate::ssh::{Board, MODEL, PORT, Settings};

const OPTIONS: [&str; 8] =
    ["--backend", "tract", "--runs", "5", "--processes", "1", "--images", "30"];

/// A sweep on a board, whose predictions are those of this machine.
fn sweep(lab: &Lab, board: &Board<'_>, host: &str) {
    let out = lab.folder.path().join("run");
    let mut command = board.run(host, &MODEL);
    let output = command.args(OPTIONS).arg("--out").arg(&out).timely_output();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let device = format!("ssh:{host}");
    let row = &rows(&out)[0];
    assert_eq!((row["device"].as_str(), row["status"].as_str()), (device.as_str(), "ok"));
    assert_eq!((row["runs"].as_str(), row["images"].as_str()), ("5", "30"));
    let here = lab.folder.path().join("here");
    let mut command = lab.inside(env!("CARGO_BIN_EXE_shutterbench"));
    command.arg("run").args(MODEL).args(OPTIONS).arg("--no-latency");
    assert!(command.arg("--out").arg(&here).timely_output().status.success());
    let predictions = |folder: &Path| fs::read_to_string(folder.join("predictions.csv")).unwrap();
    assert_eq!(predictions(&out).replace(&device, "local"), predictions(&here));
}

#[test]
fn a_board_without_sftp_gets_its_files_through_the_shell() {
    let Some(lab) = Lab::open() else { return };
    let settings = Settings { address: "127.0.0.1", sftp: false };
    let Some(board) = Board::with(&lab, &settings) else { return };
    let file = lab.folder.path().join("file");
    fs::write(&file, "content").unwrap();
    let mut scp = board.with_settings(lab.inside("scp"));
    let output = scp.arg(&file).arg("board:/mnt/file").timely_output();
    assert!(!output.status.success(), "scp itself cannot");
    sweep(&lab, &board, "board");

    // Nor has it tar: that is said, with what to do.
    board.on("rm -rf /mnt/shutterbench; mount --bind /dev/null $(readlink -f $(command -v tar))");
    let out = lab.folder.path().join("again");
    let output = board.run("board", &MODEL).args(OPTIONS).arg("--out").arg(&out).timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("neither SFTP nor tar; install one of them"), "{said}");
}

#[test]
fn a_port_and_an_ipv6_address_are_taken_from_the_name() {
    let Some(lab) = Lab::open() else { return };
    let settings = Settings { address: "::1", sftp: true };
    let Some(board) = Board::with(&lab, &settings) else { return };
    sweep(&lab, &board, &format!("//root@[::1]:{PORT}"));
    let output = board.run("//root@[::1]:9", &MODEL).args(OPTIONS).timely_output();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("device ssh://root@[::1]:9 could not be reached"), "{said}");
    assert!(said.contains("'ssh -p 9 root@::1' works here"), "{said}");
}
