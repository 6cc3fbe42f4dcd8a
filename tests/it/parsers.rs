//! Our own parsers against damaged input: the properties of `fuzz/parsers.rs`, on
//! mutations of real files, with the stable toolchain.

#[path = "../../fuzz/parsers.rs"]
mod properties;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::resource::{Resource, setrlimit};
use shutterbench::record::timed_runs::Block;
use shutterbench::record::visit::Visited;
use shutterbench::worker::protocol::{Reply, Request, write_frame};
use shutterbench::worker::visit_plan::VisitPlan;

use crate::common;
use crate::common::TimelyOutput;
use crate::models::{flat, made};
use crate::mutation::check;

/// Address space of a process that checks parsers: far more than they take, and far less than a
/// damaged length asks for. The system refuses more than that, and then Rust ends the process.
const MOST_BYTES: u64 = 8 << 30;
/// Set in such a process.
const ALONE: &str = "SHUTTERBENCH_TEST_ALONE";

/// Whether this is a process of its own for the test `name`, with limited memory. If not, it
/// starts that process, and fails if the process does or hangs.
fn alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        setrlimit(Resource::RLIMIT_AS, MOST_BYTES, MOST_BYTES).unwrap();
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("parsers::{name}"), "--nocapture"])
        .env(ALONE, "1")
        .timely_output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}: {said}", output.status);
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{name} was not found");
    false
}

/// Files of the repository, by their paths in it.
fn committed(paths: &[&str]) -> Vec<Vec<u8>> {
    paths.iter().map(|path| fs::read(common::repository().join(path)).unwrap()).collect()
}

#[test]
fn suites() {
    if !alone("suites") {
        return;
    }
    let every_field = "models = [\"a.tflite\", \"b/*.onnx\"]\nbackends = [\"tflite\", \"tract\"]\n\
        delegates = [\"none\", \"external:/lib/d.so?level=2\"]\nthreads = [1, 2, 4]\n\
        warmup = \"auto\"\nruns = \"50\"\nmin_seconds = 0.5\nmax_seconds = 5.0\nblock_ms = 20.0\n\
        order = \"interleaved\"\nseed = 7\naffinity = \"0,2-3\"\ncooldown = 0.1\n\
        processes = \"3\"\nbudget_ms = 33.0\nlatency = true\ndataset = \"photos\"\n\
        labels = \"labels.txt\"\nimages = 100\naccuracy = true\ntimeout = 60.0\n\
        memory_limit = 2000\nrequire_delegate = true\nin_process = false\n[describe]\ncrop = 0.875\n\
        resize = \"bilinear\"\nmean = [127.5]\nscale = [127.5]\nlabel_offset = 1\n";
    assert!(shutterbench::run::suite_file::SuiteFile::parse(every_field, "x".as_ref()).is_ok());
    check(&[every_field.into(), Vec::new()], 20000, properties::suite);
}

#[test]
fn manifests_and_descriptions() {
    if !alone("manifests_and_descriptions") {
        return;
    }
    let seeds = committed(&["models/manifest.toml", "models/hosted.toml"]);
    check(&seeds, 5000, properties::manifest);
}

#[test]
fn class_names() {
    if !alone("class_names") {
        return;
    }
    let mut seeds = committed(&["models/fashion-mnist/labels.txt"]);
    seeds.extend(
        [
            "0    cat\n1    dog\n2    bird\n",
            "\"0\",\"cat\"\n\"1\",\"dog, big\"\n",
            "index;name\n0;cat\n1;dog\n",
            "{\"id2label\": {\"0\": \"cat\", \"1\": \"dog\"}}",
            "[{\"id\": 0, \"name\": \"cat\"}, {\"id\": 1, \"name\": \"dog\"}]",
            "path: x\nnames: &a\n  0: cat\n  1: dog\nagain: *a\n",
            "names: [cat, 'dog', \"bird\"]\n",
            "title = \"x\"\n[names]\n0 = \"cat\"\n1 = \"dog\"\n",
        ]
        .map(Into::into),
    );
    seeds.push("\u{feff}cat\r\ndog".encode_utf16().flat_map(u16::to_le_bytes).collect());
    check(&seeds, 20000, properties::class_names);
}

#[test]
fn datasets() {
    if !alone("datasets") {
        return;
    }
    let head = |path: &str| {
        let text = fs::read_to_string(common::repository().join(path)).unwrap();
        text.lines().take(20).fold(String::new(), |all, line| all + line + "\n").into_bytes()
    };
    let seeds = [
        head("models/fashion-mnist/validation/labels.csv"),
        b"file,class_index,label\na.png,0,cat\nb.png,1,dog\n".to_vec(),
        b"file,wnid\n\"a,1.jpg\",n01440764\nb.jpg,n15075141\n".to_vec(),
    ];
    check(&seeds, 5000, properties::dataset);
}

/// Tables whose images are there, in every dialect.
#[test]
fn tables() {
    if !alone("tables") {
        return;
    }
    let seeds = [
        &b"file;label\r\n\"a, 1.png\";cat\r\nb.png;dog\r\n"[..],
        b"sep=\t\nimage\tlabel\nb.png\t3.0\nc.png\t1\n",
        b"b.png,1\nc.png,0\n",
        b"filename,cat,dog\nb.png,0,1\nc.png,1,0\n",
        b"{\"file_name\": \"b.png\", \"label\": 3}\n{\"file_name\": \"c.png\", \"label\": 1}\n",
        b"file,label\nb.png,K\xe4fer\nc,Hut\n",
        b"image,path,label,species\n1,b.png,0,cat\n2,c.png,1,dog\n",
        b"Bild;Klasse;Split\nb.png;cat;val\nc.png;dog;val\n",
        b"{\"file\": {\"0\": \"b.png\", \"1\": \"c.png\"}, \"label\": {\"0\": 3, \"1\": 1}}",
        b"{\"columns\": [\"file\", \"label\"], \"data\": [[\"b.png\", 3], [\"c.png\", 1]]}",
    ];
    check(&seeds.map(<[u8]>::to_vec), 4000, properties::table);
}

#[test]
fn listings() {
    if !alone("listings") {
        return;
    }
    let seed = "{\"schema\":1,\"entries\":[{\"file\":\"a.png\",\"class\":0},{\"file\":\"b.png\",\"class\":1,\"also\":[2]}],\
        \"classes\":{\"order\":\"by_name\",\"names\":[\"cat\",null,\"dog\"],\"used\":[0,1]},\"unreadable\":[[\"c\",\"is empty\"]],\
        \"left_out\":[\"x\"],\"assumed\":[],\"containers\":[\"images-1\"],\"image_column\":\"img\",\"label_column\":\"label\"}";
    check(&[seed.into(), seed.replace("\"images-1\"", "").into()], 4000, properties::listing);
}

#[test]
fn sidecars() {
    if !alone("sidecars") {
        return;
    }
    let every_field = "family = \"f\"\nwidth = 0.5\nresolution = 224\nprecision = \"int8\"\n\
        reference = \"r\"\nlabels = \"labels.txt\"\nlabel_names = [\"a\", \"b\"]\nlabel_offset = -1\n\
        layout = \"nchw\"\ninput_size = [224, 192]\nsignature = \"serving_default\"\n\
        scored_output = \"y\"\noutput = \"log-probabilities\"\nchannels = \"bgr\"\n\
        preprocess = \"torchvision,resize=232,crop=224\"\nresize = \"bilinear\"\ncrop = 0.875\n\
        mean = [0.485, 0.456, 0.406]\nscale = [1e-3]\nsource = \"x\"\nsha256 = \"00\"\nlicence = \"MIT\"\n\
        [published]\ntop1 = 0.7\ntop5 = 0.9\nsize_mb = 4.2\nlatency_ms = 1.5\ndataset = \"d\"\n";
    toml::from_str::<shutterbench::record::description::Description>(every_field).unwrap();
    check(&[every_field.into(), b"input_size = \"224x192\"\n".to_vec()], 8000, properties::sidecar);
}

#[test]
fn ground_truths() {
    if !alone("ground_truths") {
        return;
    }
    let seeds = [
        &b"1\n1000\n"[..],
        b"n01440764\ncrane\n",
        b"ILSVRC2012_val_00000001.JPEG 65\nval/ILSVRC2012_val_00000002.JPEG 970\n",
        b"[[1, 2], [999]]",
    ];
    check(&seeds.map(<[u8]>::to_vec), 4000, properties::ground_truth);
}

#[test]
fn parquet_files_and_tar_archives() {
    if !alone("parquet_files_and_tar_archives") {
        return;
    }
    for file in ["struct", "bytes", "zstd", "gzip", "lz4_raw", "brotli"] {
        let seed = committed(&[&format!("tests/parquet/{file}.parquet")]);
        check(&seed, 2000, properties::container);
    }
    let sample = [
        ("0001.png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("0001.cls", b"3"),
        ("a/0002.jpg", b"\xff\xd8\xff"),
        ("a/0002.json", b"{\"label\": [7, 8]}"),
    ];
    let table = [
        ("0001.png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("0002.png", b"\x89PNG\r\n\x1a\n"),
        ("labels.csv", b"Bild;Klasse\n0001.png;cat\n0002.png;dog\n"),
    ];
    let archive = |files: &[(&str, &[u8])]| {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, name, *content).unwrap();
        }
        archive.into_inner().unwrap()
    };
    check(&[archive(&sample), archive(&table)], 6000, properties::container);
}

#[test]
fn models() {
    if !alone("models") {
        return;
    }
    let mut seeds = committed(&[
        "models/fashion-mnist/fmnist_mobilenet_v1_0.25_int8.tflite",
        "models/fashion-mnist/fmnist_mobilenet_v1_0.25_int8.onnx",
    ]);
    let shared = common::shared().map(|shared| shared.join("models"));
    let metadata = shared.into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let small = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "tflite")
            && fs::metadata(path).is_ok_and(|file| file.len() < 1 << 20)
    };
    seeds.extend(
        metadata
            .map(|entry| entry.unwrap().path())
            .filter(small)
            .map(|path| fs::read(path).unwrap()),
    );
    check(&seeds, 5000, properties::model);
}

/// What few files have: signatures, sparse weights, and weights that lie elsewhere.
#[test]
fn unusual_models() {
    if !alone("unusual_models") {
        return;
    }
    let plain = || flat::Stored::Inside(flat::right());
    let graphs = || vec![flat::Graph { weights: 3, is_sparse: true }];
    let named = [("features", 0, "photo", "vector"), ("serving_default", 1, "photo", "scores")];
    let flats = [
        flat::two_graphs(&named),
        flat::File { graphs: graphs(), ..flat::plain(plain()) },
        flat::plain(flat::Stored::Behind(64, 36)),
    ];
    let mut seeds: Vec<Vec<u8>> = flats.iter().map(flat::File::packed).collect();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(seeds[0].clone()));
    archive.start_file("labels.txt", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut archive, b"cat\ndog\n").unwrap();
    let zipped = archive.finish().unwrap().into_inner();
    seeds.push([seeds[2].clone(), zipped].concat());
    let dims = [made::Size(1), made::Size(3), made::Named("height"), made::Open];
    let mut beside = made::mean_model(&dims);
    let graph = beside.graph.as_mut().unwrap();
    let entry = |key: &str, value: &str| made::pb::StringStringEntryProto {
        key: key.into(),
        value: value.into(),
    };
    let mut tensor = made::floats("w", &[2, 2], &[]);
    tensor.data_location = Some(1);
    tensor.external_data =
        vec![entry("location", "w.bin"), entry("offset", "4096"), entry("length", "16")];
    graph.initializer.push(tensor);
    graph.sparse_initializer = vec![made::pb::SparseTensorProto {
        values: Some(made::floats("s", &[2], &[1.0, 2.0])),
        indices: Some(made::integers("i", &[2], &[0, 3])),
        dims: vec![2, 2],
    }];
    beside.metadata_props = vec![entry("names", "{0: 'cat', 1: 'dog'}")];
    seeds.push(prost::Message::encode_to_vec(&beside));
    check(&seeds, 2000 * seeds.len() as u32, properties::model);
}

#[test]
fn configurations() {
    if !alone("configurations") {
        return;
    }
    let mut seeds = committed(&[
        "tests/goldens/exports/huggingface/preprocessor_config.json",
        "tests/goldens/exports/huggingface/config.json",
        "tests/goldens/exports/timm/config.json",
    ]);
    let class = |class: &str, rest: &str| {
        format!("{{\"image_processor_type\":\"{class}ImageProcessor\",{rest}}}").into_bytes()
    };
    let scaled =
        "\"do_rescale\":true,\"rescale_factor\":0.00784313725490196,\"rescale_offset\":true,";
    seeds.extend([
        class("ViT", "\"size\":{\"height\":224,\"width\":224},\"resample\":2,\"image_mean\":[0.5,0.5,0.5]"),
        class("EfficientNet", &format!("{scaled}\"size\":224,\"include_top\":true,\"image_std\":[0.5,0.5,0.5]")),
        class("MobileViT", "\"size\":{\"shortest_edge\":288},\"crop_size\":256,\"do_flip_channel_order\":true"),
        class("PoolFormer", "\"size\":{\"height\":224,\"width\":192},\"crop_pct\":0.95,\"do_center_crop\":true"),
        class("Levit", "\"size\":[224,224],\"do_normalize\":false,\"do_resize\":false"),
        b"{\"architecture\":\"resnet18\",\"num_classes\":2,\"labels\":[\"a\",\"b\"],\"input_size\":[3,224,224],\"crop_mode\":\"border\",\"mean\":[0.5,0.4,0.3],\"std\":[1.0,1.0,1.0]}".to_vec(),
    ]);
    check(&seeds, 2000 * seeds.len() as u32, properties::configuration);
}

#[test]
fn metadata_texts() {
    if !alone("metadata_texts") {
        return;
    }
    let seeds = [
        b"{0: 'tench', 1: \"cock's comb\", 2: 'caf\\xe9 \\u00e9'}".to_vec(),
        b"['a', (1, -2.5, 1e3), {'b': None}]".to_vec(),
        b"{\"0\": \"a\", \"1\": \"b\"}".to_vec(),
        b"0\n90\n180\n270".to_vec(),
    ];
    check(&seeds, 8000, properties::metadata_text);
}

#[test]
fn protocol() {
    if !alone("protocol") {
        return;
    }
    let mut frames = Vec::new();
    for (request, payload) in [
        (Request::SetInputs, vec![1_u8; 12]),
        (Request::Visit(VisitPlan::only(50, 1_000_000)), Vec::new()),
        (Request::Infer { count: 2, output: 0 }, vec![7; 8]),
        (Request::Memory, Vec::new()),
    ] {
        write_frame(&mut frames, &request, &payload).unwrap();
    }
    let mut reply = Vec::new();
    let visited = Visited {
        cold_ns: Some(7),
        settle_runs: 1,
        settle_ns: 4,
        block: Block { at_ns: vec![1, 2], latency_ns: vec![3, 4], cpu_ns: 5, wall_ns: 6 },
        cpu: Some(0),
        mhz: None,
        millidegrees: Some(40_000),
        yardstick_ns: Some([24_000, 25_000]),
        ..Visited::default()
    };
    write_frame(&mut reply, &Reply::Working, &[]).unwrap();
    write_frame(&mut reply, &Reply::Visited(Box::new(visited)), &[]).unwrap();
    check(&[frames, reply], 20000, properties::protocol);
}

/// The journal and the results of a small real run, one case of which fails.
fn small_run() -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_shutterbench"))
        .args(["run", "--quiet", "--backend", "tract", "--runs", "24", "--warmup", "1"])
        .args(["--processes", "2", "--images", "20", "--model", "fmnist_mobilenet_v1_0.25_f32"])
        .args(["fmnist_mobilenet_v1_0.25_int8", "--out"])
        .arg(&out)
        .timely_output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |file: &str| fs::read(out.join(file)).unwrap();
    (read("journal.jsonl"), read("results.csv"))
}

#[test]
fn journals_and_results() {
    if !alone("journals_and_results") {
        return;
    }
    let (journal, results) = small_run();
    check(&[results], 4000, properties::results);
    check(&[journal], 6000, properties::journal);
}
