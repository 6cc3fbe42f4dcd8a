//! The terminal's table where every axis varies: names of cases are whole, and no two rows look
//! alike.

use std::collections::BTreeSet;

use shutterbench::report::terminal;
use shutterbench::table::row::Row;

use crate::report_common::{Shape, run};

const WIDTH: usize = 120;

/// A row for each of delegate x options x threads x batch x CPUs.
fn all_axes() -> Vec<Row> {
    let models = vec!["mobilenet_v2_1.0_224_quant".to_owned()];
    let one = shutterbench::table::rows::rows(&run(&Shape { models, ..Shape::default() }));
    let one = &one[0];
    let delegates = [
        "none",
        "xnnpack",
        "gpu",
        "plugin:/opt/a-vendor/toolkit/latest/lib/libnpu_provider.so?device=npu",
    ];
    let mut rows = Vec::new();
    for delegate in delegates {
        for options in ["default", "fp16-latest"] {
            for threads in [1, 2, 16] {
                for batch in [1, 4, 32] {
                    for affinity in ["big", "little", "all"] {
                        let mut row = one.clone();
                        row.delegate = delegate.parse().unwrap();
                        row.options = Some(options.to_owned());
                        row.threads = threads;
                        row.axes.batch = Some(batch);
                        row.axes.affinity = Some(affinity.to_owned());
                        rows.push(row);
                    }
                }
            }
        }
    }
    rows
}

/// The rows of the grid, up to their latencies, as words.
fn names(text: &str) -> Vec<String> {
    let (grid, _) = text.split_once("\n\n").unwrap();
    let name = |line: &str| line.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
    grid.lines().filter(|line| line.starts_with(" tflite/")).map(name).collect()
}

#[test]
fn names_are_whole_where_every_axis_varies() {
    let rows = all_axes();
    let text = terminal::table(&rows, Some(WIDTH), false);
    let names = names(&text);
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), rows.len(), "{text}");
    let whole = "tflite/plugin:libnpu_provider.so?device=npu+fp16-latest 16 32 little";
    for name in ["tflite/xnnpack+fp16-latest 16 32 little", "tflite/gpu 2 4 big", whole] {
        assert!(names.iter().any(|found| found == name), "{name}\n{text}");
    }
    for line in text.split_once("\n\n").unwrap().0.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    // What a machine tells in other places too makes room.
    let head = text.lines().nth(1).unwrap();
    assert!(head.contains("p50 ms") && head.contains("ms/image"), "{head}");
}

#[test]
fn an_axis_that_does_not_vary_does_not_show() {
    let rows: Vec<Row> = all_axes()
        .into_iter()
        .map(|mut row| {
            (row.axes.batch, row.axes.affinity) = (None, None);
            row
        })
        .collect();
    let head = terminal::table(&rows, Some(WIDTH), false);
    let head = head.lines().nth(1).unwrap();
    assert!(!head.contains("batch") && !head.contains("CPUs") && !head.contains("ms/image"));
    let varied = terminal::table(&all_axes(), Some(WIDTH), false);
    assert!(varied.lines().nth(1).unwrap().contains("batch"));
}

#[test]
fn libraries_that_are_called_alike_keep_their_folders() {
    let mut rows = all_axes();
    rows.truncate(2);
    for (row, folder) in rows.iter_mut().zip(["/a", "/b"]) {
        row.delegate = format!("external:{folder}/libgpu.so").parse().unwrap();
    }
    let text = terminal::table(&rows, Some(WIDTH), false);
    assert!(text.contains("external:/a/libgpu.so") && text.contains("external:/b/libgpu.so"));
    rows[1].delegate = rows[0].delegate.clone();
    let text = terminal::table(&rows, Some(WIDTH), false);
    assert!(text.contains("tflite/external:libgpu.so"), "{text}");
}
