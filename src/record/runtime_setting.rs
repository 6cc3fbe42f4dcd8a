//! The settings of the runtimes that a set of options may state, by backend.

use crate::record::delegate::Delegate;
use crate::record::setting_values::ValueKind;

/// A setting of a runtime.
#[derive(Debug)]
pub struct RuntimeSetting {
    /// Its key; one that ends in `*` is any key that begins so, which goes to the runtime
    /// as it is.
    pub key: &'static str,
    /// Which values it takes.
    pub values: ValueKind,
    /// What it is where nothing is set.
    pub default: &'static str,
    /// Under which delegates it has an effect.
    pub effect: Effect,
    /// The values that `tune` tries beside the default, each with a word for it.
    pub tried: &'static [(&'static str, &'static str)],
    /// What it does.
    pub doc: &'static str,
}

/// Under which delegates a setting has an effect.
#[derive(Debug)]
pub enum Effect {
    /// Under each, and without one.
    Always,
    /// Only under this one.
    Under(Delegate),
    /// Under each, but not without one.
    UnderAny,
}

impl Effect {
    /// Whether it has one under `delegate`.
    #[must_use]
    pub(crate) fn is_under(&self, delegate: &Delegate) -> bool {
        match self {
            Self::Always => true,
            Self::Under(only) => only == delegate,
            Self::UnderAny => *delegate != Delegate::None,
        }
    }
}

impl RuntimeSetting {
    /// The same, of which `tune` tries these values, each with a word for it.
    const fn tried(mut self, values: &'static [(&'static str, &'static str)]) -> Self {
        self.tried = values;
        self
    }

    /// What it does, under which delegate, and what `tune` tries.
    #[must_use]
    pub(crate) fn meaning(&self) -> String {
        let under = match &self.effect {
            Effect::Always => String::new(),
            Effect::Under(only) => format!(" (with delegate {only})"),
            Effect::UnderAny => " (with a delegate)".to_owned(),
        };
        let tried: Vec<&str> = self.tried.iter().map(|(_, value)| *value).collect();
        let tried = match tried.as_slice() {
            [] => String::new(),
            values => format!("; `tune` tries {}", values.join(", ")),
        };
        format!("{}{under}{tried}", self.doc)
    }

    /// Whether `key` is this setting's.
    #[must_use]
    pub(crate) fn is(&self, key: &str) -> bool {
        match self.key.strip_suffix('*') {
            Some(beginning) => key.len() > beginning.len() && key.starts_with(beginning),
            None => key == self.key,
        }
    }
}

const fn setting(
    key: &'static str,
    values: ValueKind,
    default: &'static str,
    doc: &'static str,
) -> RuntimeSetting {
    RuntimeSetting { key, values, default, effect: Effect::Always, tried: &[], doc }
}

/// More threads of one kind than this are a typing error.
const MOST_THREADS: usize = 1024;

/// The key for a folder of models as ONNX Runtime rewrote them.
pub(crate) const ONNXRUNTIME_CACHE: &str = "optimized_model_folder";

/// ONNX Runtime's, by its C interface and `onnxruntime_session_options_config_keys.h`.
pub(crate) static ONNXRUNTIME: [RuntimeSetting; 12] = [
    setting(
        "graph_optimization_level",
        ValueKind::OneOf(&["disable", "basic", "extended", "layout", "all"]),
        "all",
        "how far the graph is rewritten before it runs",
    )
    .tried(&[("extended", "extended")]),
    setting(
        "intra_op_spinning",
        ValueKind::Flag,
        "true",
        "whether threads within an operator wait for work in a loop, which is faster and costs CPU time",
    )
    .tried(&[("calm", "false")]),
    setting(
        "inter_op_threads",
        ValueKind::Count(1, MOST_THREADS),
        "1",
        "threads that run different operators at the same time; more than 1 also sets parallel execution",
    ),
    setting(
        "memory_pattern",
        ValueKind::Flag,
        "true",
        "whether memory is laid out once for all runs of one shape",
    ),
    setting(
        "cpu_arena",
        ValueKind::Flag,
        "true",
        "whether memory is kept in an arena between runs",
    ),
    setting(
        "denormals_as_zero",
        ValueKind::Flag,
        "false",
        "whether numbers near 0, with which many processors are slow, count as 0",
    )
    .tried(&[("flushed", "true")]),
    setting(
        "deterministic_compute",
        ValueKind::Flag,
        "false",
        "whether only kernels are used that always give the same result",
    ),
    setting(
        "prepacking",
        ValueKind::Flag,
        "true",
        "whether weights are laid out anew when a model is loaded, for faster runs and more memory",
    ),
    setting(
        ONNXRUNTIME_CACHE,
        ValueKind::CacheFolder,
        "",
        "folder that models are kept in as ONNX Runtime rewrote them, a file per model and settings, so that a model loads faster the next time",
    ),
    setting(
        "session.*",
        ValueKind::Text,
        "",
        "any key of ONNX Runtime's session configuration, as it is; one that the library does not have is refused",
    ),
    setting(
        "optimization.*",
        ValueKind::Text,
        "",
        "the same, for the keys that begin so",
    ),
    RuntimeSetting {
        key: "provider.*",
        values: ValueKind::Text,
        default: "",
        effect: Effect::UnderAny,
        tried: &[],
        doc: "any option of the delegate's provider, without this beginning, as it is",
    },
];

const fn under(
    delegate: Delegate,
    key: &'static str,
    values: ValueKind,
    default: &'static str,
    doc: &'static str,
) -> RuntimeSetting {
    RuntimeSetting { key, values, default, effect: Effect::Under(delegate), tried: &[], doc }
}

const fn flag(key: &'static str, default: &'static str, doc: &'static str) -> RuntimeSetting {
    under(Delegate::Xnnpack, key, ValueKind::Flag, default, doc)
}

/// The flags of XNNPACK that TensorFlow Lite's delegate and LiteRT share.
pub(crate) static XNNPACK_FLAGS: [RuntimeSetting; 7] = [
    flag("signed_int8", "true", "whether XNNPACK takes operators on signed 8-bit numbers"),
    flag("unsigned_int8", "true", "whether XNNPACK takes operators on unsigned 8-bit numbers"),
    flag(
    "force_fp16",
    "false",
    "whether float32 operators are computed in float16; a processor that cannot refuses the model",
)
.tried(&[("fp16", "true")]),
    flag(
    "dynamic_fully_connected",
    "false",
    "whether XNNPACK takes FULLY_CONNECTED with weights that are computed",
),
    flag(
    "transient_indirection_buffer",
    "false",
    "whether some operators use less memory and more time",
),
    flag(
    "latest_operators",
    "false",
    "whether XNNPACK takes operators that are not enabled by default yet",
)
.tried(&[("latest", "true")]),
    flag(
    "consistent_arithmetic",
    "false",
    "whether only kernels are used that give the same numbers on every processor",
),
];

/// The key for a folder of what LiteRT's GPU accelerator made of models.
pub(crate) const LITERT_GPU_CACHE: &str = "gpu_serialization_folder";

/// What LiteRT has besides, by `litert_cpu_options.h` and `litert_gpu_options.h`: caches, and its
/// own kernels.
pub(crate) static LITERT: [RuntimeSetting; 3] = [
    under(
        Delegate::Xnnpack,
        "weight_cache_folder",
        ValueKind::CacheFolder,
        "",
        "folder that XNNPACK's packed weights are kept in, a file per model, so that the model loads faster the next time",
    ),
    under(
        Delegate::Gpu,
        LITERT_GPU_CACHE,
        ValueKind::CacheFolder,
        "",
        "folder that the GPU accelerator keeps compiled programs and converted weights in, so that the model loads faster the next time",
    ),
    under(
        Delegate::None,
        "kernels",
        ValueKind::OneOf(&["builtin", "reference"]),
        "builtin",
        "LiteRT's own kernels: those for use, or the slow ones that others are checked against",
    ),
];

/// OpenVINO's, by their keys in `openvino/runtime/properties.hpp`.
pub(crate) static OPENVINO: [RuntimeSetting; 5] = [
    setting(
        "INFERENCE_PRECISION_HINT",
        ValueKind::OneOf(&["f32", "bf16", "f16"]),
        "",
        "what floating-point operators compute with; by default bf16 on a CPU that has it, else f32; a CPU without it refuses",
    )
    .tried(&[("f32", "f32")]),
    setting(
        "PERFORMANCE_HINT",
        ValueKind::OneOf(&["LATENCY", "THROUGHPUT", "CUMULATIVE_THROUGHPUT"]),
        "LATENCY",
        "what OpenVINO chooses the settings for that are not given",
    ),
    setting("NUM_STREAMS", ValueKind::Count(1, MOST_THREADS), "1", "runs at once, sharing threads"),
    setting("ENABLE_CPU_PINNING", ValueKind::Flag, "true", "whether threads stay on their CPUs")
        .tried(&[("loose", "false")]),
    setting(
        "CACHE_DIR",
        ValueKind::CacheFolder,
        "",
        "folder of compiled models, a folder per file, for quicker loading",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_key_stands_for_all_that_begin_so() {
        let free = &ONNXRUNTIME[9];
        assert!(free.is("session.disable_prepacking"));
        assert!(!free.is("session.") && !free.is("sessions.a"));
        assert!(ONNXRUNTIME[3].is("memory_pattern") && !ONNXRUNTIME[3].is("memory_patterns"));
    }
}
