//! Mutations of real files: what damaged input looks like.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// What is put in place of a number or spliced in: the values at which integers,
/// floats and lengths break, and the syntax of every format that is read.
const TOKENS: [&str; 28] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967295",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1e308",
    "1e-320",
    "0.1",
    "nan",
    "inf",
    "null",
    "true",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    ",",
    "\n",
    "\r",
    "\0",
    "\u{feff}",
    "é🦀",
    "[[models]]",
    "../../x",
];

/// One change to a file.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, Index),
    Number(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        2 => (at(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        1 => at().prop_map(Edit::Cut),
        1 => (at(), 1..64_usize).prop_map(|(at, len)| Edit::Remove(at, len)),
        1 => (at(), 1..64_usize).prop_map(|(at, len)| Edit::Repeat(at, len)),
        2 => (at(), at()).prop_map(|(at, token)| Edit::Insert(at, token)),
        4 => (at(), at()).prop_map(|(at, token)| Edit::Number(at, token)),
    ]
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let span = |at: &Index, len: usize| {
            let start = at.index(bytes.len());
            start..(start + len).min(bytes.len())
        };
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Remove(at, len) => drop(bytes.drain(span(at, *len))),
            Self::Repeat(at, len) => {
                let span = span(at, *len);
                let again = bytes[span.clone()].to_vec();
                bytes.splice(span.start..span.start, again);
            }
            Self::Insert(at, token) => {
                let span = span(at, 0);
                bytes.splice(span, token.get(&TOKENS).bytes());
            }
            Self::Number(at, token) => {
                let numbers = numbers(bytes);
                if !numbers.is_empty() {
                    bytes.splice(at.get(&numbers).clone(), token.get(&TOKENS).bytes());
                }
            }
        }
    }
}

/// The positions of runs of digits.
fn numbers(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

/// Every seed as it is, then `cases` mutations of them.
pub(crate) fn check(seeds: &[Vec<u8>], cases: u32, property: impl Fn(&[u8])) {
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| property(seed));
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let mutation = (any::<Index>(), proptest::collection::vec(edit(), 1..8));
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&mutation, |(seed, edits)| {
        let mut bytes = seed.get(seeds).clone();
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        property(&bytes);
        Ok(())
    })
    .unwrap();
}
