//! Keys of ONNX Runtime's session configuration. It takes any key and ignores those that it does
//! not know; the keys that it knows are in its library's file.

use std::fs;
use std::path::Path;

use crate::record::setting_values::SettingValues;
use crate::runtime::library::RuntimeLibrary;

/// What begins a key that is passed on as it is.
const FREE: [&str; 2] = ["session.", "optimization."];
/// Keys that a compiler cuts into pieces, so that the file does not show them.
const CUT: [&str; 2] = ["session.save_model_format", "session.use_ort_model_bytes_directly"];

/// Whether a key is passed on as it is.
pub(crate) fn is_free(key: &str) -> bool {
    FREE.iter().any(|beginning| key.starts_with(beginning))
}

/// One sentence for a key of `set` that the library of this machine does not know. `None` if it
/// knows all, or if there is no library to look into.
pub(crate) fn unknown(set: &SettingValues) -> Option<String> {
    let mut keys = set.iter().map(|(key, _)| key).filter(|key| is_free(key)).peekable();
    keys.peek()?;
    let path = RuntimeLibrary::Onnxruntime.find().ok()?;
    let library = fs::read(&path).ok()?;
    let key = keys.find(|key| !CUT.contains(key) && !holds(&library, key))?;
    Some(swallowed(key, &path))
}

fn swallowed(key: &str, library: &Path) -> String {
    format!(
        "ONNX Runtime would ignore '{key}': the library {} has no such key; its keys are in onnxruntime_session_options_config_keys.h",
        library.display()
    )
}

/// Whether `library` has `key` as a whole text of C, between two zeros.
fn holds(library: &[u8], key: &str) -> bool {
    let text = [&[0], key.as_bytes(), &[0]].concat();
    library.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_whole_text_of_the_library() {
        let library = b"ELF\0session.disable_prepacking\0session.a.b\0";
        assert!(holds(library, "session.disable_prepacking") && holds(library, "session.a.b"));
        assert!(!holds(library, "session.disable_prepackin") && !holds(library, "session.a"));
    }

    #[test]
    fn keys_that_are_typed_are_not_looked_for() {
        assert!(is_free("session.x") && is_free("optimization.x"));
        assert!(!is_free("cpu_arena") && !is_free("provider.x"));
        let typed = [("cpu_arena".to_owned(), "true".to_owned())].into_iter().collect();
        assert_eq!(unknown(&typed), None);
    }
}
