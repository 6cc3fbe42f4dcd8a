//! Settings that a runtime has otherwise than they were set, by its own account.

use std::fmt;

use crate::record::backend_kind::BackendKind;
use crate::record::setting_values::SettingValues;
use crate::record::visit::Process;

/// A setting that the runtime did not take as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSetting {
    /// Its key.
    pub key: String,
    /// What was set.
    pub asked: String,
    /// What the runtime says it is.
    pub told: String,
}

impl fmt::Display for OtherSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, asked, told } = self;
        write!(f, "{key} was set to {asked}, the runtime says {told}")
    }
}

/// Those of a case whose set states `asked`; each once, whichever process told.
#[must_use]
pub(crate) fn of(asked: &SettingValues, processes: &[Process]) -> Vec<OtherSetting> {
    let mut others = Vec::new();
    for settings in processes.iter().map(|process| &process.loaded.settings) {
        for (key, wanted) in asked.iter() {
            let told = settings.get(key).filter(|told| !told.eq_ignore_ascii_case(wanted));
            let other = told.map(|told| OtherSetting {
                key: key.to_owned(),
                asked: wanted.to_owned(),
                told: told.to_owned(),
            });
            others.extend(other.filter(|other| !others.contains(other)));
        }
    }
    others
}

/// The precision that the runtime chose by itself, if that is less than 32 bits.
#[must_use]
pub(crate) fn default_precision(
    backend: BackendKind,
    asked: &SettingValues,
    processes: &[Process],
) -> Option<String> {
    let key = backend.capabilities().precision_key?;
    let told = |process: &Process| process.loaded.settings.get(key).map(str::to_owned);
    let told = processes.iter().find_map(told)?;
    let is_chosen = asked.get(key).is_none();
    (is_chosen && ["bf16", "f16"].contains(&told.as_str())).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::visit::{Loaded, WarmupReport};

    fn set(key: &str, value: &str) -> SettingValues {
        [(key.to_owned(), value.to_owned())].into_iter().collect()
    }

    fn process(settings: SettingValues) -> Process {
        let loaded = Loaded { load_ns: 1, settings, ..Loaded::default() };
        let warmup = WarmupReport { runs: 0, ns: 0, steady: None };
        Process { loaded, first_inference_ns: 1, warmup, memory: None, began: None }
    }

    #[test]
    fn a_precision_that_nobody_asked_for_is_told() {
        const PRECISION: &str = "INFERENCE_PRECISION_HINT";
        let told = |precision| [process(set(PRECISION, precision))];
        let nothing = SettingValues::default();
        assert_eq!(
            default_precision(BackendKind::Openvino, &nothing, &told("bf16")),
            Some("bf16".into())
        );
        assert_eq!(default_precision(BackendKind::Openvino, &nothing, &told("f32")), None);
        assert_eq!(
            default_precision(BackendKind::Openvino, &set(PRECISION, "bf16"), &told("bf16")),
            None
        );
        assert_eq!(
            default_precision(BackendKind::Openvino, &nothing, &[process(nothing.clone())]),
            None
        );
    }
}
