//! The files of a run: columns, empty fields, safe text, and what cannot be
//! written.

use std::fs;

use shutterbench::record::channels::Channels;
use shutterbench::record::description::PipelineSource;
use shutterbench::record::model_pipeline::ModelPipeline;
use shutterbench::record::precision::Precision;
use shutterbench::record::preset::{Preset, PresetName};
use shutterbench::record::status::Status;
use shutterbench::report;
use shutterbench::report::{csv, json, markdown, terminal};
use shutterbench::table::row::Row;

use crate::report_common::{Shape, change_runs, run};

fn written(rows: &[Row]) -> String {
    let mut text = Vec::new();
    csv::results(rows, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn columns_are_the_contract_in_order() {
    let expected = "run_id,device,os,arch,cpu,model,family,precision,format,model_bytes,input_height,input_width,input_dtype,classes,backend,backend_version,delegate,delegate_status,nodes_total,nodes_delegated,partitions,threads,status,error,load_ms,first_inference_ms,warmup_runs,runs,rounds,latency_mean_us,latency_std_us,latency_min_us,latency_p50_us,latency_p50_low_us,latency_p50_high_us,latency_p90_us,latency_p95_us,latency_p99_us,latency_max_us,outliers,drift_percent,stability,throughput_per_s,within_budget,memory_load_bytes,memory_peak_bytes,cpu_time_ratio,images,top1,top1_low,top1_high,top5,top5_low,top5_high,ambiguous,preprocess_p50_us,agreement_top1,max_abs_error,started_at,seconds,modes,top1_difference,top1_difference_p,top1_images_needed,agreement_inputs,threads_used,batch,latency_per_image_us,latency_cold_p50_us,latency_p90_low_us,latency_p90_high_us,latency_p99_low_us,latency_p99_high_us,within_budget_low,within_budget_high,preprocess,valid,invalid_reason,disturbed,dataset_sha256,memory_model_bytes,macs,parameters,cosine,kl_divergence,agreement_top5,options,affinity,load_cold_ms,load_warm_ms,end_to_end_p50_us,energy_mj_per_image,energy_mj_per_image_low,energy_mj_per_image_high,max_error_steps,max_relative_error,not_a_number_share,constant_share,end_to_end_p50_low_us,end_to_end_p50_high_us,sustained_p50_us,sustained_p50_low_us,sustained_p50_high_us,activation_bytes,weight_bytes,macs_per_byte";
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    assert_eq!(written(&rows).lines().next(), Some(expected));
    assert_eq!(written(&[]).lines().next(), Some(expected));
    let names: Vec<&str> = Row::COLUMNS.iter().map(|column| column.name).collect();
    assert_eq!(names.join(","), expected);
}

#[test]
fn what_was_not_measured_is_an_empty_field() {
    let mut run = run(&Shape::default());
    let skipped = run.cases.remove(0).case;
    run.accuracies.retain(|record| record.key != skipped.accuracy_key());
    let rows = shutterbench::table::rows::rows(&run);
    assert_eq!(rows.len(), run.header.cases.len());
    assert_eq!(rows[0].status, Status::Skipped);
    let text = written(&rows);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let first = reader.records().next().unwrap().unwrap();
    let from = header.iter().position(|name| name == "load_ms").unwrap();
    // These two say which case it is.
    let of_case = |at: &usize| !["options", "affinity"].contains(&&header[*at]);
    let measured: Vec<&str> = (from..first.len()).filter(of_case).map(|at| &first[at]).collect();
    assert!(measured.iter().all(|field| field.is_empty()), "{first:?}");
}

#[test]
fn rows_hold_what_the_samples_and_predictions_say() {
    let run = run(&Shape::default());
    let rows = shutterbench::table::rows::rows(&run);
    for (row, record) in rows.iter().zip(&run.cases) {
        let mut all: Vec<u64> =
            record.visits.iter().flat_map(|visit| visit.block.latency_ns()).collect();
        all.sort_unstable();
        let median = (all[all.len() / 2 - 1] + all[all.len() / 2]) as f64 / 2e3;
        assert!((row.latency_p50_us.unwrap() - median).abs() < 1e-3);
        assert_eq!(row.latency_max_us, all.last().map(|ns| *ns as f64 / 1e3));
        assert_eq!((row.runs, row.rounds), (Some(300), Some(12)));
        assert_eq!((row.input_height, row.input_width), (Some(28), Some(32)));
        let scored = run.accuracies.iter().find(|a| a.key == record.case.accuracy_key()).unwrap();
        let right = scored.predictions.iter().filter(|p| p.rank_of_label == 1).count();
        assert_eq!(row.top1, Some(right as f64 / 200.0));
        assert!(row.top1_low < row.top1 && row.top1 < row.top1_high);
    }
}

#[test]
fn hostile_text_is_safe_in_a_spreadsheet_and_comes_back() {
    for name in [
        "=HYPERLINK(\"http://x\")",
        "+1",
        "-cmd|' /C calc'!A0",
        "@SUM(1)",
        "'quoted",
        "a,b\"c\"",
        "😀 <script>",
    ] {
        let mut run = run(&Shape { models: vec![name.into()], ..Shape::default() });
        run.cases[0].status = Status::Failed;
        run.cases[0].error = Some("=1+1\nsecond line".into());
        let rows = shutterbench::table::rows::rows(&run);
        let text = written(&rows);
        for record in ::csv::Reader::from_reader(text.as_bytes()).records() {
            for field in record.unwrap().iter() {
                let risky = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!risky || field.parse::<f64>().is_ok(), "{field}");
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.csv");
        fs::write(&path, text).unwrap();
        assert_eq!(csv::read_results(&path).unwrap(), rows);
        assert_eq!(rows[0].error.as_deref(), Some("=1+1 second line"));
    }
}

#[test]
fn a_run_is_written_whole() {
    let run = run(&Shape::default());
    let dir = tempfile::tempdir().unwrap();
    shutterbench::report::run_files::write_all(&run, dir.path()).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["predictions.csv", "report.html", "report.md", "results.csv", "run.json"]);
    // On request, and then it stays up to date.
    fs::write(dir.path().join("samples.csv"), "of an earlier part").unwrap();
    shutterbench::report::run_files::write_all(&run, dir.path()).unwrap();
    let samples = fs::read_to_string(dir.path().join("samples.csv")).unwrap();
    assert_eq!(samples.lines().next(), Some("case,round,iteration,at_ns,latency_ns"));
    assert_eq!(samples.lines().count() - 1, run.cases.len() * 12 * 25);
    let first = &run.cases[0];
    let block = first.visits[0].block.unpacked();
    let line = format!("{},0,0,{},{}", first.case, block.at_ns[0], block.latency_ns[0]);
    assert_eq!(samples.lines().nth(1), Some(line.as_str()));
    let predictions = fs::read_to_string(dir.path().join("predictions.csv")).unwrap();
    let expected = "model,backend,delegate,image,label,top1_class,top1_score,top2_class,top2_score,top3_class,top3_score,top4_class,top4_score,top5_class,top5_score,rank_of_label,tie,device,options";
    assert_eq!(predictions.lines().next(), Some(expected));
    assert_eq!(predictions.lines().count() - 1, run.accuracies.len() * 200);
    let described: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("run.json")).unwrap()).unwrap();
    assert_eq!(described["run_id"], "2026-01-02T03-04-05-test");
    assert_eq!(described["options"]["seed"], 1);
    assert_eq!(described["models"][0]["path"], "models/0.tflite");
    assert_eq!(described["dataset"]["path"], "../photos/validation");
    for name in &names {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        assert!(!text.contains("somebody"), "{name:?} tells where the run was begun");
    }
    assert!(described["accuracies"][0]["images_decided_by_a_tie"].is_u64());
}

#[test]
fn preparing_and_ambiguous_images_are_in_every_report() {
    let run = run(&Shape::default());
    let rows = shutterbench::table::rows::rows(&run);
    let first = &json::run(&run, &rows)["accuracies"][0];
    assert_eq!(first["ambiguous"].as_f64(), rows[0].ambiguous);
    assert_eq!(first["preprocess_p50_us"].as_f64(), rows[0].preprocess_p50_us);
    assert!(rows[0].preprocess_p50_us.is_some());
    for text in [markdown::document(&run, &rows), report::html::page::page(&run, &rows)] {
        assert!(text.contains("us per image (median), in addition to inference"), "{text}");
        assert!(text.contains("% ambiguous (the two best"));
    }
}

#[test]
fn what_the_photos_went_through_is_in_every_report() {
    let mut run = run(&Shape::default());
    let preset: Preset = "torchvision,resize=232".parse().unwrap();
    let pipeline = preset.pipeline(28, 32, Channels::Bgr, None);
    let models: Vec<String> = run.header.models.iter().map(|model| model.name.clone()).collect();
    let source = PipelineSource::Configuration("config.json".into());
    run.header.pipelines = vec![ModelPipeline { models, preset, source, pipeline }];
    let rows = shutterbench::table::rows::rows(&run);
    assert!(rows.iter().all(|row| row.preprocess == Some(PresetName::Torchvision)), "{rows:?}");
    assert!(written(&rows).lines().nth(1).unwrap().contains(",torchvision,"));
    for text in [markdown::document(&run, &rows), report::html::page::page(&run, &rows)] {
        assert!(text.contains("resize shorter side to 232, bilinear with antialias"), "{text}");
        assert!(text.contains("torchvision,resize=232 (stated by config.json)"), "{text}");
    }
    assert_eq!(json::report(&run, &rows)["pipelines"], json::run(&run, &rows)["pipelines"]);
    let json = &json::run(&run, &rows)["pipelines"][0];
    assert_eq!(json["preset"], "torchvision,resize=232");
    assert_eq!(json["source"], "config.json");
    assert_eq!(json["models"].as_array().unwrap().len(), run.header.models.len());
    assert!(json["steps"].as_str().unwrap().contains("centre crop 32 x 28; BGR;"), "{json}");
    // As a program reads it: each step by its kind.
    assert_eq!(json["pipeline"].as_array().unwrap().len(), 5, "{json}");
}

#[test]
fn published_figures_stand_in_every_report_with_how_they_were_matched() {
    let models = vec!["own".to_owned(), "mobilenet_v1_0.25_192_quant".to_owned()];
    let mut run = run(&Shape { models, ..Shape::default() });
    run.header.models[1].description.precision = Some(Precision::Int8);
    let rows = shutterbench::table::rows::rows(&run);
    let published = &json::run(&run, &rows)["published"];
    assert_eq!(published["models"][0]["matched_by"], "description");
    assert_eq!(published["models"][1]["matched_by"], "name");
    assert_eq!(published["models"][1]["published"]["top1"], 0.457);
    assert_eq!(*published, json::report(&run, &rows)["published"]);
    assert!(published["comparability"].as_str().unwrap().contains("is a different set"));
    let text = markdown::document(&run, &rows);
    let line = "- **mobilenet_v1_0.25_192_quant** (matched by name): published Top-1 45.7%, Top-5 70.8%, 0.5 MB, 1.8 ms (Pixel 3, Android 10, CPU, 4 threads); here Top-1 ";
    assert!(text.contains(line) && text.contains("is a different set"), "{text}");
    let page = report::html::page::page(&run, &rows);
    assert!(page.contains("mobilenet_v1_0.25_192_quant</span> (matched by name)"));
    // The name of another precision's file does not match.
    run.header.models[1].description.precision = Some(Precision::Int16x8);
    assert!(json::run(&run, &rows)["published"]["models"][1].is_null());
}

#[test]
fn an_unwritable_place_is_one_clear_sentence_and_leaves_the_old_file() {
    let error =
        shutterbench::report::file::write(std::path::Path::new("/dev/full/no/results.csv"), |to| {
            to.write_all(b"x")
        })
        .unwrap_err();
    assert!(error.to_string().contains("could not write /dev/full/no/results.csv"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.csv");
    fs::write(&path, "old").unwrap();
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = shutterbench::report::file::write(&path, |to| {
        to.write_all(b"half")?;
        Err(full())
    })
    .unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_table_fits_its_width_and_is_plain_when_asked() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    for width in [60, 80, 100, 140] {
        let text = terminal::table(&rows, Some(width), false);
        assert!(!text.contains('\u{1b}'));
        let grid: Vec<&str> = text.lines().filter(|line| line.contains("tflite/xnnpack")).collect();
        assert!(grid.len() >= 16);
        let table_end = text.find("Fastest:").unwrap();
        for line in text[..table_end].lines().filter(|line| !line.contains(": ")) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
    assert!(terminal::table(&rows, Some(120), true).contains("\u{1b}["));
    let text = terminal::table(&rows, Some(120), false);
    for words in ["Fastest: family_0.25_f32 tflite/xnnpack x2", "Most accurate: ", "Pareto front"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_fast_wrong_answer_is_flagged_and_wins_nothing() {
    let mut run = run(&Shape::default());
    let case = run.cases[0].case.clone();
    for record in &mut run.cases {
        if record.case.accuracy_key() == case.accuracy_key() {
            for visit in &mut record.visits {
                change_runs(visit, |block| block.latency_ns.iter_mut().for_each(|ns| *ns /= 10));
            }
        }
    }
    for record in &mut run.accuracies {
        if record.key == case.accuracy_key() {
            record.agreement.as_mut().unwrap().top1 = 0.4;
        }
    }
    let rows = shutterbench::table::rows::rows(&run);
    let verdict = shutterbench::decide::highlights::Highlights::of(&rows);
    assert!(rows[0].latency_p50_us < rows[verdict.fastest.unwrap()].latency_p50_us);
    assert!(verdict.front.iter().all(|&i| !rows[i].is_suspicious()));
    let text = terminal::table(&rows, Some(120), false);
    assert!(text.contains("wrong answers") && text.contains("40.0%"), "{text}");
    assert!(markdown::document(&run, &rows).contains("wrong answers"));
    assert_eq!(json::report(&run, &rows)["rows"][0]["notes"][0]["tag"], "wrong answers");
}

#[test]
fn each_speed_of_a_multimodal_case_is_shown_with_its_share() {
    let mut run = run(&Shape { rounds: 40, ..Shape::default() });
    for visit in run.cases[0].visits.iter_mut().filter(|visit| visit.round % 8 < 2) {
        change_runs(visit, |block| {
            block.latency_ns.iter_mut().for_each(|ns| *ns = *ns * 5 / 4);
        });
    }
    let rows = shutterbench::table::rows::rows(&run);
    assert_eq!(rows[0].stability, Some(shutterbench::stats::stability::Stability::Multimodal));
    let words = rows[0].modes.as_ref().unwrap().words();
    assert!(words.contains("75%") && words.contains("25%"), "{words}");
    assert!(markdown::document(&run, &rows).contains(&words));
    assert!(report::html::page::page(&run, &rows).contains(&words));
    let modes = &json::run(&run, &rows)["measured_cases"][0]["modes"];
    let ratio = modes[1]["median_us"].as_f64().unwrap() / modes[0]["median_us"].as_f64().unwrap();
    assert!((ratio - 1.25).abs() < 0.02, "{modes}");
}

#[test]
fn a_difference_in_accuracy_is_told_with_what_it_is_worth() {
    let mut run = run(&Shape { models: vec!["a_f32".into(), "b_int8".into()], ..Shape::default() });
    let best = run.accuracies[0].predictions.clone();
    for record in &mut run.accuracies {
        record.predictions.clone_from(&best);
    }
    // Two of 200 images: one point, p = 0.5 by the exact test.
    let right = run.accuracies[2].predictions.iter_mut().filter(|p| p.rank_of_label == 1);
    right.take(2).for_each(|prediction| prediction.rank_of_label = 3);
    run.header.models[1].description.reference = Some("a_f32".into());
    let rows = shutterbench::table::rows::rows(&run);
    let b = rows.iter().find(|row| row.model == "b_int8").unwrap();
    assert_eq!((b.top1_difference, b.top1_difference_p), (Some(-0.01), Some(0.5)));
    let sentence = "1.0 points lower, not distinguishable on 200 images; about ";
    assert!(markdown::document(&run, &rows).contains(sentence));
    let page = report::html::page::page(&run, &rows);
    assert!(page.contains(sentence) && page.contains("against its float32 version"));
    let verdict = shutterbench::decide::highlights::Highlights::of(&rows);
    assert!(verdict.as_accurate.iter().any(|&i| rows[i].model == "b_int8"));
}

#[test]
fn the_plot_is_a_drawing_with_a_bubble_a_case() {
    let rows = shutterbench::table::rows::rows(&run(&Shape::default()));
    let plot = shutterbench::report::run_files::plot_svg(&rows).unwrap();
    assert_eq!(plot.matches("<title>").count(), rows.len());
    assert!(plot.starts_with("<svg ") && plot.ends_with("</svg>\n"));
    assert_eq!(shutterbench::report::run_files::plot_svg(&[]), None);
}

#[test]
fn a_delegate_that_took_nothing_is_said_beside_its_time() {
    let mut run = run(&Shape::default());
    let coverage = run.cases[0].coverage.as_mut().unwrap();
    coverage.status = Some(shutterbench::record::coverage::DelegateStatus::None);
    coverage.nodes_delegated = Some(0);
    let rows = shutterbench::table::rows::rows(&run);
    assert!(rows[0].ran_on().contains("took no node"));
    for text in [
        terminal::table(&rows, Some(80), false),
        markdown::document(&run, &rows),
        report::html::page::page(&run, &rows),
    ] {
        assert!(text.contains("took no node"), "{text}");
    }
}

#[test]
fn hostile_names_cannot_leave_their_cell() {
    let name = "</script><script>alert(1)</script>|`x`\n\u{1b}[31m@everyone\u{2028}<!--";
    let run = run(&Shape { models: vec![name.into()], ..Shape::default() });
    let rows = shutterbench::table::rows::rows(&run);
    let page = report::html::page::page(&run, &rows);
    assert!(!page.contains("<script>alert"));
    let scripts = page.matches("</script>").count();
    assert_eq!(scripts, 6, "data and the page's five scripts");
    assert!(!page.contains('\u{1b}'));
    let text = markdown::document(&run, &rows);
    assert!(!text.contains("<script>") && !text.contains('\u{1b}') && !text.contains("@everyone"));
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let pipes = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(lines.iter().all(|line| pipes(line) == 11), "{text}");
    assert!(!terminal::table(&rows, Some(80), false).contains('\u{1b}'));
}

#[test]
fn in_one_process_with_the_program_no_memory_is_a_cases_own() {
    let mut run = run(&Shape::default());
    let memory = |run: &shutterbench::record::run::Run| {
        let row = &shutterbench::table::rows::rows(run)[0];
        (row.memory_load_bytes.is_some(), row.memory_peak_bytes.is_some())
    };
    assert_eq!(memory(&run), (true, true));
    run.header.options.in_process = true;
    assert_eq!(memory(&run), (false, false));
}
