//! Which columns of a Parquet table hold the images, their paths and their classes, and the
//! names of the classes that `datasets` writes into the file.

use anyhow::{Context, Result};
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::SchemaDescriptor;
use serde_json::Value;

use crate::record::wanted_columns::{Purpose, WantedColumns};

/// What a column of images is called, the usual names first.
const IMAGE: [&str; 7] = ["image", "img", "jpg", "png", "picture", "photo", "bytes"];
/// What a column of classes is called.
const LABEL: [&str; 10] = [
    "label",
    "labels",
    "fine_label",
    "coarse_label",
    "class",
    "class_index",
    "target",
    "cls",
    "category",
    "label_name",
];

/// A column's name; a struct is known by its own.
pub(crate) fn name_of(schema: &SchemaDescriptor, column: usize) -> &str {
    schema.get_column_root(column).name()
}

/// A column that was chosen, and a sentence where others might be meant.
pub(crate) type ChosenColumn = (usize, Option<String>);

/// Of the columns that `fit` the stated one; else the first of those that `datasets` calls a
/// `feature` of this kind, or that have a usual name.
fn chosen(
    schema: &SchemaDescriptor,
    purpose: Purpose,
    wanted: Option<&str>,
    fit: &[usize],
    (features, feature): (&Value, &str),
    known: &[&str],
) -> Result<Option<ChosenColumn>> {
    if let Some(wanted) = wanted {
        let found = fit.iter().find(|column| name_of(schema, **column) == wanted);
        return found.map(|column| Some((*column, None))).with_context(|| {
            let kind = if purpose == Purpose::Image { "images" } else { "classes" };
            format!("it has no column '{wanted}' of {kind}; {}", all_columns(schema))
        });
    }
    let is_feature = |column: usize| features[name_of(schema, column)]["_type"] == feature;
    let place = |column: usize| {
        known.iter().position(|known| known.eq_ignore_ascii_case(name_of(schema, column)))
    };
    let mut usual: Vec<usize> =
        fit.iter().copied().filter(|it| is_feature(*it) || place(*it).is_some()).collect();
    usual.sort_by_key(|it| (!is_feature(*it), place(*it).unwrap_or(known.len())));
    let Some((taken, others)) = usual.split_first() else { return Ok(None) };
    let others: Vec<&str> = others.iter().map(|column| name_of(schema, *column)).collect();
    Ok(Some((*taken, purpose.told(name_of(schema, *taken), &others))))
}

fn all_columns(schema: &SchemaDescriptor) -> String {
    let mut names: Vec<&str> =
        (0..schema.num_columns()).map(|column| name_of(schema, column)).collect();
    names.dedup();
    format!("its columns are {}", names.join(", "))
}

pub(crate) fn image_column(
    schema: &SchemaDescriptor,
    features: &Value,
    wanted: &WantedColumns,
) -> Result<ChosenColumn> {
    let is_text = |column: usize| {
        let described = schema.column(column);
        matches!(described.logical_type_ref(), Some(LogicalType::String))
            || described.converted_type() == ConvertedType::UTF8
    };
    let is_bytes = |column: &usize| {
        let described = schema.column(*column);
        let parts = described.path().parts();
        described.physical_type() == Type::BYTE_ARRAY
            && is_flat(schema, *column)
            && !is_text(*column)
            && (parts.len() == 1 || (parts.len() == 2 && parts[1] == "bytes"))
    };
    let fit: Vec<usize> = (0..schema.num_columns()).filter(is_bytes).collect();
    let wanted = wanted.image_column.as_deref();
    let features = (features, "Image");
    if let Some(chosen) = chosen(schema, Purpose::Image, wanted, &fit, features, &IMAGE)? {
        return Ok(chosen);
    }
    let in_struct = fit.iter().find(|column| schema.column(**column).path().parts().len() == 2);
    in_struct.map(|column| (*column, None)).with_context(|| {
        format!(
            "it has no column of images (image, with their bytes; {}); give one that holds the \
             images themselves, or name it with --image-column",
            all_columns(schema)
        )
    })
}

pub(crate) fn label_column(
    schema: &SchemaDescriptor,
    features: &Value,
    wanted: &WantedColumns,
) -> Result<ChosenColumn> {
    let is_class = |column: &usize| {
        let described = schema.column(*column);
        let kind = described.physical_type();
        is_flat(schema, *column)
            && described.path().parts().len() == 1
            && !matches!(kind, Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY)
    };
    let all = || 0..schema.num_columns();
    let (plain, lists): (Vec<usize>, Vec<usize>) =
        (all().filter(is_class).collect(), all().filter(|it| is_list(schema, *it)).collect());
    let wanted = wanted.label_column.as_deref();
    let is_wanted = |column: &usize| Some(name_of(schema, *column)) == wanted;
    let of = |fit: &[usize]| {
        chosen(schema, Purpose::Label, wanted, fit, (features, "ClassLabel"), &LABEL)
    };
    // One class per image is the rule; several, as ReaL has them, are read where nothing else is.
    let found = if lists.iter().any(is_wanted) {
        of(&lists)?
    } else {
        match of(&plain)? {
            None => of(&lists)?,
            found => found,
        }
    };
    let is_nested = |column: &usize| {
        let name = name_of(schema, *column);
        LABEL.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    found.with_context(|| match all().find(is_nested) {
        Some(column) => format!(
            "its column '{}' holds records, not one class per image; name a column of class indices or names with --label-column ({})",
            name_of(schema, column),
            all_columns(schema)
        ),
        None => format!(
            "it has no column of classes (label; {}); name it with --label-column",
            all_columns(schema)
        ),
    })
}

/// Whether a column holds lists of numbers or texts.
fn is_list(schema: &SchemaDescriptor, column: usize) -> bool {
    let described = schema.column(column);
    described.max_rep_level() == 1
        && matches!(described.path().parts().len(), 1..=3)
        && !matches!(described.physical_type(), Type::INT96 | Type::FIXED_LEN_BYTE_ARRAY)
}

/// Whether a column has one value in each row.
pub(crate) fn is_flat(schema: &SchemaDescriptor, column: usize) -> bool {
    schema.column(column).max_rep_level() == 0
}

/// The paths beside the images, which name them.
pub(crate) fn path_column(schema: &SchemaDescriptor, image: usize) -> Option<usize> {
    let image = schema.column(image);
    let parts = image.path().parts();
    (0..schema.num_columns()).find(|column| {
        let described = schema.column(*column);
        let others = described.path().parts();
        others.len() == 2
            && others[0] == parts[0]
            && others[1] == "path"
            && described.physical_type() == Type::BYTE_ARRAY
            && is_flat(schema, *column)
    })
}

/// What `datasets` wrote about the columns, by their names.
pub(crate) fn features(metadata: &ParquetMetaData) -> Value {
    let pairs = metadata.file_metadata().key_value_metadata();
    let told = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "huggingface"));
    let value = told.and_then(|pair| pair.value.as_deref());
    let told: Value = value.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    told["info"]["features"].clone()
}

/// The names of a `ClassLabel`.
pub(crate) fn class_names(features: &Value, label: &str) -> Vec<String> {
    let of = &features[label];
    // Of a list's entries, as newer and older versions write them.
    let places = [&of["names"], &of["feature"]["names"], &of[0]["names"]];
    let names = places.into_iter().find_map(Value::as_array).cloned().unwrap_or_default();
    names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
