//! Photos without a class each, such as one split alone or a set for object detection: the
//! sentence says what is there and what to do.

use super::made::{Made, bar, names, right, table};

/// Refused with all of these words.
fn assert_refused(made: &Made, words: &[&str]) {
    let refused = made.run(&[]).unwrap_err();
    for word in words {
        assert!(refused.contains(word), "{word}: {refused}");
    }
}

#[test]
fn one_split_without_class_folders_is_no_class() {
    for folder in ["val", "test", "images", "val2017", "JPEGImages"] {
        let made = Made::new().with_images(|number, _| format!("{folder}/{number}.png"));
        let such = format!("such as {folder}/CLASS");
        assert_refused(&made, &["has no classes: its images are in", &such, "labels.csv"]);
    }
    // With class folders in it, whatever else there is, the images are found.
    let names = names();
    let made = Made::new().with_images(|number, class| {
        format!("val/{}/{number}.png", names[class].replace('/', "-"))
    });
    made.put("logs/today.log", "x");
    assert_eq!(right(&made.run(&[]).unwrap()), bar());
    // A table beside the split labels its images.
    let made = Made::new().with_images(|number, _| format!("val/img_{number:02}.png"));
    made.put("labels.csv", table(|class| class.to_string(), "file,class_index", ","));
    assert_eq!(right(&made.run(&[]).unwrap()), bar());
}

const COCO: &str = r#"{"info": {}, "images": [{"id": 1, "file_name": "0.png"}],
    "annotations": [{"image_id": 1, "category_id": 3, "bbox": [0, 0, 5, 5]}],
    "categories": [{"id": 3, "name": "Bag"}]}"#;

#[test]
fn labels_of_object_detection_are_named() {
    let remedy = ["write labels.csv with a line per image", "one sub-folder per class"];
    let voc = "<annotation><object><bndbox><xmin>1</xmin></bndbox></object></annotation>";
    let yolo = "0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.2 0.2\n";

    let made = Made::new().with_images(|number, _| format!("val2017/{number}.png"));
    made.put("annotations/instances_val2017.json", COCO);
    let file = "annotations/instances_val2017.json is in the COCO form";
    assert_refused(&made, &[&[file], &remedy[..]].concat());
    // Also where its images or the labels themselves are given.
    let given = |made: &Made, path: &str| made.run_on(&made.root().join(path), &[]).unwrap_err();
    for path in ["val2017", "annotations/instances_val2017.json"] {
        let refused = given(&made, path);
        assert!(refused.contains("instances_val2017.json is in the COCO form"), "{refused}");
    }
    // As Roboflow has them, beside the images.
    for (name, text, form) in [
        ("_annotations.coco.json", COCO, "COCO"),
        ("3.xml", voc, "Pascal VOC"),
        ("3.txt", yolo, "YOLO"),
        ("3.json", r#"{"shapes": [], "imagePath": "3.png"}"#, "LabelMe"),
    ] {
        let made = Made::new().with_images(|number, _| format!("{number}.png"));
        made.put(name, text);
        let words = format!("{name} is in the {form} form");
        assert_refused(&made, &[&[words.as_str()], &remedy[..]].concat());
    }
    // In folders of their own, as Ultralytics and VOC have them.
    let made = Made::new()
        .with_images(|number, _| format!("images/{}/{number}.png", ["train", "val"][number % 2]));
    made.put("labels/val/1.txt", yolo);
    assert_refused(&made, &["holds splits, not classes", "images/val"]);
    let refused = given(&made, "images/val");
    assert!(refused.contains("labels/val/1.txt is in the YOLO form"), "{refused}");
    let made = Made::new().with_images(|number, _| format!("JPEGImages/{number}.png"));
    made.put("Annotations/1.xml", voc);
    let file = "Annotations/1.xml is in the Pascal VOC form";
    assert_refused(&made, &[&[file], &remedy[..]].concat());
}

#[test]
fn tables_of_boxes_and_of_several_classes_are_named() {
    let text = table(|class| format!("1,1,5,5,{class}"), "filename,xmin,ymin,xmax,ymax,class", ",");
    // One object per image is its class.
    let made = Made::with_table("_annotations.csv", &text);
    assert_eq!(right(&made.run(&[]).unwrap()), bar());
    let made = Made::with_table("_annotations.csv", text + "img_00.png,6,6,9,9,3\n");
    assert_refused(
        &made,
        &["table of boxes", "several lines for img_00.png", "one line per image"],
    );

    let objects = "{\"file_name\": \"img_00.png\", \"objects\": {\"bbox\": [[1, 2, 3, 4]]}}\n";
    let made = Made::with_table("metadata.jsonl", objects);
    assert_refused(&made, &["metadata.jsonl line 1", "is no single class", "--label-column"]);

    let marks = "filename,cat,dog,cow\nimg_00.png,1,0,0\nimg_01.png,1,1,0\n";
    let made = Made::with_table("_classes.csv", marks);
    assert_refused(&made, &["_classes.csv line 3 marks 2 of its classes", "one class per image"]);
}
