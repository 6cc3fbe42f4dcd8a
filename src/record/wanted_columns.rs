//! Which columns of a table hold the images and their classes, where the user says so.

use serde::{Deserialize, Serialize};

/// Columns by their names, as `--image-column` and `--label-column` state them; what is not
/// stated is found by the usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedColumns {
    /// The column with the images, or with the names of their files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_column: Option<String>,
    /// The column with the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
}

impl WantedColumns {
    /// Whether neither is stated.
    #[must_use]
    pub(crate) const fn is_empty(&self) -> bool {
        self.image_column.is_none() && self.label_column.is_none()
    }
}

/// What a column of a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Purpose {
    /// It holds the images, or names them.
    Image,
    /// It holds their classes.
    Label,
}

impl Purpose {
    /// That `taken` was taken of several columns that might be meant.
    #[must_use]
    pub(crate) fn told(self, taken: &str, others: &[&str]) -> Option<String> {
        let what = if self == Self::Image { "images" } else { "classes" };
        (!others.is_empty()).then(|| {
            let others = others.join(", ");
            format!(
                "the {what} are those of column '{taken}'; --{self}-column takes another ({others})"
            )
        })
    }
}
