//! A named set of a runtime's own settings: the axis `options` of a case.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::record::backend_kind::BackendKind;
use crate::record::case::Case;
use crate::record::delegate::Delegate;
use crate::record::runtime_setting::RuntimeSetting;
use crate::record::setting_values::{SettingValues, ValueKind};

/// What the cases are called that set nothing.
pub(crate) const DEFAULT: &str = "default";
/// Longer names would not leave room for what they name.
const LONGEST_NAME: usize = 24;

/// Settings of one backend under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionSet {
    /// The name, which cases of it carry.
    pub name: String,
    /// The backend whose settings these are; others make no case of it.
    pub backend: BackendKind,
    /// The settings.
    pub set: SettingValues,
}

impl OptionSet {
    /// Parses `NAME:KEY=VALUE[;KEY=VALUE]`: a set for each backend that has all of the keys.
    ///
    /// # Errors
    /// One sentence: what is wrong with the text, its keys or their values.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let form = || {
            format!(
                "'{text}' is not NAME:KEY=VALUE[;KEY=VALUE], such as basic:graph_optimization_level=basic"
            )
        };
        let (name, pairs) = text.split_once(':').ok_or_else(form)?;
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            Some((key.trim().to_owned(), value.trim().to_owned()))
        };
        let parsed = pairs.split(';').map(pair).collect::<Option<Vec<_>>>();
        let set: SettingValues = parsed.ok_or_else(form)?.into_iter().collect();
        let has_all =
            |backend: &&BackendKind| set.iter().all(|(key, _)| setting(**backend, key).is_some());
        let backends: Vec<BackendKind> =
            BackendKind::VARIANTS.iter().filter(has_all).copied().collect();
        if backends.is_empty() {
            return Err(no_backend_has(name, &set));
        }
        let of = |backend| Self { name: name.to_owned(), backend, set: set.clone() };
        let sets: Vec<Self> = backends.into_iter().map(of).collect();
        sets.iter().try_for_each(Self::check)?;
        Ok(sets)
    }

    /// Whether this set can be measured at all.
    ///
    /// # Errors
    /// One sentence: a name that cannot be one, a key that the backend does not have, or a
    /// value that it does not take.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { name, backend, set } = self;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
            return Err(format!(
                "options '{name}' need another name: 1 to {LONGEST_NAME} letters, digits, '_', '-' and '.'"
            ));
        }
        if name == DEFAULT {
            return Err(format!("options cannot be called '{DEFAULT}', which sets nothing"));
        }
        if set.is_empty() {
            return Err(format!("options '{name}' set nothing; give KEY=VALUE"));
        }
        for (key, value) in set.iter() {
            let Some(known) = setting(*backend, key) else {
                return Err(format!(
                    "options '{name}': {backend} has no setting '{key}'; {}",
                    those_of(*backend)
                ));
            };
            if !known.values.takes(value) {
                return Err(format!(
                    "options '{name}': {key} of {backend} cannot be '{value}'; it takes {}",
                    known.values
                ));
            }
        }
        Ok(())
    }

    /// Whether it is what `case` names.
    #[must_use]
    pub(crate) fn is_of(&self, case: &Case) -> bool {
        case.options.as_ref() == Some(&self.name) && case.backend == self.backend
    }

    /// Whether `key` names a folder that the runtime keeps models in.
    #[must_use]
    pub(crate) fn is_cache(&self, key: &str) -> bool {
        setting(self.backend, key).is_some_and(|known| known.values == ValueKind::CacheFolder)
    }

    /// Whether it names such a folder.
    #[must_use]
    pub(crate) fn has_cache(&self) -> bool {
        self.set.iter().any(|(key, _)| self.is_cache(key))
    }

    /// Whether every setting of it has an effect under `delegate`.
    #[must_use]
    pub(crate) fn fits(&self, delegate: &Delegate) -> bool {
        self.set.iter().all(|(key, _)| {
            setting(self.backend, key).is_none_or(|known| known.effect.is_under(delegate))
        })
    }
}

impl fmt::Display for OptionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, backend, set } = self;
        write!(f, "{name}:{set} ({backend})")
    }
}

/// The setting of `backend` that `key` is.
#[must_use]
pub(crate) fn setting(backend: BackendKind, key: &str) -> Option<&'static RuntimeSetting> {
    backend.capabilities().settings().find(|known| known.is(key))
}

/// The sets that `tune` tries on `backend`: every combination of the values that are tried, of
/// those that have an effect under one of `delegates`.
#[must_use]
pub(crate) fn tried(backend: BackendKind, delegates: &[Delegate]) -> Vec<OptionSet> {
    let mut all: Vec<Vec<(&str, &str, &str)>> = vec![Vec::new()];
    for known in backend.capabilities().settings() {
        let before = all.clone();
        for (word, value) in known.tried {
            let with = |set: &Vec<_>| [set.as_slice(), &[(*word, known.key, *value)]].concat();
            all.extend(before.iter().map(with));
        }
    }
    let set = |parts: &Vec<(&str, &str, &str)>| OptionSet {
        name: parts.iter().map(|(word, ..)| *word).collect::<Vec<_>>().join("-"),
        backend,
        set: parts.iter().map(|(_, key, value)| ((*key).into(), (*value).into())).collect(),
    };
    let sets = all.iter().filter(|parts| !parts.is_empty()).map(set);
    sets.filter(|set| delegates.iter().any(|delegate| set.fits(delegate))).collect()
}

fn those_of(backend: BackendKind) -> String {
    let keys: Vec<&str> = backend.capabilities().settings().map(|known| known.key).collect();
    if keys.is_empty() {
        return "it has none".to_owned();
    }
    format!("it has {}", keys.join(", "))
}

fn no_backend_has(name: &str, set: &SettingValues) -> String {
    let known = |key: &str| BackendKind::VARIANTS.iter().any(|it| setting(*it, key).is_some());
    match set.iter().find(|(key, _)| !known(key)) {
        Some((key, _)) => {
            let all = BackendKind::VARIANTS.iter();
            let with = all.filter(|backend| backend.capabilities().settings().next().is_some());
            let all: Vec<String> =
                with.map(|backend| format!("{backend}: {}", those_of(*backend))).collect();
            format!("options '{name}': no backend has a setting '{key}'; {}", all.join("; "))
        }
        None => format!(
            "options '{name}': no backend has all of these settings; give each backend a set of its own"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        OptionSet::parse(text).unwrap_err()
    }

    #[test]
    fn a_set_belongs_to_the_backends_that_have_its_keys() {
        let sets = OptionSet::parse("lean:graph_optimization_level=basic;cpu_arena=false").unwrap();
        let [lean] = sets.as_slice() else { panic!("{sets:?}") };
        assert_eq!((lean.name.as_str(), lean.backend), ("lean", BackendKind::Onnxruntime));
        assert_eq!(lean.set.get("cpu_arena"), Some("false"));
        assert_eq!(lean.set.to_string(), "cpu_arena=false;graph_optimization_level=basic");
        assert!(lean.fits(&Delegate::None));
    }

    #[test]
    fn an_option_of_a_provider_has_no_effect_without_one() {
        let sets = OptionSet::parse("a:provider.x=1;optimization.y=2").unwrap();
        let [set] = sets.as_slice() else { panic!("{sets:?}") };
        assert_eq!(set.backend, BackendKind::Onnxruntime);
        assert!(!set.fits(&Delegate::None) && set.fits(&Delegate::Cuda));
        assert!(set.fits(&"plugin:a.so".parse().unwrap()));
    }

    #[test]
    fn what_cannot_be_set_is_named_with_what_can() {
        let unknown = refused("a:grpah_level=all");
        assert!(unknown.contains("no setting 'grpah_level'") || unknown.contains("'grpah_level'"));
        assert!(unknown.contains("graph_optimization_level"), "{unknown}");
        let value = refused("a:graph_optimization_level=most");
        assert!(value.contains("'most'") && value.contains("basic"), "{value}");
        for (text, why) in [
            ("fast", "NAME:KEY=VALUE"),
            ("fast:", "NAME:KEY=VALUE"),
            ("a b:cpu_arena=true", "another name"),
            ("default:cpu_arena=true", "sets nothing"),
            ("a:cpu_arena", "NAME:KEY=VALUE"),
        ] {
            assert!(refused(text).contains(why), "{text}: {}", refused(text));
        }
        let set = [("x".to_owned(), "1".to_owned())].into_iter().collect();
        let tract = OptionSet { name: "a".into(), backend: BackendKind::Tract, set };
        assert!(tract.check().unwrap_err().contains("it has none"));
    }
}
