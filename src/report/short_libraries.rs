//! Delegates that are libraries, by the names of their files where no two are called alike.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::record::delegate::Delegate;
use crate::table::row::Row;

/// The rows with the folders of their delegates' libraries left out, where the files of all
/// rows can be told apart without them.
#[must_use]
pub(crate) fn shortened(mut rows: Vec<Row>) -> Vec<Row> {
    let mut paths: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in rows.iter_mut().filter_map(|row| library(&mut row.delegate)) {
        let Some(name) = path.file_name().map(PathBuf::from) else { continue };
        let alike = paths.entry(name).or_default();
        if !alike.contains(path) {
            alike.push(path.clone());
        }
    }
    for path in rows.iter_mut().filter_map(|row| library(&mut row.delegate)) {
        let Some(name) = path.file_name().map(PathBuf::from) else { continue };
        if paths.get(&name).is_some_and(|alike| alike.len() == 1) {
            *path = name;
        }
    }
    rows
}

fn library(delegate: &mut Delegate) -> Option<&mut PathBuf> {
    match delegate {
        Delegate::External { path, .. } | Delegate::Plugin { path, .. } => Some(path),
        _ => None,
    }
}
