//! ILSVRC2012's 1000 classes.
//!
//! A class index counts the WordNet ids in their order, from 0, as models do.
//! The development kit counts classes otherwise (`ILSVRC2012_ID`, from 1), and
//! its ground-truth file holds those numbers, one line per image.

use std::collections::HashMap;
use std::sync::LazyLock;

/// WordNet id, number in the development kit and words of each class, by class index. Facts from
/// ILSVRC2012 and WordNet 3.0.
const TABLE: &str = include_str!("ilsvrc2012.tsv");

/// The development kit's ground truth of the validation photos: a line with the kit's number of
/// the class for each, in the order of their names. Facts, as `soumith/imagenetloader.torch` has
/// them in `valprep.sh` at b81dbb17; with them, this text is that of the kit's file.
pub(crate) const GROUND_TRUTH: &str = include_str!("ilsvrc2012_validation.txt");
/// How many validation photos there are.
const VALIDATION_PHOTOS: usize = 50_000;
/// The name of the development kit's file with that text.
pub(crate) const GROUND_TRUTH_FILE: &str = "ILSVRC2012_validation_ground_truth.txt";

/// Whether a file's name is that of a validation photo: `ILSVRC2012_val_00000001.JPEG`.
pub(crate) fn is_validation_photo(file: &str) -> bool {
    let stem = file.strip_suffix(".JPEG").or_else(|| file.strip_suffix(".jpeg"));
    let number = stem.and_then(|stem| stem.strip_prefix("ILSVRC2012_val_"));
    number.is_some_and(|digits| {
        digits.len() == 8
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse().is_ok_and(|number: usize| (1..=VALIDATION_PHOTOS).contains(&number))
    })
}

struct Synset {
    wnid: &'static str,
    devkit: u32,
    words: &'static str,
}

static CLASSES: LazyLock<Vec<Synset>> = LazyLock::new(|| {
    let class = |line: &'static str| {
        let mut fields = line.split('\t');
        Some(Synset {
            wnid: fields.next()?,
            devkit: fields.next()?.parse().ok()?,
            words: fields.next()?,
        })
    };
    TABLE.lines().filter_map(class).collect()
});

/// Class index by number in the development kit.
static BY_DEVKIT: LazyLock<HashMap<u32, u32>> = LazyLock::new(|| {
    (0_u32..).zip(&*CLASSES).map(|(index, class)| (class.devkit, index)).collect()
});

/// Class indices by all words of a class, and by each of them.
static BY_WORD: LazyLock<HashMap<String, Vec<u32>>> = LazyLock::new(|| {
    let mut by_word = HashMap::<String, Vec<u32>>::new();
    for (index, class) in (0_u32..).zip(&*CLASSES) {
        for word in std::iter::once(class.words).chain(class.words.split(',')) {
            let classes = by_word.entry(word.trim().to_lowercase()).or_default();
            if classes.last() != Some(&index) {
                classes.push(index);
            }
        }
    }
    by_word
});

/// The class index of a WordNet id, if it is one of the 1000.
#[must_use]
pub(crate) fn class_of_wnid(wnid: &str) -> Option<u32> {
    let place = CLASSES.binary_search_by(|class| class.wnid.cmp(wnid)).ok()?;
    u32::try_from(place).ok()
}

/// Length of a WordNet id.
const WNID_LENGTH: usize = 9;

/// Whether a text has the form of a noun's WordNet id: `n01440764`.
pub(crate) fn is_wnid(text: &str) -> bool {
    let digits = text.strip_prefix('n').filter(|_| text.len() == WNID_LENGTH);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Splits `n01440764 tench, Tinca tinca` into its WordNet id and its words.
pub(crate) fn split_wnid(name: &str) -> (Option<&str>, &str) {
    let name = name.trim();
    match name.split_at_checked(WNID_LENGTH) {
        Some((wnid, words)) if is_wnid(wnid) && !words.starts_with(char::is_alphanumeric) => {
            (Some(wnid), words.trim_start_matches(|c: char| !c.is_alphanumeric()))
        }
        _ => (None, name),
    }
}

/// The WordNet id of a class.
pub(crate) fn wnid_of(class: u32) -> Option<&'static str> {
    CLASSES.get(class as usize).map(|class| class.wnid)
}

/// The words of a class.
pub(crate) fn words_of(class: u32) -> Option<&'static str> {
    CLASSES.get(class as usize).map(|class| class.words)
}

/// The words of every class, by class index.
pub(crate) fn names() -> Vec<Option<String>> {
    CLASSES.iter().map(|class| Some(class.words.to_owned())).collect()
}

/// The class index of a number in the development kit.
pub(crate) fn class_of_devkit(number: u32) -> Option<u32> {
    BY_DEVKIT.get(&number).copied()
}

/// The classes that a word is the first name of, else any: two have 'crane' and two
/// 'maillot'.
pub(crate) fn classes_of_word(word: &str) -> Vec<u32> {
    let word = word.trim().to_lowercase();
    let all = BY_WORD.get(&word).map_or(&[][..], Vec::as_slice);
    let is_first = |class: &&u32| {
        let words = words_of(**class).unwrap_or_default().to_lowercase();
        words == word || words.split(',').next() == Some(&word)
    };
    let first: Vec<u32> = all.iter().filter(is_first).copied().collect();
    if first.is_empty() { all.to_vec() } else { first }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_ground_truth_is_the_development_kits() {
        // Stated in a public check of that kit, whose file has a line per photo.
        let published = "88d44095bd81cb785618db8e72eeb025fa1f646adf359d9b0efbf625244e0df3";
        assert_eq!(format!("{:x}", Sha256::digest(GROUND_TRUTH)), published);
        let mut counts = BTreeMap::new();
        for line in GROUND_TRUTH.lines() {
            *counts.entry(class_of_devkit(line.parse().unwrap()).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.values().sum::<usize>(), VALIDATION_PHOTOS);
        assert!(counts.len() == CLASSES.len() && counts.values().all(|count| *count == 50));
    }

    #[test]
    fn a_validation_photo_is_known_by_its_name() {
        for name in ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00050000.jpeg"] {
            assert!(is_validation_photo(name), "{name}");
        }
        for name in [
            "ILSVRC2012_val_00000000.JPEG",
            "ILSVRC2012_val_00050001.JPEG",
            "ILSVRC2012_val_1.JPEG",
            "ILSVRC2012_val_+0000001.JPEG",
            "ILSVRC2012_test_00000001.JPEG",
            "ILSVRC2012_val_00000001.png",
        ] {
            assert!(!is_validation_photo(name), "{name}");
        }
    }
}
