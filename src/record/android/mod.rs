//! What Android reports through its own tools.

pub(crate) mod battery;
#[cfg(test)]
pub(crate) mod captured;
pub(crate) mod power_rails;
pub(crate) mod properties;
pub(crate) mod thermal;

use serde::{Deserialize, Serialize};

use crate::record::android::battery::Battery;
use crate::record::android::properties::Properties;
use crate::record::android::thermal::Thermal;

/// An Android device.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Android {
    /// What it is.
    pub properties: Properties,
    /// Its battery at the start of the run, if it has one.
    pub battery: Option<Battery>,
    /// Its temperatures at the start of the run, if it reports them.
    pub thermal: Option<Thermal>,
}
