//! A pipeline in words: `inspect` prints it, and every report does.

use std::fmt;

use crate::record::channels::Channels;
use crate::record::pipeline::{Coordinates, Library, Pipeline, Resampling, Step, Target, Values};

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&steps.join("; "))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resize(resampling) => write!(f, "{resampling}"),
            Self::CropCentre { height, width, .. } if height == width => {
                write!(f, "centre crop {width}")
            }
            Self::CropCentre { height, width, .. } => write!(f, "centre crop {width} x {height}"),
            Self::CropSquare { fraction, .. } if *fraction == 1.0 => f.write_str("central square"),
            Self::CropSquare { fraction, .. } => {
                write!(f, "central square of {} of the shorter side", share(*fraction))
            }
            Self::CropSides { fraction, .. } if *fraction == 1.0 => f.write_str("no crop"),
            Self::CropSides { fraction, .. } => {
                write!(f, "central {} of each side", share(*fraction))
            }
            Self::Pad { height, width, colour: [r, g, b] } => {
                write!(f, "pad to {width} x {height} with rgb({r}, {g}, {b})")
            }
            Self::Values { values } => f.write_str(match values {
                Values::U8Rounded => "8-bit values, rounded",
                Values::F32 => "float values",
                Values::F32Truncated => "float values, truncated for integer inputs",
            }),
            Self::Channels { channels } => match channels {
                Channels::Rgb => f.write_str("RGB"),
                Channels::Bgr => f.write_str("BGR"),
                Channels::Grey => f.write_str("grey"),
            },
            Self::Normalise { mean, scale } => {
                write!(f, "(pixel - {}) / {}", numbers(mean), numbers(scale))
            }
        }
    }
}

impl fmt::Display for Resampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Target::ShorterSide(pixels) => write!(f, "resize shorter side to {pixels}")?,
            Target::Covering { height, width } => write!(f, "resize to cover {width} x {height}")?,
            Target::Within { height, width } | Target::Fitting { height, width }
                if height == width =>
            {
                write!(f, "resize longer side to {width}")?;
            }
            Target::Within { height, width } | Target::Fitting { height, width } => {
                write!(f, "resize into {width} x {height}")?
            }
            Target::Exact { height, width } => write!(f, "resize to {width} x {height}")?,
        }
        let antialias = if self.antialias { "with" } else { "without" };
        write!(f, ", {} {antialias} antialias", self.filter)?;
        if self.coordinates == Coordinates::Corner {
            f.write_str(", corner coordinates")?;
        }
        f.write_str(match self.library {
            Library::Pillow12 => " (as Pillow up to 12)",
            Library::Pillow => " (as Pillow from 13)",
            Library::OpenCv => " (as OpenCV)",
            Library::Tensorflow => " (as TensorFlow)",
            Library::Tflite => " (as TensorFlow Lite's RESIZE_BILINEAR)",
            Library::Libyuv => " (as libyuv)",
            Library::Skia => " (as Skia)",
        })
    }
}

fn share(fraction: f64) -> String {
    // 87.5, not 87.49999.
    format!("{}%", (fraction * 1e6).round() / 1e4)
}

fn numbers(values: &[f32]) -> String {
    let text: Vec<String> = values.iter().map(ToString::to_string).collect();
    match text.as_slice() {
        [one] => one.clone(),
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        _ => format!("[{}]", text.join(", ")),
    }
}
