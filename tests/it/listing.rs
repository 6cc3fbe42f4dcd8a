//! A dataset that many machines share is listed once per run: each listing of 50,000 files
//! over a network counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tempfile::TempDir;

use crate::common;
use crate::common::TimelyOutput;

const IMAGES: usize = 40;

/// The first embedded images, with their classes.
fn images() -> Vec<(PathBuf, String)> {
    let from = common::repository().join("models/fashion-mnist/validation");
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let lines = table.lines().skip(1).take(IMAGES).map(|line| line.split_once(',').unwrap());
    lines.map(|(file, class)| (from.join(file), class.to_owned())).collect()
}

fn in_one_folder(folder: &Path) {
    let mut table = "file,class_index\n".to_owned();
    for (image, class) in images() {
        let name = image.file_name().unwrap();
        fs::copy(&image, folder.join(name)).unwrap();
        table += &format!("{},{class}\n", name.to_str().unwrap());
    }
    fs::write(folder.join("labels.csv"), table).unwrap();
}

fn in_class_folders(folder: &Path) {
    for (image, class) in images() {
        fs::create_dir_all(folder.join(&class)).unwrap();
        fs::copy(&image, folder.join(&class).join(image.file_name().unwrap())).unwrap();
    }
}

fn in_an_archive(to: &Path) {
    let mut archive = tar::Builder::new(fs::File::create(to).unwrap());
    for (image, class) in images() {
        let name = Path::new(&class).join(image.file_name().unwrap());
        archive.append_path_with_name(&image, name).unwrap();
    }
    archive.finish().unwrap();
}

/// How often a file or folder is opened while a command runs.
fn openings(of: &Path, command: &mut Command) -> usize {
    let watch = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    // With what ends an opening too: equal events that follow each other become one.
    watch.add_watch(of, AddWatchFlags::IN_OPEN | AddWatchFlags::IN_CLOSE).unwrap();
    let output = command.timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut count = 0;
    loop {
        match watch.read_events() {
            // What is opened inside a folder has a name.
            Ok(events) => {
                let own = events.iter().filter(|event| event.name.is_none());
                count += own.filter(|event| event.mask.contains(AddWatchFlags::IN_OPEN)).count();
            }
            Err(Errno::EAGAIN) => return count,
            Err(error) => panic!("{error}"),
        }
    }
}

fn shutterbench(command: &str, dataset: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shutterbench"));
    program.args([command, "--model", "fmnist_mobilenet_v1_0.25_f32", "--backend", "tract"]);
    program.args(["--no-latency", "--shard", "2/2", "--dataset"]).arg(dataset);
    program
}

fn run(dataset: &Path, out: &Path) -> Command {
    let mut command = shutterbench("run", dataset);
    command.args(["--quiet", "--continue", "--out"]).arg(out);
    command
}

/// Takes its end away from a run, so that it goes on.
fn cut(out: &Path) {
    let path = out.join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let ends = ["\"entry\":\"finished\"", "\"entry\":\"subject_ended\""];
    let kept = text.lines().filter(|line| ends.iter().all(|end| !line.contains(end)));
    fs::write(&path, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

#[test]
fn a_shared_folder_is_listed_once_and_again_only_by_another_run() {
    let root = TempDir::new().unwrap();
    let flat = root.path().join("flat");
    let classes = root.path().join("classes");
    let unpacked = root.path().join("unpacked");
    for folder in [&flat, &classes, &unpacked.join("set")] {
        fs::create_dir_all(folder).unwrap();
    }
    in_one_folder(&flat);
    in_class_folders(&classes);
    in_class_folders(&unpacked.join("set"));
    for (dataset, listed) in
        [(&flat, flat.clone()), (&classes, classes.join("9")), (&unpacked, unpacked.join("set/9"))]
    {
        let out = root.path().join(format!("run-{}", dataset.file_name().unwrap().display()));
        assert_eq!(openings(&listed, &mut run(dataset, &out)), 1, "{}", listed.display());
        let rows = fs::read_to_string(out.join("results.csv")).unwrap();
        assert!(rows.contains(&format!(",{},", IMAGES / 2)), "{rows}");
        cut(&out);
        assert_eq!(openings(&listed, &mut run(dataset, &out)), 1, "{}", listed.display());
    }
}

#[test]
fn an_archive_or_a_parquet_file_is_listed_once() {
    let root = TempDir::new().unwrap();
    let (archive, parquet) = (root.path().join("images.tar"), root.path().join("images.parquet"));
    in_an_archive(&archive);
    fs::copy(common::repository().join("tests/parquet/struct.parquet"), &parquet).unwrap();
    for dataset in [&archive, &parquet] {
        let once = openings(dataset, &mut shutterbench("plan", dataset));
        let out = root.path().join(format!("run-{}", dataset.file_name().unwrap().display()));
        assert_eq!(openings(dataset, &mut run(dataset, &out)), once, "{}", dataset.display());
        cut(&out);
        assert_eq!(openings(dataset, &mut run(dataset, &out)), once, "{}", dataset.display());
    }
}
