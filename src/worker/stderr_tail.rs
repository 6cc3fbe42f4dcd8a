//! What a child printed last, for the `error` column.

use std::collections::VecDeque;

/// Bytes that are kept; a flood pushes out what came before.
const KEPT_BYTES: usize = 16 << 10;
/// Lines that are shown.
const SHOWN_LINES: usize = 3;
/// Longest summary.
const SHOWN_CHARS: usize = 400;
/// What allocators and runtimes print when memory is refused.
const MEMORY_SIGNS: [&str; 6] = [
    "memory allocation of",
    "bad_alloc",
    "out of memory",
    "cannot allocate memory",
    "failed to allocate",
    // An exception that leaves a runtime under a limit is `std::bad_alloc`.
    "foreign exception",
];

/// The tail of a stream.
#[derive(Debug, Default)]
pub(crate) struct StderrTail {
    bytes: VecDeque<u8>,
}

impl StderrTail {
    /// Takes what was read.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.bytes.extend(&bytes[bytes.len().saturating_sub(KEPT_BYTES)..]);
        let surplus = self.bytes.len().saturating_sub(KEPT_BYTES);
        self.bytes.drain(..surplus);
    }

    /// The last lines as one, without control characters.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let joined = lines[lines.len().saturating_sub(SHOWN_LINES)..].join(" | ");
        joined.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
    }

    /// Whether they speak of memory that was refused.
    #[must_use]
    pub(crate) fn tell_of_memory(&self) -> bool {
        let text = self.text().to_lowercase();
        MEMORY_SIGNS.iter().any(|sign| text.contains(sign))
    }

    fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_of_a_flood() {
        let mut words = StderrTail::default();
        for number in 0..100_000 {
            words.hear(format!("line {number}\n").as_bytes());
        }
        assert!(words.bytes.len() <= KEPT_BYTES);
        assert_eq!(words.summary(), "line 99997 | line 99998 | line 99999");
    }

    #[test]
    fn recognises_refused_memory() {
        let mut words = StderrTail::default();
        words.hear(b"terminate called after throwing an instance of 'std::bad_alloc'\n");
        assert!(words.tell_of_memory());
    }
}
