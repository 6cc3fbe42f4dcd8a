//! The model inside an archive. No entry's name is used as a path: the one model file is
//! written where the caller wants it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::EntryType;
use zip::ZipArchive;

use crate::fetch::archive::copy_bounded;
use crate::fetch::fetch_error::FetchError;

/// Largest model that is unpacked: three times the largest that is hosted.
const MOST_BYTES: u64 = 1 << 30;
/// Most entries that are looked at.
const MOST_ENTRIES: usize = 1000;
/// The endings of models' names.
const ENDINGS: [&str; 2] = ["tflite", "onnx"];

/// Writes the only model in the file at `from`, which is named `name`, to `to`: the file itself if
/// that is no archive. Returns the ending of the model's name.
///
/// # Errors
/// A damaged archive, one with no model or several, or one whose model is too large.
pub(crate) fn extract(from: &Path, name: &str, to: &Path) -> Result<&'static str, FetchError> {
    let broken = |reason: String| FetchError::Archive { file: name.to_owned(), reason };
    let file = File::open(from).map_err(FetchError::file("open", from))?;
    if let Some(ending) = ending(name) {
        let copied = std::fs::copy(from, to).map_err(FetchError::file("write", to));
        return copied.map(|_| ending);
    }
    let lower = name.to_lowercase();
    let found = if lower.ends_with(".tgz") || lower.ends_with(".tar.gz") {
        from_tar(GzDecoder::new(file), to)
    } else if lower.ends_with(".zip") {
        from_zip(file, to)
    } else {
        Err(io::Error::other("its name is neither a model's nor an archive's"))
    };
    found.map_err(|error| broken(error.to_string()))
}

fn ending(name: &str) -> Option<&'static str> {
    let (_, after) = name.rsplit_once('.')?;
    ENDINGS.into_iter().find(|ending| after.eq_ignore_ascii_case(ending))
}

fn from_tar(from: impl Read, to: &Path) -> io::Result<&'static str> {
    let mut found = FoundModel::default();
    let mut archive = tar::Archive::new(from);
    for entry in archive.entries()?.take(MOST_ENTRIES) {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if matches!(entry.header().entry_type(), EntryType::Regular | EntryType::Continuous) {
            found.offer(&name, &mut entry, to)?;
        }
    }
    found.ending()
}

fn from_zip(from: File, to: &Path) -> io::Result<&'static str> {
    let mut found = FoundModel::default();
    let mut archive = ZipArchive::new(from)?;
    for index in 0..archive.len().min(MOST_ENTRIES) {
        let mut entry = archive.by_index(index)?;
        let name = entry.name().to_owned();
        if entry.is_file() {
            found.offer(&name, &mut entry, to)?;
        }
    }
    found.ending()
}

/// The model that was found so far.
#[derive(Default)]
struct FoundModel(Option<(String, &'static str)>);

impl FoundModel {
    /// Takes a file of the archive if it is a model.
    fn offer(&mut self, name: &str, content: &mut impl Read, to: &Path) -> io::Result<()> {
        // macOS keeps attributes of a file in another of its name.
        let file = name.rsplit('/').next().unwrap_or(name);
        let Some(ending) = ending(file).filter(|_| !file.starts_with("._")) else { return Ok(()) };
        if let Some((other, _)) = &self.0 {
            return Err(io::Error::other(format!("it holds two models, {other} and {name}")));
        }
        let copied = copy_bounded(content, &mut File::create(to)?, MOST_BYTES)?;
        if copied.bytes > MOST_BYTES {
            return Err(io::Error::other(format!("{name} is larger than {MOST_BYTES} bytes")));
        }
        self.0 = Some((name.to_owned(), ending));
        Ok(())
    }

    fn ending(self) -> io::Result<&'static str> {
        self.0.map(|(_, ending)| ending).ok_or_else(|| io::Error::other("it holds no model"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn tgz(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            // As a hostile archive would have it: the crate refuses such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn extracted(name: &str, bytes: &[u8]) -> Result<(&'static str, Vec<u8>), String> {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("folder"));
        fs::create_dir(&to).unwrap();
        fs::write(&from, bytes).unwrap();
        let ending = extract(&from, name, &to.join("model")).map_err(|error| error.to_string())?;
        let mut names = fs::read_dir(root.path()).unwrap().count();
        names += fs::read_dir(&to).unwrap().count();
        assert_eq!(names, 3, "nothing else was written");
        Ok((ending, fs::read(to.join("model")).unwrap()))
    }

    #[test]
    fn the_only_model_comes_out_wherever_it_is_in_the_archive() {
        let plain = EntryType::Regular;
        let bytes = tgz(&[
            ("./a/graph.pb", plain, b"graph"),
            ("./a/._m.tflite", plain, b"attributes"),
            ("../../m.tflite", plain, b"model"),
        ]);
        assert_eq!(extracted("m.tgz", &bytes), Ok(("tflite", b"model".to_vec())));
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("/etc/M.ONNX", SimpleFileOptions::default()).unwrap();
        writer.write_all(b"model").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert_eq!(extracted("m.zip", &bytes), Ok(("onnx", b"model".to_vec())));
        assert_eq!(extracted("m.onnx", b"model"), Ok(("onnx", b"model".to_vec())));
    }

    #[test]
    fn links_several_models_and_damage_are_refused() {
        let plain = EntryType::Regular;
        let link = tgz(&[("m.tflite", EntryType::Symlink, b"")]);
        assert!(extracted("m.tgz", &link).unwrap_err().contains("holds no model"));
        let two = tgz(&[("m.tflite", plain, b"1"), ("n.onnx", plain, b"2")]);
        let text = extracted("m.tgz", &two).unwrap_err();
        assert!(text.contains("m.tflite") && text.contains("n.onnx"), "{text}");
        let whole = tgz(&[("m.tflite", plain, &[7; 4096])]);
        assert!(extracted("m.tgz", &whole[..whole.len() / 2]).is_err());
        assert!(extracted("m.zip", b"no archive").is_err());
        assert!(extracted("m.bin", b"model").unwrap_err().contains("neither"));
    }
}
