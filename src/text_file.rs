//! Text files in the encodings that people use: UTF-8, UTF-16 from a spreadsheet, or Windows-1252.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Largest text file that is read; a list of a million images has a tenth of it.
const MAX_BYTES: u64 = 512 << 20;
/// How many bytes are examined to detect UTF-16 without a byte order mark.
const HEAD: usize = 64;

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its characters, without a byte order mark.
    pub text: String,
    /// Whether the encoding is a guess: the file is not Unicode and was read as Windows-1252 (which
    /// includes Latin-1).
    pub guessed: bool,
}

/// Reads a text file.
///
/// # Errors
/// One sentence for a file that cannot be read, is too large, or is not text.
pub(crate) fn read(path: &Path) -> Result<Text> {
    let cannot = || format!("could not read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(cannot)?;
    ensure!(
        bytes.len() as u64 <= MAX_BYTES,
        "{} has more than {} MB; is it a text file?",
        path.display(),
        MAX_BYTES >> 20
    );
    decode(&bytes)
        .with_context(|| format!("{} is not a text file; save it as UTF-8 text", path.display()))
}

/// The characters of a text file; `None` if it is not text.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Text> {
    let (encoding, start) = Encoding::for_bom(bytes).unwrap_or_else(|| (without_mark(bytes), 0));
    let (text, wrong) = encoding.decode_without_bom_handling(&bytes[start..]);
    let is_text = !wrong && !text.contains('\0');
    // Old Macs, and spreadsheets on new ones, end lines with that alone.
    let text = match text.contains('\r') && !text.contains('\n') {
        true => text.replace('\r', "\n"),
        false => text.into_owned(),
    };
    is_text.then_some(Text { text, guessed: encoding == WINDOWS_1252 })
}

/// A text without the characters that nobody sees, such as zero-width spaces and marks of byte order
/// in its midst, which web pages and office programs leave in what is copied from them. Joiners
/// stay: they are part of the words of some languages.
#[must_use]
pub(crate) fn without_invisible(text: &str) -> String {
    let is_invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}')
            || ('\u{202a}'..='\u{202e}').contains(&c)
    };
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// UTF-16 has a zero in every other byte of plain Latin letters.
fn without_mark(bytes: &[u8]) -> &'static Encoding {
    let head = &bytes[..bytes.len().min(HEAD) / 2 * 2];
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    if bytes.len().is_multiple_of(2) && odd * 2 > pairs && even == 0 {
        UTF_16LE
    } else if bytes.len().is_multiple_of(2) && even * 2 > pairs && odd == 0 {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_usual_encoding_gives_the_same_characters() {
        let text = "file,label\r\na.png,Käfer\r\n";
        let marked = format!("\u{feff}{text}");
        let of = |bytes: &[u8]| decode(bytes).unwrap();
        for bytes in [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16(text, u16::to_le_bytes),
            utf16(&marked, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            utf16(&marked, u16::to_be_bytes),
        ] {
            assert_eq!(of(&bytes), Text { text: text.into(), guessed: false });
        }
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        assert_eq!(of(&latin), Text { text: text.into(), guessed: true });
    }

    #[test]
    fn lines_may_end_as_on_an_old_mac() {
        assert_eq!(decode(b"cat\rdog\r").unwrap().text, "cat\ndog\n");
        assert_eq!(decode(b"cat\r\ndog\r\n").unwrap().text, "cat\r\ndog\r\n");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), None);
        assert_eq!(decode(b"\xff\xfea\0\0\xd8b\0"), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"\0\x01\x02").unwrap();
        assert!(
            read(&path).unwrap_err().to_string().contains("is not a text file; save it as UTF-8")
        );
    }
}
