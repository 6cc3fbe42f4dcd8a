//! The signature of a TensorFlow Lite file, read through the verified
//! flatbuffer accessors: every offset is checked before it is followed.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use tract_tflite::tflite::{self as schema, TensorType};

use crate::model::cost::tflite_cost;
use crate::model::{float_weights, metadata, tflite_graph, tflite_signature};
use crate::record::precision::Precision;
use crate::record::quantization::Quantization;
use crate::record::signature::{Signature, WeightStorage, by_frequency};
use crate::record::tensor::{OpenAxis, TensorInfo};

/// Name under which TensorFlow Lite metadata is stored in a model. Source:
/// <https://ai.google.dev/edge/litert/models/metadata>.
const METADATA_NAME: &str = "TFLITE_METADATA";

/// Reads the signature: if the file names several, the one with the name `named`.
///
/// # Errors
/// Says what is wrong with the file: no flatbuffer, cut short, or a graph
/// without inputs or outputs; or that no signature has this name.
pub fn read(bytes: &[u8], named: Option<&str>) -> Result<Signature> {
    ensure!(
        bytes.len() >= 8 && schema::model_buffer_has_identifier(bytes),
        "it is not a TensorFlow Lite file (no 'TFL3' mark); check the path or convert the model"
    );
    let model = schema::root_as_model(bytes).map_err(|error| {
        anyhow::anyhow!(
            "it is damaged or cut short ({}); download the file again",
            one_line(&error)
        )
    })?;
    let graphs = model.subgraphs().filter(|graphs| !graphs.is_empty());
    let graphs = graphs.context("it holds no graph")?;
    let choices = tflite_signature::all(&model)?;
    let chosen = tflite_signature::chosen(&model, &choices, named)?;
    let place = chosen.as_ref().map_or(0, |chosen| chosen.graph);
    let graph = graphs.get(place);
    let mut inputs = boundary(&graph, graph.inputs()).context("its graph's inputs")?;
    inputs.iter_mut().for_each(open_single_pixel);
    let outputs = boundary(&graph, graph.outputs()).context("its graph's outputs")?;
    let metadata = metadata_buffer(&model);
    let metadata = metadata.map(|bytes| metadata::read(bytes, place)).unwrap_or_default();
    let cost = tflite_cost::of(bytes, &model, &graph, &inputs);
    Ok(Signature {
        inputs,
        outputs,
        operators: operators(&model, &graph)?,
        precision: precision(&graph),
        normalization: metadata.normalization,
        labels: metadata::labels(bytes, metadata.label_file.as_deref()),
        preprocess: None,
        image_size: None,
        convolved_channels: tflite_graph::convolved_channels(&model, &graph),
        output_kinds: tflite_graph::output_kinds(&model, &graph),
        sorted_outputs: tflite_graph::sorted_outputs(&model, &graph),
        foreign_operators: Vec::new(),
        own_operators: Vec::new(),
        output_classes: Vec::new(),
        float_weights: Some(float_weights::of_tflite(&model)),
        external_data: Vec::new(),
        external_least: Vec::new(),
        storage: storage(bytes, &graph)?,
        choices,
        chosen,
        cost: Some(cost),
    })
}

/// How weights are stored, if not dense and inside the tables.
fn storage(bytes: &[u8], graph: &schema::SubGraph<'_>) -> Result<Vec<WeightStorage>> {
    let mut storage = Vec::new();
    if graph.tensors().into_iter().flatten().any(|tensor| tensor.sparsity().is_some()) {
        storage.push(WeightStorage::Sparse);
    }
    let mut is_behind = false;
    for (offset, size) in tflite_graph::behind_tables(bytes).into_iter().flatten() {
        ensure!(
            offset.checked_add(size).is_some_and(|end| end <= bytes.len() as u64),
            "it is cut short: some of its weights lie beyond its end; download the file again"
        );
        is_behind = true;
    }
    storage.extend(is_behind.then_some(WeightStorage::BehindTables));
    Ok(storage)
}

fn one_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().trim().to_owned()
}

fn boundary(
    graph: &schema::SubGraph<'_>,
    indices: Option<flatbuffers::Vector<'_, i32>>,
) -> Result<Vec<TensorInfo>> {
    let tensors = graph.tensors().context("the graph has no tensors")?;
    let indices = indices.filter(|list| !list.is_empty()).context("the list is empty")?;
    indices
        .iter()
        .map(|index| {
            let index = usize::try_from(index).ok().filter(|index| *index < tensors.len());
            tensor_info(&tensors.get(index.context("a tensor index is out of range")?))
        })
        .collect()
}

fn tensor_info(tensor: &schema::Tensor<'_>) -> Result<TensorInfo> {
    let name = tensor.name().unwrap_or_default().to_owned();
    let stored: Vec<i32> = tensor.shape().map(|dims| dims.iter().collect()).unwrap_or_default();
    // An open dimension is stored as 1 in `shape` and as -1 in `shape_signature`; some
    // converters write -1 into both.
    let signature: Vec<i32> = tensor
        .shape_signature()
        .map(|dims| dims.iter().collect::<Vec<i32>>())
        .filter(|signature| signature.len() == stored.len())
        .unwrap_or_else(|| stored.clone());
    let open = (0..stored.len())
        .filter(|axis| stored[*axis] < 0 || signature[*axis] < 0)
        .map(|axis| OpenAxis { axis, name: None })
        .collect();
    let shape = stored.iter().map(|dim| usize::try_from(*dim).unwrap_or(1)).collect::<Vec<usize>>();
    let element = tflite_graph::element(tensor.type_())
        .with_context(|| format!("tensor '{name}' has a type that classifiers do not use"))?;
    let quantization = quantization(tensor);
    Ok(TensorInfo { name, shape, element, quantization, open, unshaped: false })
}

/// Converters that knew no `shape_signature` wrote 1 for what was left open, and an image
/// of one pixel is none.
fn open_single_pixel(input: &mut TensorInfo) {
    if matches!(input.shape[..], [_, 1, 1, 1 | 3]) && input.open.iter().all(|it| it.axis == 0) {
        input.open.extend([1, 2].map(|axis| OpenAxis { axis, name: None }));
    }
}

fn quantization(tensor: &schema::Tensor<'_>) -> Option<Quantization> {
    let parameters = tensor.quantization()?;
    let scales = parameters.scale()?;
    if scales.len() != 1 || scales.get(0) <= 0.0 {
        return None;
    }
    let zero_points = parameters.zero_point()?;
    let zero_point = if zero_points.is_empty() { 0 } else { zero_points.get(0) };
    Some(Quantization { scale: scales.get(0), zero_point: i32::try_from(zero_point).ok()? })
}

fn operators(
    model: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
) -> Result<Vec<(String, usize)>> {
    ensure!(model.operator_codes().is_some(), "it names no operators");
    let mut counts = BTreeMap::<String, usize>::new();
    for operator in graph.operators().into_iter().flatten() {
        let name = tflite_graph::operator_name(model, &operator);
        *counts.entry(name.context("an operator code index is out of range")?).or_default() += 1;
    }
    Ok(by_frequency(counts))
}

/// Weights decide: integer weights with integer activations are `int8`, with
/// floating-point ones `dynamic_int8`.
fn precision(graph: &schema::SubGraph<'_>) -> Precision {
    let mut eight_bit_constants = false;
    let mut half_constants = false;
    let mut float_activations = 0;
    let mut integer_activations = 0;
    let mut wide_activations = 0;
    for tensor in graph.tensors().into_iter().flatten() {
        // A weight has more than one dimension and its own buffer; buffer 0 is the empty one.
        let dims = tensor.shape().map_or(0, |dims| dims.len());
        match tensor.type_() {
            TensorType::INT8 | TensorType::UINT8 if is_per_channel(&tensor) || dims == 2 => {
                eight_bit_constants = true;
            }
            TensorType::INT8 | TensorType::UINT8 if dims == 4 => integer_activations += 1,
            TensorType::INT16 if dims == 4 => wide_activations += 1,
            TensorType::FLOAT16 => half_constants = true,
            TensorType::FLOAT32 if dims == 4 => float_activations += 1,
            _ => {}
        }
    }
    if wide_activations > float_activations.max(integer_activations) {
        Precision::Int16x8
    } else if integer_activations > float_activations {
        Precision::Int8
    } else if half_constants {
        Precision::Float16
    } else if eight_bit_constants || integer_activations > 0 {
        Precision::DynamicInt8
    } else {
        Precision::Float32
    }
}

fn is_per_channel(tensor: &schema::Tensor<'_>) -> bool {
    tensor.quantization().and_then(|q| q.scale()).is_some_and(|scales| scales.len() > 1)
}

fn metadata_buffer<'a>(model: &schema::Model<'a>) -> Option<&'a [u8]> {
    let entry = model.metadata()?.iter().find(|entry| entry.name() == Some(METADATA_NAME))?;
    let buffers = model.buffers()?;
    let index = entry.buffer() as usize;
    (index < buffers.len()).then(|| buffers.get(index).data())?.map(|data| data.bytes())
}
