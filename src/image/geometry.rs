//! A pipeline's sizes for one image: which part of it is resized to what, and which part of
//! that becomes the input.

use crate::image::pixels::Window;
use crate::record::pipeline::{Pipeline, SidesRule, SquareRule, Start, Step, Target};

/// What a pipeline does to an image of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The part of the image that is resized.
    pub source: Window,
    /// Width and height after the resize.
    pub resized: (usize, usize),
    /// Of the resized image, the part that is seen.
    pub seen: Window,
    /// The position of that in the output.
    pub at: (usize, usize),
    /// Width and height of the output.
    pub output: (usize, usize),
    /// What surrounds it there.
    pub colour: [u8; 3],
}

impl Geometry {
    /// For an image of `width` x `height`, neither of them 0.
    #[must_use]
    pub(crate) fn new(pipeline: &Pipeline, width: usize, height: usize) -> Self {
        let source = Window { left: 0, top: 0, width, height };
        let mut it = Self::whole(source, (width, height));
        for step in &pipeline.steps {
            match *step {
                Step::CropSquare { fraction, rule } => {
                    let source = square(source, fraction, rule);
                    it = Self::whole(source, (source.width, source.height));
                }
                Step::CropSides { fraction, rule } => {
                    let (left, width) = share(width, fraction, rule);
                    let (top, height) = share(height, fraction, rule);
                    it = Self::whole(Window { left, top, width, height }, (width, height));
                }
                Step::Resize(resampling) => {
                    it = Self::whole(it.source, resized(resampling.target, it.source));
                }
                Step::CropCentre { height, width, start } => {
                    it = it.placed(width, height, |left| centred(left, start), [0; 3]);
                }
                Step::Pad { height, width, colour } => {
                    it = it.placed(width, height, |left| centred(left, Start::HalfEven), colour);
                }
                Step::Values { .. } | Step::Channels { .. } | Step::Normalise { .. } => {}
            }
        }
        it
    }

    /// All of `source`, resized.
    fn whole(source: Window, (width, height): (usize, usize)) -> Self {
        let seen = Window { left: 0, top: 0, width, height };
        let output = (width, height);
        Self { source, resized: output, seen, at: (0, 0), output, colour: [0; 3] }
    }

    /// The part of `width` x `height` that begins at the `start` for what remains; with a negative
    /// start it is inside a frame.
    fn placed(
        self,
        width: usize,
        height: usize,
        start: impl Fn(isize) -> isize,
        colour: [u8; 3],
    ) -> Self {
        let side = |from: usize, to: usize| {
            let start = start(from as isize - to as isize);
            let first = start.max(0) as usize;
            let at = (-start).max(0) as usize;
            (first, (from - first).min(to - at), at)
        };
        let (left, seen_width, x) = side(self.resized.0, width);
        let (top, seen_height, y) = side(self.resized.1, height);
        let seen = Window { left, top, width: seen_width, height: seen_height };
        Self { seen, at: (x, y), output: (width, height), colour, ..self }
    }

    /// Whether all of the output is seen of the image.
    #[must_use]
    pub(crate) fn fills(&self) -> bool {
        (self.seen.width, self.seen.height) == self.output
    }
}

/// The start of the centre when `left` pixels remain, or are missing if that is negative.
fn centred(left: isize, start: Start) -> isize {
    match start {
        Start::HalfEven if left < 0 => -(-left / 2),
        Start::HalfEven => (left as f64 / 2.0).round_ties_even() as isize,
        Start::Down => left.div_euclid(2),
    }
}

fn square(from: Window, fraction: f64, rule: SquareRule) -> Window {
    let shorter = from.width.min(from.height);
    // In f32, as there.
    let rounded = |length: usize| (length as f32 * fraction as f32).round() as usize;
    let side = match rule {
        SquareRule::Rounded => rounded(from.width).min(rounded(from.height)),
        SquareRule::Truncated => (fraction as f32 * shorter as f32) as usize,
        SquareRule::Whole => shorter,
    };
    let side = side.clamp(1, shorter);
    let start = |length: usize| match rule {
        SquareRule::Rounded | SquareRule::Truncated => (length - side).div_ceil(2),
        SquareRule::Whole => (length - side) / 2,
    };
    Window { left: start(from.width), top: start(from.height), width: side, height: side }
}

/// The first pixel and the number of pixels that a crop of one side keeps.
fn share(size: usize, fraction: f64, rule: SidesRule) -> (usize, usize) {
    match rule {
        SidesRule::Margins => {
            let start = ((size as f64 - size as f64 * fraction) / 2.0) as usize;
            let start = start.min((size - 1) / 2);
            (start, size - 2 * start)
        }
        SidesRule::Kept => {
            let kept = ((size as f64 * fraction).round() as usize).clamp(1, size);
            ((size - kept).div_ceil(2), kept)
        }
    }
}

/// Longest side that a resize makes; only of a picture of one column or row is it less than
/// the aspect ratio asks for, and all but its middle is cut off then.
const MAX_RESIZED: usize = 1 << 24;

fn resized(target: Target, from: Window) -> (usize, usize) {
    let (width, height) = (from.width as f64, from.height as f64);
    match target {
        Target::Exact { height, width } => (width, height),
        Target::ShorterSide(pixels) => {
            let (short, long) = (from.width.min(from.height), from.width.max(from.height));
            let longer = (((pixels * long) as f64 / short as f64) as usize).min(MAX_RESIZED);
            if from.width <= from.height { (pixels, longer) } else { (longer, pixels) }
        }
        Target::Covering { height: high, width: wide } => {
            let ratio = (height / high as f64).min(width / wide as f64);
            both((width, height), |side| side / ratio)
        }
        Target::Fitting { height: high, width: wide } => {
            let ratio = (high as f64 / height).min(wide as f64 / width);
            both((width, height), |side| side * ratio)
        }
        Target::Within { height: high, width: wide } => {
            let ratio = (height / high as f64).max(width / wide as f64);
            both((width, height), |side| side / ratio)
        }
    }
}

/// Both sides at their new length, rounded half to even.
fn both((width, height): (f64, f64), new: impl Fn(f64) -> f64) -> (usize, usize) {
    let side = |side: f64| (new(side).round_ties_even() as usize).clamp(1, MAX_RESIZED);
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::channels::Channels;
    use crate::record::preset::{Preset, PresetName};

    fn of(preset: &str, side: usize, width: usize, height: usize) -> Geometry {
        let preset: Preset = preset.parse().unwrap();
        Geometry::new(&preset.pipeline(side, side, Channels::Rgb, None), width, height)
    }

    #[test]
    fn sides_round_as_their_publishers_round_them() {
        // 175 * (160 / 448) is 62.5, but 175 / (448 / 160) is a little more.
        assert_eq!(of("letterbox", 160, 448, 175).resized, (160, 62));
        assert_eq!(of("timm,crop_mode=border,crop_pct=1", 160, 448, 175).resized, (160, 63));
        assert_eq!(of("letterbox", 160, 704, 473).resized, (160, 108));
    }

    #[test]
    fn any_size_becomes_the_input() {
        for preset in <PresetName as strum::VariantArray>::VARIANTS {
            for (width, height) in [(1, 1), (1, 5000), (65_535, 1), (2, 3), (500, 375)] {
                let it = of(&preset.to_string(), 224, width, height);
                assert_eq!(it.output, (224, 224), "{preset}");
                let Window { left, top, width: columns, height: rows } = it.source;
                assert!(columns > 0 && left + columns <= width, "{preset} {it:?}");
                assert!(rows > 0 && top + rows <= height, "{preset} {it:?}");
                let Window { left, top, width: columns, height: rows } = it.seen;
                assert!(columns > 0 && left + columns <= it.resized.0, "{preset} {it:?}");
                assert!(rows > 0 && top + rows <= it.resized.1, "{preset} {it:?}");
                assert!(it.at.0 + columns <= 224 && it.at.1 + rows <= 224, "{preset} {it:?}");
            }
        }
    }
}
