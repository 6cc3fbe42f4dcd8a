//! SHA-256 of files, which identifies models, runtimes and programs.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use sha2::digest::Output;
use sha2::{Digest, Sha256};

/// How much is read at once: it stays in the processor's cache until it is hashed.
const PIECE: usize = 128 << 10;

/// SHA-256 of the rest of a reader, and its number of bytes; little of it is in memory at a time.
///
/// # Errors
/// The error of the reader.
pub(crate) fn sha256(from: impl Read) -> io::Result<(Output<Sha256>, u64)> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut BufReader::with_capacity(PIECE, from), &mut hash)?;
    Ok((hash.finalize(), bytes))
}

/// SHA-256 of a file in hexadecimal digits, if it can be read.
#[must_use]
pub fn of(path: &Path) -> Option<String> {
    let (hash, _) = sha256(File::open(path).ok()?).ok()?;
    Some(format!("{hash:x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_several_pieces_is_hashed_whole() {
        let content = vec![7_u8; PIECE * 2 + 5];
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &content).unwrap();
        assert_eq!(of(file.path()), Some(format!("{:x}", Sha256::digest(&content))));
        assert_eq!(sha256(content.as_slice()).unwrap().1, content.len() as u64);
        assert_eq!(of(Path::new("/no/such/file")), None);
    }
}
