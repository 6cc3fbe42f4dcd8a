//! One command that a scheduler may repeat, for runs on devices.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::faults::{LONG, assert_complete, blocks_there};
use crate::lab::{Lab, Running, rows, until};

fn command(lab: &Lab, devices: &str, out: &Path, more: &[&str]) -> Command {
    let mut command = lab.run(devices, &["--continue"]);
    command.args(LONG).arg(out).args(more);
    command
}

fn finish(lab: &Lab, devices: &str, out: &Path, more: &[&str]) -> (Option<i32>, String) {
    Running::start(&mut command(lab, devices, out, more)).finish()
}

/// Begins, and ends what runs here without a word once something was measured there.
fn begin_and_kill(lab: &Lab, devices: &str, out: &Path, measured: impl Fn() -> bool) {
    let mut running = Running::start(&mut command(lab, devices, out, &[]));
    running.wait_for("parts pushed");
    until("a block", measured);
    // A twin of it, as a scheduler may start one that took the first for dead.
    let (code, said) = finish(lab, devices, out, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("another shutterbench is writing"), "{said}");
    kill(Pid::from_raw(i32::try_from(running.id()).unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(running.finish().0, None);
}

#[test]
fn one_command_begins_goes_on_and_is_done_on_a_device() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    begin_and_kill(&lab, &serial, &out, || blocks_there(&lab, &serial) > 0);
    for (option, words) in [
        (["--seed", "9"], "--seed was not given, now it is 9"),
        (["--device-folder", "/mnt/other"], "--device-folder /mnt/shutterbench; give that"),
    ] {
        let (code, said) = finish(&lab, &serial, &out, &option);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let (code, said) = finish(&lab, &serial, &out, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(": 0 of "), "nothing is pushed again: {said}");
    assert_complete(&out);
    let journal = || fs::read(out.join("journal.jsonl")).unwrap();
    let before = journal();
    let (code, said) = finish(&lab, &serial, &out, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("already finished"), "{said}");
    assert!(journal() == before);
    assert_eq!(lab.processes(), Vec::<String>::new());
}

#[test]
fn a_device_that_lost_everything_is_given_it_again() {
    let Some(mut lab) = Lab::open() else { return };
    let serial = lab.device("size=300m", &[]);
    let out = lab.folder.path().join("run");
    begin_and_kill(&lab, &serial, &out, || blocks_there(&lab, &serial) > 0);
    until("an end of the run there", || lab.processes().is_empty());
    lab.on(&serial, "rm -rf /mnt/shutterbench");
    let (code, said) = finish(&lab, &serial, &out, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_complete(&out);
}

#[test]
fn several_devices_go_on_together_and_become_one_run() {
    let Some(mut lab) = Lab::open() else { return };
    let getprop = "[ro.build.version.release]: [14]\n[ro.product.model]: [Pixel 7]\n";
    let one = lab.device("size=300m", &[("getprop", getprop)]);
    let other = lab.device("size=300m", &[]);
    let both = format!("{one},{other}");
    let out = lab.folder.path().join("run");
    let measured = || blocks_there(&lab, &one) > 0 && blocks_there(&lab, &other) > 0;
    begin_and_kill(&lab, &both, &out, measured);
    let (code, said) = finish(&lab, &one, &out, &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("device {other}, which you did not name")), "{said}");
    for _ in 0..2 {
        let (code, said) = finish(&lab, &both, &out, &[]);
        assert_eq!(code, Some(0), "{said}");
        let rows = rows(&out);
        assert_eq!(rows.len(), 4);
        for serial in [&one, &other] {
            assert_eq!(rows.iter().filter(|row| row["device"] == *serial).count(), 2);
        }
    }
}
