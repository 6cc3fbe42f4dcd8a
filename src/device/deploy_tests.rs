//! The scripts that make and clear a folder on a device, run by this machine's shell.

use std::fs;
use std::process::Command;

use super::*;

#[test]
fn free_space_is_read_as_posix_writes_it() {
    // toybox on Android 13, and busybox.
    let android = "Filesystem     1024-blocks    Used Available Capacity Mounted on\n\
        /dev/block/dm-48   111347688 38871812  72344804      35% /data\n";
    assert_eq!(free_bytes(android), Some(72_344_804 << 10));
    assert_eq!(free_bytes("df: not found\n"), None);
}

fn sh(script: &str) {
    let output = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
}

/// What a run pushes: a bundle of each kind, an incomplete one, and the run.
fn brought(root: &RemotePath) {
    let hash = "0123456789abcdef0123";
    sh(&format!("{}; mkdir -p {root}/incoming {root}/runs", marking(root)));
    for kind in BundleKind::VARIANTS {
        sh(&format!("mkdir -p {root}/{kind}/{hash}/deep && : >{root}/{kind}/{hash}/deep/file"));
    }
    sh(&format!("mkdir -p {root}/incoming/model-{hash}-77 {root}/runs/20260102-030405-0a1b2c"));
}

fn names(folder: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter();
    all.map(|entry| entry.unwrap().path().strip_prefix(folder).unwrap().display().to_string())
        .collect()
}

#[test]
fn a_folder_that_was_made_is_removed_whole() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("a/b");
    let root: RemotePath = folder.to_str().unwrap().parse().unwrap();
    brought(&root);
    brought(&root);
    sh(&cleaning(&root));
    assert!(!folder.exists() && above.path().join("a").exists());
    sh(&cleaning(&root));
}

#[test]
fn a_folder_that_was_found_empty_is_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let root: RemotePath = folder.path().to_str().unwrap().parse().unwrap();
    brought(&root);
    sh(&cleaning(&root));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn a_folder_of_somebody_keeps_everything_that_was_not_brought() {
    let home = tempfile::tempdir().unwrap();
    // The mark that earlier builds put into every folder is there too.
    let theirs = [
        "model/mine.tflite",
        "runs/monday/log",
        "dataset/abc/a.jpg",
        ".ssh/id",
        "incoming/mail",
        "made-by-shutterbench",
    ];
    for file in theirs {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "theirs").unwrap();
    }
    let root: RemotePath = home.path().to_str().unwrap().parse().unwrap();
    let before = names(home.path());
    brought(&root);
    assert!(names(home.path()).len() > before.len());
    sh(&cleaning(&root));
    assert_eq!(names(home.path()), before);
}

#[test]
fn a_folder_that_was_filled_since_keeps_what_others_put_there() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("bench");
    let root: RemotePath = folder.to_str().unwrap().parse().unwrap();
    brought(&root);
    fs::write(folder.join("notes.txt"), "theirs").unwrap();
    sh(&cleaning(&root));
    assert_eq!(names(&folder), ["notes.txt"]);
}
