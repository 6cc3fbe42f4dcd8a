//! A folder with `labels.csv`: a column `file`, and `class_index`, `label` or
//! `wnid` (a WordNet id), or several of them; other columns are allowed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use csv::StringRecord;

use crate::dataset::entries::{Classes, Dataset, Entry, Order};
use crate::dataset::ilsvrc2012;

/// Largest class index that is believed.
const MAX_CLASS: u32 = 1_000_000;

/// Where the columns are.
struct Columns {
    file: usize,
    index: Option<usize>,
    wnid: Option<usize>,
    label: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord, path: &Path) -> Result<Self> {
        let find = |names: &[&str]| {
            header.iter().position(|column| {
                names.iter().any(|name| column.trim().eq_ignore_ascii_case(name))
            })
        };
        let columns = Self {
            file: find(&["file", "filename", "image"]).with_context(|| {
                format!("{} has no column 'file'; its first line names the columns", path.display())
            })?,
            index: find(&["class_index"]),
            wnid: find(&["wnid"]),
            label: find(&["label", "class", "class_name"]),
        };
        ensure!(
            columns.index.is_some() || columns.wnid.is_some() || columns.label.is_some(),
            "{} has no column 'class_index', 'wnid' or 'label'; add one",
            path.display()
        );
        Ok(columns)
    }
}

/// A line, read.
struct Line {
    number: u64,
    file: String,
    index: Option<u32>,
    wnid: Option<String>,
    label: Option<String>,
}

pub(crate) fn open(root: &Path, path: &Path) -> Result<Dataset> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut header =
        reader.headers().with_context(|| format!("cannot read {}", path.display()))?.clone();
    if let Some(first) = header.get(0).and_then(|first| first.strip_prefix('\u{feff}')) {
        header = std::iter::once(first).chain(header.iter().skip(1)).collect();
    }
    let columns = Columns::of(&header, path)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let line = record.map_err(|error| sentence(&error, path)).and_then(|record| {
            read_line(&record, &columns, root)
                .map_err(|error| anyhow!("{} line {}: {error}", path.display(), number(&record)))
        })?;
        lines.push(line);
    }
    let classes = classes(&lines, &columns, path)?;
    let entries = lines
        .into_iter()
        .map(|line| {
            let class = class_of(&line, &classes).with_context(|| {
                format!("{} line {}: its class is unknown", path.display(), line.number)
            })?;
            Ok(Entry { file: line.file, class })
        })
        .collect::<Result<_>>()?;
    Ok(Dataset { root: root.to_owned(), entries, classes, unreadable: Vec::new(), shard: None })
}

fn number(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn sentence(error: &csv::Error, path: &Path) -> anyhow::Error {
    let line = error.position().map_or(0, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields where the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text".to_owned(),
        other => format!("cannot be read ({other:?})"),
    };
    anyhow!("{} line {line} {what}; correct it", path.display())
}

fn read_line(record: &StringRecord, columns: &Columns, root: &Path) -> Result<Line> {
    let field = |column: Option<usize>| {
        column.and_then(|column| record.get(column)).filter(|text| !text.is_empty())
    };
    let file = field(Some(columns.file)).context("no file is named")?.to_owned();
    ensure!(
        root.join(&file).symlink_metadata().is_ok(),
        "{file} is not in the folder; correct the name or remove the line"
    );
    let index = match (columns.index, field(columns.index)) {
        (Some(_), Some(text)) => {
            Some(text.parse().ok().filter(|index| *index <= MAX_CLASS).with_context(|| {
                format!("class_index '{text}' is no whole number from 0 to {MAX_CLASS}")
            })?)
        }
        (Some(_), None) => bail!("class_index is empty"),
        (None, _) => None,
    };
    let owned = |column| field(column).map(str::to_owned);
    Ok(Line {
        number: number(record),
        file,
        index,
        wnid: owned(columns.wnid),
        label: owned(columns.label),
    })
}

/// What the indices stand for, from all lines together.
fn classes(lines: &[Line], columns: &Columns, path: &Path) -> Result<Classes> {
    let known = |line: &Line| line.wnid.as_deref().and_then(ilsvrc2012::class_of_wnid);
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
        return Ok(Classes::new(Order::Ilsvrc2012, ilsvrc2012::names()));
    }
    let name = |line: &Line| line.label.clone().or_else(|| line.wnid.clone());
    if columns.index.is_none() {
        let names: std::collections::BTreeSet<String> = lines.iter().filter_map(name).collect();
        return Ok(Classes::new(Order::ByName, names.into_iter().map(Some).collect()));
    }
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
    Ok(Classes::new(Order::Given, names))
}

fn class_of(line: &Line, classes: &Classes) -> Option<u32> {
    match classes.order {
        Order::Ilsvrc2012 => ilsvrc2012::class_of_wnid(line.wnid.as_deref()?),
        Order::Given => line.index,
        Order::ByName => {
            let name = line.label.as_deref().or(line.wnid.as_deref())?;
            let place = classes.names.binary_search_by(|known| known.as_deref().cmp(&Some(name)));
            u32::try_from(place.ok()?).ok()
        }
    }
}
