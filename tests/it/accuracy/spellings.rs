//! Names and headings as people spell them: in other languages, with characters that nobody sees,
//! with a number behind a word.

use super::made::{Made, bar, images, names, right, table};

#[test]
fn headings_of_any_language_are_read_by_what_is_below_them() {
    let bar = bar();
    let names = names();
    for heading in [
        "Bild;Klasse",
        "fichier;\u{e9}tiquette",
        "\u{753b}\u{50cf};\u{30af}\u{30e9}\u{30b9}",
        "name;sort",
    ] {
        let by_index =
            Made::with_table("labels.csv", table(|class| class.to_string(), heading, ";"));
        let run = by_index.run(&[]).unwrap();
        assert_eq!(right(&run), bar, "{heading}");
        let by_name =
            Made::with_table("labels.csv", table(|class| names[class].clone(), heading, ";"));
        assert_eq!(right(&by_name.run(&[]).unwrap()), bar, "{heading}");
    }
    // The image is in the second column, whose heading says less than that of the first.
    let turned: String = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| format!("{},img_{number:02}.png\n", names[class]))
        .collect();
    let made = Made::with_table("labels.csv", format!("name,Bild\n{turned}"));
    let run = made.run(&[]).unwrap();
    assert_eq!(right(&run), bar);
    let said = run["assumptions"].to_string();
    assert!(
        said.contains("column 'Bild' of ") && said.contains("is taken as the images"),
        "{said}"
    );
    // Of two further columns nobody knows which has the classes.
    let three = table(|class| format!("x,{class}"), "Bild,Ort,Klasse", ",");
    let refused = Made::with_table("labels.csv", three).run(&[]).unwrap_err();
    assert!(
        refused.contains("Bild, Ort, Klasse") && refused.contains("--label-column"),
        "{refused}"
    );
}

#[test]
fn characters_that_nobody_sees_change_nothing() {
    let bar = bar();
    let names = names();
    let odd = |name: &str| format!("\u{200b}{}\u{feff}", name.replace(' ', "\u{a0}"));
    let folders = Made::new().with_images(|number, class| {
        format!("{}/{number}.png", odd(&names[class].replace('/', "_")))
    });
    assert_eq!(right(&folders.run(&[]).unwrap()), bar);
    let lines = table(|class| format!("{class}\u{200b}"), "file\u{200b},\u{2060}label", ",");
    assert_eq!(right(&Made::with_table("labels.csv", lines).run(&[]).unwrap()), bar);
    let labels = folders.root().with_file_name("labels.txt");
    std::fs::write(&labels, names.iter().map(|name| odd(name) + "\n").collect::<String>()).unwrap();
    let run = folders.run(&["--labels", labels.to_str().unwrap()]).unwrap();
    assert_eq!(right(&run), bar);
}

#[test]
fn a_number_behind_a_word_is_an_index_where_no_label_has_the_word() {
    let bar = bar();
    let of = |name: fn(usize) -> String| {
        Made::new().with_images(move |number, class| format!("{}/{number}.png", name(class)))
    };
    for made in [of(|class| format!("class_{class}")), of(|class| format!("Klasse {}", class + 1))]
    {
        let run = made.run(&[]).unwrap();
        assert_eq!(right(&run), bar);
        let said = run["assumptions"].to_string();
        assert!(said.contains("the dataset's classes are numbers ("), "{said}");
    }
    // Labels of the same word, in an order of their own.
    let made = of(|class| format!("c{}", (class * 7 + 3) % 10));
    let labels = made.root().with_file_name("labels.txt");
    let lines: String = (0..10).map(|class| format!("c{}\n", (class * 7 + 3) % 10)).collect();
    std::fs::write(&labels, lines).unwrap();
    let run = made.run(&["--labels", labels.to_str().unwrap()]).unwrap();
    assert_eq!(right(&run), bar);
    // Only some of them are labels.
    let some: String = (0..10).map(|class| format!("c{}\n", class + 5)).collect();
    std::fs::write(&labels, some).unwrap();
    let refused = made.run(&["--labels", labels.to_str().unwrap()]).unwrap_err();
    assert!(refused.contains("have no unique match among the labels"), "{refused}");
}

#[test]
fn splits_are_not_mixed_wherever_they_are_told() {
    let names = names();
    let split = |number: usize| if number.is_multiple_of(2) { "train" } else { "val" };
    let inside = Made::new().with_images(|number, class| {
        format!("{}/{}/{number}.png", names[class].replace('/', "_"), split(number))
    });
    let refused = inside.run(&[]).unwrap_err();
    assert!(refused.contains("several splits in its folders (val, train)"), "{refused}");
    let lines: String = images()
        .into_iter()
        .enumerate()
        .map(|(number, (_, class))| format!("img_{number:02}.png,{class},{}\n", split(number)))
        .collect();
    let made = Made::with_table("labels.csv", format!("file,label,Split\n{lines}"));
    let refused = made.run(&[]).unwrap_err();
    assert!(refused.contains("several splits (train, val) in column 'Split'"), "{refused}");
    let one = made.root().join("labels.csv");
    std::fs::write(one, format!("file,label,Split\n{}", lines.replace("train", "val"))).unwrap();
    assert_eq!(right(&made.run(&[]).unwrap()), bar());
}

#[test]
fn a_file_of_labels_that_is_not_read_is_named() {
    let made = Made::with_table("labels.yaml", "some: [1, 2]\n");
    let refused = made.run(&[]).unwrap_err();
    assert!(refused.contains("labels.yaml does not name them in a form that is read"), "{refused}");
    let gap =
        table(|class| if class == 9 { "nan".into() } else { class.to_string() }, "file,label", ",");
    let refused = Made::with_table("labels.csv", gap).run(&[]).unwrap_err();
    assert!(refused.contains("no class is given; write one"), "{refused}");
}
