use std::fs;

use tempfile::TempDir;

use super::*;
use std::path::PathBuf;

use crate::dataset::entries::{ClassOrder, Classes, LabelledImage};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn refusal(files: &[(&str, &str)]) -> String {
    format!("{:#}", Dataset::open(folder(files).path()).unwrap_err())
}

fn classes(dataset: &Dataset) -> Vec<(&str, u32)> {
    dataset.entries.iter().map(|entry| (entry.file.as_str(), entry.class)).collect()
}

#[test]
fn labels_csv_keeps_its_order_and_allows_other_columns() {
    let csv = "\u{feff}file,note,class_index\nb.png,x,1\n\"a, 1.png\",y,0\n";
    let folder = folder(&[("labels.csv", csv), ("b.png", ""), ("a, 1.png", "")]);
    let dataset = Dataset::open(folder.path()).unwrap();
    assert_eq!(classes(&dataset), [("b.png", 1), ("a, 1.png", 0)]);
    assert_eq!((dataset.classes.order, dataset.class_count()), (ClassOrder::Given, 2));
}

#[test]
fn what_labels_csv_gets_wrong_is_said_with_its_line() {
    let of = |line: &str| {
        refusal(&[("labels.csv", &format!("file,class_index\na.png,0\n{line}\n")), ("a.png", "")])
    };
    assert!(of("gone.png,1").contains("line 3: gone.png is not in the folder"));
    assert!(of("a.png,-1").contains("line 3: class_index '-1' is not a whole number"));
    assert!(of("a.png,cat").contains("line 3: class_index 'cat'"));
    assert!(of("a.png,").contains("line 3: class_index is empty"));
    assert!(of("a.png").contains("line 3 has 1 fields, but the first line has 2"));
    assert!(of("a.png,0").contains("labels a.png twice"));
    assert!(refusal(&[("labels.csv", "where,class_index\n")]).contains("no column 'file'"));
    assert!(refusal(&[("labels.csv", "file,x,z\n")]).contains("no column 'class_index'"));
    assert!(refusal(&[("labels.csv", "file,class_index\n")]).contains("labels no image"));
    assert!(refusal(&[("a.png", "")]).contains("has no labels"));
    assert!(
        Dataset::open(Path::new("no/such")).unwrap_err().to_string().contains("does not exist")
    );
}

#[test]
fn wordnet_ids_must_agree_with_indices() {
    let of = |index: u32| {
        let csv = format!("file,wnid,class_index\na.JPEG,n01443537,{index}\n");
        let folder = folder(&[("labels.csv", &csv), ("a.JPEG", "")]);
        Dataset::open(folder.path()).map_err(|error| error.to_string())
    };
    let dataset = of(1).unwrap();
    assert_eq!(dataset.classes.order, ClassOrder::Ilsvrc2012);
    assert_eq!(dataset.classes.name(1), Some("goldfish, Carassius auratus"));
    assert!(of(2).unwrap_err().contains("n01443537 is class 1 of ILSVRC2012 (from 0), not 2"));
}

#[test]
fn folders_are_classes_by_name_or_wordnet_id() {
    let named =
        folder(&[("boot/2.png", ""), ("boot/1.JPG", ""), ("bag/x.webp", ""), ("bag/t.txt", "")]);
    let dataset = Dataset::open(named.path()).unwrap();
    assert_eq!(classes(&dataset), [("bag/x.webp", 0), ("boot/1.JPG", 1), ("boot/2.png", 1)]);
    assert_eq!(dataset.classes.order, ClassOrder::ByName);
    let wnids = folder(&[("n01443537/a.JPEG", ""), ("n15075141/b.JPEG", "")]);
    let dataset = Dataset::open(wnids.path()).unwrap();
    assert_eq!(classes(&dataset), [("n01443537/a.JPEG", 1), ("n15075141/b.JPEG", 999)]);
    // Also with words behind it, which two classes may have.
    let words = folder(&[("n02012849-crane/a.JPEG", ""), ("n03126707 crane/b.JPEG", "")]);
    let dataset = Dataset::open(words.path()).unwrap();
    assert_eq!(dataset.classes.order, ClassOrder::Ilsvrc2012);
    let found = classes(&dataset);
    assert_eq!(found, [("n02012849-crane/a.JPEG", 134), ("n03126707 crane/b.JPEG", 517)]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_leads_into_itself_is_named() {
    let folder = folder(&[("bag/x.png", "")]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("bag/again")).unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert_eq!(classes(&dataset), [("bag/x.png", 0)]);
    assert_eq!(dataset.unreadable.len(), 1);
    assert!(dataset.unreadable[0].1.contains("is a link to a folder that contains it"));
}

#[test]
fn the_development_kits_numbers_are_translated() {
    // Its number 1 is the kit fox, class 278 by WordNet id; 1000 the dumbbell, 543.
    let name = |n: u32| format!("ILSVRC2012_val_{n:08}.JPEG");
    let (one, three) = (name(1), name(3));
    let truth = "ILSVRC2012_validation_ground_truth.txt";
    let flat = folder(&[(truth, "1\n999\n1000\n"), (&one, ""), (&three, "")]);
    let dataset = Dataset::open(flat.path()).unwrap();
    assert_eq!(classes(&dataset), [(one.as_str(), 278), (three.as_str(), 543)]);
    let kit = format!("ILSVRC2012_devkit_t12/data/{truth}");
    let beside = folder(&[(&kit, "1\n999\n1000\n"), (&format!("val/{one}"), "")]);
    let expected = [(format!("val/{one}"), 278)];
    let expected = expected.each_ref().map(|(file, class)| (file.as_str(), *class));
    assert_eq!(classes(&Dataset::open(beside.path()).unwrap()), expected);
    let inside = Dataset::open(&beside.path().join("val")).unwrap();
    assert_eq!(classes(&inside), [(one.as_str(), 278)]);
    let synsets =
        folder(&[("synset_labels.txt", "n02119789\nn01440764\n"), ("a.jpg", ""), ("b.jpg", "")]);
    assert_eq!(classes(&Dataset::open(synsets.path()).unwrap()), [("a.jpg", 278), ("b.jpg", 0)]);
    let pairs = folder(&[("val.txt", "a.jpg 65\nb.jpg 970\n"), ("a.jpg", ""), ("b.jpg", "")]);
    assert_eq!(classes(&Dataset::open(pairs.path()).unwrap()), [("a.jpg", 65), ("b.jpg", 970)]);
    assert!(refusal(&[(truth, "1\n"), (&three, "")]).contains("is image 3"));
    assert!(refusal(&[(truth, "1001\n"), (&one, "")]).contains("not a number from 1 to 1000"));
    assert!(refusal(&[(truth, "1\n2\n"), ("a.jpg", "")]).contains("2 lines for 1 images"));
}

fn hundred() -> Dataset {
    let entries = (0..100)
        .map(|i| LabelledImage::new(format!("{i:03}.png"), if i < 80 { 0 } else { 1 + i % 2 }))
        .collect();
    let classes = Classes { order: ClassOrder::Given, names: Vec::new(), used: Vec::new() };
    Dataset::new(PathBuf::from("."), entries, classes)
}

#[test]
fn a_sample_is_stratified_seeded_and_in_order() {
    let of = |count, seed| {
        let mut dataset = hundred();
        dataset.sample(count, seed).unwrap();
        dataset.entries
    };
    let ten = of(10, 7);
    let in_class = |class| ten.iter().filter(|entry| entry.class == class).count();
    assert_eq!([0, 1, 2].map(in_class), [8, 1, 1]);
    assert!(ten.is_sorted_by(|a, b| a.file < b.file));
    assert_eq!(ten, of(10, 7));
    assert_ne!(ten, of(10, 8));
    assert_eq!(of(1000, 7), hundred().entries);
    assert!(hundred().sample(0, 7).is_err());
}

#[test]
fn shards_are_disjoint_and_make_up_the_whole() {
    let mut all = Vec::new();
    for index in 1..=3 {
        let mut dataset = hundred();
        dataset.shard = Some(format!("{index}/3").parse().unwrap());
        assert_eq!(dataset.facts().listing_sha256, hundred().facts().listing_sha256);
        assert_eq!(dataset.facts().images, dataset.scored().len());
        assert_eq!(dataset.position_after(None), dataset.scored().start);
        all.extend_from_slice(&dataset.entries[dataset.scored()]);
    }
    assert_eq!(all, hundred().entries);
}

#[test]
fn the_hash_sees_labels_and_sizes_but_no_order() {
    let of = |csv: &str, bytes: &str| {
        let folder = folder(&[("labels.csv", csv), ("a.png", bytes), ("b.png", "")]);
        Dataset::open(folder.path()).unwrap().facts().listing_sha256
    };
    let base = of("file,class_index\na.png,0\nb.png,1\n", "x");
    assert_eq!(base, of("file,class_index\nb.png,1\na.png,0\n", "x"));
    assert_ne!(base, of("file,class_index\na.png,1\nb.png,1\n", "x"));
    assert_ne!(base, of("file,class_index\na.png,0\nb.png,1\n", "xy"));
}

#[test]
fn scoring_goes_on_after_the_last_image() {
    assert_eq!(hundred().position_after(Some("041.png")), 42);
    assert_eq!(hundred().position_after(Some("gone")), 0);
}

#[test]
fn an_odd_folder_among_wordnet_ids_is_named() {
    let (tench, goldfish) = ("n01440764/a.png", "n01443537/b.png");
    let error = refusal(&[(tench, ""), (goldfish, ""), ("thumbnails/a.png", "")]);
    assert!(
        error.contains("2 of the dataset's folders") && error.contains("'thumbnails'"),
        "{error}"
    );
    // WordNet ids beyond ILSVRC's are classes by name.
    let more = folder(&[(tench, ""), (goldfish, ""), ("n00000007/a.png", "")]);
    assert_eq!(Dataset::open(more.path()).unwrap().classes.order, ClassOrder::ByName);
}

#[test]
fn imagenet_is_read_as_people_have_it() {
    let name = |n: u32| format!("ILSVRC2012_val_{n:08}.JPEG");
    let (one, two) = (name(1), name(2));
    let open = |files: &[(&str, &str)], below: &str| {
        let folder = folder(files);
        let dataset = Dataset::open(&folder.path().join(below)).unwrap();
        let entry = |it: &LabelledImage| ([&[it.class], &it.also[..]].concat(), it.file.clone());
        dataset.entries.iter().map(entry).collect::<Vec<_>>()
    };
    let both =
        |first: u32, second: u32| vec![(vec![first], one.clone()), (vec![second], two.clone())];
    let map = format!("{one} 65\n{two} 970\n");
    assert_eq!(open(&[("val_map.txt", &map), (&one, ""), (&two, "")], ""), both(65, 970));
    // Beside the images' folder, and with it named.
    let (val_one, val_two) = (format!("val/{one}"), format!("val/{two}"));
    let images = [("val.txt", map.as_str()), (val_one.as_str(), ""), (val_two.as_str(), "")];
    assert_eq!(open(&images, "val"), both(65, 970));
    assert_eq!(open(&images, "")[1], (vec![970], val_two.clone()));
    // By word, beside files of macOS; two classes are called crane.
    let mac = format!("._{one}");
    let words =
        [("ground_truth_labels.txt", "tench\ncrane\n"), (&one, ""), (&two, ""), (&mac, "x")];
    let cranes = vec![(vec![0], one.clone()), (vec![134, 517], two.clone())];
    assert_eq!(open(&words, ""), cranes);
    // Several right labels, and none.
    let real = [("real.json", "[[], [3, 7]]"), (one.as_str(), ""), (two.as_str(), "")];
    assert_eq!(open(&real, ""), [(vec![3, 7], two.clone())]);
    let denied = [("val_map.txt", map.as_str()), ("blacklist.txt", "1\n"), (&one, ""), (&two, "")];
    assert_eq!(open(&denied, ""), [(vec![970], two.clone())]);
    let kaggle_one = format!("ILSVRC/Data/CLS-LOC/val/{one}");
    let solution =
        format!("ImageId,PredictionString\n{},n01440764 1 2 3 4 \n", &one[..one.len() - 5]);
    let kaggle = [("LOC_val_solution.csv", solution.as_str()), (kaggle_one.as_str(), "")];
    for below in ["", "ILSVRC/Data/CLS-LOC/val"] {
        assert_eq!(open(&kaggle, below), [(vec![0], one.clone())]);
    }
    let from_1 = format!("{one} 1\n{two} 1000\n");
    let error = refusal(&[("val.txt", &from_1), (&one, ""), (&two, "")]);
    assert!(error.contains("line 2: class 1000 but no class 0"), "{error}");
    // A list beside class folders is not their ground truth.
    let classes = [("val.txt", "x"), ("cat/1.png", ""), ("dog/1.png", ""), ("ant/1.png", "")];
    assert_eq!(open(&classes, "").len(), 3);
}
