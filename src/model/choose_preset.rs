//! Which preset a model's images go through: the one that is stated, or a default.

use anyhow::{Result, anyhow, ensure};

use crate::record::description::{Description, Model};
use crate::record::format::Format;
use crate::record::preprocessing::Resize;
use crate::record::preset::{Preset, PresetName};

/// A preset, and what had to be assumed for it.
pub(super) struct Chosen {
    pub preset: Preset,
    pub is_stated: bool,
    pub assumed: Vec<String>,
}

/// The preset of a model; `fits`: all images have the input's size.
///
/// # Errors
/// One sentence: what is stated contradicts itself.
pub(super) fn choose(model: &Model, stated: &Description, fits: bool) -> Result<Chosen> {
    let wrong = |reason: String| anyhow!("pipeline of model {}: {reason}", model.name);
    let old = stated.resize.is_some() || stated.crop.is_some();
    let Some(preset) = &stated.preprocess else {
        ensure!(
            stated.crop_pct.is_none()
                && stated.crop_mode.is_none()
                && stated.interpolation.is_none(),
            wrong(
                "'crop_pct', 'crop_mode' and 'interpolation' belong to a preset; add 'preprocess'"
                    .into()
            )
        );
        return if old { slim_pillow(model, stated) } else { Ok(default(model, fits)) };
    };
    ensure!(
        !old,
        wrong(format!(
            "'resize' and 'crop' belong to the preset slim-pillow; with '{preset}', give its own parameters, such as preprocess = \"torchvision,resize=232,crop=224\""
        ))
    );
    let mut preset = preset.clone();
    let parameters = [
        ("crop_pct", stated.crop_pct.map(|it| it.to_string())),
        ("crop_mode", stated.crop_mode.map(|it| it.to_string())),
        ("interpolation", stated.interpolation.map(|it| it.to_string())),
    ];
    for (key, value) in parameters {
        if let Some(value) = value {
            preset.state(key, &value).map_err(wrong)?;
        }
    }
    preset.check().map_err(wrong)?;
    Ok(Chosen { preset, is_stated: true, assumed: Vec::new() })
}

/// The pipeline of `resize` and `crop`.
fn slim_pillow(model: &Model, stated: &Description) -> Result<Chosen> {
    let mut assumed = Vec::new();
    let mut preset = Preset::plain(PresetName::SlimPillow);
    let resize = stated.resize.unwrap_or_else(|| {
        assumed.push("bilinear resize without antialias".to_owned());
        Resize::Bilinear
    });
    let crop = stated.crop.unwrap_or_else(|| {
        assumed.push("no crop".to_owned());
        1.0
    });
    ensure!(
        crop > 0.0 && crop <= 1.0,
        "crop {crop} of model {} is outside (0, 1]; give the share of each side to keep",
        model.name
    );
    let (interpolation, antialias) = match resize {
        Resize::Bilinear => ("bilinear", "false"),
        Resize::BilinearAntialias => ("bilinear", "true"),
        Resize::BicubicAntialias => ("bicubic", "true"),
    };
    let parameters = [
        ("fraction", crop.to_string()),
        ("interpolation", interpolation.into()),
        ("antialias", antialias.into()),
    ];
    for (key, value) in parameters {
        preset.state(key, &value).map_err(|reason| anyhow!("model {}: {reason}", model.name))?;
    }
    Ok(Chosen { preset, is_stated: true, assumed })
}

/// The default if nothing is stated.
fn default(model: &Model, fits: bool) -> Chosen {
    let classes = model.signature.classes().unwrap_or_default();
    let imagenet = matches!(classes, 1000 | 1001 | 21_000..22_000);
    let (text, why) = match (fits, model.format, imagenet) {
        (true, ..) => {
            ("slim-pillow,fraction=1", "images unchanged, since all have the input's size")
        }
        (_, Format::Tflite, true) => ("tflite-eval", "as TensorFlow Lite's evaluation tool does"),
        (_, Format::Tflite, false) => ("keras", "as Keras' loaders read whole images"),
        (_, Format::Onnx, _) => ("torchvision", "as torchvision does"),
    };
    // Each of these is a preset; its plain form is what remains if one were not.
    let preset = text.parse().unwrap_or_else(|_| Preset::plain(PresetName::SlimPillow));
    Chosen { preset, is_stated: false, assumed: vec![format!("preprocess {text}, {why}")] }
}
