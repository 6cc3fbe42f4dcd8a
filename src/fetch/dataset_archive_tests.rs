//! Honest and hostile archives: nothing but the dataset's images appears, and only in its folder.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use walkdir::WalkDir;

use super::*;

const PLAIN: EntryType = EntryType::Regular;
/// An image of CIFAR-10's form, as many bytes as a class and three planes take.
const CIFAR_RECORD: usize = 3073;

fn dataset(layout: DatasetLayout) -> HostedDataset {
    HostedDataset {
        name: "tiny".to_owned(),
        title: "a dataset of the tests".to_owned(),
        file: "tiny.tgz".to_owned(),
        address: None,
        bytes: 0,
        sha256: None,
        verified_by: None,
        licence: "CC0-1.0".to_owned(),
        layout,
        within: (layout == DatasetLayout::ClassFolders).then(|| "tiny/val".to_owned()),
        images: 2,
        classes: 2,
    }
}

/// A tar archive with these names exactly, which the crate would refuse to write.
fn tar(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What appears when an archive is unpacked, by its place within the dataset's folder.
fn unpacked(
    layout: DatasetLayout,
    archive: &[u8],
) -> Result<BTreeMap<String, Vec<u8>>, FetchError> {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("archive"), root.path().join("outer/folder"));
    fs::create_dir_all(&to).unwrap();
    fs::write(&from, archive).unwrap();
    let told = Cell::new(0);
    let count = unpack(&from, &dataset(layout), &to, &|images| told.set(images));
    let mut found = BTreeMap::new();
    for item in WalkDir::new(root.path()).into_iter().map(Result::unwrap) {
        if item.file_type().is_dir() || item.path() == from {
            continue;
        }
        assert!(item.file_type().is_file(), "{} is a link", item.path().display());
        let place = item.path().strip_prefix(&to).expect("nothing is outside of the folder");
        found.insert(place.to_string_lossy().into_owned(), fs::read(item.path()).unwrap());
    }
    assert_eq!(told.get(), count?);
    Ok(found)
}

#[test]
fn the_photos_of_one_split_come_out_packed_or_not() {
    let archive = tar(&[
        ("tiny/val/n01440764/a.JPEG", PLAIN, b"1"),
        ("./tiny/val/n02102040/b.jpeg", PLAIN, b"2"),
        ("tiny/train/n01440764/c.JPEG", PLAIN, b"3"),
        ("tiny/val/n01440764/.DS_Store", PLAIN, b"4"),
        ("tiny/val/n01440764/._a.JPEG", PLAIN, b"5"),
        ("tiny/noisy_imagenette.csv", PLAIN, b"6"),
    ]);
    let expected = [("n01440764/a.JPEG", b"1"), ("n02102040/b.jpeg", b"2")];
    for archive in [gzip(&archive), archive] {
        let found = unpacked(DatasetLayout::ClassFolders, &archive).unwrap();
        let found: Vec<(&str, &[u8])> =
            found.iter().map(|(place, bytes)| (place.as_str(), bytes.as_slice())).collect();
        assert_eq!(found, expected.map(|(place, bytes)| (place, &bytes[..])));
    }
}

#[test]
fn what_climbs_links_or_hides_is_not_unpacked() {
    let link = EntryType::Symlink;
    let archive = tar(&[
        ("tiny/val/../../../climbed.png", PLAIN, b"1"),
        ("tiny/val/../climbed.png", PLAIN, b"1"),
        ("tiny/val/a/../climbed.png", PLAIN, b"1"),
        ("/tiny/val/a/rooted.png", PLAIN, b"1"),
        ("../tiny/val/a/above.png", PLAIN, b"1"),
        ("tiny/val/a\\..\\..\\climbed.png", PLAIN, b"1"),
        ("tiny/val/a/deep/er.png", PLAIN, b"1"),
        ("tiny/val/a/linked.png", link, b""),
        ("tiny/val/b", link, b""),
        ("tiny/val/a/hard.png", EntryType::Link, b""),
        ("tiny/val/a/fifo.png", EntryType::Fifo, b""),
        ("tiny/val/b/good.png", PLAIN, b"good"),
    ]);
    let found = unpacked(DatasetLayout::ClassFolders, &archive).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["b/good.png"]);
}

#[test]
fn a_photo_that_is_there_twice_and_damage_are_refused() {
    let twice = tar(&[("tiny/val/a/1.png", PLAIN, b"1"), ("tiny/val/a/1.png", PLAIN, b"2")]);
    let refused = |archive: &[u8]| {
        let error = unpacked(DatasetLayout::ClassFolders, archive).unwrap_err();
        assert!(matches!(error, FetchError::Archive { .. }), "{error}");
        error.to_string()
    };
    assert!(refused(&twice).contains("a/1.png twice"));
    let whole = gzip(&tar(&[("tiny/val/a/1.png", PLAIN, &[7; 4096])]));
    refused(&whole[..whole.len() / 2]);
    refused(b"<html>log in first</html>");
    assert!(refused(&tar(&[("other/1.png", PLAIN, b"1")])).contains("no image of tiny"));
}

#[test]
fn a_bomb_ends_early() {
    let zeros = vec![0; usize::try_from(MOST_BYTES).unwrap() + 1];
    let bomb = gzip(&tar(&[("tiny/val/a/1.png", PLAIN, &zeros)]));
    let error = unpacked(DatasetLayout::ClassFolders, &bomb).unwrap_err().to_string();
    assert!(error.contains("larger than") && error.contains("tiny.tgz"), "{error}");
}

#[test]
fn ilsvrc2012_comes_with_its_ground_truth() {
    let archive = tar(&[
        ("ILSVRC2012_val_00000001.JPEG", PLAIN, b"1"),
        ("somewhere/deep/ILSVRC2012_val_00050000.JPEG", PLAIN, b"2"),
        ("ILSVRC2012_val_00050001.JPEG", PLAIN, b"3"),
        ("ILSVRC2012_test_00000001.JPEG", PLAIN, b"4"),
    ]);
    let found = unpacked(DatasetLayout::Ilsvrc2012, &archive).unwrap();
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00050000.JPEG"];
    assert_eq!(names, [expected[0], expected[1], ilsvrc2012::GROUND_TRUTH_FILE]);
}

#[test]
fn cifar_10_becomes_pictures_of_the_same_pixels() {
    let mut batch = Vec::new();
    for class in [1_u8, 0] {
        batch.push(class);
        batch.extend((0..3072).map(|at| (at % 251) as u8 ^ class));
    }
    assert_eq!(batch.len(), 2 * CIFAR_RECORD);
    let names: &[u8] = b"airplane\nautomobile\n\n";
    let archive = |batch: &[u8], names: &[u8]| {
        gzip(&tar(&[(cifar10::NAMES, PLAIN, names), (cifar10::BATCH, PLAIN, batch)]))
    };
    let found = unpacked(DatasetLayout::Cifar10, &archive(&batch, names)).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["airplane/00001.png", "automobile/00000.png"]);
    let picture = image::load_from_memory(&found["automobile/00000.png"]).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (32, 32));
    // Row 2, column 3 of each plane.
    let at = |plane: usize| ((plane * 1024 + 2 * 32 + 3) % 251) as u8 ^ 1;
    assert_eq!(picture.get_pixel(3, 2).0, [at(0), at(1), at(2)]);

    let refused = |archive: &[u8]| unpacked(DatasetLayout::Cifar10, archive).unwrap_err();
    assert!(refused(&archive(&batch[1..], names)).to_string().contains("no multiple"));
    assert!(refused(&archive(&batch, b"airplane\n")).to_string().contains("class 1 of 1"));
    for wrong in [&b"../up\n"[..], b"b\na\n"] {
        assert!(refused(&archive(&batch, wrong)).to_string().contains("names of CIFAR-10"));
    }
}
