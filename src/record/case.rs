//! A case: model x backend x delegate x options x threads x batch x affinity.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::backend_kind::BackendKind;
use crate::record::delegate::Delegate;

/// One row of the results. Unique in a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Case {
    /// Name of the model.
    pub model: String,
    /// The runtime.
    pub backend: BackendKind,
    /// What the graph is handed to.
    pub delegate: Delegate,
    /// The set of the runtime's own settings, by its name; absent: none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// CPU threads requested.
    pub threads: NonZeroUsize,
    /// Images per run, in a run that measures several numbers of them; absent in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<NonZeroUsize>,
    /// The name of the CPUs that it is kept on, in a run that measures several; absent in
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// The machine, in a run that was merged from several machines' runs;
    /// absent in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// What accuracy depends on: not on threads, batch and affinity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccuracyKey {
    /// Name of the model.
    pub model: String,
    /// The runtime.
    pub backend: BackendKind,
    /// What the graph is handed to.
    pub delegate: Delegate,
    /// The set of the runtime's own settings, by its name; absent: none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// The machine, in a run that was merged from several machines' runs;
    /// absent in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// Digits of a case's id: 40 bits, of which two cases of a run will not share all.
const ID_DIGITS: usize = 10;

/// What the machine that the program runs on is called.
pub(crate) const LOCAL: &str = "local";

impl Case {
    /// A case of which nothing else is stated.
    #[must_use]
    pub fn plain(
        model: &str,
        backend: BackendKind,
        delegate: Delegate,
        threads: NonZeroUsize,
    ) -> Self {
        Self {
            model: model.to_owned(),
            backend,
            delegate,
            options: None,
            threads,
            batch: None,
            affinity: None,
            device: None,
        }
    }

    /// What this case's accuracy is computed under.
    #[must_use]
    pub fn accuracy_key(&self) -> AccuracyKey {
        AccuracyKey {
            model: self.model.clone(),
            backend: self.backend,
            delegate: self.delegate.clone(),
            options: self.options.clone(),
            device: self.device.clone(),
        }
    }

    /// A short name that is the same in every run and on every machine: ten hexadecimal
    /// digits of the SHA-256 of its long one.
    #[must_use]
    pub(crate) fn id(&self) -> String {
        id_of(&Self { device: None, ..self.clone() }.to_string())
    }

    /// Whether both are the same but for the machine.
    #[must_use]
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let anywhere = |case: &Self| Self { device: None, ..case.clone() };
        anywhere(self) == anywhere(other)
    }
}

/// The short name of the case that has this long one, on any machine.
#[must_use]
pub(crate) fn id_of(name: &str) -> String {
    format!("{:x}", Sha256::digest(name))[..ID_DIGITS].to_owned()
}

/// ` on DEVICE`, for any but the machine that the program runs on.
#[must_use]
pub(crate) fn on_device(device: Option<&str>) -> String {
    match device {
        None | Some(LOCAL) => String::new(),
        Some(device) => format!(" on {device}"),
    }
}

/// `+NAME`, for a set of options.
#[must_use]
pub(crate) fn with_options(options: Option<&str>) -> String {
    options.map_or_else(String::new, |name| format!("+{name}"))
}

/// ` b4 @big`, for the axes of a case that are left out where a run does not vary them.
#[must_use]
pub(crate) fn varied(batch: Option<usize>, affinity: Option<&str>) -> String {
    let batch = batch.map_or_else(String::new, |images| format!(" b{images}"));
    batch + &affinity.map_or_else(String::new, |cpus| format!(" @{cpus}"))
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate, options, threads, batch, affinity, device } = self;
        let options = with_options(options.as_deref());
        let varied = varied(batch.map(NonZeroUsize::get), affinity.as_deref());
        let device = on_device(device.as_deref());
        write!(f, "{model} {backend}/{delegate}{options} x{threads}{varied}{device}")
    }
}

impl fmt::Display for AccuracyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, backend, delegate, options, device } = self;
        let (options, device) = (with_options(options.as_deref()), on_device(device.as_deref()));
        write!(f, "{model} {backend}/{delegate}{options}{device}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_shows_what_is_stated_of_it_and_nothing_else() {
        let plain = Case::plain("m", BackendKind::Tract, Delegate::None, NonZeroUsize::MIN);
        assert_eq!(plain.to_string(), "m tract/none x1");
        let full = Case {
            options: Some("lean".into()),
            batch: NonZeroUsize::new(4),
            affinity: Some("big".into()),
            device: Some("phone".into()),
            ..plain.clone()
        };
        assert_eq!(full.to_string(), "m tract/none+lean x1 b4 @big on phone");
        assert_eq!(full.accuracy_key().to_string(), "m tract/none+lean on phone");
        assert!(full.is_like(&Case { device: None, ..full.clone() }) && !full.is_like(&plain));
        // A journal of before has none of the axes.
        let old = r#"{"model":"m","backend":"tract","delegate":"none","threads":1}"#;
        assert_eq!(serde_json::from_str::<Case>(old).unwrap(), plain);
        assert_eq!(serde_json::to_string(&plain).unwrap(), old);
    }
}
