//! Small TensorFlow Lite files, made table by table: several graphs and signatures, weights
//! that are sparse or lie behind the tables.

use tract_tflite::tflite::{
    self as schema, ActivationFunctionType, BuiltinOperator, BuiltinOptions, DimensionType,
    Padding, SparseIndexVector, TensorType,
};

use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

type Builder = FlatBufferBuilder<'static>;

/// Where a file keeps a buffer.
pub enum Stored {
    Inside(Vec<u8>),
    /// Behind the tables: offset and size in the file.
    Behind(u64, u64),
}

/// A classifier by the means of the channels: three scores are the means by weights of
/// three by three.
pub struct Graph {
    /// The buffer of its weights: see [`File::buffers`].
    pub weights: u32,
    /// Whether only the diagonal of the weights is stored.
    pub is_sparse: bool,
}

/// A signature: its name, its graph, and what it calls the image and the scores.
pub type Named = (&'static str, u32, &'static str, &'static str);

/// A file.
pub struct File {
    pub graphs: Vec<Graph>,
    pub signatures: Vec<Named>,
    /// Weights, the first of which is buffer 3.
    pub buffers: Vec<Stored>,
    /// Images of one run.
    pub images: i32,
}

/// Weights that give each class the mean of its own channel.
pub fn right() -> Vec<u8> {
    floats(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
}

/// Weights that take red for blue.
pub fn wrong() -> Vec<u8> {
    floats(&[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
}

pub fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn integers(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// One graph with these weights.
pub fn plain(weights: Stored) -> File {
    let graphs = vec![Graph { weights: 3, is_sparse: false }];
    File { graphs, signatures: Vec::new(), buffers: vec![weights], images: 1 }
}

/// A right graph behind a wrong one.
pub fn two_graphs(signatures: &[Named]) -> File {
    File {
        graphs: [3, 4].map(|weights| Graph { weights, is_sparse: false }).into(),
        signatures: signatures.to_vec(),
        buffers: vec![Stored::Inside(wrong()), Stored::Inside(right())],
        images: 1,
    }
}

impl File {
    /// Its bytes.
    pub fn packed(&self) -> Vec<u8> {
        self.packed_with(&FirstOperator::Known)
    }

    /// The same with another operator in the first one's place.
    pub fn packed_with(&self, first: &FirstOperator) -> Vec<u8> {
        let mut builder = Builder::new();
        let b = &mut builder;
        let codes: Vec<_> =
            CODES.iter().map(|code| operator_code(b, *code, &FirstOperator::Known)).collect();
        let codes = [&[operator_code(b, CODES[0], first)], &codes[1..]].concat();
        let graphs: Vec<_> = self.graphs.iter().map(|it| graph(b, it, self.images)).collect();
        let signatures: Vec<_> = self.signatures.iter().map(|it| signature(b, it)).collect();
        let mut stored = vec![buffer(b, &Stored::Inside(Vec::new()))];
        // Buffers 1 and 2: a shape and a bias.
        stored.push(buffer(b, &Stored::Inside(integers(&[self.images, 3]))));
        stored.push(buffer(b, &Stored::Inside(floats(&[0.0; 3]))));
        stored.extend(self.buffers.iter().map(|it| buffer(b, it)));
        let arguments = schema::ModelArgs {
            version: 3,
            operator_codes: Some(b.create_vector(&codes)),
            subgraphs: Some(b.create_vector(&graphs)),
            buffers: Some(b.create_vector(&stored)),
            signature_defs: (!signatures.is_empty()).then(|| b.create_vector(&signatures)),
            ..Default::default()
        };
        let model = schema::Model::create(b, &arguments);
        b.finish(model, Some("TFL3"));
        b.finished_data().to_vec()
    }
}

const CODES: [BuiltinOperator; 3] =
    [BuiltinOperator::AVERAGE_POOL_2D, BuiltinOperator::RESHAPE, BuiltinOperator::FULLY_CONNECTED];

/// What a file's first operator is.
pub enum FirstOperator {
    /// One that every runtime has.
    Known,
    /// A version of it that no runtime has.
    Version(i32),
    /// One of this name, of nobody's.
    Custom(&'static str),
}

fn operator_code(
    b: &mut Builder,
    code: BuiltinOperator,
    kind: &FirstOperator,
) -> WIPOffset<schema::OperatorCode<'static>> {
    let (code, version, custom_code) = match kind {
        // Of sparse weights it knows from version 8 on.
        FirstOperator::Known if code == BuiltinOperator::FULLY_CONNECTED => (code, 8, None),
        FirstOperator::Known => (code, 1, None),
        FirstOperator::Version(version) => (code, *version, None),
        FirstOperator::Custom(name) => (BuiltinOperator::CUSTOM, 1, Some(b.create_string(name))),
    };
    let arguments = schema::OperatorCodeArgs {
        deprecated_builtin_code: i8::try_from(code.0).unwrap(),
        builtin_code: code,
        version,
        custom_code,
    };
    schema::OperatorCode::create(b, &arguments)
}

/// The crate's schema is older than buffers that lie elsewhere, so the table is made by hand.
fn buffer(b: &mut Builder, stored: &Stored) -> WIPOffset<schema::Buffer<'static>> {
    const DATA: u16 = 4;
    const OFFSET: u16 = 6;
    const SIZE: u16 = 8;
    let table = match stored {
        Stored::Inside(bytes) => {
            let data = (!bytes.is_empty()).then(|| {
                // Runtimes read numbers where they lie.
                b.start_vector::<u64>(0);
                let _ = b.end_vector::<u64>(0);
                b.create_vector(bytes)
            });
            let start = b.start_table();
            if let Some(data) = data {
                b.push_slot_always(DATA, data);
            }
            b.end_table(start)
        }
        Stored::Behind(offset, size) => {
            let start = b.start_table();
            b.push_slot_always(OFFSET, *offset);
            b.push_slot_always(SIZE, *size);
            b.end_table(start)
        }
    };
    WIPOffset::new(table.value())
}

fn tensor(
    b: &mut Builder,
    name: &str,
    shape: &[i32],
    kind: TensorType,
    buffer: u32,
    is_sparse: bool,
) -> WIPOffset<schema::Tensor<'static>> {
    let sparsity = is_sparse.then(|| diagonal(b));
    let arguments = schema::TensorArgs {
        shape: Some(b.create_vector(shape)),
        name: Some(b.create_string(name)),
        type_: kind,
        buffer,
        sparsity,
        ..Default::default()
    };
    schema::Tensor::create(b, &arguments)
}

/// Three rows with one value each.
fn diagonal(b: &mut Builder) -> WIPOffset<schema::SparsityParameters<'static>> {
    let mut vector = |values: &[i32]| {
        let values = Some(b.create_vector(values));
        schema::Int32Vector::create(b, &schema::Int32VectorArgs { values }).as_union_value()
    };
    let (segments, indices) = (vector(&[0, 1, 2, 3]), vector(&[0, 1, 2]));
    let rows = schema::DimensionMetadataArgs {
        format: DimensionType::DENSE,
        dense_size: 3,
        ..Default::default()
    };
    let columns = schema::DimensionMetadataArgs {
        format: DimensionType::SPARSE_CSR,
        array_segments_type: SparseIndexVector::Int32Vector,
        array_segments: Some(segments),
        array_indices_type: SparseIndexVector::Int32Vector,
        array_indices: Some(indices),
        ..Default::default()
    };
    let dimensions = [rows, columns].map(|it| schema::DimensionMetadata::create(b, &it));
    let arguments = schema::SparsityParametersArgs {
        traversal_order: Some(b.create_vector(&[0, 1])),
        dim_metadata: Some(b.create_vector(&dimensions)),
        ..Default::default()
    };
    schema::SparsityParameters::create(b, &arguments)
}

fn operator(
    b: &mut Builder,
    code: u32,
    inputs: &[i32],
    output: i32,
    (kind, options): (BuiltinOptions, WIPOffset<UnionWIPOffset>),
) -> WIPOffset<schema::Operator<'static>> {
    let arguments = schema::OperatorArgs {
        opcode_index: code,
        inputs: Some(b.create_vector(inputs)),
        outputs: Some(b.create_vector(&[output])),
        builtin_options_type: kind,
        builtin_options: Some(options),
        ..Default::default()
    };
    schema::Operator::create(b, &arguments)
}

fn graph(b: &mut Builder, of: &Graph, images: i32) -> WIPOffset<schema::SubGraph<'static>> {
    const REAL: TensorType = TensorType::FLOAT32;
    let tensors = [
        tensor(b, "image", &[images, 8, 8, 3], REAL, 0, false),
        tensor(b, "pooled", &[images, 1, 1, 3], REAL, 0, false),
        tensor(b, "shape", &[2], TensorType::INT32, 1, false),
        tensor(b, "means", &[images, 3], REAL, 0, false),
        tensor(b, "weights", &[3, 3], REAL, of.weights, of.is_sparse),
        tensor(b, "scores", &[images, 3], REAL, 0, false),
        tensor(b, "bias", &[3], REAL, 2, false),
    ];
    let pool = schema::Pool2DOptionsArgs {
        padding: Padding::VALID,
        stride_w: 1,
        stride_h: 1,
        filter_width: 8,
        filter_height: 8,
        fused_activation_function: ActivationFunctionType::NONE,
    };
    let pool = schema::Pool2DOptions::create(b, &pool).as_union_value();
    let shape = Some(b.create_vector(&[images, 3]));
    let reshape = schema::ReshapeOptionsArgs { new_shape: shape };
    let reshape = schema::ReshapeOptions::create(b, &reshape).as_union_value();
    let connected = schema::FullyConnectedOptionsArgs::default();
    let connected = schema::FullyConnectedOptions::create(b, &connected).as_union_value();
    let operators = [
        operator(b, 0, &[0], 1, (BuiltinOptions::Pool2DOptions, pool)),
        operator(b, 1, &[1, 2], 3, (BuiltinOptions::ReshapeOptions, reshape)),
        operator(b, 2, &[3, 4, 6], 5, (BuiltinOptions::FullyConnectedOptions, connected)),
    ];
    let arguments = schema::SubGraphArgs {
        tensors: Some(b.create_vector(&tensors)),
        inputs: Some(b.create_vector(&[0])),
        outputs: Some(b.create_vector(&[5])),
        operators: Some(b.create_vector(&operators)),
        name: Some(b.create_string("main")),
    };
    schema::SubGraph::create(b, &arguments)
}

fn signature(b: &mut Builder, of: &Named) -> WIPOffset<schema::SignatureDef<'static>> {
    let (name, graph, image, scores) = *of;
    let mut map = |name: &str, tensor_index: u32| {
        let name = Some(b.create_string(name));
        let map = schema::TensorMap::create(b, &schema::TensorMapArgs { name, tensor_index });
        b.create_vector(&[map])
    };
    let (inputs, outputs) = (map(image, 0), map(scores, 5));
    let arguments = schema::SignatureDefArgs {
        inputs: Some(inputs),
        outputs: Some(outputs),
        signature_key: Some(b.create_string(name)),
        subgraph_index: graph,
    };
    schema::SignatureDef::create(b, &arguments)
}
