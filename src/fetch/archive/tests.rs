//! Hostile package files: whatever an archive says, nothing but the one
//! expected file appears, and only with the expected content.

use std::io::{Cursor, Write};

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::fetch::package_manifest::Origin;

const MEMBER: &str = "package/lib/libreal.so";
const CONTENT: &[u8] = b"the shared library's bytes, all of them, and no others";

struct Bench {
    root: TempDir,
    archive: Archive,
}

impl Bench {
    fn new() -> Self {
        let library = PackagedLibrary {
            file: "libreal.so".into(),
            member: MEMBER.into(),
            bytes: Some(CONTENT.len() as u64),
            sha256: Some(format!("{:x}", Sha256::digest(CONTENT))),
        };
        let root = TempDir::new().unwrap();
        fs::create_dir_all(root.path().join("outer/runtimes/scratch")).unwrap();
        let archive = Archive {
            target: "x86_64-unknown-linux-gnu".into(),
            file: "package-1.0-py3-none-manylinux_2_35_x86_64.whl".into(),
            origin: Origin::Wheel { platform: "manylinux_2_35_x86_64".into() },
            version: None,
            bytes: None,
            sha256: String::new(),
            libraries: vec![library],
        };
        Self { root, archive }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("outer/runtimes")
    }

    fn extract(&self, zip: &[u8]) -> Result<PathBuf, FetchError> {
        let folder = self.folder();
        let library = &self.archive.libraries[0];
        extract(Cursor::new(zip), &self.archive, library, &folder.join("scratch"), &folder)
    }

    /// Every file under the root, outside the scratch folder.
    fn files(&self) -> Vec<PathBuf> {
        walkdir::WalkDir::new(self.root.path())
            .into_iter()
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| !path.is_dir() && !path.starts_with(self.folder().join("scratch")))
            .collect()
    }

    fn assert_refused(&self, zip: &[u8]) -> String {
        let error = self.extract(zip).unwrap_err().to_string();
        assert_eq!(self.files(), Vec::<PathBuf>::new(), "{error}");
        error
    }
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn an_honest_archive_yields_the_library_and_nothing_else() {
    let bench = Bench::new();
    let archive = zip_of(&[("package/__init__.py", b"code"), (MEMBER, CONTENT)]);
    let path = bench.extract(&archive).unwrap();
    assert_eq!(fs::read(&path).unwrap(), CONTENT);
    assert_eq!(bench.files(), [bench.folder().join("libreal.so")]);
    let library = &bench.archive.libraries[0];
    assert_eq!(installed(&path, library, &bench.archive), library.sha256);
}

#[test]
fn entries_that_climb_out_are_never_written() {
    let bench = Bench::new();
    let archive = zip_of(&[
        ("../climbed.so", CONTENT),
        ("../../climbed.so", CONTENT),
        ("/climbed-to-the-root.so", CONTENT),
        ("package/lib/../../../climbed.so", CONTENT),
        ("..\\climbed.so", CONTENT),
        (MEMBER, CONTENT),
    ]);
    bench.extract(&archive).unwrap();
    assert_eq!(bench.files(), [bench.folder().join("libreal.so")]);
    assert!(!Path::new("/climbed-to-the-root.so").exists());
}

#[test]
fn an_archive_with_only_a_climbing_copy_of_the_library_is_refused() {
    let bench = Bench::new();
    let error = bench.assert_refused(&zip_of(&[("../package/lib/libreal.so", CONTENT)]));
    assert!(error.contains(MEMBER), "{error}");
}

#[test]
fn a_link_or_folder_in_the_library_s_place_is_refused() {
    let bench = Bench::new();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink(MEMBER, "/etc/hostname", SimpleFileOptions::default()).unwrap();
    let error = bench.assert_refused(&writer.finish().unwrap().into_inner());
    assert!(error.contains("not a plain file"), "{error}");

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory(MEMBER, SimpleFileOptions::default()).unwrap();
    bench.assert_refused(&writer.finish().unwrap().into_inner());
}

#[test]
fn other_content_of_the_same_length_is_refused_with_both_hashes() {
    let bench = Bench::new();
    let mut other = CONTENT.to_vec();
    other[0] ^= 1;
    let error = bench.assert_refused(&zip_of(&[(MEMBER, &other)]));
    assert!(error.contains(&format!("{:x}", Sha256::digest(&other))), "{error}");
    assert!(error.contains(bench.archive.libraries[0].sha256.as_ref().unwrap()), "{error}");
}

#[test]
fn a_bomb_is_refused_by_its_declared_size() {
    let bench = Bench::new();
    let error = bench.assert_refused(&zip_of(&[(MEMBER, &vec![0; 5_000_000])]));
    assert!(error.contains("5000000 bytes"), "{error}");
}

#[test]
fn a_bomb_that_declares_the_right_size_is_cut_off() {
    let bench = Bench::new();
    let bomb = vec![0; 5_000_000];
    let mut archive = zip_of(&[(MEMBER, &bomb)]);
    // Both of the zip format's records of the size (APPNOTE.TXT 4.3.7 and 4.3.12).
    let declared = u32::try_from(bomb.len()).unwrap().to_le_bytes();
    let lie = u32::try_from(CONTENT.len()).unwrap().to_le_bytes();
    let places: Vec<usize> =
        (0..archive.len() - 4).filter(|&at| archive[at..at + 4] == declared).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        archive[at..at + 4].copy_from_slice(&lie);
    }
    bench.assert_refused(&archive);
    let part = bench.folder().join("scratch/libreal.so");
    assert!(fs::metadata(part).unwrap().len() <= CONTENT.len() as u64 + 1);
}

#[test]
fn truncated_archives_and_other_files_are_refused() {
    let bench = Bench::new();
    let archive = zip_of(&[(MEMBER, CONTENT)]);
    for length in 0..archive.len() {
        bench.assert_refused(&archive[..length]);
    }
    bench.assert_refused(b"<html>404 not found</html>");
}

#[test]
fn a_library_without_a_known_hash_is_known_by_its_receipt() {
    let mut bench = Bench::new();
    bench.archive.sha256 = "a".repeat(64);
    let library = &mut bench.archive.libraries[0];
    let expected = library.sha256.take();
    library.bytes = None;
    let path = bench.extract(&zip_of(&[(MEMBER, CONTENT)])).unwrap();
    let is_installed = |archive: &Archive| installed(&path, &archive.libraries[0], archive);
    assert_eq!(is_installed(&bench.archive), expected);

    // From another archive than the one that is now requested.
    let mut newer = bench.archive.clone();
    newer.sha256 = "b".repeat(64);
    assert_eq!(is_installed(&newer), None);
    // Changed since.
    fs::write(&path, "something else").unwrap();
    assert_eq!(is_installed(&bench.archive), None);
    fs::write(&path, CONTENT).unwrap();
    assert_eq!(is_installed(&bench.archive), expected);
    fs::remove_file(receipt::beside(&path)).unwrap();
    assert_eq!(is_installed(&bench.archive), None);
}

#[test]
fn a_package_file_of_another_size_or_content_is_not_opened() {
    let mut bench = Bench::new();
    let archive = zip_of(&[(MEMBER, CONTENT)]);
    let path = bench.root.path().join("file.whl");
    fs::write(&path, &archive).unwrap();
    bench.archive.bytes = Some(archive.len() as u64);
    bench.archive.sha256 = format!("{:x}", Sha256::digest(&archive));
    assert!(open(&path, &bench.archive).is_ok());

    fs::write(&path, &archive[1..]).unwrap();
    assert!(matches!(open(&path, &bench.archive), Err(FetchError::Size { .. })));
    fs::write(&path, vec![0; archive.len()]).unwrap();
    assert!(matches!(open(&path, &bench.archive), Err(FetchError::Hash { .. })));
}
