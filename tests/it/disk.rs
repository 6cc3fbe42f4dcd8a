//! A full or read-only disk is one clear sentence, and nothing that was
//! measured is lost.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::common;
use crate::common::{TimelyOutput, said};

/// Runs a shell script as root of its own mount namespace, with `$DISK` an empty folder, `$PROGRAM`
/// the program and `$RUN` its run command. `None` after a skip if the system does not allow
/// namespaces.
pub fn with_disk(script: &str) -> Option<Output> {
    let possible =
        Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output_if_there();
    if !possible.is_some_and(|output| output.status.success()) {
        common::skip("this system gives no mount namespace ('unshare --map-root-user --mount')");
        return None;
    }
    let folder = TempDir::new().unwrap();
    let run = format!(
        "{} run --quiet --backend tract --no-accuracy --warmup 1 --processes 1",
        env!("CARGO_BIN_EXE_shutterbench")
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-euc", script])
        .env("DISK", folder.path())
        .env("PROGRAM", env!("CARGO_BIN_EXE_shutterbench"))
        .env("RUN", run)
        .timely_output();
    Some(output)
}

#[test]
fn a_full_disk_keeps_the_journal_and_the_run_goes_on_where_there_is_room() {
    let Some(output) = with_disk(
        r#"
        mount -t tmpfs -o size=64k tmpfs "$DISK"
        code=0
        $RUN --model fmnist_mobilenet_v1_0.25_f32 --runs 40000 --out "$DISK/run" || code=$?
        test "$code" = 2
        mount -o remount,size=64m "$DISK"
        "$PROGRAM" run --quiet --resume "$DISK/run"
        grep -q ",ok," "$DISK/run/results.csv"
        "#,
    ) else {
        return;
    };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("could not write") && said.contains("--resume"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_read_only_disk_is_named() {
    let Some(output) = with_disk(
        r#"
        mount -t tmpfs -o ro tmpfs "$DISK"
        code=0
        $RUN --model fmnist_mobilenet_v1_0.25_f32 --runs 3 --out "$DISK/run" || code=$?
        test "$code" = 2
        "#,
    ) else {
        return;
    };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("could not create the run's folder") && said.contains("--out"), "{said}");
}

#[test]
fn a_folder_without_permission_is_named() {
    let Some(output) = with_disk(
        r#"
        mkdir "$DISK/closed" "$DISK/kept"
        chmod 0500 "$DISK/closed"
        # Root passes every permission by a capability; without it, it is anybody.
        anybody="setpriv --bounding-set=-dac_override,-dac_read_search"
        code=0
        $anybody $RUN --model fmnist_mobilenet_v1_0.25_f32 --runs 3 --out "$DISK/closed/run" || code=$?
        test "$code" = 2
        $RUN --model fmnist_mobilenet_v1_0.25_f32 --runs 3 --out "$DISK/kept/run"
        cp "$DISK/kept/run/results.csv" "$DISK/before.csv"
        chmod 0500 "$DISK/kept/run"
        chmod 0000 "$DISK/kept/run/lock"
        code=0
        $anybody "$PROGRAM" report "$DISK/kept/run" || code=$?
        test "$code" = 2
        code=0
        $anybody "$PROGRAM" run --quiet --resume "$DISK/kept/run" || code=$?
        test "$code" = 2
        cmp "$DISK/before.csv" "$DISK/kept/run/results.csv"
        chmod -R u+rwX "$DISK"
        "#,
    ) else {
        return;
    };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("could not create the run's folder"), "{said}");
    assert!(said.contains("could not write in the run's folder"), "{said}");
    assert!(said.matches("Permission denied").count() >= 3, "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
