//! Datasets in one file: Parquet tables and tar archives.

use std::fs;
use std::path::Path;

use super::made::{Made, bar, images, names, right};
use super::made_parquet::{self, Column};
use crate::common;

#[test]
fn parquet_and_tar_are_read_without_unpacking() {
    let bar = bar();
    let made = Made::new();
    let fixtures = common::repository().join("tests/parquet");
    for file in ["struct.parquet", "bytes.parquet"] {
        let run = made.run_on(&fixtures.join(file), &[]).unwrap();
        assert_eq!(right(&run), bar, "{file}");
    }
    made.put(
        "tars/one.tar",
        tar(|number, class| vec![(format!("{number:04}.cls"), class.to_string())]),
    );
    assert_eq!(right(&made.run_on(&made.root().join("tars/one.tar"), &[]).unwrap()), bar);
    assert_eq!(right(&made.run_on(&made.root().join("tars"), &[]).unwrap()), bar);
    let names = names();
    let described = tar(|number, class| {
        vec![(format!("{number:04}.json"), format!("{{\"label\": \"{}\"}}", names[class]))]
    });
    made.put("two.tar", described);
    assert_eq!(right(&made.run_on(&made.root().join("two.tar"), &[]).unwrap()), bar);
    made.put("three.tar.gz", b"\x1f\x8b\x08\0\0\0");
    let refused = made.run_on(&made.root().join("three.tar.gz"), &[]).unwrap_err();
    assert!(refused.contains("packed (gzip); unpack it first"), "{refused}");
}

/// All images in a tar archive, each with further files.
fn tar(more: impl Fn(usize, usize) -> Vec<(String, String)>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: String, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    for (number, (path, class)) in images().into_iter().enumerate() {
        add(format!("{number:04}.png"), &fs::read(path).unwrap());
        more(number, class).into_iter().for_each(|(name, text)| add(name, text.as_bytes()));
    }
    archive.into_inner().unwrap()
}

#[test]
fn every_usual_compression_of_parquet_is_read_and_others_are_named() {
    let bar = bar();
    let made = Made::new();
    let fixtures = common::repository().join("tests/parquet");
    for file in ["zstd.parquet", "gzip.parquet", "lz4_raw.parquet"] {
        let run = made.run_on(&fixtures.join(file), &[]).unwrap();
        assert_eq!(right(&run), bar, "{file}");
    }
    let refused = made.run_on(&fixtures.join("brotli.parquet"), &[]).unwrap_err();
    assert!(refused.contains("compressed with Brotli") && refused.contains("zstd"), "{refused}");
}

/// A table of a picture that is all black, the images, and two columns of classes.
fn two_of_each(path: &Path) {
    let schema = "message schema {
        required binary thumbnail;
        required binary image;
        required int64 coarse_label;
        required int64 label;
        required binary kind (utf8);
    }";
    let photos = made_parquet::photos();
    let black = vec![photos[0].clone(); photos.len()];
    let classes = made_parquet::classes();
    let halves = classes.iter().map(|class| class / 5).collect();
    let kinds =
        images().iter().map(|(_, class)| names()[*class].as_bytes().to_vec().into()).collect();
    let columns = [
        Column::Bytes(black),
        Column::Bytes(photos),
        Column::Numbers(halves),
        Column::Numbers(classes),
        Column::Bytes(kinds),
    ];
    made_parquet::write(path, schema, &columns);
}

#[test]
fn of_several_columns_one_is_taken_said_and_may_be_another() {
    let bar = bar();
    let made = Made::new();
    made.put("x", "");
    let path = made.root().join("several.parquet");
    two_of_each(&path);
    let run = made.run_on(&path, &[]).unwrap();
    assert_eq!(right(&run), bar);
    let said = run["assumptions"].to_string();
    assert!(said.contains("column 'label'; --label-column takes another (coarse_label)"), "{said}");
    let run = made.run_on(&path, &["--label-column", "kind"]).unwrap();
    assert_eq!(right(&run), bar);
    assert!(!run["assumptions"].to_string().contains("takes another"));
    let coarse = made.run_on(&path, &["--label-column", "coarse_label"]).unwrap();
    assert_ne!(right(&coarse), bar);
    // One and the same picture for all ten classes.
    let black = made.run_on(&path, &["--image-column", "thumbnail"]).unwrap();
    assert_eq!(right(&black).1, 0.1);
    for (option, name) in [("--label-column", "fine"), ("--image-column", "kind")] {
        let refused = made.run_on(&path, &[option, name]).unwrap_err();
        assert!(refused.contains("its columns are thumbnail, image, coarse_label"), "{refused}");
    }
}

#[test]
fn a_tables_columns_may_be_stated_too() {
    let bar = bar();
    let names = names();
    let mut text = "nr,photo of it,label,species\n".to_owned();
    for (number, (_, class)) in images().into_iter().enumerate() {
        text += &format!("{number},img_{number:02}.png,{},{}\n", class / 5, names[class]);
    }
    let made = Made::with_table("labels.csv", &text);
    // Nothing else in the table names images.
    assert_eq!(right(&made.run(&["--label-column", "species"]).unwrap()), bar);
    let photos = ["--image-column", "photo of it"];
    let run = made.run(&[&photos[..], &["--label-column", "species"]].concat()).unwrap();
    assert_eq!(right(&run), bar);
    let by_default = made.run(&photos).unwrap();
    let said = by_default["assumptions"].to_string();
    assert!(said.contains("column 'label'; --label-column takes another (species)"), "{said}");
    let refused = made.run(&[&photos[..], &["--label-column", "breed"]].concat()).unwrap_err();
    assert!(refused.contains("has no column 'breed'; its first line is nr, "), "{refused}");
    // Of several columns that may name files the one is taken whose values are files.
    let both = text.replace("nr,photo of it", "image,path").replace("label,", "half,");
    made.put("labels.csv", both);
    assert_eq!(right(&made.run(&["--label-column", "species"]).unwrap()), bar);
    let folders = Made::new()
        .with_images(|number, class| format!("{}/{number}.png", names[class].replace("/", "_")));
    let refused = folders.run(&["--label-column", "species"]).unwrap_err();
    assert!(refused.contains("has no table"), "{refused}");
}

/// An archive of these files, and its bytes.
fn archive(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn an_archive_of_several_splits_is_refused() {
    let made = Made::new();
    let photo = fs::read(&images()[0].0).unwrap();
    let in_splits = |splits: [&str; 2]| {
        archive(splits.map(|split| (format!("my/{split}/Coat/1.png"), photo.clone())))
    };
    made.put("mixed.tar", in_splits(["train", "val"]));
    let refused = made.run_on(&made.root().join("mixed.tar"), &[]).unwrap_err();
    assert!(refused.contains("holds several splits (train, val); unpack it"), "{refused}");
    made.put("one.tar", in_splits(["val", "val/more"]));
    assert_eq!(right(&made.run_on(&made.root().join("one.tar"), &[]).unwrap()).0, 2);
}

#[test]
fn an_archive_that_is_cut_short_is_refused() {
    let made = Made::new();
    let whole = tar(|number, class| vec![(format!("{number:04}.cls"), class.to_string())]);
    // In the middle of an image.
    made.put("half.tar", &whole[..512 + 100]);
    let refused = made.run_on(&made.root().join("half.tar"), &[]).unwrap_err();
    assert!(refused.contains("cut short within"), "{refused}");
    // Cut between two files there is nothing to see but the end mark that lacks.
    made.put("unmarked.tar", &whole[..512 * 4]);
    let refused = made.run_on(&made.root().join("unmarked.tar"), &[]).unwrap_err();
    assert!(refused.contains("cut short: the mark that ends an archive is missing"), "{refused}");
    made.put("empty.tar", [0; 1024]);
    let refused = made.run_on(&made.root().join("empty.tar"), &[]).unwrap_err();
    assert!(refused.contains("empty or damaged"), "{refused}");
    made.put("bare.tar", tar(|_, _| Vec::new()));
    let refused = made.run_on(&made.root().join("bare.tar"), &[]).unwrap_err();
    assert!(refused.contains("KEY.cls"), "{refused}");
}

#[test]
fn samples_are_told_apart_and_keep_their_plain_image() {
    let bar = bar();
    let made = Made::new();
    let all = images();
    let black = fs::read(&all[0].0).unwrap();
    let with_masks = all.iter().enumerate().flat_map(|(number, (path, class))| {
        [
            (format!("{number:04}.png"), fs::read(path).unwrap()),
            (format!("{number:04}.a.png"), black.clone()),
            (format!("{number:04}.cls"), class.to_string().into_bytes()),
        ]
    });
    made.put("masks.tar", archive(with_masks));
    let run = made.run_on(&made.root().join("masks.tar"), &[]).unwrap();
    assert_eq!(right(&run), bar);
    assert!(run["dataset"]["left_out"].to_string().contains("20 images are left out that belong"));
    let with_dots = all.iter().enumerate().flat_map(|(number, (path, class))| {
        [
            (format!("shoes.v1.{number:04}.png"), fs::read(path).unwrap()),
            (format!("shoes.v1.{number:04}.cls"), class.to_string().into_bytes()),
        ]
    });
    made.put("dots.tar", archive(with_dots));
    assert_eq!(right(&made.run_on(&made.root().join("dots.tar"), &[]).unwrap()), bar);
}

/// As some programs write them: `image.png` for all.
#[test]
fn rows_may_all_have_one_name() {
    let bar = bar();
    let made = Made::new();
    made.put("x", "");
    let path = made.root().join("named.parquet");
    let schema = "message schema {
        required group image { required binary bytes; required binary path (utf8); }
        required int64 label;
    }";
    let classes = made_parquet::classes();
    let paths = vec!["image.png".into(); classes.len()];
    let columns =
        [Column::Bytes(made_parquet::photos()), Column::Bytes(paths), Column::Numbers(classes)];
    made_parquet::write(&path, schema, &columns);
    assert_eq!(right(&made.run_on(&path, &[]).unwrap()), bar);
    // Where a hub keeps it, the folder to give is named.
    made.put("hub/default/test/0000.parquet", fs::read(&path).unwrap());
    let refused = made.run_on(&made.root().join("hub"), &[]).unwrap_err();
    assert!(refused.contains("hub/default/test, which holds Parquet"), "{refused}");
}
