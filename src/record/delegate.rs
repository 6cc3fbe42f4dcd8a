//! What a backend hands the graph to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A delegate (TensorFlow Lite's term) or execution provider (ONNX Runtime's).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Delegate {
    /// The runtime's own kernels.
    #[default]
    None,
    /// XNNPACK's CPU kernels.
    Xnnpack,
    /// The GPU, by whatever interface the runtime offers.
    Gpu,
    /// Android's Neural Networks API.
    Nnapi,
    /// Intel's neural processor (OpenVINO).
    Npu,
    /// NVIDIA CUDA (ONNX Runtime).
    Cuda,
    /// Apple Core ML (ONNX Runtime).
    Coreml,
    /// Qualcomm's AI Engine Direct (ONNX Runtime).
    Qnn,
    /// Any library with TensorFlow Lite's external delegate interface.
    External {
        /// The shared library.
        path: PathBuf,
        /// Options handed to it, in the order given.
        options: Vec<(String, String)>,
    },
    /// A library of execution providers that ONNX Runtime registers at run time.
    Plugin {
        /// The shared library.
        path: PathBuf,
        /// Options handed to its provider, in the order given.
        options: Vec<(String, String)>,
    },
}

/// The delegates that are not libraries of their own, by name.
static NAMED: [(&str, Delegate); 8] = [
    ("none", Delegate::None),
    ("xnnpack", Delegate::Xnnpack),
    ("gpu", Delegate::Gpu),
    ("nnapi", Delegate::Nnapi),
    ("npu", Delegate::Npu),
    ("cuda", Delegate::Cuda),
    ("coreml", Delegate::Coreml),
    ("qnn", Delegate::Qnn),
];

/// The names that [`Delegate::from_str`] takes, for messages and completions.
pub(crate) const DELEGATE_NAMES: &str = "none, xnnpack, gpu, nnapi, npu, cuda, coreml, qnn, \
     external:PATH[?key=value&...], plugin:PATH[?key=value&...]";

impl FromStr for Delegate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, named)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(named.clone());
        }
        Ok(match text.split_once(':') {
            Some((kind, rest)) if kind == EXTERNAL => {
                let (path, options) = parse_library(kind, rest)?;
                Self::External { path, options }
            }
            Some((kind, rest)) if kind == PLUGIN => {
                let (path, options) = parse_library(kind, rest)?;
                Self::Plugin { path, options }
            }
            _ => return Err(format!("'{text}' is not a delegate; known: {DELEGATE_NAMES}")),
        })
    }
}

/// What begins the name of a library with TensorFlow Lite's external delegate interface.
pub(crate) const EXTERNAL: &str = "external";
/// What begins the name of a library of ONNX Runtime's execution providers.
pub(crate) const PLUGIN: &str = "plugin";

impl Delegate {
    /// What begins its name, if it is a library.
    #[must_use]
    pub(crate) const fn library_kind(&self) -> Option<&'static str> {
        match self {
            Self::External { .. } => Some(EXTERNAL),
            Self::Plugin { .. } => Some(PLUGIN),
            _ => None,
        }
    }
}

fn parse_library(kind: &str, rest: &str) -> Result<(PathBuf, Vec<(String, String)>), String> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() {
        return Err(format!("'{kind}:' needs the path of a library after the colon"));
    }
    let options = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(format!("'{pair}' in '{rest}' is not key=value")),
        })
        .collect::<Result<_, _>>()?;
    Ok((path.into(), options))
}

impl fmt::Display for Delegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::External { path, options } | Self::Plugin { path, options } => {
                let kind = self.library_kind().unwrap_or_default();
                write!(f, "{kind}:{}", path.display())?;
                for (index, (key, value)) in options.iter().enumerate() {
                    write!(f, "{}{key}={value}", if index == 0 { '?' } else { '&' })?;
                }
                Ok(())
            }
            named => {
                let known = NAMED.iter().find(|(_, delegate)| delegate == named);
                f.write_str(known.map_or("", |(name, _)| name))
            }
        }
    }
}

impl TryFrom<String> for Delegate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Delegate> for String {
    fn from(delegate: Delegate) -> Self {
        delegate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_survives_a_round_trip() {
        let named = NAMED.iter().map(|(name, _)| *name);
        let libraries = ["external:/a b/lib.so?ops=2&x=", "plugin:/a b/lib.so?device=cpu"];
        for text in named.chain(libraries) {
            assert_eq!(text.parse::<Delegate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = "xnpack".parse::<Delegate>().unwrap_err();
        assert!(error.contains("'xnpack'") && error.contains("xnnpack"), "{error}");
        assert!("external:".parse::<Delegate>().is_err());
        assert!("plugin:".parse::<Delegate>().unwrap_err().contains("'plugin:' needs the path"));
        assert!("plugins:lib.so".parse::<Delegate>().is_err());
        assert!("external:lib.so?novalue".parse::<Delegate>().is_err());
    }
}
