//! Lines of a file name and a class: `val.txt` and `val_map.txt`.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::dataset::entries::{Dataset, LabelledImage};
use crate::dataset::image_files::Files;
use crate::dataset::locate::Locator;
use crate::dataset::{ilsvrc2012, numbers};

/// Whether lines name images. A class may also be two words, so a name must have an extension, or
/// be that of an image without its extension.
pub(crate) fn are(lines: &[&str], images: &[&String]) -> bool {
    let Some((file, _)) = lines.first().and_then(|line| parted(line)) else { return false };
    let name = file.rsplit_once(['/', '\\']).map_or(file, |(_, name)| name);
    let is_image = |image: &&String| {
        let image = image.rsplit_once('/').map_or(image.as_str(), |(_, name)| name);
        image == name || image.rsplit_once('.').is_some_and(|(stem, _)| stem == name)
    };
    name.contains('.') || images.iter().any(is_image)
}

/// A line's name and class. The class is what comes last, unless boxes follow it.
fn parted(line: &str) -> Option<(&str, &str)> {
    let (file, rest) = match line.split_once('\t') {
        Some((file, rest)) => (file, rest.split('\t').next()?),
        None => line.rsplit_once([' ', ',', ';'])?,
    };
    Some((file.trim().trim_matches('"'), rest.trim().trim_matches('"')))
}

/// Adds an entry per line. Images that are not there are counted: the list is often that
/// of the whole set.
pub(crate) fn read(
    dataset: &mut Dataset,
    lines: &[&str],
    truth: &Path,
    files: &Files,
) -> Result<()> {
    let root = dataset.root.clone();
    let locator = Locator::new(&root, files);
    let (mut found, mut absent) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let Some((file, class)) = parted(line) else {
            bail!("{} line {number} is not a file name followed by a class", truth.display())
        };
        match locator.find(file) {
            Some(file) => found.push((number, file, class)),
            None => absent.push((number, file)),
        }
    }
    if let Some((number, example)) = absent.first() {
        ensure!(
            !found.is_empty(),
            "{} line {number}: {example} is not in the folder, nor is any other image of the list; give the folder with its images",
            truth.display()
        );
        dataset.left_out.push(format!(
            "{} of {} lines of {} name an image that is not in the folder ({example})",
            absent.len(),
            lines.len(),
            truth.file_name().unwrap_or_default().to_string_lossy()
        ));
    }
    if is_imagenet(&found, truth) {
        check_start(lines, truth)?;
        for (number, file, class) in found {
            let index = class.parse().ok().filter(|index| *index < 1000);
            let Some(class) = index.or_else(|| ilsvrc2012::class_of_wnid(class)) else {
                bail!(
                    "{} line {number}: '{class}' is neither 0..999 nor a WordNet id",
                    truth.display()
                )
            };
            dataset.entries.push(LabelledImage::new(file, class));
        }
        return Ok(());
    }
    let names: BTreeSet<String> = found.iter().map(|(.., class)| (*class).to_owned()).collect();
    let (classes, indices) = numbers::classes(names.into_iter().collect());
    let indices: HashMap<String, u32> = indices.into_iter().collect();
    dataset.classes = classes;
    let entry = |(_, file, class): (usize, String, &str)| {
        Some(LabelledImage::new(file, *indices.get(class)?))
    };
    dataset.entries.extend(found.into_iter().filter_map(entry));
    Ok(())
}

/// Whether the classes are ILSVRC2012's: by a WordNet id among them, or by the images' names
/// or the list's.
fn is_imagenet(found: &[(usize, String, &str)], truth: &Path) -> bool {
    let says = |text: &str| {
        let text = text.to_lowercase();
        text.contains("ilsvrc") || text.contains("imagenet")
    };
    let is_known = |(_, file, class): &(usize, String, &str)| {
        says(file) || ilsvrc2012::class_of_wnid(class).is_some()
    };
    says(&truth.to_string_lossy()) || found.iter().any(is_known)
}

/// Refuses classes that are counted from 1.
fn check_start(lines: &[&str], truth: &Path) -> Result<()> {
    let class = |line: &&str| parted(line)?.1.parse::<u32>().ok();
    let last = lines.iter().position(|line| class(line) == Some(1000));
    if let Some(line) = last.filter(|_| lines.iter().all(|line| class(line) != Some(0))) {
        bail!(
            "{} line {}: class 1000 but no class 0: class indices count WordNet ids from 0; subtract 1 or, if they are the development kit's numbers, give its ground-truth file",
            truth.display(),
            line + 1
        );
    }
    Ok(())
}
