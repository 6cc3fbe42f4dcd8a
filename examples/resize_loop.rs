//! Prepares one photo again and again; `scripts/measure/resize` holds the times against
//! those of Pillow and OpenCV.
//!
//!     resize_loop PHOTO SIDE
//!
//! Reads lines of either form, and answers each with the nanoseconds of that many
//! repetitions, to SIDE x SIDE, on one thread:
//!
//!     filter LIBRARY FILTER antialias|plain half-pixel|corner REPETITIONS
//!     preset PRESET REPETITIONS
//!
//! A filter ends with resized pixels, a preset with a float32 tensor.

use std::env;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use shutterbench::image::decode;
use shutterbench::image::pixels::{Pixels, Window};
use shutterbench::image::preprocess::Preparer;
use shutterbench::image::resample::ResampleRequest;
use shutterbench::image::resize::Resizer;
use shutterbench::record::channels::{Channels, Layout};
use shutterbench::record::pipeline::{Coordinates, Resampling, Target};
use shutterbench::record::preprocessing::InputSpec;
use shutterbench::record::preset::Preset;
use shutterbench::record::tensor::ElementType;

struct Photo {
    pixels: Pixels,
    side: usize,
}

impl Photo {
    fn filtered(&self, how: &Resampling, repetitions: u32) -> u128 {
        let Pixels { width, height, .. } = self.pixels;
        let window = Window { left: 0, top: 0, width, height };
        let request = ResampleRequest::whole(window, (self.side, self.side));
        let mut resizer = Resizer::default();
        timed(repetitions, || {
            black_box(resizer.resize(black_box(&self.pixels), &request, Some(how)));
        })
    }

    fn prepared(&self, preset: &Preset, repetitions: u32) -> u128 {
        let spec = InputSpec {
            height: self.side,
            width: self.side,
            layout: Layout::Nhwc,
            pipeline: preset.pipeline(
                self.side,
                self.side,
                preset.channels().unwrap_or(Channels::Rgb),
                None,
            ),
            element: ElementType::Float32,
            quantization: None,
        };
        let (mut preparer, mut tensor) = (Preparer::default(), Vec::new());
        timed(repetitions, || {
            tensor.clear();
            preparer.prepare(black_box(&self.pixels), &spec, &mut tensor);
            black_box(&tensor);
        })
    }

    fn answer(&self, request: &str) -> Result<u128> {
        let words: Vec<&str> = request.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["filter", library, filter, antialias, coordinates, repetitions] => {
                let how = Resampling {
                    target: Target::Exact { height: self.side, width: self.side },
                    filter: filter.parse()?,
                    antialias: *antialias == "antialias",
                    coordinates: match *coordinates {
                        "corner" => Coordinates::Corner,
                        _ => Coordinates::HalfPixel,
                    },
                    library: library.parse()?,
                };
                self.filtered(&how, repetitions.parse()?)
            }
            ["preset", preset, repetitions] => {
                let preset = preset.parse::<Preset>().map_err(|reason| anyhow!(reason))?;
                self.prepared(&preset, repetitions.parse()?)
            }
            _ => bail!("'{request}' is neither a filter nor a preset"),
        })
    }
}

/// Nanoseconds of all repetitions, one more before them.
fn timed(repetitions: u32, mut work: impl FnMut()) -> u128 {
    work();
    let began = Instant::now();
    for _ in 0..repetitions {
        work();
    }
    began.elapsed().as_nanos()
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [photo, side] = arguments.as_slice() else { bail!("name a photo and a side") };
    let bytes = decode::load(Path::new(photo))?;
    let pixels = decode::decode(&bytes, &Mutex::new(()))?.pixels;
    let photo = Photo { pixels, side: side.parse().context("the side is not a number")? };
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(output, "{}", photo.answer(&line?)?)?;
        output.flush()?;
    }
    Ok(())
}
