//! Datasets as users have them: each kind gives the right figure, or one sentence.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shutterbench::dataset::entries::Dataset;
use shutterbench::dataset::labelling::match_outputs::resolve;
use shutterbench::dataset::labelling::outputs::ModelOutputs;
use tempfile::TempDir;

use super::material::{json, said, score};
use crate::common;

const MODEL: &str = "fmnist_mobilenet_v1_0.25_f32";

/// Two embedded images of each class: file and class.
fn images() -> Vec<(PathBuf, usize)> {
    let from = common::repository().join("models/fashion-mnist/validation");
    let table = fs::read_to_string(from.join("labels.csv")).unwrap();
    let mut of_class = [0; 10];
    let mut images = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let class: usize = fields[1].parse().unwrap();
        of_class[class] += 1;
        if of_class[class] <= 2 {
            images.push((from.join(fields[0]), class));
        }
    }
    assert_eq!(images.len(), 20);
    images
}

fn names() -> Vec<String> {
    let labels = common::repository().join("models/fashion-mnist/labels.txt");
    fs::read_to_string(labels).unwrap().lines().map(str::to_owned).collect()
}

/// A dataset in the making.
struct Made {
    folder: TempDir,
}

impl Made {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn put(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// All images, each with the name that `name` gives its number and class.
    fn with_images(self, name: impl Fn(usize, usize) -> String) -> Self {
        for (number, (path, class)) in images().into_iter().enumerate() {
            self.put(name(number, class), fs::read(path).unwrap());
        }
        self
    }

    /// All images as `0.png` to `19.png`, and a table.
    fn with_table(name: &str, text: impl AsRef<[u8]>) -> Self {
        let made = Self::new().with_images(|number, _| format!("img_{number:02}.png"));
        made.put(name, text);
        made
    }

    fn run(&self, more: &[&str]) -> Result<Value, String> {
        self.run_on(&self.root(), more)
    }

    /// `run.json`, or what was refused.
    fn run_on(&self, dataset: &Path, more: &[&str]) -> Result<Value, String> {
        let out = self.folder.path().join("run");
        let _ = fs::remove_dir_all(&out);
        let base = ["--model", MODEL, "--backend", "tract", "--dataset", dataset.to_str().unwrap()];
        let output = score(&[&base[..], more].concat(), &out);
        let said = said(&output);
        if output.status.code() == Some(2) {
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
            return Err(said);
        }
        assert!(output.status.success(), "{said}");
        Ok(json(&out.join("run.json")))
    }
}

/// Top-1 of all images and their number, which every correct layout must give.
fn right(run: &Value) -> (u64, f64) {
    let scored = &run["accuracies"][0];
    (scored["images"].as_u64().unwrap(), scored["top1"]["value"].as_f64().unwrap())
}

/// The score of the images by class index: the reference for all others.
fn bar() -> (u64, f64) {
    let made =
        Made::with_table("labels.csv", table(|class| class.to_string(), "file,class_index", ","));
    let bar = right(&made.run(&[]).unwrap());
    assert!(bar.0 == 20 && bar.1 > 0.7, "{bar:?}");
    bar
}

fn table(label: impl Fn(usize) -> String, header: &str, separator: &str) -> String {
    let lines = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| format!("img_{number:02}.png{separator}{}\n", label(class)));
    format!("{header}\n{}", lines.collect::<String>())
}

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
    let tables: [(&str, Vec<u8>); 9] = [
        ("labels.csv", table(by_name, "file;label", ";").replace('\n', "\r\n").into()),
        ("labels.csv", table(number, "image,label", ",").into()),
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
fn parquet_and_tar_are_read_without_unpacking() {
    let bar = bar();
    let made = Made::new();
    let fixtures = common::repository().join("tests/parquet");
    for file in ["struct.parquet", "bytes.parquet"] {
        let run = made.run_on(&fixtures.join(file), &[]).unwrap();
        assert_eq!(right(&run), bar, "{file}");
    }
    made.put(
        "tars/one.tar",
        tar(|number, class| vec![(format!("{number:04}.cls"), class.to_string())]),
    );
    assert_eq!(right(&made.run_on(&made.root().join("tars/one.tar"), &[]).unwrap()), bar);
    assert_eq!(right(&made.run_on(&made.root().join("tars"), &[]).unwrap()), bar);
    let names = names();
    let described = tar(|number, class| {
        vec![(format!("{number:04}.json"), format!("{{\"label\": \"{}\"}}", names[class]))]
    });
    made.put("two.tar", described);
    assert_eq!(right(&made.run_on(&made.root().join("two.tar"), &[]).unwrap()), bar);
    made.put("three.tar.gz", b"\x1f\x8b\x08\0\0\0");
    let refused = made.run_on(&made.root().join("three.tar.gz"), &[]).unwrap_err();
    assert!(refused.contains("packed (gzip); unpack it first"), "{refused}");
}

/// All images in a tar archive, each with further files.
fn tar(more: impl Fn(usize, usize) -> Vec<(String, String)>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: String, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    for (number, (path, class)) in images().into_iter().enumerate() {
        add(format!("{number:04}.png"), &fs::read(path).unwrap());
        more(number, class).into_iter().for_each(|(name, text)| add(name, text.as_bytes()));
    }
    archive.into_inner().unwrap()
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
