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

/// `cargo fuzz` with `--locked` fails where a dependency came in since the lock was written.
#[test]
fn the_lock_of_the_fuzz_targets_knows_every_dependency() {
    let lock: toml::Table = include_str!("../fuzz/Cargo.lock").parse().expect("it is TOML");
    let packages = lock["package"].as_array().expect("it is a list");
    let ours = packages.iter().find(|package| package["name"].as_str() == Some("shutterbench"));
    let known = ours.expect("the program is one of them")["dependencies"].as_array();
    let known: Vec<&str> = known.into_iter().flatten().filter_map(|name| name.as_str()).collect();
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().expect("it is TOML");
    for (name, value) in manifest["dependencies"].as_table().expect("it is a table") {
        let is_optional = value.get("optional").and_then(toml::Value::as_bool) == Some(true);
        // Of several versions of a package the lock names the one.
        let is_known = known.iter().any(|it| it.split(' ').next() == Some(name));
        assert!(
            is_known || is_optional,
            "fuzz/Cargo.lock lacks {name}: run 'cargo metadata' in fuzz/"
        );
    }
}
