//! A folder with a table of labels: a column that names the file, and a class index, a
//! label or a WordNet id, or several of them; other columns are allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::dataset::detection::DetectionForm;
use crate::dataset::entries::{ClassOrder, Classes, Dataset, LabelledImage};
use crate::dataset::image_files::Files;
use crate::dataset::label_columns::{Columns, mark};
use crate::dataset::locate::Locator;
use crate::dataset::numbers::MAX_CLASS;
use crate::dataset::table_row::TableRow;
use crate::dataset::text_table::TextTable;
use crate::dataset::{detection, ilsvrc2012, numbers, splits};
use crate::record::wanted_columns::WantedColumns;
use crate::text_file;

/// A parsed line.
struct LabelLine {
    number: u64,
    file: String,
    index: Option<u32>,
    wnid: Option<String>,
    label: Option<String>,
}

/// Opens the images in `root` with the table at `path`, by the columns that are `wanted`.
pub(crate) fn open(
    root: &Path,
    path: &Path,
    files: &Files,
    wanted: &WantedColumns,
) -> Result<Dataset> {
    by_table(root, (path, TextTable::read(path)?), files, wanted)
}

/// The same by a table that is read already; `path` is what it is called.
pub(crate) fn by_table(
    root: &Path,
    (path, table): (&Path, TextTable),
    files: &Files,
    wanted: &WantedColumns,
) -> Result<Dataset> {
    let locator = Locator::new(root, files);
    let columns = Columns::of(&table.rows, &locator, path, wanted)?;
    let rows = &table.rows[usize::from(columns.named)..];
    let mut lines = Vec::with_capacity(rows.len());
    let mut absent = Vec::new();
    for row in rows {
        let line = read_line(row, &columns)
            .with_context(|| format!("{} line {}", path.display(), row.line))?;
        match locator.find(&line.file) {
            Some(file) => lines.push(LabelLine { file, ..line }),
            None => absent.push(line),
        }
    }
    if let Some(line) = absent.first() {
        return Err(missing(path, line, absent.len(), rows.len()));
    }
    check_boxes(&table.rows, &lines, path)?;
    check_splits(rows, table.rows.first().filter(|_| columns.named), path)?;
    let (classes, index) = classes(&lines, &columns, path)?;
    let mut dataset = Dataset::new(root.to_owned(), Vec::with_capacity(lines.len()), classes);
    for line in lines {
        let class = index(&line).with_context(|| {
            format!("{} line {}: no class is given; write one", path.display(), line.number)
        })?;
        dataset.entries.push(LabelledImage::new(line.file, class));
    }
    dataset.assumed.extend(table.assumed);
    dataset.assumed.extend(columns.assumed);
    dataset.left_out.extend(unlabelled(&dataset, path, files));
    Ok(dataset)
}

/// Whether a text is a table whose first lines name images of the folder.
pub(crate) fn names_images(root: &Path, path: &Path, files: &Files) -> bool {
    // A class of YOLO's is a number, as an image's name may be.
    if DetectionForm::of(path).is_some() {
        return false;
    }
    TextTable::read(path).is_ok_and(|table| Locator::new(root, files).is_named_in(&table.rows))
}

/// Refuses a table with a line per object, of which images have several.
fn check_boxes(rows: &[TableRow], lines: &[LabelLine], path: &Path) -> Result<()> {
    if !rows.first().is_some_and(|first| detection::has_boxes(&first.fields)) {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let again = lines.iter().find(|line| !seen.insert(line.file.as_str()));
    ensure!(
        again.is_none(),
        "{} is a table of boxes for object detection, with several lines for {}; write one line per image, with its one class",
        path.display(),
        again.map_or("an image", |line| line.file.as_str())
    );
    Ok(())
}

/// What a column of splits is called.
const SPLIT: [&str; 7] = ["split", "set", "subset", "fold", "partition", "phase", "dataset"];

/// Refuses a table whose lines belong to several splits: what a model was trained on would be scored
/// too.
fn check_splits(rows: &[TableRow], heading: Option<&TableRow>, path: &Path) -> Result<()> {
    let is_called = |name: &String| SPLIT.iter().any(|known| name.eq_ignore_ascii_case(known));
    let Some(column) = heading.and_then(|heading| heading.fields.iter().position(is_called)) else {
        return Ok(());
    };
    let found: BTreeSet<&str> = rows.iter().map(|row| row.fields[column].as_str()).collect();
    ensure!(
        found.len() < 2 || !found.iter().all(|it| splits::is_split(it)),
        "{} has lines of several splits ({}) in column '{}'; keep those of one split, such as {}",
        path.display(),
        found.iter().copied().collect::<Vec<_>>().join(", "),
        heading.map_or("", |heading| heading.fields[column].as_str()),
        found.iter().find(|it| !it.starts_with(['t', 'T'])).or(found.first()).unwrap_or(&"val")
    );
    Ok(())
}

fn missing(path: &Path, line: &LabelLine, absent: usize, rows: usize) -> anyhow::Error {
    let others = if absent == 1 { String::new() } else { format!(" ({absent} of {rows} are not)") };
    anyhow::anyhow!(
        "{} line {}: {} is not in the folder{others}; correct the name or remove the line",
        path.display(),
        line.number,
        line.file
    )
}

/// Images that the table does not label.
fn unlabelled(dataset: &Dataset, path: &Path, files: &Files) -> Option<String> {
    let labelled: HashSet<&str> = dataset.entries.iter().map(|entry| entry.file.as_str()).collect();
    let mut others = files.images.iter().filter(|image| !labelled.contains(image.as_str()));
    let example = others.next()?;
    let count = 1 + others.count();
    let images = if count == 1 { "image is" } else { "images are" };
    let table = path.file_name().unwrap_or_default().to_string_lossy();
    Some(format!("{count} {images} left out because {table} does not name them ({example})"))
}

fn read_line(row: &TableRow, columns: &Columns) -> Result<LabelLine> {
    let file = Some(row.fields[columns.file].clone()).filter(|name| !name.is_empty());
    let file = file.context("the line names no file")?;
    let clean: Vec<String> = row
        .fields
        .iter()
        .map(|field| text_file::without_invisible(field).trim().to_owned())
        .collect();
    let field = |column: Option<usize>| {
        column.map(|column| clean[column].as_str()).filter(|text| !text.is_empty())
    };
    let index = match columns.index {
        Some(column) => {
            let text = field(Some(column)).context("class_index is empty")?;
            Some(numbers::index(text).with_context(|| {
                format!("class_index '{text}' is not a whole number from 0 to {MAX_CLASS}")
            })?)
        }
        None => None,
    };
    let hot = columns.one_hot.iter().find(|(column, _)| mark(&row.fields[*column]) == Some(true));
    // As data frames write a label that is missing.
    let is_missing = |text: &&str| ["nan", "<na>", "null"].contains(&&*text.to_lowercase());
    let label = field(columns.label)
        .filter(|text| !is_missing(text))
        .or(hot.map(|(_, name)| name.as_str()));
    let is_several = |label: &str| label.starts_with(['[', '{']) && label.ends_with([']', '}']);
    ensure!(
        !label.is_some_and(is_several),
        "{} is no single class; write one class per image, or name its column with --label-column",
        label.unwrap_or_default()
    );
    // Kaggle has a box behind the WordNet id.
    let wnid = field(columns.wnid).and_then(|text| text.split_whitespace().next());
    Ok(LabelLine {
        number: row.line,
        file,
        index,
        wnid: wnid.map(str::to_owned),
        label: label.map(str::to_owned),
    })
}

type IndexOf = Box<dyn Fn(&LabelLine) -> Option<u32>>;

/// What the indices mean, from all lines together, and how a line states one.
fn classes(lines: &[LabelLine], columns: &Columns, path: &Path) -> Result<(Classes, IndexOf)> {
    let known = |line: &LabelLine| line.wnid.as_deref().and_then(ilsvrc2012::class_of_wnid);
    if columns.wnid.is_some() && lines.iter().all(|line| known(line).is_some()) {
        for line in lines {
            let (Some(index), Some(truth)) = (line.index, known(line)) else { continue };
            ensure!(
                index == truth,
                "{} line {}: {} is class {truth} of ILSVRC2012 (from 0), not {index}; correct class_index or remove the column",
                path.display(),
                line.number,
                line.wnid.as_deref().unwrap_or_default()
            );
        }
        let classes = Classes::new(ClassOrder::Ilsvrc2012, ilsvrc2012::names());
        return Ok((classes, Box::new(move |line| known(line))));
    }
    if columns.index.is_none() {
        let mut names: BTreeSet<String> = lines.iter().filter_map(name).collect();
        names.extend(columns.one_hot.iter().map(|(_, name)| name.clone()));
        let names: Vec<String> = names.into_iter().collect();
        if let Some(numbers) = same_numbers(&names) {
            let (classes, _) = numbers::classes(numbers);
            return Ok((classes, Box::new(|line| numbers::index(&name(line)?))));
        }
        let (classes, indices) = numbers::classes(names);
        let indices: HashMap<String, u32> = indices.into_iter().collect();
        return Ok((classes, Box::new(move |line| indices.get(&name(line)?).copied())));
    }
    Ok((Classes::new(ClassOrder::Given, names_by_index(lines, path)?), Box::new(|line| line.index)))
}

/// Whole numbers in different spellings (`3`, `3.0`), each once.
fn same_numbers(names: &[String]) -> Option<Vec<String>> {
    let numbers: Option<BTreeSet<u32>> = names.iter().map(|name| numbers::index(name)).collect();
    Some(numbers?.into_iter().map(|number| number.to_string()).collect())
}

/// What a line calls its class.
fn name(line: &LabelLine) -> Option<String> {
    line.label.clone().or_else(|| line.wnid.clone())
}

fn names_by_index(lines: &[LabelLine], path: &Path) -> Result<Vec<Option<String>>> {
    let mut by_index = BTreeMap::<u32, String>::new();
    for line in lines {
        let (Some(index), Some(name)) = (line.index, name(line)) else { continue };
        let first = by_index.entry(index).or_insert_with(|| name.clone());
        ensure!(
            *first == name,
            "{} line {}: class {index} is '{name}' here and '{first}' above; correct one",
            path.display(),
            line.number
        );
    }
    let count = by_index.keys().max().map_or(0, |index| *index as usize + 1);
    let mut names = vec![None; count];
    for (index, name) in by_index {
        names[index as usize] = Some(name);
    }
    Ok(names)
}
