//! Files that hold many images: Parquet tables and tar archives. Images are read from them
//! one by one; nothing is unpacked.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::dataset::member::{Contents, Place, span, stem};
use crate::dataset::parquet_file::ParquetFile;
use crate::dataset::tar_file;
use crate::image::decode::{MAX_FILE_BYTES, silently_caught};
use crate::record::wanted_columns::WantedColumns;

/// What such a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContainerKind {
    Parquet,
    Tar,
    /// One that has to be unpacked, by its name.
    Packed(&'static str),
}

impl ContainerKind {
    /// What a file is by its content.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let mut head = Vec::new();
        File::open(path).ok()?.take(512).read_to_end(&mut head).ok()?;
        let at =
            |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|it| it.starts_with(bytes));
        if at(0, b"PAR1") {
            Some(Self::Parquet)
        } else if at(257, b"ustar") || is_old_header(&head) {
            Some(Self::Tar)
        } else {
            let packed = PACKED.iter().find(|(bytes, _)| at(0, bytes));
            packed.map(|(_, name)| Self::Packed(name))
        }
    }
}

/// How files begin that have to be unpacked.
const PACKED: [(&[u8], &str); 7] = [
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
];

/// Whether a block is a header of tar as it was before it had a mark: the sum of its bytes, in
/// octal digits, is in it.
fn is_old_header(block: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    if block.len() < 512 || block[0] == 0 {
        return false;
    }
    let of_place = |(place, byte): (usize, &u8)| match SUM.contains(&place) {
        true => u32::from(b' '),
        false => u32::from(*byte),
    };
    let sum: u32 = block.iter().enumerate().map(of_place).sum();
    let stated = String::from_utf8_lossy(&block[SUM]);
    let stated = stated.trim_matches(|c: char| !c.is_ascii_digit());
    u32::from_str_radix(stated, 8) == Ok(sum)
}

#[derive(Debug)]
enum ContainerFile {
    Tar(File),
    Parquet(Box<ParquetFile>),
}

/// The files of a dataset, and where each image is in them.
#[derive(Debug)]
pub(crate) struct Container {
    /// The files.
    paths: Vec<PathBuf>,
    sources: Vec<(ContainerFile, u64)>,
    places: HashMap<String, (usize, Place)>,
}

impl PartialEq for Container {
    fn eq(&self, other: &Self) -> bool {
        (&self.paths, &self.places) == (&other.paths, &other.places)
    }
}

impl Eq for Container {}

impl Container {
    /// Reads what these files hold, tables by the columns that are `wanted`.
    ///
    /// # Errors
    /// One sentence with the file: damaged, without images, of another kind.
    pub(crate) fn open(paths: Vec<PathBuf>, wanted: &WantedColumns) -> Result<(Self, Contents)> {
        let mut container = Self { paths, sources: Vec::new(), places: HashMap::new() };
        let mut all = Contents::default();
        for (index, path) in container.paths.iter().enumerate() {
            let (source, contents) = silently_caught(|| source(path, wanted))
                .unwrap_or_else(|| bail!("it is damaged"))
                .with_context(|| format!("{} cannot be used", path.display()))?;
            let bytes = path.metadata().map_or(0, |it| it.len());
            container.sources.push((source, bytes));
            ensure!(
                index == 0 || all.names == contents.names,
                "{} and {} name different classes; give the files of one set",
                container.paths[0].display(),
                path.display()
            );
            ensure!(
                contents.table.is_none() || container.paths.len() == 1,
                "{} has its labels in a table, which is read of one archive alone; give that archive, or unpack all of them",
                path.display()
            );
            all.table = contents.table;
            all.names = contents.names;
            all.left_out.extend(contents.left_out);
            all.assumed.extend(contents.assumed.into_iter().filter(|_| index == 0));
            for (number, mut member) in contents.members.into_iter().enumerate() {
                // Files of one set may name their images alike, and so may all rows of a table.
                let others = [
                    format!("{}/{}", stem(path), member.name),
                    format!("{}/{number:06}", stem(path)),
                    format!("{index}/{}/{number:06}", stem(path)),
                ];
                let is_free = |name: &String| !container.places.contains_key(name);
                if !is_free(&member.name)
                    && let Some(name) = others.into_iter().find(is_free)
                {
                    member.name = name;
                }
                container.places.insert(member.name.clone(), (index, member.place));
                all.members.push(member);
            }
        }
        Ok((container, all))
    }

    /// The bytes of an image.
    ///
    /// # Errors
    /// Part of a sentence that begins with the image: damaged, empty or too large.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>> {
        let (source, place) = self.places.get(name).context("is no longer in its file")?;
        let read = || match (&self.sources[*source].0, place) {
            (ContainerFile::Tar(file), Place::Span { offset, bytes }) => {
                ensure!(*bytes <= MAX_FILE_BYTES, "has {bytes} bytes, more than the limit");
                span(file, *offset, *bytes)
            }
            (ContainerFile::Parquet(file), Place::Row { group, row }) => file.image(*group, *row),
            _ => bail!("is no longer in its file"),
        };
        let bytes = silently_caught(read).unwrap_or_else(|| bail!("is damaged"))?;
        ensure!(!bytes.is_empty(), "is empty");
        ensure!(bytes.len() as u64 <= MAX_FILE_BYTES, "has more bytes than the limit");
        Ok(bytes)
    }

    /// Whether the images lie in the rows of tables.
    pub(crate) fn is_table(&self) -> bool {
        self.sources.iter().any(|(source, _)| matches!(source, ContainerFile::Parquet(_)))
    }

    /// What is used as an image's size: its own, or that of the file that holds it.
    pub(crate) fn bytes_of(&self, name: &str) -> u64 {
        match self.places.get(name) {
            Some((_, Place::Span { bytes, .. })) => *bytes,
            Some((source, Place::Row { .. })) => self.sources[*source].1,
            None => 0,
        }
    }
}

fn source(path: &Path, wanted: &WantedColumns) -> Result<(ContainerFile, Contents)> {
    match ContainerKind::of(path) {
        Some(ContainerKind::Parquet) => {
            let (file, contents) = ParquetFile::open(path, wanted)?;
            Ok((ContainerFile::Parquet(Box::new(file)), contents))
        }
        Some(ContainerKind::Tar) => {
            let contents = tar_file::read(path)?;
            ensure!(
                wanted.is_empty() || contents.table.is_some(),
                "a tar archive has no columns; leave out --image-column and --label-column"
            );
            Ok((ContainerFile::Tar(File::open(path)?), contents))
        }
        Some(ContainerKind::Packed(name)) => bail!("it is packed ({name}); unpack it first"),
        None => bail!("it is neither a Parquet file nor a tar archive"),
    }
}
