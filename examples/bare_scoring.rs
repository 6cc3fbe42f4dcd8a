//! A lower bound on the cost of scoring: every image decoded once, and every model run once on
//! each, in a bare loop on one thread. `scripts/measure/accuracy-throughput` compares the program
//! with it.
//!
//!     bare_scoring PRESET DATASET MODEL...
//!
//! Prints lines of seconds: decode; prepare; inference; reference (the models
//! without a delegate on the images that the program compares outputs on).

use std::env;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use shutterbench::dataset::entries::Dataset;
use shutterbench::image::decode;
use shutterbench::image::preprocess::Preparer;
use shutterbench::model::{resolve, select};
use shutterbench::record::backend_kind::BackendKind;
use shutterbench::record::delegate::Delegate;
use shutterbench::record::description::Description;
use shutterbench::record::preprocessing::InputSpec;
use shutterbench::record::preset::Preset;
use shutterbench::record::setting_values::NO_SETTINGS;
use shutterbench::record::tensor::Tensor;
use shutterbench::run::reference;
use shutterbench::runtime::backend::LoadRequest;
use shutterbench::runtime::registry;
use shutterbench::runtime::session::Session;

struct Subject {
    session: Box<dyn Session>,
    reference: Box<dyn Session>,
    spec: InputSpec,
}

impl Subject {
    fn load(path: &Path, preset: &Preset) -> Result<Self> {
        let model = select::open(path)?;
        let stated = Description { preprocess: Some(preset.clone()), ..Description::default() };
        let spec = resolve::input_spec(&model, &stated, None)?.spec;
        let load = |delegate: &Delegate| {
            let (threads, batch) = (NonZeroUsize::MIN, NonZeroUsize::MIN);
            let (shaped, options) = (None, &NO_SETTINGS);
            let request = LoadRequest { model: path, delegate, options, threads, batch, shaped };
            registry::open(BackendKind::Tflite)?.load(&request)
        };
        let (session, reference) = (load(&Delegate::Xnnpack)?, load(&Delegate::None)?);
        Ok(Self { session, reference, spec })
    }
}

fn infer(session: &mut dyn Session, bytes: Vec<u8>) -> Result<()> {
    let info = session.inputs().first().context("the model has no input")?.clone();
    session.set_input(0, &Tensor { element: info.element, shape: info.shape, bytes })?;
    session.invoke()?;
    black_box(session.output(0)?);
    Ok(())
}

fn timed<T>(spent: &mut Duration, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    *spent += began.elapsed();
    result
}

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let (Some(preset), Some(dataset)) = (arguments.next(), arguments.next()) else {
        bail!("name a preset, a dataset and models");
    };
    let preset = preset.to_string_lossy().parse::<Preset>().map_err(|reason| anyhow!(reason))?;
    let dataset = Dataset::open(&PathBuf::from(dataset))?;
    let paths = arguments.map(PathBuf::from);
    let mut subjects =
        paths.map(|path| Subject::load(&path, &preset)).collect::<Result<Vec<_>>>()?;
    let (gate, mut preparer) = (Mutex::new(()), Preparer::default());
    let every = reference::every(dataset.entries.len());
    let [mut decoding, mut preparing, mut inferring, mut comparing] = [Duration::ZERO; 4];
    for (position, entry) in dataset.entries.iter().enumerate() {
        let bytes = decode::load(&dataset.path(entry))?;
        let image = timed(&mut decoding, || decode::decode(&bytes, &gate))?;
        for subject in &mut subjects {
            let mut tensor = Vec::new();
            timed(&mut preparing, || preparer.prepare(&image.pixels, &subject.spec, &mut tensor));
            if position % every == 0 {
                timed(&mut comparing, || infer(&mut *subject.reference, tensor.clone()))?;
            }
            timed(&mut inferring, || infer(&mut *subject.session, tensor))?;
        }
    }
    println!("decode {:.3}", decoding.as_secs_f64());
    println!("prepare {:.3}", preparing.as_secs_f64());
    println!("inference {:.3}", inferring.as_secs_f64());
    println!("reference {:.3}", comparing.as_secs_f64());
    Ok(())
}
