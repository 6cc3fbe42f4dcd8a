use std::path::PathBuf;

use super::*;
use crate::accuracy::dataset::Entry;

fn dataset(order: Order, names: &[&str]) -> Dataset {
    let names: Vec<_> = names.iter().map(|name| Some((*name).to_owned())).collect();
    let entries = (0..names.len() as u32)
        .map(|class| Entry { file: format!("{class}.png"), class })
        .collect();
    Dataset {
        root: PathBuf::new(),
        entries,
        classes: Classes { order, names },
        unreadable: Vec::new(),
        shard: None,
    }
}

/// 1000 names of ILSVRC2012's kind: synonyms between commas.
fn thousand() -> Vec<String> {
    (0..1000).map(|class| format!("Thing {class}, other {class}")).collect()
}

fn imagenet() -> Dataset {
    let names: Vec<String> = (0..1000).map(|class| format!("thing_{class}")).collect();
    dataset(Order::Ilsvrc2012, &names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn outputs<'a>(count: usize, labels: Option<&'a [String]>, offset: Option<i64>) -> Outputs<'a> {
    Outputs { model: "m", count, labels, offset }
}

fn with_background(mut labels: Vec<String>) -> Vec<String> {
    labels.insert(0, "background".to_owned());
    labels
}

#[test]
fn a_thousand_and_one_labels_find_the_background() {
    let labels = with_background(thousand());
    let (map, assumed) = resolve(&imagenet(), &outputs(1001, Some(&labels), None)).unwrap();
    assert_eq!((map.output_of(0), map.output_of(999), assumed.len()), (Some(1), Some(1000), 0));
    // The same file for a model without a background output, and the other way round.
    let (map, _) = resolve(&imagenet(), &outputs(1000, Some(&labels), None)).unwrap();
    assert_eq!(map.output_of(0), Some(0));
    let (map, _) = resolve(&imagenet(), &outputs(1001, Some(&thousand()), None)).unwrap();
    assert_eq!(map.output_of(0), Some(1));
}

#[test]
fn too_few_labels_are_refused() {
    let labels = &thousand()[..999];
    for count in [1000, 1001] {
        let error = resolve(&imagenet(), &outputs(count, Some(labels), None)).unwrap_err();
        assert!(error.to_string().contains("have 999 lines"), "{error}");
    }
}

#[test]
fn shuffled_labels_are_refused() {
    let mut labels = thousand();
    labels.rotate_left(17);
    let error = resolve(&imagenet(), &outputs(1000, Some(&labels), None)).unwrap_err();
    assert!(error.to_string().contains("not in the order"), "{error}");
}

#[test]
fn a_stated_offset_that_the_names_contradict_is_refused() {
    let labels = with_background(thousand());
    let error = resolve(&imagenet(), &outputs(1001, Some(&labels), Some(0))).unwrap_err();
    assert!(error.to_string().contains("--label-offset 1"), "{error}");
}

#[test]
fn another_language_is_matched_by_index_and_said() {
    let labels: Vec<String> = (0..1000).map(|class| format!("Ding {class}")).collect();
    let (map, assumed) = resolve(&imagenet(), &outputs(1000, Some(&labels), None)).unwrap();
    assert_eq!(map.output_of(7), Some(7));
    assert!(assumed[0].contains("another language"));
}

#[test]
fn another_language_does_not_hide_the_background() {
    let labels: Vec<String> = (0..1001).map(|output| format!("Ding {output}")).collect();
    let (map, assumed) = resolve(&imagenet(), &outputs(1001, Some(&labels), None)).unwrap();
    assert_eq!((map.output_of(0), map.output_of(999)), (Some(1), Some(1000)));
    assert!(assumed[0].contains("background") && assumed[1].contains("another language"));
}

#[test]
fn named_folders_follow_the_models_labels() {
    let folders = dataset(Order::ByName, &["Ankle_boot", "bag", "t-shirt"]);
    let labels = ["T-shirt", "Trouser", "Bag", "Ankle boot"].map(str::to_owned);
    let (map, _) = resolve(&folders, &outputs(4, Some(&labels), None)).unwrap();
    assert_eq!([0, 1, 2].map(|class| map.output_of(class)), [Some(3), Some(2), Some(0)]);
    assert!(map.class_of(1) < 0);
    let foreign = dataset(Order::ByName, &["Stiefel", "bag"]);
    let error = resolve(&foreign, &outputs(4, Some(&labels), None)).unwrap_err();
    assert!(error.to_string().contains("'Stiefel'"), "{error}");
}

#[test]
fn an_ambiguous_name_is_refused() {
    let folders = dataset(Order::ByName, &["crane"]);
    let labels = ["crane", "crane"].map(str::to_owned);
    assert!(resolve(&folders, &outputs(2, Some(&labels), None)).is_err());
}

#[test]
fn a_class_beyond_the_outputs_is_refused() {
    let given = dataset(Order::Given, &["a", "b", "c"]);
    let error = resolve(&given, &outputs(2, None, None)).unwrap_err();
    assert!(error.to_string().contains("class 2 of 2.png is outside the 2 outputs"), "{error}");
}
