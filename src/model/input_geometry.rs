//! The axes of an image's height, width and channels in a model's input, and their sizes if the
//! file leaves them open.

use anyhow::{Result, bail, ensure};

use crate::record::channels::Layout;
use crate::record::description::{Description, Model};
use crate::record::format::Format;
use crate::record::input_size::InputSize;
use crate::record::tensor::TensorInfo;

/// How a sentence ends about a model that can be timed.
pub(crate) const TIMED_ONLY: &str = "--no-accuracy times it without scoring it";

/// An image as a model takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputGeometry {
    /// Order of the axes.
    pub layout: Layout,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Channels: 1 or 3.
    pub channels: usize,
    /// A part of a sentence for everything that neither the file nor its description states.
    pub assumed: Vec<String>,
}

impl InputGeometry {
    /// The shape of `images` images.
    #[must_use]
    pub(crate) fn shape(&self, images: usize) -> Vec<usize> {
        let Self { height, width, channels, .. } = *self;
        match self.layout {
            Layout::Nhwc => vec![images, height, width, channels],
            Layout::Nchw => vec![images, channels, height, width],
            Layout::Nhw => vec![images, height, width],
        }
    }
}

/// Whether `input` has the axes of images: four, or three of which the first is for the number of
/// images, as Keras gives grey ones. Where the last of three holds 1 or 3 channels, that axis is
/// missing instead.
#[must_use]
pub(crate) fn holds_images(input: &TensorInfo) -> bool {
    input.shape.len() == 4 || is_grey(input)
}

fn is_grey(input: &TensorInfo) -> bool {
    input.shape.len() == 3
        && input.size(0).is_none_or(|images| images == 1)
        && !input.size(2).is_some_and(is_channels)
}

/// The input of `model` that takes images: its only one, or the only one of four axes.
#[must_use]
pub(crate) fn image_input(model: &Model) -> Option<usize> {
    let inputs = &model.signature.inputs;
    if inputs.len() == 1 {
        return Some(0);
    }
    let mut images = (0..inputs.len()).filter(|index| inputs[*index].shape.len() == 4);
    images.next().filter(|_| images.next().is_none())
}

/// How `input` of `model` holds an image, from `stated` if the file leaves it open.
///
/// # Errors
/// One sentence: no image of 1 or 3 channels, or a size, an order of axes or a number of
/// channels that nothing states.
pub(crate) fn of(model: &Model, input: &TensorInfo, stated: &Description) -> Result<InputGeometry> {
    let name = &model.name;
    ensure!(
        !input.unshaped,
        "model {name} states no shape for its input '{}'; export it with a shape, which may have open dimensions",
        input.name
    );
    ensure!(
        holds_images(input),
        "model {name} takes a tensor of shape {}, but an image classifier takes 4 dimensions, or 3 for grey images (images, height, width); {TIMED_ONLY}",
        input.shape_text()
    );
    let mut assumed = Vec::new();
    let layout = match stated.layout {
        Some(layout) => layout,
        None if is_grey(input) => Layout::Nhw,
        None => layout(model, input, &mut assumed)?,
    };
    ensure!(
        (layout == Layout::Nhw) == is_grey(input),
        "model {name} takes {}, which is not {layout} as stated; omit --layout or correct 'layout'",
        input.shape_text()
    );
    let (channels, height, width) = match layout {
        Layout::Nhwc => (3, 1, 2),
        Layout::Nchw => (1, 2, 3),
        Layout::Nhw => {
            let (known, height, width) = (stated.channels, input.size(1), input.size(2));
            ensure!(
                known.is_none_or(|channels| channels.count() == 1),
                "model {name} takes grey images ({}), but other channels are stated; omit --channels or correct 'channels'",
                input.shape_text()
            );
            let InputSize { height, width } = size(model, (height, width), input, stated)?;
            return Ok(InputGeometry { layout, height, width, channels: 1, assumed });
        }
    };
    let convolved = model.signature.convolved_channels.filter(|count| is_channels(*count));
    let known = input.size(channels).or(stated.channels.map(|stated| stated.count()));
    let Some(channels) = known.or(convolved) else {
        bail!(
            "model {name} leaves the channels of its input {} open; give --channels rgb, bgr or grey, or channels in its description {name}.toml",
            input.shape_text()
        );
    };
    let size = size(model, (input.size(height), input.size(width)), input, stated)?;
    ensure!(
        is_channels(channels),
        "model {name} takes {channels} channels ({layout} {}), but photos have 1 or 3; state another layout with --layout if that is not their order, else {TIMED_ONLY}",
        input.shape_text()
    );
    let InputSize { height, width } = size;
    Ok(InputGeometry { layout, height, width, channels, assumed })
}

/// Whether what is stated of an image of `model` is what its file fixes.
///
/// # Errors
/// One sentence that names both.
pub(crate) fn check_stated(model: &Model, stated: &Description) -> Result<()> {
    let input = image_input(model).map(|index| &model.signature.inputs[index]);
    let Some(input) = input.filter(|input| !input.unshaped && holds_images(input)) else {
        return Ok(());
    };
    if is_grey(input) {
        return of(model, input, stated).map(drop);
    }
    let (name, shape) = (&model.name, input.shape_text());
    let fixed = |axis| input.size(axis);
    if let Some(layout) = stated.layout {
        let (here, there) = match layout {
            Layout::Nhwc => (3, 1),
            Layout::Nchw => (1, 3),
            // Not of four axes.
            Layout::Nhw => return of(model, input, stated).map(drop),
        };
        let contradicts = fixed(here).is_some_and(|count| !is_channels(count))
            && fixed(there).is_some_and(is_channels);
        ensure!(
            !contradicts,
            "model {name} takes {shape}, which is not {layout} as stated; omit --layout or correct 'layout'"
        );
    }
    if let (Some(channels), Ok(geometry)) = (stated.channels, of(model, input, stated)) {
        let count = geometry.channels;
        let noun = if count == 1 { "channel" } else { "channels" };
        ensure!(
            channels.count() == count,
            "model {name} has {count} input {noun}, but {channels} is stated; correct --channels or 'channels'"
        );
    }
    Ok(())
}

fn is_channels(count: usize) -> bool {
    count == 1 || count == 3
}

/// By the axis that holds 1 or 3, else by the axes' names, else by the convolution that
/// the input goes into.
fn layout(model: &Model, input: &TensorInfo, assumed: &mut Vec<String>) -> Result<Layout> {
    let holds = |axis| input.size(axis).is_some_and(is_channels);
    let by_shape = match (holds(1), holds(3)) {
        (_, true) => Some(Layout::Nhwc),
        (true, _) => Some(Layout::Nchw),
        _ if !input.is_open() => Some(Layout::Nchw),
        _ => None,
    };
    let (layout, why) = if let Some(layout) = by_shape {
        (layout, "the shape of the input")
    } else if let Some(layout) = by_names(input) {
        (layout, "the names of the input's axes")
    } else if model.signature.convolved_channels.is_some() {
        let layout = match model.format {
            Format::Onnx => Layout::Nchw,
            Format::Tflite => Layout::Nhwc,
        };
        (layout, "the convolution that the input goes into")
    } else {
        bail!(
            "model {name} leaves the axes of its input {} open; give --layout nchw or nhwc, or layout in its description {name}.toml",
            input.shape_text(),
            name = model.name
        );
    };
    assumed.push(format!("layout {layout}, by {why}"));
    Ok(layout)
}

fn by_names(input: &TensorInfo) -> Option<Layout> {
    let called = |axis: usize, word: &str| {
        let name = input.open_axis(axis).and_then(|open| open.name.as_deref());
        name.is_some_and(|name| {
            let name = name.to_lowercase();
            name.contains(word) || word.strip_prefix(&name).is_some_and(|_| name.len() == 1)
        })
    };
    if called(1, "channel") || called(2, "height") || called(3, "width") {
        Some(Layout::Nchw)
    } else if called(3, "channel") || called(1, "height") || called(2, "width") {
        Some(Layout::Nhwc)
    } else {
        None
    }
}

/// The file's own size, else the stated one for what is open.
fn size(
    model: &Model,
    (height, width): (Option<usize>, Option<usize>),
    input: &TensorInfo,
    stated: &Description,
) -> Result<InputSize> {
    let name = &model.name;
    let square = |side| InputSize { height: side, width: side };
    let wanted = stated.input_size.or(stated.resolution.map(square));
    if height.is_some() && width.is_some() && stated.input_size.is_none() {
        return Ok(InputSize { height: height.unwrap_or(0), width: width.unwrap_or(0) });
    }
    let Some(wanted) = wanted else {
        bail!(
            "model {name} leaves the height and width of its input {} open; give --input-size HEIGHTxWIDTH, such as 224x224, or input_size in its description {name}.toml",
            input.shape_text()
        );
    };
    let fits = |file: Option<usize>, wanted| file.is_none_or(|file| file == wanted);
    ensure!(
        fits(height, wanted.height) && fits(width, wanted.width),
        "model {name} takes only {}, but {wanted} is stated; omit --input-size or correct input_size",
        input.shape_text()
    );
    Ok(wanted)
}
