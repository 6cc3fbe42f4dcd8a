//! Where a case begins to differ from the runtime's own kernels: node by node, the file is given
//! that node's output as its own, and both run it on the same inputs.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use crate::model::tflite_nodes::{self, FileNode};
use crate::model::{onnx_file, onnx_nodes, select, shapes, tflite_file, tflite_signature};
use crate::record::agreement::Agreement;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::description::Model;
use crate::record::format::Format;
use crate::record::header::Header;
use crate::run::culprit_inputs::{CulpritInputs, CulpritPhotos};
use crate::run::delegated_range::{self, FIRST, LAST, PartDelegated};
use crate::run::reference;
use crate::worker::protocol::{Reply, Request};
use crate::worker::worker_source::{Worker, WorkerSource};

/// A node differs if an element is off by more than this share of the largest magnitude that the
/// reference has there. Kernels of 8-bit models may differ by a few of 256 steps.
const LARGEST_ERROR: f64 = 0.1;
/// Or if the angle between the two outputs has a smaller cosine than this.
const LEAST_COSINE: f64 = 0.98;

/// How one node's output compares with the reference's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodeDifference {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its operator.
    pub operator: String,
    /// The name of what it makes.
    pub name: String,
    /// The largest absolute difference of an element.
    pub max_abs_error: f64,
    /// The largest magnitude that the reference has there.
    pub magnitude: f64,
    /// The mean cosine of the angle between the two.
    pub cosine: Option<f64>,
    /// The input that shows it most.
    pub shown_by: String,
}

impl NodeDifference {
    /// Whether that is more than rounding explains.
    #[must_use]
    pub(crate) fn differs(&self) -> bool {
        let far = self.max_abs_error > LARGEST_ERROR * self.magnitude;
        far || self.cosine.is_some_and(|cosine| cosine < LEAST_COSINE)
    }
}

/// The comparison of the nodes up to the first that differs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NodeComparison {
    /// Nodes that were compared, in the order in which they run.
    pub compared: Vec<NodeDifference>,
    /// Nodes whose output could not be compared, with the reason.
    pub skipped: Vec<(usize, String)>,
    /// The nodes that a delegate computes wrongly when it has them together, or why that is not known;
    /// absent if the whole file's output agrees, and of cases without a delegate that may tell.
    pub delegated: Option<Result<RangeInclusive<usize>, String>>,
}

impl NodeComparison {
    /// The first node that differs.
    #[must_use]
    pub(crate) fn culprit(&self) -> Option<&NodeDifference> {
        self.compared.iter().find(|node| node.differs())
    }
}

/// Compares `case` of a run with the runtime's own kernels, node by node, until one differs. If it has a
/// delegate of a library of its own, nodes are also taken away from that, in the whole file.
///
/// # Errors
/// One sentence: a model that is gone or another one by now, that has its weights in other files, or
/// whose reference does not run here.
pub(crate) fn find(header: &Header, case: &Case, workers: &WorkerSource) -> Result<NodeComparison> {
    let known = header.models.iter().find(|model| model.name == case.model);
    let known = known.with_context(|| format!("the run has no model {}", case.model))?;
    ensure!(
        known.signature.external_data.is_empty(),
        "outputs inside {} cannot be reached: its weights are in other files",
        known.name
    );
    let found = select::open(&known.path)?;
    ensure!(
        found.sha256 == known.sha256,
        "{} is another file than the one that was measured; bring that one back",
        known.path.display()
    );
    let mut bytes = fs::read(&known.path)?;
    if tflite_signature::is_moved(&known.signature) {
        tflite_signature::move_first(&mut bytes, known.signature.graph())
            .context("its graphs cannot be moved")?;
    }
    let nodes = match known.format {
        Format::Tflite => tflite_nodes::of(&bytes).into_iter().enumerate().collect(),
        Format::Onnx => onnx_nodes::of(&bytes),
    };
    ensure!(!nodes.is_empty(), "{} has no nodes that we can read", known.path.display());
    let folder = Scratch::create()?;
    let own = Case { device: None, ..reference::single_threaded(&reference::key(known)) };
    let case = Case { device: None, ..case.clone() };
    let photos = CulpritPhotos::of(header);
    let mut comparison = NodeComparison::default();
    for (index, node) in &nodes {
        let index = *index;
        let compared = cut(known, &bytes, node, &folder.0)
            .and_then(|model| outputs_of_both(header, &model, &photos, [&own, &case], workers))
            .and_then(|outputs| difference(index, node, &outputs));
        match compared {
            Ok(difference) => {
                comparison.compared.push(difference);
                if comparison.culprit().is_some() {
                    break;
                }
            }
            Err(error) => comparison.skipped.push((index, format!("{error:#}"))),
        }
    }
    if let (true, Some((_, reason))) = (comparison.compared.is_empty(), comparison.skipped.first())
    {
        bail!("no node of {} could be compared: {reason}", known.name);
    }
    let whole = WholeFile { header, known, photos, own, case, nodes: &nodes };
    comparison.delegated = whole.delegated(workers).map_err(|it| format!("{it:#}")).transpose();
    Ok(comparison)
}

/// A file that is run whole, with more or fewer of its nodes delegated.
struct WholeFile<'a> {
    header: &'a Header,
    known: &'a Model,
    photos: CulpritPhotos,
    own: Case,
    case: Case,
    nodes: &'a [(usize, FileNode)],
}

impl WholeFile<'_> {
    /// The nodes that the delegate computes wrongly together, if it is one that may be told which to
    /// take.
    fn delegated(&self, workers: &WorkerSource) -> Result<Option<RangeInclusive<usize>>> {
        let Delegate::External { path, options } = &self.case.delegate else { return Ok(None) };
        let Some((_, node)) = self.nodes.last() else { return Ok(None) };
        let (header, photos) = (self.header, &self.photos);
        let mut worker = workers.load(&self.own, self.known)?;
        let (expected, inputs) = outputs(header, self.known, photos, &mut worker)?;
        drop(worker);
        let mut both = BothOutputs { expected, found: Vec::new(), inputs };
        delegated_range::find(self.nodes.len(), |first, last| {
            let range = [(FIRST, first), (LAST, last)];
            let range = range.map(|(key, index)| (key.to_owned(), index.to_string()));
            let options = options.iter().cloned().chain(range).collect();
            let delegate = Delegate::External { path: path.clone(), options };
            let case = Case { delegate, ..self.case.clone() };
            let mut worker = workers.load(&case, self.known)?;
            let (found, _) = outputs(header, self.known, photos, &mut worker)?;
            let delegated = match worker.link.ask(&Request::Coverage, &[])? {
                (Reply::Coverage(coverage), _) => coverage.nodes_delegated,
                _ => None,
            };
            both.found = found;
            Ok(PartDelegated { differs: difference(0, node, &both)?.differs(), delegated })
        })
    }
}

/// A folder for the files that are made, which goes with it.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn create() -> Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("shutterbench-{}-nodes", std::process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not create the folder {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind in the temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The model with what `node` makes as its output.
fn cut(known: &Model, bytes: &[u8], node: &FileNode, folder: &Path) -> Result<Model> {
    let unmoved = "its output cannot be moved";
    let (bytes, signature) = match known.format {
        Format::Tflite => {
            let tensor = node.tensor.context("it makes nothing")?;
            let bytes = tflite_nodes::with_output(bytes, tensor).context(unmoved)?;
            let signature = tflite_file::read(&bytes, None)?;
            (bytes, signature)
        }
        Format::Onnx => {
            let inputs = &known.signature.inputs;
            let bytes = onnx_nodes::with_output(bytes, &node.name, inputs).context(unmoved)?;
            let signature = onnx_file::read(&bytes)?;
            (bytes, signature)
        }
    };
    let path = folder.join(format!("cut.{}", known.format));
    fs::write(&path, &bytes)?;
    Ok(Model { path, signature, ..known.clone() })
}

/// What both cases make of the same inputs, and what those are.
struct BothOutputs {
    expected: Vec<Vec<f32>>,
    found: Vec<Vec<f32>>,
    inputs: Vec<String>,
}

fn outputs_of_both(
    header: &Header,
    model: &Model,
    photos: &CulpritPhotos,
    cases: [&Case; 2],
    workers: &WorkerSource,
) -> Result<BothOutputs> {
    let [expected, found] = cases.map(|case| {
        let mut worker = workers.load(case, model)?;
        outputs(header, model, photos, &mut worker)
    });
    let ((expected, inputs), (found, _)) = (expected?, found?);
    Ok(BothOutputs { expected, found, inputs })
}

/// How what a node makes as the second case agrees with what it makes as the first.
fn difference(index: usize, node: &FileNode, outputs: &BothOutputs) -> Result<NodeDifference> {
    let BothOutputs { expected, found, inputs } = outputs;
    let agreement = Agreement::of(expected, found).context("their outputs differ in size")?;
    let magnitudes = expected.iter().flatten().map(|value| f64::from(value.abs()));
    let errors = expected.chunks(1).zip(found.chunks(1)).map(|(expected, found)| {
        Agreement::of(expected, found).map_or(0.0, |agreement| agreement.max_abs_error)
    });
    // Of equal errors the first.
    let worst = errors.zip(inputs).reduce(|one, other| if other.0 > one.0 { other } else { one });
    Ok(NodeDifference {
        index,
        operator: node.operator.clone(),
        name: node.name.clone(),
        max_abs_error: agreement.max_abs_error,
        magnitude: magnitudes.filter(|it| it.is_finite()).fold(0.0, f64::max),
        cosine: agreement.likeness.map(|likeness| likeness.cosine),
        shown_by: worst.map_or(String::new(), |(_, input)| input.clone()),
    })
}

/// The first output of a worker's case on each input, and what the inputs are.
fn outputs(
    header: &Header,
    model: &Model,
    photos: &CulpritPhotos,
    Worker { link, loaded }: &mut Worker,
) -> Result<(Vec<Vec<f32>>, Vec<String>)> {
    let images = shapes::images(model, NonZeroUsize::MIN)?.get();
    let CulpritInputs { bytes, names } = photos.inputs(header, model, &loaded.inputs);
    let count = u32::try_from(names.len())?;
    let (reply, bytes) = link.ask(&Request::Infer { count, output: 0 }, &bytes)?;
    let Reply::Outputs { .. } = reply else {
        bail!("{}", crate::worker::worker_source::unexpected(reply))
    };
    let info = loaded.outputs.first().context("it has no output")?;
    let one = info.of_one_image(images).context("its output does not hold one image's")?;
    let outputs = bytes.chunks_exact(one.byte_len().max(1)).map(|bytes| one.real(bytes)).collect();
    Ok((outputs, names))
}
