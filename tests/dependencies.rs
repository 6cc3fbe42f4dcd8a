//! Every dependency of Cargo.toml is used: a name that occurs nowhere in the sources is
//! compiled for nothing.

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// The text of every Rust file below these folders of the repository.
fn sources(folders: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = folders.iter().flat_map(|folder| WalkDir::new(root.join(folder)));
    files
        .map(|entry| entry.expect("the folder can be listed").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).expect("a source is text"))
        .collect()
}

/// Names in a table of Cargo.toml, as Rust spells them.
fn names(table: &str) -> Vec<String> {
    let text = include_str!("../Cargo.toml");
    let manifest: toml::Table = text.parse().expect("Cargo.toml is TOML");
    let table = manifest[table].as_table().expect("it is a table");
    table.keys().map(|name| name.replace('-', "_")).collect()
}

#[test]
fn every_dependency_is_used() {
    let sources_of = [
        ("dependencies", sources(&["src"])),
        ("dev-dependencies", sources(&["src", "tests", "benches", "examples"])),
    ];
    for (table, text) in sources_of {
        let words: std::collections::HashSet<&str> =
            text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        for name in names(table) {
            assert!(words.contains(name.as_str()), "[{table}] {name} is used nowhere; drop it");
        }
    }
}
