//! The lists that this module reads, all TOML with the number of their schema.

use serde::de::DeserializeOwned;

use crate::fetch::fetch_error::FetchError;

/// Reads a list whose schema, as `schema_of` finds it there, has to be `schema`.
///
/// # Errors
/// The text does not parse, or its schema is another one.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    schema: u32,
    schema_of: impl Fn(&T) -> u32,
) -> Result<T, FetchError> {
    let list: T = toml::from_str(text).map_err(|error| FetchError::Manifest(error.to_string()))?;
    match schema_of(&list) {
        found if found == schema => Ok(list),
        found => Err(FetchError::Manifest(format!("its schema is {found}"))),
    }
}
