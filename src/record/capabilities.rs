//! What each backend can do: one table per backend, from which the matrix of cases, the
//! listings and the tables in the docs are made.

use serde::Serialize;

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::{Delegate, EXTERNAL, PLUGIN};
use crate::record::format::Format;
use crate::record::precision::Precision;
use crate::record::runtime_setting;
use crate::record::runtime_setting::RuntimeSetting;

/// What a backend can do on some machine; whether it can on this one is up to the runtime.
#[derive(Debug)]
pub struct Capabilities {
    /// The formats of the files that it reads.
    pub formats: &'static [Format],
    /// Its delegates, in the order in which they are listed.
    pub delegates: &'static [DelegateCapability],
    /// What begins the name of a delegate that is a library of its own, if it loads such.
    pub libraries: Option<&'static str>,
    /// Whether its CPU kernels take a number of threads.
    pub threads: Threads,
    /// Whether a run can take several images if the model leaves that open.
    pub batch: bool,
    /// The settings of its own that a set of options may state, list by list.
    pub setting_lists: &'static [&'static [RuntimeSetting]],
    /// The setting that says what floating-point operators compute with, if it tells that.
    pub precision_key: Option<&'static str>,
    /// Where the figures on delegated nodes come from.
    pub coverage: &'static str,
    /// Whether it computes quantised models as they are meant.
    pub quantised: bool,
    /// Whether a run without `--backend` measures it.
    pub in_default_sweep: bool,
}

/// One delegate of a backend.
#[derive(Debug)]
pub struct DelegateCapability {
    /// The delegate.
    pub delegate: Delegate,
    /// When it is measured.
    pub measured: Measured,
}

/// When a run measures a delegate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Always: it is what an application would take.
    Always,
    /// Unless no model is named either: to compare one's own model with.
    WithOwnModel,
    /// Where `--delegate` asks for it.
    OnRequest,
}

/// What a backend makes of a number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// It uses as many as it is given.
    AsAsked,
    /// It always runs on one, for this reason.
    One(&'static str),
}

const fn measured(delegate: Delegate) -> DelegateCapability {
    DelegateCapability { delegate, measured: Measured::Always }
}

const fn with_own_model(delegate: Delegate) -> DelegateCapability {
    DelegateCapability { delegate, measured: Measured::WithOwnModel }
}

const fn on_request(delegate: Delegate) -> DelegateCapability {
    DelegateCapability { delegate, measured: Measured::OnRequest }
}

/// What most backends can do.
const USUAL: Capabilities = Capabilities {
    formats: &[],
    delegates: &[],
    libraries: None,
    threads: Threads::AsAsked,
    batch: true,
    setting_lists: &[],
    precision_key: None,
    coverage: "",
    quantised: true,
    in_default_sweep: true,
};

static TFLITE: Capabilities = Capabilities {
    formats: &[Format::Tflite],
    delegates: &[
        with_own_model(Delegate::None),
        measured(Delegate::Xnnpack),
        on_request(Delegate::Gpu),
        on_request(Delegate::Nnapi),
    ],
    libraries: Some(EXTERNAL),
    setting_lists: &[&runtime_setting::XNNPACK_FLAGS],
    coverage: "the execution plan before and after delegation, read by our own delegate that takes no node",
    ..USUAL
};

static TFLITEC: Capabilities = Capabilities {
    formats: &[Format::Tflite],
    delegates: &[with_own_model(Delegate::None), measured(Delegate::Xnnpack)],
    coverage: "the same as tflite: it is the same library",
    // One library is measured once.
    in_default_sweep: false,
    ..USUAL
};

static LITERT: Capabilities = Capabilities {
    formats: &[Format::Tflite],
    delegates: &[
        on_request(Delegate::None),
        measured(Delegate::Xnnpack),
        on_request(Delegate::Gpu),
    ],
    batch: false,
    setting_lists: &[&runtime_setting::XNNPACK_FLAGS, &runtime_setting::LITERT],
    coverage: "on a CPU, the calls of one profiled run; on a GPU, only whether anything was left to the CPU",
    ..USUAL
};

static TRACT: Capabilities = Capabilities {
    formats: &[Format::Tflite, Format::Onnx],
    delegates: &[measured(Delegate::None)],
    threads: Threads::One("tract is built without threads and uses one"),
    coverage: "it has no delegates",
    quantised: false,
    ..USUAL
};

static ONNXRUNTIME: Capabilities = Capabilities {
    formats: &[Format::Onnx],
    delegates: &[
        measured(Delegate::None),
        on_request(Delegate::Xnnpack),
        on_request(Delegate::Cuda),
        on_request(Delegate::Nnapi),
        on_request(Delegate::Coreml),
        on_request(Delegate::Qnn),
    ],
    libraries: Some(PLUGIN),
    setting_lists: &[&runtime_setting::ONNXRUNTIME],
    coverage: "the provider of each kernel in the profile of one run",
    ..USUAL
};

static OPENVINO: Capabilities = Capabilities {
    formats: &[Format::Tflite, Format::Onnx],
    delegates: &[measured(Delegate::None), on_request(Delegate::Gpu), on_request(Delegate::Npu)],
    setting_lists: &[&runtime_setting::OPENVINO],
    precision_key: Some("INFERENCE_PRECISION_HINT"),
    coverage: "the kernels in the counters of one run; a GPU or NPU takes a graph whole or not at all",
    // By default it computes in bfloat16 where the processor can, which is another model.
    in_default_sweep: false,
    ..USUAL
};

impl BackendKind {
    /// What this backend can do.
    #[must_use]
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::Tflite => &TFLITE,
            Self::Tflitec => &TFLITEC,
            Self::Litert => &LITERT,
            Self::Tract => &TRACT,
            Self::Onnxruntime => &ONNXRUNTIME,
            Self::Openvino => &OPENVINO,
        }
    }
}

impl Capabilities {
    /// The settings of its own that a set of options may state.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static RuntimeSetting> + use<> {
        self.setting_lists.iter().copied().flatten()
    }

    /// Whether this backend reads files of that format at all.
    #[must_use]
    pub fn reads(&self, format: Format) -> bool {
        self.formats.contains(&format)
    }

    /// Whether this backend has such a delegate on any machine.
    #[must_use]
    pub fn knows(&self, delegate: &Delegate) -> bool {
        match delegate.library_kind() {
            Some(kind) => self.libraries == Some(kind),
            None => self.delegates.iter().any(|known| known.delegate == *delegate),
        }
    }

    /// Whether this backend computes models of that precision as they are meant.
    #[must_use]
    pub(crate) const fn computes(&self, precision: Precision) -> bool {
        match precision {
            Precision::Int8 | Precision::DynamicInt8 | Precision::Int16x8 => self.quantised,
            Precision::Float32 | Precision::Float16 => true,
        }
    }

    /// What a run measures if `--delegate` is not given, and no model either if it is a
    /// `sweep` of the embedded ones.
    pub(crate) fn default_delegates(
        &self,
        sweep: bool,
    ) -> impl Iterator<Item = &'static Delegate> + use<> {
        let taken = move |known: &&DelegateCapability| match known.measured {
            Measured::Always => true,
            Measured::WithOwnModel => !sweep,
            Measured::OnRequest => false,
        };
        self.delegates.iter().filter(taken).map(|known| &known.delegate)
    }
}

/// A setting as it is listed.
#[derive(Debug, Serialize)]
pub(crate) struct SettingListing {
    /// The backend that has it.
    pub backend: BackendKind,
    /// Its key.
    pub key: &'static str,
    /// Which values it takes, in words.
    pub takes: String,
    /// What it is where nothing is set.
    pub default: &'static str,
    /// What it does, and under which delegate.
    pub meaning: String,
}

/// Every setting of every backend.
#[must_use]
pub(crate) fn settings() -> Vec<SettingListing> {
    use strum::VariantArray;
    let of = |backend: &BackendKind| {
        let backend = *backend;
        backend.capabilities().settings().map(move |known| SettingListing {
            backend,
            key: known.key,
            takes: known.values.to_string(),
            default: known.default,
            meaning: known.meaning(),
        })
    };
    BackendKind::VARIANTS.iter().flat_map(of).collect()
}

/// The settings of all backends as Markdown, for docs/options.md.
#[cfg(test)]
#[must_use]
pub(crate) fn settings_markdown() -> String {
    let mut table =
        String::from("| backend | setting | takes | default | meaning |\n|---|---|---|---|---|\n");
    for SettingListing { backend, key, takes, default, meaning } in settings() {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        table += &format!("| {backend} | `{key}` | {takes} | {default} | {meaning} |\n");
    }
    table
}

/// The table of all backends as Markdown, for docs/delegates.md.
#[cfg(test)]
#[must_use]
pub(crate) fn markdown() -> String {
    use strum::VariantArray;
    let mut table = String::from(
        "| backend | reads | delegates (bold: measured by default) | threads | batch | source of the figures on delegation |\n|---|---|---|---|---|---|\n",
    );
    for kind in BackendKind::VARIANTS {
        let can = kind.capabilities();
        let formats: Vec<String> = can.formats.iter().map(ToString::to_string).collect();
        let mut delegates: Vec<String> = can
            .delegates
            .iter()
            .map(|known| match known.measured {
                Measured::Always => format!("**{}**", known.delegate),
                Measured::WithOwnModel => {
                    format!("**{}** (if you name a model)", known.delegate)
                }
                Measured::OnRequest => known.delegate.to_string(),
            })
            .collect();
        delegates.extend(can.libraries.map(|kind| format!("{kind}:PATH")));
        table += &format!(
            "| {kind}{} | {} | {} | {} | {} | {} |\n",
            if can.in_default_sweep {
                String::new()
            } else {
                format!(" (with `--backend {kind}`)")
            },
            formats.join(", "),
            delegates.join(", "),
            if can.threads == Threads::AsAsked { "as asked" } else { "1" },
            if can.batch { "any" } else { "1" },
            can.coverage,
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_show_this_table() {
        let docs = include_str!("../../docs/delegates.md");
        assert!(docs.contains(&markdown()), "docs/delegates.md must contain:\n{}", markdown());
    }

    #[test]
    fn the_docs_show_every_setting() {
        let docs = include_str!("../../docs/options.md");
        let table = settings_markdown();
        assert!(docs.contains(&table), "docs/options.md must contain:\n{table}");
    }

    #[test]
    fn a_default_is_a_value_that_the_setting_takes() {
        use strum::VariantArray;
        for backend in BackendKind::VARIANTS {
            for known in backend.capabilities().settings() {
                let fits = known.default.is_empty() || known.values.takes(known.default);
                assert!(fits, "{backend} {}", known.key);
            }
        }
    }

    #[test]
    fn a_delegate_that_a_backend_lists_is_one_that_it_knows() {
        assert!(BackendKind::Litert.capabilities().knows(&Delegate::None));
        assert!(!BackendKind::Litert.capabilities().knows(&Delegate::Nnapi));
        let external: Delegate = "external:a.so".parse().unwrap();
        assert!(BackendKind::Tflite.capabilities().knows(&external));
        assert!(!BackendKind::Onnxruntime.capabilities().knows(&external));
        let plugin: Delegate = "plugin:a.so".parse().unwrap();
        assert!(BackendKind::Onnxruntime.capabilities().knows(&plugin));
        assert!(!BackendKind::Tflite.capabilities().knows(&plugin));
    }
}
