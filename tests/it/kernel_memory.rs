//! A worker that the kernel ends for want of memory, in a control group that has little.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shutterbench::record::status::Status;
use shutterbench::report::csv;
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

const MEMORY_BYTES: u64 = 600 << 20;

/// A control group with little memory, which ends with the test.
struct Group(PathBuf);

impl Group {
    /// `None` after a skip if this process may not make one.
    fn new() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let of_first = own.lines().find_map(|line| line.split_once(":memory:/"));
        let of_second = own.lines().find_map(|line| line.strip_prefix("0::/"));
        let (above, limit) = match (of_first, of_second) {
            (Some((_, path)), _) => {
                (Path::new("/sys/fs/cgroup/memory").join(path), "memory.limit_in_bytes")
            }
            (None, Some(path)) => (Path::new("/sys/fs/cgroup").join(path), "memory.max"),
            (None, None) => (PathBuf::new(), ""),
        };
        let folder = above.join(format!("shutterbench-test-{}", std::process::id()));
        let made = fs::create_dir(&folder)
            .and_then(|()| fs::write(folder.join(limit), MEMORY_BYTES.to_string()));
        let group = Self(folder);
        match made {
            Ok(()) => Some(group),
            Err(error) => {
                common::skip(&format!("no control group with a limit can be made here: {error}"));
                None
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_case_that_the_kernel_ends_for_want_of_memory_is_not_tried_again() {
    let Some(library) = common::softmax_delegate() else { return };
    let Some(group) = Group::new() else { return };
    let root = TempDir::new().unwrap();
    let folder = root.path().join("run");
    let delegates = format!("none,external:{}?fault=alloc&at=5", library.display());
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >\"$0\" && exec \"$@\""]).arg(group.0.join("cgroup.procs"));
    command.arg(env!("CARGO_BIN_EXE_shutterbench")).args(["run", "--quiet", "--backend", "tflite"]);
    command.args(["--model", "fmnist_mobilenet_v1_0.25_f32", "--no-accuracy", "--runs", "30"]);
    command.args(["--processes", "1", "--delegate", &delegates, "--out"]).arg(&folder);
    let output = command.timely_output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let statuses = || {
        let rows = csv::read_results(&folder.join("results.csv")).unwrap();
        rows.into_iter().map(|row| row.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(), [Status::Ok, Status::OutOfMemory], "{said}");

    let journal = || fs::read(folder.join("journal.jsonl")).unwrap();
    let before = journal();
    let mut command = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    let output = command.args(["run", "--quiet", "--resume"]).arg(&folder).timely_output();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("already finished"), "{said}");
    assert!(journal() == before && statuses()[1] == Status::OutOfMemory);
}
