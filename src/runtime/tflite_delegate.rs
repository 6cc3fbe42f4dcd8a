//! Delegates of TensorFlow Lite: built in, or from a library of their own.

use std::path::Path;

use edgefirst_tflite::{Delegate as Handle, DelegateOptions, Library};

use crate::record::delegate::Delegate;
use crate::record::setting_values::SettingValues;
use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::one_line;
use crate::runtime::xnnpack_flags;
use crate::system::files;

/// A delegate that exists and can be given to one interpreter.
pub(crate) struct NativeDelegate {
    handle: Handle,
    /// The settings that it says it has.
    settings: SettingValues,
}

impl NativeDelegate {
    /// Creates what `delegate` names; nothing for [`Delegate::None`].
    pub(crate) fn create(
        library: &Library,
        delegate: &Delegate,
        options: &SettingValues,
        threads: i32,
    ) -> Result<Option<Self>, BackendError> {
        let handle = match delegate {
            Delegate::None => return Ok(None),
            Delegate::Xnnpack => Handle::xnnpack(library, threads).map_err(|error| {
                BackendError::Unsupported(format!(
                    "this TensorFlow Lite library offers no XNNPACK ({})",
                    one_line(&error.to_string())
                ))
            })?,
            Delegate::External { path, options } => external(path, options)?,
            other => return Err(BackendError::Unsupported(reason_against(other))),
        };
        let settings = match delegate {
            Delegate::Xnnpack if !options.is_empty() => {
                xnnpack_flags::set(library, &handle, options)?
            }
            _ => SettingValues::default(),
        };
        Ok(Some(Self { handle, settings }))
    }

    /// The settings that it says it has, where it was given any.
    pub(crate) fn settings(&self) -> SettingValues {
        self.settings.clone()
    }

    pub(crate) fn into_inner(self) -> Handle {
        self.handle
    }

    pub(crate) fn as_inner(&self) -> &Handle {
        &self.handle
    }
}

/// Why TensorFlow Lite cannot hand a graph to `delegate` here.
pub(crate) fn reason_against(delegate: &Delegate) -> String {
    match delegate {
        Delegate::Gpu => "TensorFlow Lite's GPU delegate is a separate library for Android; name it as external:PATH"
            .into(),
        Delegate::Nnapi if cfg!(target_os = "android") => {
            "NNAPI needs a delegate library; name it as external:PATH".into()
        }
        Delegate::Nnapi => "NNAPI exists only on Android".into(),
        other => format!("TensorFlow Lite has no {other} delegate"),
    }
}

/// Opens an external delegate. Interface:
/// <https://www.tensorflow.org/lite/performance/implementing_delegate#option_2_leverage_external_delegate>.
fn external(path: &Path, options: &[(String, String)]) -> Result<Handle, BackendError> {
    let shown = path.display();
    if !path.is_file() {
        return Err(BackendError::Failed(format!(
            "delegate library {shown} does not exist; correct the path after 'external:'"
        )));
    }
    // A bare file name would be looked up in the system's folders instead.
    let path = files::canonical(path).map_err(|error| {
        BackendError::Failed(format!("delegate library {shown} could not be read ({error})"))
    })?;
    let options = options
        .iter()
        .fold(DelegateOptions::new(), |all, (key, value)| all.option(key.clone(), value.clone()));
    Handle::load_with_options(&path, &options).map_err(|error| {
        let detail = one_line(&error.to_string());
        BackendError::Failed(if detail.contains("dlsym") && error.is_library_error() {
            format!("{shown} is not a TensorFlow Lite delegate: it lacks the plugin interface")
        } else if error.is_null_pointer() {
            format!("delegate {shown} refused to start; check its options")
        } else {
            format!("delegate library {shown} could not be opened ({detail})")
        })
    })
}
