use std::path::PathBuf;

use super::*;
use crate::dataset::entries::{Classes, LabelledImage};
use crate::record::class_map::ClassMap;

fn dataset(order: ClassOrder, names: &[&str]) -> Dataset {
    let names: Vec<_> = names.iter().map(|name| Some((*name).to_owned())).collect();
    let entries = (0..names.len() as u32)
        .map(|class| LabelledImage::new(format!("{class}.png"), class))
        .collect();
    let classes = Classes { used: (0..names.len() as u32).collect(), order, names };
    Dataset::new(PathBuf::new(), entries, classes)
}

/// 1000 names of ILSVRC2012's kind: synonyms between commas.
fn thousand() -> Vec<String> {
    (0..1000).map(|class| format!("Thing {class}, other {class}")).collect()
}

fn imagenet() -> Dataset {
    let names: Vec<String> = (0..1000).map(|class| format!("thing_{class}")).collect();
    dataset(ClassOrder::Ilsvrc2012, &names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn outputs<'a>(
    count: usize,
    labels: Option<&'a [String]>,
    offset: Option<i64>,
) -> ModelOutputs<'a> {
    ModelOutputs { model: "m", count, labels, embedded: None, offset }
}

/// The map and what was assumed.
fn matched(dataset: &Dataset, outputs: &ModelOutputs) -> (ClassMap, Vec<String>) {
    let Matched { map, assumed, .. } = resolve(dataset, outputs).unwrap();
    (map, assumed)
}

fn with_background(mut labels: Vec<String>) -> Vec<String> {
    labels.insert(0, "background".to_owned());
    labels
}

#[test]
fn a_thousand_and_one_labels_find_the_background() {
    let labels = with_background(thousand());
    let (map, assumed) = matched(&imagenet(), &outputs(1001, Some(&labels), None));
    assert_eq!((map.output_of(0), map.output_of(999), assumed.len()), (Some(1), Some(1000), 0));
    // The same file for a model without a background output, and the other way round.
    let (map, _) = matched(&imagenet(), &outputs(1000, Some(&labels), None));
    assert_eq!(map.output_of(0), Some(0));
    let (map, _) = matched(&imagenet(), &outputs(1001, Some(&thousand()), None));
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
    let (map, assumed) = matched(&imagenet(), &outputs(1000, Some(&labels), None));
    assert_eq!(map.output_of(7), Some(7));
    assert!(assumed[0].contains("another language"));
}

#[test]
fn another_language_does_not_hide_the_background() {
    let labels: Vec<String> = (0..1001).map(|output| format!("Ding {output}")).collect();
    let (map, assumed) = matched(&imagenet(), &outputs(1001, Some(&labels), None));
    assert_eq!((map.output_of(0), map.output_of(999)), (Some(1), Some(1000)));
    assert!(assumed[0].contains("background") && assumed[1].contains("another language"));
}

#[test]
fn named_folders_follow_the_models_labels() {
    let folders = dataset(ClassOrder::ByName, &["Ankle_boot", "bag", "t-shirt"]);
    let labels = ["T-shirt", "Trouser", "Bag", "Ankle boot"].map(str::to_owned);
    let (map, _) = matched(&folders, &outputs(4, Some(&labels), None));
    assert_eq!([0, 1, 2].map(|class| map.output_of(class)), [Some(3), Some(2), Some(0)]);
    assert!(map.class_of(1) < 0);
    let foreign = dataset(ClassOrder::ByName, &["Stiefel", "bag"]);
    let error = resolve(&foreign, &outputs(4, Some(&labels), None)).unwrap_err();
    assert!(error.to_string().contains("'Stiefel'"), "{error}");
}

#[test]
fn an_ambiguous_name_is_refused() {
    let folders = dataset(ClassOrder::ByName, &["crane"]);
    let labels = ["crane", "crane"].map(str::to_owned);
    assert!(resolve(&folders, &outputs(2, Some(&labels), None)).is_err());
}

#[test]
fn a_class_beyond_the_outputs_is_refused() {
    let given = dataset(ClassOrder::Given, &["a", "b", "c"]);
    let error = resolve(&given, &outputs(2, None, None)).unwrap_err();
    assert!(error.to_string().contains("class 2 of 2.png is beyond the 2 outputs"), "{error}");
}

#[test]
fn a_background_that_is_not_first_tells_of_shuffled_lines() {
    let mut labels = with_background(thousand());
    labels.swap(0, 400);
    let plain = dataset_without_names(1000);
    let error = resolve(&plain, &outputs(1001, Some(&labels), None)).unwrap_err();
    assert!(error.to_string().starts_with("line 401 of the labels"), "{error}");
    // A model of one's own may have it anywhere.
    let own = ["robin", "background"].map(str::to_owned);
    assert!(resolve(&dataset_without_names(1), &outputs(2, Some(&own), None)).is_ok());
}

/// A dataset that has only class indices.
fn dataset_without_names(classes: usize) -> Dataset {
    let mut plain = dataset(ClassOrder::Given, &vec![""; classes]);
    plain.classes.names.clear();
    plain
}

#[test]
fn a_thousand_and_one_labels_without_a_background_are_shifted_by_one_and_said() {
    let labels: Vec<String> = (0..1001).map(|output| format!("Ding {output}")).collect();
    let plain = dataset_without_names(1000);
    let (map, assumed) = matched(&plain, &outputs(1001, Some(&labels), None));
    assert_eq!(map.output_of(0), Some(1));
    assert!(assumed[0].contains("output 0 is taken as the background class"), "{assumed:?}");
    // Names that agree without a shift know better, and more classes leave none to spare.
    let names: Vec<&str> = labels.iter().take(900).map(String::as_str).collect();
    let (map, assumed) =
        matched(&dataset(ClassOrder::Given, &names), &outputs(1001, Some(&labels), None));
    assert_eq!((map.output_of(0), assumed.len()), (Some(0), 0));
    let (map, _) = matched(&dataset_without_names(1001), &outputs(1001, Some(&labels), None));
    assert_eq!(map.output_of(0), Some(0));
}

#[test]
fn an_index_that_nothing_confirms_is_said() {
    let (_, assumed) = matched(&dataset_without_names(3), &outputs(3, None, None));
    assert!(assumed[0].contains("label offset is not stated"), "{assumed:?}");
    let (_, assumed) = matched(&dataset_without_names(3), &outputs(3, None, Some(0)));
    assert!(assumed.is_empty(), "{assumed:?}");
}

/// Three of ILSVRC's classes, as its folders name them.
fn three_of_ilsvrc() -> Dataset {
    let mut three =
        dataset(ClassOrder::Ilsvrc2012, &["tench, Tinca tinca", "goldfish", "great white shark"]);
    three.entries.remove(1);
    three.entries.push(LabelledImage::new("n01443537/a.png".to_owned(), 1));
    three
}

#[test]
fn a_model_of_some_of_ilsvrcs_classes_is_matched_by_words_or_wordnet_ids() {
    let places = |labels: [&str; 4]| {
        let labels = labels.map(str::to_owned);
        let (map, _) = matched(&three_of_ilsvrc(), &outputs(4, Some(&labels), None));
        [0, 1, 2].map(|class| map.output_of(class).unwrap())
    };
    assert_eq!(places(["goldfish", "other", "tench", "great white shark"]), [2, 0, 3]);
    assert_eq!(places(["n01484850", "n01440764", "n00000000", "n01443537"]), [1, 3, 0]);
    // The first name of one and another name of the other is the first one's.
    assert_eq!(
        places(["goldfish", "gold carp, goldfish", "tench", "great white shark"]),
        [2, 0, 3]
    );
    assert_eq!(
        places([
            "n01443537 goldfish, Carassius auratus",
            "n01440764 Schleie",
            "x",
            "n01484850_shark"
        ]),
        [1, 0, 3]
    );
}

#[test]
fn as_many_outputs_as_folders_are_taken_in_their_order_and_said() {
    let mut few = three_of_ilsvrc();
    few.entries.retain(|entry| entry.class != 0);
    few.classes.used = vec![1, 2];
    let (map, assumed) = matched(&few, &outputs(2, None, None));
    assert_eq!([0, 1, 2].map(|class| map.output_of(class)), [None, Some(0), Some(1)]);
    assert!(assumed[0].contains("in the order of their names"), "{assumed:?}");
    let error = resolve(&few, &outputs(3, None, None)).unwrap_err();
    assert!(
        error.to_string().contains("2 classes are named, but model m has 3 outputs"),
        "{error}"
    );
}

#[test]
fn shuffled_wordnet_ids_are_refused_where_the_index_counts() {
    use crate::dataset::ilsvrc2012::wnid_of;
    let mut labels: Vec<String> =
        (0..1000).map(|class| wnid_of(class).unwrap().to_owned()).collect();
    let (_, assumed) = matched(&imagenet(), &outputs(1000, Some(&labels), None));
    assert!(assumed.is_empty(), "{assumed:?}");
    labels.reverse();
    let error = resolve(&imagenet(), &outputs(1000, Some(&labels), None)).unwrap_err();
    assert!(error.to_string().contains("not in the order"), "{error}");
}

#[test]
fn labels_that_contradict_those_inside_the_model_are_refused() {
    let inside = ["background", "cat", "dog", "owl"].map(str::to_owned);
    let given = |labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let embedded = Some(&inside[..]);
        let outputs = ModelOutputs { embedded, ..outputs(labels.len(), Some(&labels), Some(0)) };
        resolve(&dataset_without_names(2), &outputs).map(|_| ()).map_err(|error| error.to_string())
    };
    let refused = given(&["cat", "owl", "dog"]).unwrap_err();
    assert!(refused.contains("embedded in model m, but in another order"), "{refused}");
    assert!(given(&["cat", "dog", "owl"]).is_ok());
    assert!(given(&["background", "cat", "dog", "owl"]).is_ok());
    assert!(given(&["Katze", "Eule", "Hund"]).is_ok());
}

#[test]
fn outputs_are_named_by_their_class_else_by_their_label() {
    let folders = dataset(ClassOrder::ByName, &["Ankle boot", "bag"]);
    let labels = ["T-shirt", "Bag", "Ankle_boot"].map(str::to_owned);
    let found = resolve(&folders, &outputs(3, Some(&labels), None)).unwrap();
    let names: Vec<_> = found.names.iter().flatten().collect();
    assert_eq!(names, ["T-shirt", "bag", "Ankle boot"]);
    // ILSVRC's classes have names without any labels; the background has none.
    let found = resolve(&imagenet(), &outputs(1001, None, None)).unwrap();
    assert_eq!((found.names[0].as_deref(), found.names[38].as_deref()), (None, Some("thing_37")));
    let found = resolve(&dataset_without_names(2), &outputs(2, None, None)).unwrap();
    assert_eq!(found.names, [None, None]);
}

#[test]
fn numbers_that_are_no_indices_need_labels() {
    for names in
        [&["-1", "0", "1"][..], &["0.5", "1.5", "10.5"], &["01", "1", "2"], &["1e3", "2e2", "3"]]
    {
        let classes = dataset(ClassOrder::ByName, names);
        let error = resolve(&classes, &outputs(3, None, None)).unwrap_err().to_string();
        assert!(error.contains("no class indices") && error.contains("--labels"), "{error}");
        let labels: Vec<String> = names.iter().rev().map(|name| (*name).to_owned()).collect();
        let (map, _) = matched(&classes, &outputs(3, Some(&labels), None));
        assert_eq!(map.output_of(0), Some(2), "{names:?}");
    }
}

#[test]
fn a_background_line_has_many_names() {
    for name in ["background", "__background__", "BACKGROUND", "dummy", "???", "unused_background"]
    {
        let mut labels = thousand();
        labels.insert(0, name.to_owned());
        let (map, assumed) = matched(&imagenet(), &outputs(1001, Some(&labels), None));
        assert_eq!((map.output_of(0), assumed.len()), (Some(1), 0), "{name}");
    }
}

#[test]
fn numbers_in_front_of_all_names_do_not_count() {
    let folders = dataset(ClassOrder::ByName, &["001.Bag", "002.Ankle_boot", "010.T-shirt"]);
    let labels = ["Ankle boot", "t shirt", "Bag"].map(str::to_owned);
    let (map, _) = matched(&folders, &outputs(3, Some(&labels), None));
    assert_eq!([0, 1, 2].map(|class| map.output_of(class)), [Some(2), Some(0), Some(1)]);
    // One of them may have its number for a name.
    let folders = dataset(ClassOrder::ByName, &["1 Bag", "boot"]);
    let labels = ["boot", "Bag"].map(str::to_owned);
    assert!(resolve(&folders, &outputs(2, Some(&labels), None)).is_err());
}
