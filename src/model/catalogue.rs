//! The built-in catalogue of hosted models, known by the SHA-256 of their
//! files: so that a downloaded file needs no description beside it.

use std::path::Path;
use std::sync::LazyLock;

use crate::model::manifest::{Manifest, ManifestEntry};
use crate::record::description::Description;

/// The catalogue's text, part of the program.
pub(crate) const TEXT: &str = include_str!("../../models/hosted.toml");

static CATALOGUE: LazyLock<Vec<ManifestEntry>> = LazyLock::new(|| {
    let manifest: Result<Manifest, _> = Manifest::parse(TEXT, Path::new(""));
    // A catalogue that does not parse fails this module's test, so it cannot ship.
    manifest.map(|manifest| manifest.models).unwrap_or_default()
});

/// What the catalogue says of the file with this SHA-256. A labels file in it
/// is looked for beside the model.
#[must_use]
pub(crate) fn find(sha256: &str, model: &Path) -> Option<Description> {
    let entry =
        CATALOGUE.iter().find(|entry| entry.description.sha256.as_deref() == Some(sha256))?;
    let mut description = entry.description.clone();
    let beside = model.parent().unwrap_or(Path::new("."));
    description.labels =
        description.labels.map(|path| beside.join(path)).filter(|path| path.is_file());
    Some(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_parses_and_its_hashes_are_unique() {
        let models = Manifest::parse(TEXT, Path::new("")).unwrap().models;
        let mut hashes: Vec<_> =
            models.iter().filter_map(|m| m.description.sha256.clone()).collect();
        assert_eq!(hashes.len(), models.len(), "each entry needs a sha256");
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), models.len());
        assert!(hashes.iter().all(|hash| hash.len() == 64));
    }
}
