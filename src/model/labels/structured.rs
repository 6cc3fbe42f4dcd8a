//! Class names in JSON or YAML: a list, names by index, indices by name, or either of
//! them inside a model's or a dataset's configuration.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// Where configurations keep the names, the most reliable first.
pub(crate) const PLACES: [&str; 13] = [
    "id2label",
    "label2id",
    "names",
    "index_to_name",
    "class_indices",
    "class_names",
    "labels",
    "classes",
    "label_names",
    "id_to_label",
    "idx_to_class",
    "class_to_idx",
    "categories",
];
/// What an entry's name is called.
const NAME: [&str; 5] = ["name", "label", "display_name", "class", "title"];
/// What an entry's index is called.
const INDEX: [&str; 5] = ["id", "index", "class_id", "class_index", "label_id"];
/// How deep a configuration may hold the names.
const DEPTH: usize = 4;

/// The names in a value.
///
/// # Errors
/// Part of a sentence: no names, or missing names.
pub(crate) fn names(value: &Value) -> Result<NameList> {
    match found(value, DEPTH) {
        Some(named) => named,
        None => bail!(
            "it has no class names; give a list of them, or names by index as in {{\"0\": \"cat\"}}"
        ),
    }
}

/// Names in their order, or with their indices.
#[derive(Debug, PartialEq)]
pub(crate) enum NameList {
    /// In order.
    Listed(Vec<String>),
    /// With indices.
    Indexed(Vec<(u64, String)>),
}

fn found(value: &Value, depth: usize) -> Option<Result<NameList>> {
    match value {
        Value::Array(items) if !items.is_empty() => Some(listed(items)),
        Value::Object(map) if !map.is_empty() => by_index(map)
            .or_else(|| by_name(map))
            .or_else(|| {
                let inner = PLACES.iter().filter_map(|place| map.get(*place));
                inner.filter(|_| depth > 0).find_map(|value| found(value, depth - 1))
            })
            .or_else(|| {
                // Such as the model's own part of an exporter's file.
                let inner = map.values().filter(|value| value.is_object() && depth > 0);
                inner.filter_map(|value| found(value, depth - 1)).find(Result::is_ok)
            }),
        _ => None,
    }
}

/// `{"0": "cat"}`, or with a WordNet id as in Keras' `{"0": ["n01440764", "tench"]}`.
fn by_index(map: &Map<String, Value>) -> Option<Result<NameList>> {
    let named = map.iter().map(|(key, value)| {
        let name = match value {
            Value::Array(parts) => {
                let parts: Option<Vec<String>> = parts.iter().map(word).collect();
                parts.filter(|parts| !parts.is_empty())?.join(" ")
            }
            value => word(value)?,
        };
        Some((key.trim().parse().ok()?, name))
    });
    named.collect::<Option<Vec<_>>>().map(|named| Ok(NameList::Indexed(named)))
}

/// `{"cat": 0}`.
fn by_name(map: &Map<String, Value>) -> Option<Result<NameList>> {
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    };
    let named = map.iter().map(|(key, value)| Some((number(value)?, key.clone())));
    named.collect::<Option<Vec<_>>>().map(|named| Ok(NameList::Indexed(named)))
}

/// `["cat"]`, or `[{"id": 0, "name": "cat"}]`.
fn listed(items: &[Value]) -> Result<NameList> {
    if let Some(named) = items.iter().map(entry).collect::<Option<Vec<_>>>() {
        return Ok(NameList::Indexed(named));
    }
    let name = |(position, item): (usize, &Value)| {
        let inner = NAME.iter().find_map(|known| item.get(known));
        let name = word(inner.unwrap_or(item)).with_context(|| {
            format!("entry {} of the list is not a class name; write text", position + 1)
        })?;
        ensure!(!name.trim().is_empty(), "entry {} of the list is empty", position + 1);
        Ok(name.trim().to_owned())
    };
    items.iter().enumerate().map(name).collect::<Result<_>>().map(NameList::Listed)
}

fn entry(item: &Value) -> Option<(u64, String)> {
    let of = |known: &[&str]| known.iter().find_map(|known| item.get(known));
    Some((of(&INDEX)?.as_u64()?, word(of(&NAME)?)?))
}

/// A name; YAML does not read `no`, `1` and `2.5` as text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(word) => Some(word.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_usual_form_gives_the_names() {
        let indexed = [
            json!({"1": "dog", "0": "cat"}),
            json!({"model": "x", "id2label": {"0": "cat", "1": "dog"}, "label2id": {"cat": 0}}),
            json!({"cat": 0, "dog": 1}),
            json!({"class_indices": {"cat": "0", "dog": "1"}}),
            json!([{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]),
            json!({"info": {"features": {"label": {"names": {"0": "cat", "1": "dog"}}}}}),
        ];
        for value in indexed {
            let NameList::Indexed(named) = names(&value).unwrap() else { panic!("{value}") };
            assert_eq!(crate::model::labels::collect::in_order(named).unwrap(), ["cat", "dog"]);
        }
        for value in [json!(["cat", "dog"]), json!({"nc": 2, "names": ["cat", "dog"]})] {
            assert_eq!(names(&value).unwrap(), NameList::Listed(vec!["cat".into(), "dog".into()]));
        }
        let keras = json!({"0": ["n01440764", "tench"]});
        assert_eq!(names(&keras).unwrap(), NameList::Indexed(vec![(0, "n01440764 tench".into())]));
        for value in [json!({"a": {"b": {}}}), json!([]), json!(7), json!([[1]])] {
            assert!(names(&value).is_err(), "{value}");
        }
    }
}
