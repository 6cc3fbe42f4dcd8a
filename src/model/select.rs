//! From what the command line names to opened models.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::config::beside;
use crate::model::manifest::{Manifest, ManifestEntry};
use crate::model::{catalogue, external, fetched, foreign, onnx_file, sources, tflite_file};
use crate::record::description::{Description, Model, PipelineSource};
use crate::record::format::Format;
use crate::system::files;

/// Largest ONNX file: protocol buffers count their bytes in 31 bits.
const MOST_ONNX_BYTES: u64 = (1 << 31) - 1;

/// Opens what `names` name: a path, the name of an embedded or fetched model, or a glob
/// over these; of files with several signatures the one of the name `signature`. Order is
/// kept, repeats are dropped.
///
/// # Errors
/// One sentence for the first name that matches nothing or names a file that is not a usable model.
pub fn select(names: &[String], signature: Option<&str>) -> Result<Vec<Model>> {
    let mut models: Vec<Model> = Vec::new();
    // Large files take time to read and hash.
    let found: Vec<_> = names.par_iter().map(|name| one(name, signature)).collect();
    for found in found {
        for model in found? {
            if !models.iter().any(|known| known.path == model.path) {
                models.push(model);
            }
        }
    }
    tell_apart(&mut models)?;
    Ok(models)
}

/// Adds to models of one name the extensions of their files, or as many of their folders as needed
/// to distinguish them.
fn tell_apart(models: &mut [Model]) -> Result<()> {
    for index in 0..models.len() {
        let same: Vec<usize> =
            (0..models.len()).filter(|other| models[*other].name == models[index].name).collect();
        if same.len() < 2 {
            continue;
        }
        let named = |depth: usize, ending: bool| -> Vec<String> {
            same.iter().map(|index| with_folders(&models[*index], depth, ending)).collect()
        };
        let distinct = |names: &Vec<String>| {
            (1..names.len()).all(|at| !names[..at].contains(&names[at]))
                && !models.iter().any(|model| names.contains(&model.name))
        };
        let longest = same.iter().map(|index| models[*index].path.components().count()).max();
        let mut ways = std::iter::once((0, true))
            .chain((1..longest.unwrap_or(1)).flat_map(|depth| [(depth, false), (depth, true)]));
        let Some(names) =
            ways.find_map(|(depth, ending)| Some(named(depth, ending)).filter(distinct))
        else {
            bail!(
                "two models are named '{}': {} and {}; rename one of the files",
                models[same[0]].name,
                models[same[0]].path.display(),
                models[same[1]].path.display()
            );
        };
        for (index, name) in same.into_iter().zip(names) {
            models[index].name = name;
        }
    }
    Ok(())
}

/// A model's name behind the innermost `depth` folders of its file, with the file's ending
/// or without.
fn with_folders(model: &Model, depth: usize, ending: bool) -> String {
    let folders = model.path.ancestors().skip(1).take(depth).filter_map(Path::file_name);
    let mut parts: Vec<String> =
        folders.map(|folder| folder.to_string_lossy().into_owned()).collect();
    parts.reverse();
    let extension = model.path.extension().filter(|_| ending);
    let extension = extension.map_or_else(String::new, |it| format!(".{}", it.to_string_lossy()));
    parts.push(format!("{}{extension}", model.name));
    parts.join("/")
}

/// The whole embedded family.
///
/// # Errors
/// See [`Manifest::embedded`] and [`open`].
pub fn embedded() -> Result<Vec<Model>> {
    let manifest = Manifest::embedded()?;
    manifest.models.iter().map(|entry| open(&manifest.path(entry))).collect()
}

/// The members of the embedded family that represent it if no model is named; all of them if its
/// manifest names none.
///
/// # Errors
/// See [`Manifest::embedded`] and [`open`].
pub(crate) fn representative() -> Result<Vec<Model>> {
    let manifest = Manifest::embedded()?;
    let named = manifest.family.as_ref().map_or(&[][..], |family| &family.representative);
    let chosen = |entry: &&ManifestEntry| named.is_empty() || named.contains(&entry.name);
    manifest.models.iter().filter(chosen).map(|entry| open(&manifest.path(entry))).collect()
}

/// The names among `models` that are not run on all cores by default.
///
/// # Errors
/// See [`Manifest::embedded`].
pub(crate) fn on_one_core(models: &[Model]) -> Result<Vec<String>> {
    let family = Manifest::embedded()?.family;
    let on_all = family.map_or_else(Vec::new, |family| family.on_all_cores);
    let names = models.iter().map(|model| model.name.clone());
    Ok(names.filter(|name| !on_all.is_empty() && !on_all.contains(name)).collect())
}

fn one(name: &str, signature: Option<&str>) -> Result<Vec<Model>> {
    let path = Path::new(name);
    if path.is_file() {
        return Ok(vec![open_at(path, signature)?]);
    }
    if path.is_dir() {
        return Ok(vec![open_at(&in_folder(path)?, signature)?]);
    }
    if let Ok(target) = fs::read_link(path) {
        bail!(
            "model {name} is a link to {}, which is not there; get the file that it stands for",
            target.display()
        );
    }
    let manifest = Manifest::embedded();
    let pattern = glob::Pattern::new(name)
        .with_context(|| format!("'{name}' is neither a file nor a valid pattern"))?;
    let embedded: Vec<PathBuf> = manifest
        .iter()
        .flat_map(|manifest| manifest.models.iter().map(move |entry| (manifest, entry)))
        .filter(|(_, entry)| entry.name == name || pattern.matches(&entry.name))
        .map(|(manifest, entry)| manifest.path(entry))
        .collect();
    let files = || -> Result<Vec<PathBuf>> {
        Ok(glob::glob(name)?.filter_map(Result::ok).filter(|p| is_model_file(p)).collect())
    };
    let mut paths = embedded;
    if paths.is_empty() {
        paths = fetched::matching(|it| it == name || pattern.matches(it));
    }
    if paths.is_empty() {
        paths = files()?;
    }
    ensure!(
        !paths.is_empty(),
        "model '{name}' is neither a file nor the name of an embedded or fetched model; see 'shutterbench list models'"
    );
    paths.iter().map(|path| open_at(path, signature)).collect()
}

/// The only model file of a folder, as models are published: in it, in its `onnx` folder, or in the
/// only snapshot of a hub's cache.
fn in_folder(folder: &Path) -> Result<PathBuf> {
    let files_of = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| is_model_file(path)).collect();
        files.sort();
        files
    };
    let snapshots = fs::read_dir(folder.join("snapshots")).into_iter().flatten().flatten();
    let mut folders = vec![folder.to_owned()];
    folders.extend(snapshots.map(|snapshot| snapshot.path()));
    let mut found: Vec<PathBuf> = folders.iter().flat_map(|folder| files_of(folder)).collect();
    if found.is_empty() {
        found = folders.iter().flat_map(|folder| files_of(&folder.join("onnx"))).collect();
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!(
            "folder {} holds no .tflite or .onnx file; {}",
            folder.display(),
            foreign::told_of_folder(folder).unwrap_or("name a model file with --model")
        ),
        several => {
            let names = several
                .iter()
                .take(5)
                .map(|path| path.strip_prefix(folder).unwrap_or(path).display().to_string());
            bail!(
                "folder {} holds {} model files ({}{}); name one of them with --model",
                folder.display(),
                several.len(),
                names.collect::<Vec<_>>().join(", "),
                if several.len() > 5 { ", ..." } else { "" }
            )
        }
    }
}

fn is_model_file(path: &Path) -> bool {
    path.is_file()
        && path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("tflite") || e.eq_ignore_ascii_case("onnx"))
}

/// Opens one model file, by its default signature.
///
/// # Errors
/// One sentence: the file is missing, empty, or no usable model; or its
/// SHA-256 is not the one that its description states.
pub fn open(path: &Path) -> Result<Model> {
    open_at(path, None)
}

/// Opens one model file: if it has several signatures, by the one that is named here or in its
/// description.
fn open_at(path: &Path, named: Option<&str>) -> Result<Model> {
    let context = || format!("model {} cannot be used", path.display());
    let (format, bytes) = read(path).with_context(context)?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let (name, mut layers) = described(path, &sha256).with_context(context)?;
    let named =
        named.or_else(|| layers.iter().find_map(|(_, described)| described.signature.as_deref()));
    let signature = match (format, named) {
        (Format::Tflite, named) => tflite_file::read(&bytes, named),
        (Format::Onnx, None) => onnx_file::read(&bytes),
        (Format::Onnx, Some(named)) => Err(anyhow!(
            "'{named}' was requested, but an ONNX file has no signatures; leave out --signature"
        )),
    }
    .map_err(|error| match foreign::told(path, &bytes) {
        Some(what) => anyhow!(what),
        None => error,
    })
    .with_context(context)?;
    let beside = beside::read(path);
    let config_error = beside.as_ref().err().map(|error| format!("{error:#}"));
    let beside = beside.unwrap_or_default();
    let configuration = PipelineSource::Configuration(beside.files.join(" and "));
    let size = beside.description.input_size.filter(|_| signature.leaves_size_open());
    layers.push((configuration, Description { input_size: size, ..beside.description }));
    let in_file = Description {
        preprocess: signature.preprocess.clone(),
        input_size: signature.image_size.filter(|_| signature.leaves_size_open()),
        ..Description::default()
    };
    layers.push((PipelineSource::Metadata, in_file));
    let (description, stated) = sources::together(layers);
    if let Some(expected) = &description.sha256 {
        ensure!(
            expected.eq_ignore_ascii_case(&sha256),
            "model {} has SHA-256 {sha256}, but its description states {expected}; download the file again or correct the description",
            path.display()
        );
    }
    let path = as_named(path, &signature.external_data).with_context(context)?;
    let bytes = bytes.len() as u64
        + external::bytes(&path, &signature.external_data, &signature.external_least)
            .with_context(context)?;
    Ok(Model {
        name,
        path,
        format,
        bytes,
        sha256,
        signature,
        description,
        pipeline_source: sources::of_pipeline(&stated),
        stated,
        config_notes: beside.notes,
        config_error,
    })
}

/// The format and the bytes of a file.
fn read(path: &Path) -> Result<(Format, Vec<u8>)> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(8).read_to_end(&mut bytes)?;
    ensure!(!bytes.is_empty(), "it is empty; download the file again");
    let format = Format::detect(path, &bytes);
    ensure!(
        format != Format::Onnx || length <= MOST_ONNX_BYTES,
        "it has {length} bytes, and an ONNX file holds at most 2 GB; export it with its weights \
         in files beside it (external data)"
    );
    bytes.reserve_exact(usize::try_from(length)?.saturating_sub(bytes.len()));
    file.read_to_end(&mut bytes)?;
    Ok((format, bytes))
}

/// A model is at the path that the user gave, with its weights beside it, even if it is a link into
/// a cache; only a link without weights beside it is followed to its file.
fn as_named(path: &Path, weights: &[PathBuf]) -> Result<PathBuf> {
    let named = std::path::absolute(path)?;
    let has_weights = |path: &Path| weights.iter().all(|it| path.with_file_name(it).is_file());
    let followed = files::canonical(path)?;
    Ok(if !has_weights(&named) && has_weights(&followed) { followed } else { named })
}

/// The model of this name that belongs with `model`: in the manifest that describes it, or as a
/// file beside it.
///
/// # Errors
/// See [`open`].
pub(crate) fn beside(model: &Model, name: &str) -> Result<Option<Model>> {
    for manifest in manifests_over(&model.path) {
        let manifest = manifest?;
        if let Some(entry) = manifest.models.iter().find(|entry| entry.name == name) {
            return open(&manifest.path(entry)).map(Some);
        }
    }
    let file = |extension: &str| model.path.with_file_name(format!("{name}{extension}"));
    let found = [".tflite", ".onnx", ""].map(file).into_iter().find(|path| path.is_file());
    found.map(|path| open(&path)).transpose()
}

/// The manifests in a file's folder and the two above.
fn manifests_over(path: &Path) -> impl Iterator<Item = Result<Manifest>> {
    path.ancestors().skip(1).take(3).filter_map(|folder| Manifest::read_own(folder).transpose())
}

/// The name of a model, and what is written about it: in the sidecar, in a manifest of
/// its folder or the two above, in the catalogue.
fn described(path: &Path, sha256: &str) -> Result<(String, Vec<(PipelineSource, Description)>)> {
    let mut name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut layers: Vec<(PipelineSource, Description)> = Vec::new();
    if let Some(description) = sidecar(path)? {
        layers.push((PipelineSource::Sidecar, description));
    }
    for manifest in manifests_over(path) {
        let manifest = manifest?;
        if let Some(entry) = manifest.models.iter().find(|entry| manifest.path(entry) == path) {
            if layers.is_empty() {
                name = entry.name.clone();
            }
            layers.push((PipelineSource::Manifest, entry.description.clone()));
            break;
        }
    }
    layers.extend(catalogue::find(sha256, path).map(|found| (PipelineSource::Catalogue, found)));
    Ok((name, layers))
}

fn sidecar(path: &Path) -> Result<Option<Description>> {
    let sidecar = path.with_extension("toml");
    if !sidecar.is_file() || sidecar.file_name() == Some(crate::model::manifest::FILE_NAME.as_ref())
    {
        return Ok(None);
    }
    let text = fs::read_to_string(&sidecar)
        .with_context(|| format!("could not read description {}", sidecar.display()))?;
    let mut description: Description = toml::from_str(&text)
        .with_context(|| format!("description {} is invalid", sidecar.display()))?;
    let folder = sidecar.parent().unwrap_or(Path::new("."));
    description.labels = description.labels.map(|labels| folder.join(labels));
    Ok(Some(description))
}
