//! Execution providers from a library of their own, which ONNX Runtime registers at run time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::DeviceType;
use ort::session::builder::SessionBuilder;

use crate::runtime::backend_error::BackendError;
use crate::runtime::boundary::one_line;
use crate::system::files;

/// Options of a provider, by their keys.
pub(crate) type ProviderOptions = Vec<(String, String)>;

/// The option that chooses among the library's devices; all others go to the provider.
const DEVICE: &str = "device";

/// A device that a library brought: its address, by which it is found again among the
/// environment's, its kind, and the name of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PluginDevice {
    address: usize,
    kind: &'static str,
    provider: String,
}

/// The libraries that are registered, with what they brought: none can be registered twice.
static REGISTERED: Mutex<Vec<(PathBuf, Vec<PluginDevice>)>> = Mutex::new(Vec::new());

/// A provider from a library, on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plugin {
    device: PluginDevice,
    options: ProviderOptions,
}

impl Plugin {
    /// Registers the library, unless it is already, and takes the device that the options name.
    ///
    /// # Errors
    /// One sentence: no file, no library of providers, or no such device.
    pub(crate) fn open(
        environment: &Environment,
        path: &Path,
        options: &[(String, String)],
    ) -> Result<Self, BackendError> {
        let devices = registered(environment, path)?;
        let wanted = options.iter().find(|(key, _)| key == DEVICE).map(|(_, kind)| kind.as_str());
        let fits = |device: &&PluginDevice| wanted.is_none_or(|kind| kind == device.kind);
        let Some(device) = devices.iter().find(fits).cloned() else {
            return Err(BackendError::Unsupported(no_device(path, wanted, &devices)));
        };
        let options = options.iter().filter(|(key, _)| key != DEVICE).cloned().collect();
        Ok(Self { device, options })
    }

    /// The provider's name.
    pub(crate) fn name(&self) -> &str {
        &self.device.provider
    }

    /// Offers the graph to it first, with its own options and `further` ones.
    pub(crate) fn register(
        &self,
        environment: &Environment,
        builder: SessionBuilder,
        further: ProviderOptions,
    ) -> ort::Result<SessionBuilder> {
        // They are told apart by the provider's name in front.
        let named = |(key, value): (String, String)| (format!("{}.{key}", self.name()), value);
        let options: ProviderOptions =
            self.options.iter().cloned().chain(further).map(named).collect();
        let device = environment.devices().filter(|it| it.ptr() as usize == self.device.address);
        builder
            .with_devices(device, Some(&options))
            .map_err(|error| ort::Error::new(error.to_string()))
    }
}

/// The devices of the library at `path`, which is registered if it is not yet.
fn registered(environment: &Environment, path: &Path) -> Result<Vec<PluginDevice>, BackendError> {
    let mut all = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, devices)) = all.iter().find(|(known, _)| known == path) {
        return Ok(devices.clone());
    }
    let shown = path.display();
    if !path.is_file() {
        return Err(BackendError::Failed(format!(
            "there is no provider library at {shown}; correct the path after 'plugin:'"
        )));
    }
    let before: Vec<usize> = environment.devices().map(|device| device.ptr() as usize).collect();
    let name = format!("plugin-{}", all.len());
    // Its loader searches the usual folders for a name without any.
    let full = files::canonical(path).unwrap_or_else(|_| path.to_owned());
    environment.register_ep_library(name, &full).map_err(|error| {
        BackendError::Unsupported(format!(
            "ONNX Runtime cannot take {shown} as a library of execution providers ({})",
            one_line(&error.to_string())
        ))
    })?;
    let new = environment.devices().filter(|it| !before.contains(&(it.ptr() as usize)));
    let devices: Vec<PluginDevice> = new
        .filter_map(|device| {
            let kind = match device.hardware_device().ty() {
                DeviceType::CPU => "cpu",
                DeviceType::GPU => "gpu",
                DeviceType::NPU => "npu",
                DeviceType::FPGA => "fpga",
            };
            let provider = device.ep().ok()?.to_owned();
            Some(PluginDevice { address: device.ptr() as usize, kind, provider })
        })
        .collect();
    all.push((path.to_owned(), devices.clone()));
    Ok(devices)
}

fn no_device(path: &Path, wanted: Option<&str>, devices: &[PluginDevice]) -> String {
    let shown = path.display();
    let kinds: Vec<&str> = devices.iter().map(|device| device.kind).collect();
    match (wanted, kinds.as_slice()) {
        (_, []) => format!("the providers of {shown} find no device here that they can use"),
        (Some(wanted), kinds) => format!(
            "the providers of {shown} find no device '{wanted}' here; they find {}",
            kinds.join(", ")
        ),
        (None, _) => format!("the providers of {shown} find no device here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_answered_with_those_that_are() {
        let device = |kind| PluginDevice { address: 1, kind, provider: "P".into() };
        let said = no_device(Path::new("p.so"), Some("npu"), &[device("cpu"), device("gpu")]);
        assert!(said.contains("'npu'") && said.ends_with("cpu, gpu"), "{said}");
        assert!(no_device(Path::new("p.so"), None, &[]).contains("no device"));
    }
}
