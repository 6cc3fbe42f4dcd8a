//! The header of a run for publication: without the folders of the machine that it ran on.

use std::path::{Component, Path, PathBuf};

use crate::record::header::Header;

/// The header as `run.json` keeps it. Files are named as seen from the folder in which the run was
/// begun, so that a published run reveals nothing about the rest of the machine; the journal keeps
/// their paths, to resume. The class of each output is left out: classes are named where they are
/// mentioned.
#[must_use]
pub(crate) fn header(header: &Header) -> Header {
    let mut portable = header.clone();
    portable.outputs.clear();
    let Some(folder) = portable.working_folder.take() else { return portable };
    let files = portable.models.iter_mut().chain(&mut portable.references);
    let models = files.flat_map(|model| {
        [Some(&mut model.path), model.description.labels.as_mut()].into_iter().flatten()
    });
    let of_parts = portable.parts.iter_mut().flat_map(|part| &mut part.runtimes);
    let runtimes = portable.runtimes.iter_mut().chain(of_parts);
    let runtimes = runtimes.filter_map(|runtime| runtime.library.as_mut());
    let accuracy = portable.options.accuracy.iter_mut().flat_map(|accuracy| {
        [Some(&mut accuracy.dataset), accuracy.labels.as_mut()].into_iter().flatten()
    });
    let rest = [
        portable.dataset.as_mut().map(|dataset| &mut dataset.path),
        portable.options.overrides.labels.as_mut(),
        portable.options.worker.as_mut(),
    ];
    for path in models.chain(runtimes).chain(accuracy).chain(rest.into_iter().flatten()) {
        *path = seen_from(&folder, path);
    }
    portable
}

/// `path` relative to `folder`, if both are below one folder that is not the root; else unchanged.
#[must_use]
pub(crate) fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    if !(path.is_absolute() && folder.is_absolute()) {
        return path.to_owned();
    }
    let both = folder.components().zip(path.components());
    let shared = both.take_while(|(a, b)| a == b).count();
    if shared < 2 {
        return path.to_owned();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let seen: PathBuf = up.chain(path.components().skip(shared)).collect();
    if seen.as_os_str().is_empty() { PathBuf::from(".") } else { seen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::entry::Entry;

    #[test]
    fn models_and_those_that_they_are_compared_with_are_seen_from_the_folder() {
        let journal = include_str!("../../tests/fixtures/journal-1.jsonl");
        let first = journal.lines().next().unwrap();
        let Ok(Entry::Header(mut whole)) = serde_json::from_str(first) else { panic!("{first}") };
        whole.working_folder = Some("/home/me/project".into());
        let mut model = whole.models[0].clone();
        model.path = "/home/me/project/models/a.tflite".into();
        model.description.labels = Some("/home/me/project/models/labels.txt".into());
        whole.models = vec![model.clone()];
        whole.references = vec![model];
        let portable = header(&whole);
        for model in portable.models.iter().chain(&portable.references) {
            assert_eq!(model.path, Path::new("models/a.tflite"));
            assert_eq!(model.description.labels.as_deref(), Some(Path::new("models/labels.txt")));
        }
    }

    #[test]
    fn paths_are_those_that_one_would_type() {
        let seen = |path: &str| seen_from(Path::new("/home/me/project"), Path::new(path));
        for (path, expected) in [
            ("/home/me/project/models/a.tflite", "models/a.tflite"),
            ("/home/me/photos", "../photos"),
            ("/home/me/project", "."),
            ("/data/photos", "/data/photos"),
            ("models/a.tflite", "models/a.tflite"),
        ] {
            assert_eq!(seen(path), Path::new(expected));
        }
    }
}
