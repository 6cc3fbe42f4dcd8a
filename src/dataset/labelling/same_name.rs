//! When two names of a class are the same.

use unicode_normalization::UnicodeNormalization;

use crate::dataset::entries::{ClassOrder, Classes};
use crate::dataset::{ilsvrc2012, numbers};
use crate::text_file;

/// Whether a label means no class.
pub(crate) fn is_background(label: &str) -> bool {
    matches!(
        normalised(label).as_str(),
        "background" | "dummy" | "unused background" | "background class" | "???"
    )
}

/// Without case, in one form of its accents (macOS parts letter and accent), and with a
/// space for what a folder's name has in place of one (or of a slash, which it cannot
/// hold).
fn normalised(name: &str) -> String {
    let name = &text_file::without_invisible(name);
    // The sign of a number does not separate anything.
    if numbers::is_number(name) {
        return name.trim().to_lowercase();
    }
    let plain = |c| match c {
        '_' | '-' | '/' | ':' | '\\' | '\u{2010}'..='\u{2015}' | '\u{2212}' => ' ',
        // As word processors write them.
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        other => other,
    };
    let plain: String = name.nfc().map(plain).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A WordNet id at the beginning first, then the whole name behind it, then each
/// part of that between commas.
pub(crate) fn synonyms(name: &str) -> Vec<String> {
    let (wnid, words) = ilsvrc2012::split_wnid(name);
    let mut names: Vec<String> = wnid.map(str::to_owned).into_iter().collect();
    if !words.is_empty() {
        names.push(normalised(words));
    }
    if words.contains(',') {
        names.extend(words.split(',').map(normalised).filter(|part| !part.is_empty()));
    }
    names
}

/// `001.Black_footed_Albatross` without its number.
fn behind_number(name: &str) -> Option<&str> {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    let bare = rest.trim_start_matches(['.', '_', '-', ' ']);
    let is_parted = rest.len() < name.len() && bare.len() < rest.len();
    (is_parted && bare.starts_with(char::is_alphabetic)).then_some(bare)
}

/// All names that a class of a dataset may have in a labels file: its name's synonyms, and the
/// WordNet id or the words that belong to it.
pub(crate) fn known_as(classes: &Classes, class: u32) -> Vec<String> {
    let Some(name) = classes.name(class) else { return Vec::new() };
    let mut names = synonyms(name);
    match classes.order {
        ClassOrder::Ilsvrc2012 => names.extend(ilsvrc2012::wnid_of(class).map(str::to_owned)),
        ClassOrder::Given | ClassOrder::ByName | ClassOrder::Numbers => {
            let all = || classes.names.iter().flatten();
            if let Some(bare) =
                behind_number(name).filter(|_| all().all(|it| behind_number(it).is_some()))
            {
                names.extend(synonyms(bare));
            }
            let index = ilsvrc2012::split_wnid(name).0.and_then(ilsvrc2012::class_of_wnid);
            names.extend(index.and_then(ilsvrc2012::words_of).into_iter().flat_map(synonyms));
        }
    }
    names
}
