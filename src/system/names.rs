//! File names as bytes, and the names that systems give to libraries and folders.

use std::borrow::Cow;
use std::env;
use std::path::{Path, PathBuf};

/// A path with `/` between folders, as bytes; on Windows in UTF-8.
#[cfg(unix)]
pub(crate) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;

    path.as_os_str().as_bytes().into()
}

/// A path with `/` between folders, as bytes in UTF-8; half a surrogate, which is not a character,
/// is replaced.
#[cfg(windows)]
pub(crate) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    path.to_string_lossy().replace('\\', "/").into_bytes().into()
}

/// The path of [`bytes_of`].
#[cfg(unix)]
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    OsString::from_vec(bytes).into()
}

/// The path of [`bytes_of`].
#[cfg(windows)]
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The folder for data of the user's programs: by the XDG base directory rule, and on Windows
/// `LOCALAPPDATA`; `None` if no variable names it.
pub(crate) fn user_data() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let named = folder("XDG_DATA_HOME");
    if cfg!(windows) {
        return named.or_else(|| folder("LOCALAPPDATA"));
    }
    named.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".local/share")))
}

/// The names that a library may have here which Linux calls `linux_name`: `libx.so` is
/// `libx.dylib` on macOS, and `x.dll` or `libx.dll` on Windows. There is at least one.
pub(crate) fn libraries(linux_name: &str) -> Vec<String> {
    libraries_on(std::env::consts::OS, linux_name)
}

fn libraries_on(system: &str, linux_name: &str) -> Vec<String> {
    let stem = linux_name.strip_suffix(".so").unwrap_or(linux_name);
    match system {
        "windows" => {
            let without = stem.strip_prefix("lib").unwrap_or(stem);
            vec![format!("{without}.dll"), format!("{stem}.dll")]
        }
        "macos" => vec![format!("{stem}.dylib")],
        _ => vec![linux_name.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_names_for_a_library() {
        let on = |system| libraries_on(system, "libonnxruntime.so");
        assert_eq!(on("windows"), ["onnxruntime.dll", "libonnxruntime.dll"]);
        assert_eq!(on("macos"), ["libonnxruntime.dylib"]);
        assert_eq!([on("linux"), on("android")], [["libonnxruntime.so"]; 2]);
    }
}
