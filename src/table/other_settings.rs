//! Settings that a runtime has otherwise than they were set, by its own account.

use std::fmt;

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
pub fn of(asked: &SettingValues, processes: &[Process]) -> Vec<OtherSetting> {
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
