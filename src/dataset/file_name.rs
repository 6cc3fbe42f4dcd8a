//! File names of any bytes as text, and back.
//!
//! A name within a dataset appears in the journal, in tables and in sentences. It is written
//! unchanged, with `/` between folders, except that bytes that are not UTF-8, control characters
//! and a backslash that would read as an escape are written as `\xNN`. So every name is one line of
//! text, which can be converted back to the name.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::system::names;

/// A path as text.
#[must_use]
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in names::bytes_of(path).utf8_chunks() {
        let valid = chunk.valid();
        for (at, c) in valid.char_indices() {
            if c.is_control() || (c == '\\' && escape(&valid.as_bytes()[at..]).is_some()) {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push(&mut text, byte));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| push(&mut text, *byte));
    }
    text
}

fn push(text: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(text, "\\x{byte:02x}");
}

/// The path that a text shows.
#[must_use]
pub(crate) fn path(shown: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        match escape(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    names::path_of(bytes)
}

/// A short plain name that no other name shares: how a device has an image's file. 80 bits
/// of a hash are beyond any accident.
#[must_use]
pub(crate) fn hashed(shown: &str) -> String {
    format!("{:x}", Sha256::digest(shown))[..20].to_owned()
}

/// The byte of an escape at the beginning.
fn escape(text: &[u8]) -> Option<u8> {
    let digits = text.get(2..4).filter(|_| text.starts_with(b"\\x"))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_are_themselves_and_odd_ones_are_one_line() {
        let of = |bytes: &[u8]| shown(&PathBuf::from(OsString::from_vec(bytes.to_vec())));
        assert_eq!(of("Käfer/a b.jpg".as_bytes()), "Käfer/a b.jpg");
        assert_eq!(of(br"a\b.jpg"), r"a\b.jpg");
        assert_eq!(of(b"K\xe4fer\n.jpg"), r"K\xe4fer\x0a.jpg");
        assert_eq!(of(br"a\xe4.jpg"), r"a\x5cxe4.jpg");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..24), text in r"[a\\x0-9e]{0,12}") {
            for bytes in [bytes, text.into_bytes()] {
                let name = PathBuf::from(OsString::from_vec(bytes));
                let text = shown(&name);
                prop_assert_eq!(text.lines().count().max(1), 1);
                prop_assert_eq!(path(&text).into_os_string(), name.into_os_string());
            }
        }
    }
}
