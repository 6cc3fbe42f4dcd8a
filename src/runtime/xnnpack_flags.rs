//! XNNPACK's options as bits, which both TensorFlow Lite and LiteRT pass on.

use edgefirst_tflite::{Delegate as Handle, Library};
use edgefirst_tflite_sys::TfLiteDelegate;
use edgefirst_tflite_sys::xnnpack_ffi::TfLiteXNNPackDelegateOptions;

use crate::record::setting_values::SettingValues;
use crate::runtime::backend_error::BackendError;

/// The settings of `record/runtime_setting.rs` that are a flag of `xnnpack_delegate.h`.
const FLAGS: [(&str, u32); 7] = [
    ("signed_int8", 0x1),
    ("unsigned_int8", 0x2),
    ("force_fp16", 0x4),
    ("dynamic_fully_connected", 0x8),
    ("transient_indirection_buffer", 0x20),
    ("latest_operators", 0x40),
    ("consistent_arithmetic", 0x200),
];

/// What the builds that `fetch` brings set by default: both kinds of 8-bit kernels.
pub(crate) const USUAL: u32 = 0x3;

/// `flags` with what `options` state; `None` if they state nothing of it.
pub(crate) fn stated(flags: u32, options: &SettingValues) -> Option<u32> {
    let known = FLAGS.iter().filter_map(|(key, bit)| Some((options.flag(key)?, bit)));
    known.fold(None, |so_far, (on, bit)| {
        let flags = so_far.unwrap_or(flags);
        Some(if on { flags | bit } else { flags & !bit })
    })
}

/// What `flags` are in terms of the settings.
fn told(flags: u32) -> SettingValues {
    let one = |(key, bit): &(&str, u32)| ((*key).to_owned(), (flags & bit != 0).to_string());
    FLAGS.iter().map(one).collect()
}

type GetOptions = unsafe extern "C" fn(*mut TfLiteDelegate) -> *mut TfLiteXNNPackDelegateOptions;
type GetFlags = unsafe extern "C" fn(*mut TfLiteDelegate) -> u32;

/// Sets the flags of `delegate`, an XNNPACK delegate of `library` that no interpreter has yet,
/// and returns what it says they are.
pub(crate) fn set(
    library: &Library,
    delegate: &Handle,
    options: &SettingValues,
) -> Result<SettingValues, BackendError> {
    let other = || {
        BackendError::Unsupported(
            "this TensorFlow Lite library does not show XNNPACK's options as release 2.17 does; point SHUTTERBENCH_TFLITE_LIB at that release, or measure without options"
                .into(),
        )
    };
    let symbols = library.as_sys().library();
    // SAFETY: both functions have these types in every release that has them.
    let (get_options, get_flags) = unsafe {
        let get_options = symbols.get::<GetOptions>(b"TfLiteXNNPackDelegateGetOptions\0");
        let get_flags = symbols.get::<GetFlags>(b"TfLiteXNNPackDelegateGetFlags\0");
        (*get_options.map_err(|_| other())?, *get_flags.map_err(|_| other())?)
    };
    let raw = delegate.as_ptr();
    // SAFETY: the delegate is live and belongs to this thread alone. It reads its flags when an
    // interpreter takes it, and none has. That the field is where we take it to be is seen from
    // the function that reads it.
    let flags = unsafe {
        let own = get_options(raw);
        if own.is_null() || (*own).flags != get_flags(raw) {
            return Err(other());
        }
        if let Some(flags) = stated((*own).flags, options) {
            (*own).flags = flags;
        }
        get_flags(raw)
    };
    Ok(told(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_added_and_taken_away() {
        let options = |text: &str| -> SettingValues { toml::from_str(text).unwrap() };
        assert_eq!(stated(USUAL, &options("force_fp16 = true\nsigned_int8 = false")), Some(0x6));
        assert_eq!(stated(USUAL, &options("signed_int8 = true")), Some(USUAL));
        assert_eq!(stated(USUAL, &options("other = true")), None);
        assert_eq!(
            (told(0x6).flag("force_fp16"), told(0x6).flag("signed_int8")),
            (Some(true), Some(false))
        );
    }
}
