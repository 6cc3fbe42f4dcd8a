//! Labels of images in archives and tables, in the places and forms in which people have them.

use std::fs;
use std::path::Path;

use super::made::{Made, bar, images, names, right};
use super::made_parquet::{self, Column};
use crate::common;

type Files = Vec<(String, Vec<u8>)>;

/// An archive of these files.
fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// All images, in a folder of the archive or at its top.
fn photos(folder: &str) -> Files {
    let file = |(number, (path, _)): (usize, (std::path::PathBuf, usize))| {
        (format!("{folder}{number:04}.png"), fs::read(path).unwrap())
    };
    images().into_iter().enumerate().map(file).collect()
}

/// The images of an archive with one more file.
fn with(folder: &str, name: &str, text: String) -> Vec<u8> {
    archive(&[photos(folder), vec![(name.to_owned(), text.into_bytes())]].concat())
}

fn lines(line: impl Fn(usize, usize) -> String) -> String {
    images().into_iter().enumerate().map(|(number, (_, class))| line(number, class)).collect()
}

#[test]
fn an_archive_may_hold_a_table_of_its_labels() {
    let bar = bar();
    let names = names();
    let made = Made::new();
    let all = [
        with(
            "",
            "labels.csv",
            format!("file,label\n{}", lines(|n, c| format!("{n:04}.png,{c}\n"))),
        ),
        with(
            "mine/images/",
            "mine/labels.csv",
            format!("Bild;Klasse\n{}", lines(|n, c| format!("images/{n:04}.png;{}\n", names[c]))),
        ),
        with("", "val.txt", lines(|n, c| format!("{n:04}.png {c}\n"))),
        with("", "labels.json", {
            let pairs = lines(|n, c| format!("\"{n:04}.png\": {c},"));
            format!("{{{}}}", pairs.trim_end_matches(','))
        }),
    ];
    for (place, bytes) in all.into_iter().enumerate() {
        made.put("some.tar", bytes);
        let run = made.run_on(&made.root().join("some.tar"), &[]).unwrap();
        assert_eq!(right(&run), bar, "{place}");
    }
    let table = |n: usize, c: usize| format!("{n:04}.png,{c}\n");
    let second = ("other.csv".to_owned(), lines(table).into_bytes());
    let two = [photos(""), vec![second.clone(), ("more.csv".into(), second.1)]].concat();
    made.put("two.tar", archive(&two));
    let refused = made.run_on(&made.root().join("two.tar"), &[]).unwrap_err();
    assert!(refused.contains("several tables of labels (other.csv, more.csv)"), "{refused}");
}

#[test]
fn a_text_beside_each_image_may_be_its_class() {
    let bar = bar();
    let names = names();
    let made = Made::new();
    let texts = images().into_iter().enumerate().map(|(number, (_, class))| {
        (format!("{number:04}.txt"), format!("\u{feff}{}\r\n", names[class]).into_bytes())
    });
    made.put("texts.tar", archive(&[photos(""), texts.collect()].concat()));
    assert_eq!(right(&made.run_on(&made.root().join("texts.tar"), &[]).unwrap()), bar);
}

#[test]
fn archives_that_were_joined_and_ones_of_old_programs_are_read_whole() {
    let bar = bar();
    let made = Made::new();
    let classes = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| (format!("{number:04}.cls"), class.to_string().into_bytes()));
    let mut files = [photos(""), classes.collect()].concat();
    files.sort();
    let (first, second) = files.split_at(files.len() / 2);
    made.put("joined.tar", [archive(first), archive(second)].concat());
    assert_eq!(right(&made.run_on(&made.root().join("joined.tar"), &[]).unwrap()), bar);
    let mut old = tar::Builder::new(Vec::new());
    for (name, bytes) in &files {
        let mut header = tar::Header::new_old();
        header.set_path(name).unwrap();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        old.append(&header, bytes.as_slice()).unwrap();
    }
    made.put("old.tar", old.into_inner().unwrap());
    assert_eq!(right(&made.run_on(&made.root().join("old.tar"), &[]).unwrap()), bar);
}

#[test]
fn what_is_packed_or_cut_short_is_named() {
    let made = Made::new();
    for (name, start, word) in [
        ("x.tar.bz2", &b"BZh91AY"[..], "packed (bzip2); unpack it first"),
        ("x.tar.xz", b"\xfd7zXZ\0", "packed (xz)"),
        ("x.tar.zst", b"\x28\xb5\x2f\xfd", "packed (zstd)"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c", "packed (7z)"),
    ] {
        made.put(name, start);
        let refused = made.run_on(&made.root().join(name), &[]).unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    let whole = fs::read(common::repository().join("tests/parquet/struct.parquet")).unwrap();
    for length in [whole.len() / 2, whole.len() - 8, 4] {
        made.put("cut.parquet", &whole[..length]);
        let refused = made.run_on(&made.root().join("cut.parquet"), &[]).unwrap_err();
        assert!(refused.contains("is cut short: a Parquet file ends with PAR1"), "{refused}");
    }
    // One of several that is damaged is not passed over.
    made.put("set/test-0.parquet", &whole);
    made.put("set/test-1.parquet", b"version https://git-lfs.github.com/spec/v1\n");
    let refused = made.run_on(&made.root().join("set"), &[]).unwrap_err();
    assert!(refused.contains("test-1.parquet cannot be used"), "{refused}");
}

/// A table of the images with a list of classes for each.
fn lists(path: &Path, of: impl Fn(usize, usize) -> Vec<i64>) {
    let schema = "message schema {
        required binary image;
        optional group labels (LIST) { repeated group list { optional int64 element; } }
    }";
    let lists = images().into_iter().enumerate().map(|(number, (_, class))| of(number, class));
    let columns = [Column::Bytes(made_parquet::photos()), Column::Lists(lists.collect())];
    made_parquet::write(path, schema, &columns);
}

#[test]
fn several_right_classes_in_a_list_all_count() {
    let bar = bar();
    let made = Made::new();
    made.put("x", "");
    let path = made.root().join("lists.parquet");
    lists(&path, |_, class| vec![class as i64]);
    assert_eq!(right(&made.run_on(&path, &[]).unwrap()), bar);
    let marks = |class: usize| (0..10).map(|place| i64::from(place == class)).collect();
    lists(&path, |_, class| marks(class));
    assert_eq!(right(&made.run_on(&path, &[]).unwrap()), bar);
    // Whatever the model says is right for all but the first image, which has no class at all.
    lists(&path, |number, class| match number {
        0 => Vec::new(),
        _ => (0..10).map(|place| (class as i64 + place) % 10).collect(),
    });
    let run = made.run_on(&path, &[]).unwrap();
    assert_eq!(right(&run), (19, 1.0));
    assert!(run["assumptions"].to_string().contains("any of the classes that column 'labels'"));
    assert!(run["dataset"]["left_out"].to_string().contains("1 of 20 images have no class"));
    lists(&path, |_, _| vec![1, 0, 1]);
    let refused = made.run_on(&path, &[]).unwrap_err();
    assert!(refused.contains("column 'labels': it marks none or several"), "{refused}");
}
