//! Datasets as users have them: each kind gives the right figure, or one sentence.

use std::fs;
use std::path::Path;

use serde_json::Value;
use shutterbench::dataset::entries::Dataset;
use shutterbench::dataset::labelling::match_outputs::resolve;
use shutterbench::dataset::labelling::outputs::ModelOutputs;

use super::made::{Made, bar, images, names, right, table};
use crate::common;

#[test]
fn tables_of_every_dialect_give_the_same_figure() {
    let bar = bar();
    let names = names();
    let by_name = |class: usize| names[class].clone();
    let number = |class: usize| class.to_string();
    let wide = |text: &str| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let float = |class: usize| format!("{class}.0");
    let marks = |class: usize| {
        (0..10).map(|it| if it == class { "True" } else { "False" }).collect::<Vec<_>>().join(",")
    };
    let columns = format!("filename,{}", names.join(","));
    let rows = images().into_iter().enumerate();
    let pairs: Vec<_> = rows.map(|(i, (_, class))| (format!("img_{i:02}.png"), class)).collect();
    let tables: [(&str, Vec<u8>); 13] = [
        ("labels.csv", table(marks, &columns, ",").into()),
        ("dataset.json", serde_json::json!({"version": 1, "labels": pairs}).to_string().into()),
        ("labels.csv", table(by_name, "file;label", ";").replace('\n', "\r\n").into()),
        ("labels.csv", table(number, "image,label", ",").into()),
        ("labels.csv", table(number, "File Name,Class Index", ",").into()),
        // Of the images before they were converted.
        ("labels.csv", table(number, "file,label", ",").replace(".png", ".JPG").into()),
        ("labels.csv", table(float, "filename,label", ",").into()),
        ("labels.csv", wide(&table(number, "file\tclass_index", "\t"))),
        ("labels.csv", table(number, "", ",").trim_start().into()),
        ("labels.csv", table(number, "id,breed", ",").replace(".png", "").into()),
        ("labels.csv", table(number, "path,label", ",").replace("img_", r"C:\data\IMG_").into()),
        ("train.tsv", table(by_name, "file\tlabel", "\t").into()),
        ("labels.csv", table(|class| format!("\"{class}\""), "sep=,\nfile,label", ",").into()),
    ];
    for (name, text) in tables {
        let made = Made::with_table(name, &text);
        assert_eq!(right(&made.run(&[]).unwrap()), bar, "{}", String::from_utf8_lossy(&text));
    }
    let latin =
        table(|class| if class < 5 { "K\u{e4}fer" } else { "Hut" }.into(), "file,label", ",");
    let latin: Vec<u8> = latin.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let refused = Made::with_table("labels.csv", latin).run(&[]).unwrap_err();
    assert!(refused.contains("'Hut', 'Käfer'"), "{refused}");
}

#[test]
fn whole_numbers_are_indices_in_numeric_order() {
    let bar = bar();
    // 0, 90, 180 ... as text would be 0, 180, 270, 360, ...
    let made = Made::new().with_images(|number, class| format!("{}/{number}.png", class * 90));
    let run = made.run(&[]).unwrap();
    assert_eq!(right(&run), bar);
    assert!(run["assumptions"].to_string().contains("matched in numeric order"), "{run}");
    let made = Made::new().with_images(|number, class| format!("{class:03}/{number}.png"));
    let run = made.run(&[]).unwrap();
    assert_eq!(right(&run), bar);
    assert!(run["assumptions"].to_string().contains("taken as class indices"));
    // 12 classes do not fit 10 outputs.
    let made = Made::new().with_images(|number, _| format!("{}/{number}.png", number % 12));
    let refused = made.run(&[]).unwrap_err();
    assert!(
        refused.contains("numbers from 0 to 11, which cannot be indices of the 10"),
        "{refused}"
    );
}

#[test]
fn nothing_is_left_out_in_silence() {
    let names = names();
    let made = Made::new().with_images(|number, class| {
        // What is inside is a PNG, whatever the ending says.
        let ending = ["png", "jfif", "JPE", "tif", "dat"][number % 5];
        format!("{}/{number}.{ending}", names[class].replace('/', "-"))
    });
    made.put("Bag/Thumbs.db", "x");
    made.put("Bag/._0.png", "x");
    made.put("__MACOSX/Bag/0.png", "x");
    made.put("Bag/IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0");
    made.put("loose.png", "x");
    let run = made.run(&[]).unwrap();
    assert_eq!(right(&run), bar());
    let left_out = run["dataset"]["left_out"].to_string();
    assert!(left_out.contains("HEIC, which is not supported"), "{left_out}");
    assert!(
        left_out.contains("beside the class folders, without a class (loose.png)"),
        "{left_out}"
    );
    assert!(!left_out.contains("Thumbs") && !left_out.contains("MACOSX"), "{left_out}");
}

#[test]
fn gifs_and_tiffs_are_read() {
    let names = names();
    let made = Made::new();
    for (number, (path, class)) in images().into_iter().enumerate() {
        let picture = image::open(path).unwrap();
        let (format, ending) =
            [(image::ImageFormat::Tiff, "tiff"), (image::ImageFormat::Gif, "gif")][number % 2];
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.to_rgba8().write_to(&mut bytes, format).unwrap();
        let folder = names[class].replace('/', "-");
        made.put(format!("{folder}/{number}.{ending}"), bytes.into_inner());
    }
    let (count, top1) = right(&made.run(&[]).unwrap());
    // A GIF has 256 colours, which are not always the greys of the original.
    assert!(count == 20 && (top1 - bar().1).abs() < 0.11, "{top1}");
}

#[test]
fn a_folder_of_splits_names_them() {
    let names = names();
    let made = Made::new().with_images(|number, class| {
        let split = ["train", "val"][number % 2];
        format!("{split}/{}/{number}.png", names[class].replace('/', "-"))
    });
    let refused = made.run(&[]).unwrap_err();
    let at = |split: &str| made.root().join(split).display().to_string();
    assert!(refused.contains(&at("val")) && refused.contains(&at("train")), "{refused}");
    assert!(made.run_on(&made.root().join("val"), &[]).is_ok());
}

#[test]
fn what_a_folder_holds_instead_of_images_is_counted() {
    let made = Made::new();
    for number in 0..3 {
        made.put(format!("cat/{number}.avif"), b"\0\0\0\x1cftypavif\0\0\0\0");
    }
    made.put("dog/a.heic", b"\0\0\0\x18ftypheic\0\0\0\0");
    let refused = made.run(&[]).unwrap_err();
    for words in ["no image was found", "3 files are left out: AVIF", "1 file is left out: HEIC"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
}

#[test]
fn a_table_beside_the_images_is_found_from_above() {
    for (name, header, separator) in
        [("labels.csv", "file,class_index", ","), ("labels.txt", "", " ")]
    {
        let text = table(|class| class.to_string(), header, separator);
        let made = Made::new().with_images(|number, _| format!("val/img_{number:02}.png"));
        made.put(format!("val/{name}"), text.trim_start());
        assert_eq!(right(&made.run(&[]).unwrap()), bar(), "{name}");
    }
}

#[test]
fn file_names_may_have_any_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let names = names();
    let made = Made::new();
    for (number, (path, class)) in images().into_iter().enumerate() {
        let file = [&b"K\xe4fer\n"[..], b"a\\xe4", b"b\\c", "\u{e4}".as_bytes()][number % 4];
        let folder = Path::new(&names[class].replace('/', "-")).to_owned();
        let name = [number.to_string().as_bytes(), file, b".png"].concat();
        made.put(folder.join(std::ffi::OsStr::from_bytes(&name)), fs::read(path).unwrap());
    }
    let run = made.run(&[]).unwrap();
    assert_eq!(right(&run), bar());
    assert_eq!(run["dataset"]["unreadable"].as_array().unwrap().len(), 0, "{run}");
}

#[test]
fn labels_of_every_form_give_the_same_figure() {
    let names = names();
    let indexed = |form: &str| -> String {
        let line = |(index, name): (usize, &String)| {
            form.replace('#', &index.to_string()).replace("NAME", name) + "\n"
        };
        names.iter().enumerate().map(line).collect()
    };
    let list = serde_json::to_string(&names).unwrap();
    let by_index: serde_json::Map<String, Value> =
        names.iter().enumerate().map(|(i, name)| (i.to_string(), name.clone().into())).collect();
    let by_index = Value::Object(by_index).to_string();
    let bar = bar();
    let made = Made::new()
        .with_images(|number, class| format!("{}/{number}.png", names[class].replace('/', "-")));
    for text in [
        indexed("#    NAME"),
        indexed("#: NAME"),
        indexed("#,\"NAME\""),
        format!("index,name\n{}", indexed("#,NAME")),
        format!("names:\n{}", indexed("  #: NAME")),
        list,
        format!("{{\"id2label\": {by_index}}}"),
        by_index,
    ] {
        made.put("../labels", &text);
        let labels = made.root().join("../labels");
        let run = made.run(&["--labels", labels.to_str().unwrap()]).unwrap();
        assert_eq!(right(&run), bar, "{text}");
    }
    made.put("../labels", "label\n".to_owned() + &names.join("\n"));
    let labels = made.root().join("../labels");
    let refused = made.run(&["--labels", labels.to_str().unwrap()]).unwrap_err();
    assert!(refused.contains("looks like a heading"), "{refused}");
}

#[test]
fn an_absurd_offset_is_refused() {
    let made =
        Made::with_table("labels.csv", table(|class| class.to_string(), "file,class_index", ","));
    for offset in ["-1000000000000", "-9223372036854775808", "9223372036854775807"] {
        let refused = made.run(&[&format!("--label-offset={offset}")]).unwrap_err();
        assert!(refused.contains("is beyond the 10 outputs"), "{refused}");
    }
}

#[test]
fn the_given_cases_are_right() {
    let Some(shared) = common::shared() else { return };
    let cases = shared.join("cases/data");
    if !cases.is_dir() {
        return common::skip("no cases in the shared folder");
    }
    let made = Made::new();
    for (name, count) in
        [("messy", 42), ("formats", 110), ("csv_utf16_excel", 20), ("csv_no_extension", 20)]
    {
        assert_eq!(right(&made.run_on(&cases.join(name), &[]).unwrap()).0, count, "{name}");
    }
    let dataset = Dataset::open(&cases.join("orientation")).unwrap();
    assert_eq!((dataset.entries.len(), &dataset.classes.used[..]), (20, &[0, 90, 180, 270][..]));
    let outputs = ModelOutputs { model: "m", count: 4, labels: None, embedded: None, offset: None };
    let map = resolve(&dataset, &outputs).unwrap().map;
    assert_eq!([0, 90, 180, 270].map(|angle| map.output_of(angle)), [0, 1, 2, 3].map(Some));
    let dataset = Dataset::open(&cases.join("csv_int_label")).unwrap();
    let map = resolve(&dataset, &ModelOutputs { count: 12, ..outputs }).unwrap().map;
    assert_eq!((dataset.entries[10].class, map.output_of(10)), (10, Some(10)));
}

#[test]
fn lists_of_other_forms_give_the_same_figure() {
    let bar = bar();
    let all: Vec<(String, usize)> = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| (format!("img_{number:02}.png"), class))
        .collect();
    let lines = |form: &dyn Fn(&str, usize) -> String| -> String {
        all.iter().map(|(file, class)| form(file, *class)).collect()
    };
    let json = |form: &dyn Fn(&str, usize) -> String| {
        all.iter().map(|(file, class)| form(file, *class)).collect::<Vec<_>>().join(",")
    };
    let pairs = json(&|file, class| format!("[\"{file}\", {class}]"));
    let objects = json(&|file, class| format!("{{\"file\": \"{file}\", \"label\": {class}}}"));
    let map = json(&|file, class| format!("\"{file}\": {class}"));
    for (name, text) in [
        ("labels.csv", lines(&|file, class| format!("\"{file}\", \"{class}\"\n"))),
        (
            "labels.csv",
            format!("# made by hand\nfile,label\n{}", lines(&|f, c| format!("'{f}','{c}'\n"))),
        ),
        ("labels.txt", lines(&|file, class| format!("{file} {class}\n"))),
        ("truth.lst", lines(&|file, class| format!("{file}\t{class}\n"))),
        ("labels.json", format!("[{objects}]")),
        ("labels.json", format!("{{{map}}}")),
        ("all.json", format!("[{pairs}]")),
        ("val.txt", lines(&|file, class| format!("images/{file} {class}\n"))),
        ("labels.csv", lines(&|file, class| format!("{file},{class}\r"))),
    ] {
        let made = Made::with_table(name, &text);
        assert_eq!(right(&made.run(&[]).unwrap()), bar, "{name}: {text}");
    }
    // Of one's own words as well, and a list of class names is no such list.
    let names = names();
    let words = lines(&|file, class| format!("{file}\t{}\n", names[class]));
    assert_eq!(right(&Made::with_table("val.txt", words).run(&[]).unwrap()), bar);
    let refused = Made::with_table("labels.txt", names.join("\n")).run(&[]).unwrap_err();
    assert!(refused.contains("has no labels"), "{refused}");
}

#[test]
fn what_may_be_meant_is_named() {
    let text = || table(|class| class.to_string(), "file,label", ",");
    let made = Made::with_table("train.csv", text());
    made.put("test.csv", text());
    let refused = made.run(&[]).unwrap_err();
    assert!(refused.contains("2 tables (test.csv, train.csv): give one"), "{refused}");
    made.run_on(&made.root().join("test.csv"), &[]).unwrap();
    let refused = made.run_on(&made.root().join("img_00.png"), &[]).unwrap_err();
    assert!(refused.contains("is one image"), "{refused}");
    let refused = made.run_on(&made.root().join("nowhere"), &[]).unwrap_err();
    assert!(refused.contains("does not exist"), "{refused}");
    let above = Made::new().with_images(|number, _| format!("images/img_{number:02}.png"));
    above.put("labels.csv", text());
    let refused = above.run_on(&above.root().join("images"), &[]).unwrap_err();
    assert!(refused.contains("labels.csv has them, give that with --dataset"), "{refused}");
    above.run_on(&above.root().join("labels.csv"), &[]).unwrap();
    let twice = Made::with_table("labels.csv", text() + "img_00.png,7\n");
    let refused = twice.run(&[]).unwrap_err();
    assert!(refused.contains("img_00.png twice, as '9' and as '7'"), "{refused}");
}

#[test]
fn folders_of_numbers_and_names_are_matched_by_the_names() {
    let names = names();
    let made = Made::new().with_images(|number, class| {
        format!("{:03}.{}/{number}.PNG", class + 1, names[class].replace('/', "_"))
    });
    assert_eq!(right(&made.run(&[]).unwrap()), bar());
}
