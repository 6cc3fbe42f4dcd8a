//! tract: ONNX and floating-point TensorFlow Lite models in pure Rust.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use tract_onnx::prelude::{
    DatumType, Framework, InferenceFact, InferenceModelExt, IntoRunnable, TValue, TVec,
    Tensor as RuntimeTensor, TractResult, TypedFact, TypedModel, TypedNode, TypedSimpleState, tvec,
};
use tract_onnx::tract_core::ops::matmul::optimized::OptMatMul;
use tract_onnx::tract_core::plan::eval;

use crate::record::backend_kind::BackendKind;
use crate::record::coverage::Coverage;
use crate::record::delegate::Delegate;
use crate::record::format::Format;
use crate::record::operator_profile::{OWN_KERNELS, OperatorProfile, ProfiledCall};
use crate::record::precision::Precision;
use crate::record::signature::{Shaped, Signature};
use crate::record::tensor::{ElementType, TensorInfo};
use crate::runtime::backend::{Backend, LoadRequest};
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::{
    cannot_load, check_batch, check_format, no_batch, one_line, shaped, tflite_bytes,
};
use crate::runtime::refusal;
use crate::runtime::session::{PROFILE_WARMUP, Session, SessionTensors};

/// tract, built into this program.
#[derive(Debug)]
pub(crate) struct Tract;

impl Backend for Tract {
    fn kind(&self) -> BackendKind {
        BackendKind::Tract
    }

    fn version(&self) -> String {
        env!("SHUTTERBENCH_TRACT_VERSION").to_owned()
    }

    fn load(&self, request: &LoadRequest<'_>) -> Result<Box<dyn Session>, BackendError> {
        let format = check_format(self.kind(), &[Format::Onnx, Format::Tflite], request.model)?;
        if *request.delegate != Delegate::None {
            return Err(BackendError::Unsupported(format!(
                "tract has only its own kernels, no {} delegate",
                request.delegate
            )));
        }
        let failed = |reason: &dyn std::fmt::Display| {
            BackendError::Failed(cannot_load(request.model, reason))
        };
        let shaped = shaped(request, format)?;
        let signature = &shaped.signature;
        if format == Format::Tflite && shaped.resized {
            return Err(no_batch(
                shaped.images,
                &"tract runs TensorFlow Lite files only with the shapes in the file",
            ));
        }
        check_precision(format, signature.precision)?;
        check_operators(format, signature)?;
        check_domains(request, signature)?;
        check_storage(format, signature)?;
        // tract asserts on some graphs instead of returning an error.
        let session = catch_unwind(AssertUnwindSafe(|| build(request, format, &shaped)))
            .map_err(|_| failed(&format!("tract panicked on it; use backend {}", instead(format))))?
            .map_err(|error| {
                // The file is sound, so it is tract that lacks something. The
                // outer layers of the error print whole operators.
                let said = refusal::plain(&error.root_cause().to_string());
                if said.contains("resolves outside the model directory") {
                    return BackendError::Unsupported(cannot_load(
                        request.model,
                        &"its weights are links to a place outside its folder, which tract does not follow; use backend onnxruntime",
                    ));
                }
                let custom = match format {
                    Format::Tflite => refusal::of_custom_operators(request.model, signature),
                    Format::Onnx => lacking(request.model, signature),
                };
                custom.unwrap_or_else(|| {
                    let other = match said.contains("use backend") {
                        true => String::new(),
                        false => format!("; try backend {}", instead(format)),
                    };
                    let reason = format!("tract: {}{other}", said.trim_end_matches('.'));
                    BackendError::Unsupported(cannot_load(request.model, &reason))
                })
            })?;
        if shaped.images.get() > 1 {
            check_batch(session.outputs(), shaped.images)?;
        }
        Ok(Box::new(session))
    }
}

/// tract takes many quantised models and computes them wrongly: TensorFlow
/// Lite's with the wrong quantisation on the last layers, ONNX's (QDQ) down to
/// the accuracy of guessing. So none of them is run.
fn check_precision(format: Format, precision: Precision) -> Result<(), BackendError> {
    if BackendKind::Tract.capabilities().computes(precision) {
        return Ok(());
    }
    Err(BackendError::Unsupported(format!(
        "tract computes quantised models incorrectly; use backend {}",
        instead(format)
    )))
}

/// tract's reader of TensorFlow Lite makes of a MEAN a sum and a quantised
/// scaling, which rounds to whole numbers; scores were off by up to 0.1.
fn check_operators(format: Format, signature: &Signature) -> Result<(), BackendError> {
    let rounded =
        format == Format::Tflite && signature.operators.iter().any(|(op, _)| op == "MEAN");
    if rounded {
        return Err(BackendError::Unsupported(
            "tract rounds the operator MEAN to whole numbers; use backend tflite".into(),
        ));
    }
    Ok(())
}

/// tract takes an operator of any domain for its own of that name, and does not read the functions
/// that a file defines, so its scores would be those of another model.
fn check_domains(request: &LoadRequest<'_>, signature: &Signature) -> Result<(), BackendError> {
    refusal::of_foreign_operators(request.model, "tract", signature).map_or(Ok(()), Err)
}

/// tract's readers know neither sparse weights nor weights behind the tables of a file: they
/// would take what lies in their place for the weights.
fn check_storage(format: Format, signature: &Signature) -> Result<(), BackendError> {
    let Some(storage) = signature.storage.first() else { return Ok(()) };
    Err(BackendError::Unsupported(format!(
        "its weights are {storage}, which tract does not read; use backend {}",
        instead(format)
    )))
}

/// The refusal of an ONNX model for operators of ONNX that tract does not have; it names none.
fn lacking(model: &Path, signature: &Signature) -> Option<BackendError> {
    let known = tract_onnx::onnx().op_register.0;
    let names = signature.operators.iter().map(|(name, _)| name.as_str());
    let lacking: Vec<&str> = names.filter(|name| !known.contains_key(*name)).collect();
    let reason = format!(
        "it holds operators that tract does not have ({}); use backend onnxruntime",
        lacking.join(", ")
    );
    (!lacking.is_empty()).then(|| BackendError::Unsupported(cannot_load(model, &reason)))
}

/// The backend that takes what tract does not.
const fn instead(format: Format) -> &'static str {
    match format {
        Format::Tflite => "tflite",
        Format::Onnx => "onnxruntime",
    }
}

fn build(request: &LoadRequest<'_>, format: Format, shaped: &Shaped) -> TractResult<TractSession> {
    let (path, signature) = (request.model, &shaped.signature);
    let model = match format {
        Format::Onnx => {
            let mut model = tract_onnx::onnx().model_for_path(path)?;
            for (index, input) in signature.inputs.iter().enumerate() {
                let fact = InferenceFact::dt_shape(datum_type(input.element)?, &input.shape);
                model.set_input_fact(index, fact)?;
            }
            model.into_optimized()?
        }
        Format::Tflite => {
            let bytes = tflite_bytes(path, shaped)?;
            tract_tflite::Tflite::default()
                .model_for_read(&mut bytes.as_slice())?
                .into_optimized()?
        }
    };
    let tensors = SessionTensors {
        inputs: describe(&model, &signature.inputs, format, TypedModel::input_fact)?,
        outputs: describe(&model, &signature.outputs, format, TypedModel::output_fact)?,
    };
    let zeros = tensors
        .inputs
        .iter()
        .map(|input| RuntimeTensor::zero_dt(datum_type(input.element)?, &input.shape))
        .map(|tensor| tensor.map(TValue::from))
        .collect::<TractResult<TVec<_>>>()?;
    Ok(TractSession {
        state: model.into_runnable()?.spawn()?,
        nodes: u32::try_from(signature.nodes()).ok(),
        values: zeros,
        results: tvec![],
        tensors,
    })
}

/// Inputs or outputs as tract's typed graph has them, under the file's names.
fn describe(
    model: &TypedModel,
    named: &[TensorInfo],
    format: Format,
    fact: impl Fn(&TypedModel, usize) -> TractResult<&TypedFact>,
) -> TractResult<Vec<TensorInfo>> {
    named
        .iter()
        .enumerate()
        .map(|(index, named)| {
            let fact = fact(model, index)?;
            let shape = fact.shape.as_concrete().map(<[usize]>::to_vec);
            let element = element(fact.datum_type);
            match (shape, element) {
                (Some(shape), Some(element)) => {
                    Ok(TensorInfo { element, ..named.with_shape(shape) })
                }
                _ => Err(anyhow::anyhow!(
                    "it does not fix the shape of '{}', or computes it in a type of its own; use backend {}",
                    named.name,
                    instead(format)
                )),
            }
        })
        .collect()
}

/// An optimised plan with its state.
struct TractSession {
    state: TypedSimpleState,
    nodes: Option<u32>,
    values: TVec<TValue>,
    results: TVec<TValue>,
    tensors: SessionTensors,
}

impl Session for TractSession {
    fn tensors(&self) -> &SessionTensors {
        &self.tensors
    }

    fn write_input(&mut self, index: usize, bytes: &[u8]) -> Result<(), BackendError> {
        let info = &self.tensors.inputs[index];
        let mut value = datum_type(info.element)
            .and_then(|kind| RuntimeTensor::zero_dt(kind, &info.shape))
            .map_err(|error| failed(&error))?;
        value.as_bytes_mut().copy_from_slice(bytes);
        self.values[index] = value.into();
        Ok(())
    }

    fn invoke(&mut self) -> Result<(), BackendError> {
        // Cloning the values counts references, it copies no data.
        self.results = self.state.run(self.values.clone()).map_err(|error| failed(&error))?;
        Ok(())
    }

    fn read_output(&self, index: usize) -> Result<Vec<u8>, BackendError> {
        let value = self.results.get(index).ok_or_else(|| {
            BackendError::Failed(format!("output {index} was requested before a run"))
        })?;
        Ok(value.as_bytes().to_vec())
    }

    fn coverage(&mut self) -> Result<Coverage, BackendError> {
        Ok(Coverage { nodes_total: self.nodes, ..Coverage::default() })
    }

    fn profile(
        &mut self,
        inputs: &[Vec<u8>],
        runs: usize,
    ) -> Result<OperatorProfile, BackendError> {
        for (index, bytes) in inputs.iter().enumerate() {
            self.write_input(index, bytes)?;
        }
        let kernels: Vec<String> = self.state.model().nodes().iter().map(kernels_of).collect();
        let mut profiled = Vec::with_capacity(runs);
        for run in 0..PROFILE_WARMUP + runs {
            let timed = self.timed_nodes(&kernels).map_err(|error| failed(&error))?;
            if run >= PROFILE_WARMUP {
                profiled.push(timed);
            }
        }
        Ok(OperatorProfile::of(profiled))
    }
}

impl TractSession {
    /// What a run and each of its nodes takes; `kernels` has those of each. Constants are nodes too,
    /// which take no time.
    fn timed_nodes(&mut self, kernels: &[String]) -> TractResult<(u64, Vec<ProfiledCall>)> {
        let ns = |start: Instant| u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut calls = Vec::new();
        let start = Instant::now();
        self.state.run_plan_with_eval(self.values.clone(), |context, state, node, inputs| {
            let begun = Instant::now();
            let outputs = eval(context, state, node, inputs);
            let ns = ns(begun);
            let operator = node.op().name().into_owned();
            if operator != "Const" && operator != "Source" {
                let (name, ran_on) = (node.name.clone(), OWN_KERNELS.to_owned());
                let kernel = kernels.get(node.id).cloned().unwrap_or_default();
                calls.push(ProfiledCall { name, operator, ran_on, kernel, ns });
            }
            outputs
        })?;
        Ok((ns(start), calls))
    }
}

/// The kernels that a node chooses from as it runs. Only matrix products, which are convolutions
/// too, tell.
fn kernels_of(node: &TypedNode) -> String {
    let product = node.op_as::<OptMatMul>();
    let kernels = product.iter().flat_map(|product| &product.mmm).map(|it| format!("{it:?}"));
    let mut names: Vec<String> = Vec::new();
    for name in kernels {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" or ")
}

fn failed(error: &tract_onnx::prelude::TractError) -> BackendError {
    BackendError::Failed(format!("tract: {}", one_line(&format!("{error:#}"))))
}

fn datum_type(element: ElementType) -> TractResult<DatumType> {
    Ok(match element {
        ElementType::Float32 => DatumType::F32,
        ElementType::Float16 => DatumType::F16,
        ElementType::Float64 => DatumType::F64,
        ElementType::Int8 => DatumType::I8,
        ElementType::Uint8 => DatumType::U8,
        ElementType::Int16 => DatumType::I16,
        ElementType::Int32 => DatumType::I32,
        ElementType::Int64 => DatumType::I64,
        ElementType::Uint16 => DatumType::U16,
        ElementType::Uint32 => DatumType::U32,
        ElementType::Uint64 => DatumType::U64,
        ElementType::Bool => DatumType::Bool,
        ElementType::Text => DatumType::String,
        ElementType::Bfloat16 => anyhow::bail!("it has no numbers of type bfloat16"),
    })
}

fn element(kind: DatumType) -> Option<ElementType> {
    Some(match kind {
        DatumType::F32 => ElementType::Float32,
        DatumType::F16 => ElementType::Float16,
        DatumType::F64 => ElementType::Float64,
        DatumType::I8 => ElementType::Int8,
        DatumType::U8 => ElementType::Uint8,
        DatumType::I16 => ElementType::Int16,
        DatumType::I32 => ElementType::Int32,
        DatumType::I64 => ElementType::Int64,
        DatumType::U16 => ElementType::Uint16,
        DatumType::U32 => ElementType::Uint32,
        DatumType::U64 => ElementType::Uint64,
        DatumType::Bool => ElementType::Bool,
        _ => return None,
    })
}
