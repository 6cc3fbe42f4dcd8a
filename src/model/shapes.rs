//! The shapes that a model runs with: those of its file, with every dimension known that
//! the file leaves open.

use std::num::NonZeroUsize;

use anyhow::{Result, bail, ensure};

use crate::model::input_geometry;
use crate::model::resolve::merged;
use crate::record::description::{Description, Model};
use crate::record::signature::{Shaped, Signature};
use crate::record::tensor::TensorInfo;

/// Images per run of `model` if `asked` are requested: the number that its file fixes, if that is
/// more than one.
///
/// # Errors
/// The file fixes another number than the one requested.
pub(crate) fn images(model: &Model, asked: NonZeroUsize) -> Result<NonZeroUsize> {
    let fixed = input_geometry::image_input(model)
        .map(|index| &model.signature.inputs[index])
        .filter(|input| input_geometry::holds_images(input))
        .and_then(|input| NonZeroUsize::new(input.size(0)?))
        .filter(|images| images.get() > 1);
    match fixed {
        None => Ok(asked),
        Some(fixed) if asked.get() == 1 || asked == fixed => Ok(fixed),
        Some(fixed) => bail!(
            "the file of model {} fixes {fixed} images per run, not {asked}; omit --batch",
            model.name
        ),
    }
}

/// The shapes of `model` for `asked` images per run, from `overrides` and its description if the
/// file leaves them open.
///
/// # Errors
/// One sentence: which open dimension is not stated.
pub(crate) fn of(model: &Model, overrides: &Description, asked: NonZeroUsize) -> Result<Shaped> {
    let images = images(model, asked)?;
    let stated = merged(overrides, &model.description);
    let image = input_geometry::image_input(model);
    let mut signature = model.signature.clone();
    for (index, input) in signature.inputs.iter_mut().enumerate() {
        let shape =
            if image == Some(index) && (input_geometry::holds_images(input) || input.is_open()) {
                match input_geometry::of(model, input, &stated) {
                    Ok(geometry) => geometry.shape(images.get()),
                    // It takes no image, and needs none to be timed.
                    Err(_) if !input.is_open() && stated.input_size.is_none() => {
                        with_images(input, images)
                    }
                    Err(error) => return Err(error),
                }
            } else {
                with_images(input, images)
            };
        let still_open = input.open.iter().find(|open| open.axis > 0);
        let sized = image == Some(index) && input_geometry::holds_images(input);
        if let Some(open) = still_open.filter(|_| !sized) {
            bail!(
                "model {} leaves axis {} of its input '{}' {} open, which no option can set; export it with a fixed size",
                model.name,
                open.axis,
                input.name,
                input.shape_text()
            );
        }
        *input = input.with_shape(shape);
    }
    ensure!(
        signature.inputs.iter().all(|input| !input.is_empty()),
        "model {} has an input without elements; export it again",
        model.name
    );
    Ok(shaped(&model.signature, signature, images))
}

/// The shapes of a file that nothing is stated of, for programs that load one by
/// themselves: what it leaves open besides the images is 1.
#[must_use]
pub fn of_file(file: &Signature, images: NonZeroUsize) -> Shaped {
    let mut signature = file.clone();
    for input in &mut signature.inputs {
        *input = input.with_shape(with_images(input, images));
    }
    shaped(file, signature, images)
}

/// With the inputs of `signature`: what follows from them.
fn shaped(file: &Signature, mut signature: Signature, images: NonZeroUsize) -> Shaped {
    let dimensions = dimensions(&file.inputs, &signature.inputs);
    for output in &mut signature.outputs {
        follow(output, &dimensions, images.get());
    }
    // A worker does not need them.
    (signature.labels, signature.cost) = (None, None);
    let grown = |(file, known): (&TensorInfo, &TensorInfo)| {
        file.size(0).is_some_and(|first| Some(&first) != known.shape.first())
    };
    let resized = file.inputs.iter().zip(&signature.inputs).any(grown);
    let differs = resized || file.inputs.iter().chain(&file.outputs).any(TensorInfo::is_open);
    Shaped { signature, dimensions, images, resized, differs }
}

/// The first axis, set to `images` if it is open or holds one image.
fn with_images(input: &TensorInfo, images: NonZeroUsize) -> Vec<usize> {
    let mut shape = input.shape.clone();
    if let Some(first) = shape.first_mut().filter(|first| **first == 1) {
        *first = images.get();
    }
    shape
}

/// The sizes of the open axes that have names.
fn dimensions(file: &[TensorInfo], known: &[TensorInfo]) -> Vec<(String, usize)> {
    let mut named: Vec<(String, usize)> = Vec::new();
    for (file, known) in file.iter().zip(known) {
        for open in &file.open {
            if let (Some(name), Some(size)) = (&open.name, known.shape.get(open.axis))
                && !named.iter().any(|(other, _)| other == name)
            {
                named.push((name.clone(), *size));
            }
        }
    }
    named
}

/// Sets the axes of an output that share a name with an input's, and a first one, which
/// is that of the images.
fn follow(output: &mut TensorInfo, named: &[(String, usize)], images: usize) {
    let size_of = |name: &str| named.iter().find(|(known, _)| known == name).map(|(_, size)| *size);
    output.open.retain(|open| {
        let by_name = open.name.as_deref().and_then(size_of);
        let size = by_name.or((open.axis == 0).then_some(images));
        if let Some(size) = size {
            output.shape[open.axis] = size;
        }
        size.is_none()
    });
}
