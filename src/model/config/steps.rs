//! What configurations state, as descriptions.

use crate::model::config::image_processor::{ImageProcessor, Resizing};
use crate::model::config::timm::Timm;
use crate::record::channels::Channels;
use crate::record::description::Description;
use crate::record::input_size::InputSize;
use crate::record::preset::{CropMode, Parameters, Preset, PresetName};
use crate::record::preset_value::Size;

/// What an image processor of transformers does.
#[must_use]
pub fn of_processor(it: &ImageProcessor) -> Description {
    let resize = match it.resize {
        None => Size::None,
        Some((Resizing::ShorterSide(side), _)) => Size::Side(side),
        Some((Resizing::Exact { height, width }, _)) => Size::Both(height, width),
    };
    let crop = match (it.crop, resize) {
        (Some((height, width)), _) if height == width => Some(Size::Side(height)),
        (Some((height, width)), _) => Some(Size::Both(height, width)),
        // The aspect that is left does not fit an input of fixed size: the centre does.
        (None, Size::Side(_)) => None,
        (None, _) => Some(Size::None),
    };
    let parameters = Parameters {
        resize: Some(resize),
        crop,
        interpolation: it.resize.map(|(_, filter)| filter),
        ..Parameters::default()
    };
    let offset = if it.offset { 1.0 } else { 0.0 };
    let channels = it.bgr.then_some(Channels::Bgr);
    let pixels = |values: &[f64], offset: f64| {
        let mut values = in_pixels(values, offset, 1.0 / it.rescale);
        if it.bgr {
            // The channels are turned around after they were normalised.
            values.reverse();
        }
        values
    };
    let made = match (it.crop, it.resize) {
        (Some(crop), _) => Some(crop),
        (None, Some((Resizing::Exact { height, width }, _))) => Some((height, width)),
        (None, Some((Resizing::ShorterSide(side), _))) => Some((side, side)),
        (None, None) => None,
    };
    Description {
        preprocess: Some(Preset { name: PresetName::Hf, parameters }),
        input_size: made.and_then(|(height, width)| InputSize::of(height, width)),
        channels,
        mean: Some(pixels(&it.mean, offset)),
        scale: Some(pixels(&it.deviation, 0.0)),
        ..Description::default()
    }
}

/// What a configuration of timm states.
#[must_use]
pub fn of_timm(it: &Timm) -> Description {
    let border = it.crop_mode == CropMode::Border;
    let parameters = Parameters {
        crop_pct: Some(it.crop_pct),
        crop_mode: Some(it.crop_mode),
        interpolation: Some(it.filter),
        // The colour of the border.
        mean: border.then(|| it.mean.iter().map(|mean| *mean as f32).collect()),
        ..Parameters::default()
    };
    Description {
        preprocess: Some(Preset { name: PresetName::Timm, parameters }),
        input_size: it.input_size.and_then(|[_, height, width]| InputSize::of(height, width)),
        label_names: it.labels.clone(),
        mean: Some(in_pixels(&it.mean, 0.0, 255.0)),
        scale: Some(in_pixels(&it.deviation, 0.0, 255.0)),
        ..Description::default()
    }
}

/// Values of pixels in 0..=1 for pixels in 0..=255.
fn in_pixels(values: &[f64], offset: f64, unit: f64) -> Vec<f32> {
    values.iter().map(|value| ((value + offset) * unit) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::{image_processor, timm};

    fn shown(description: &Description) -> String {
        description.preprocess.as_ref().unwrap().to_string()
    }

    #[test]
    fn processors_become_presets() {
        let of = |text: &str| of_processor(&image_processor::read(text.as_bytes()).unwrap());
        let convnext = of(
            r#"{"image_processor_type":"ConvNextImageProcessor","size":{"shortest_edge":224},
                "crop_pct":0.875,"resample":3,"image_mean":[0.485,0.456,0.406],"image_std":[0.229,0.224,0.225]}"#,
        );
        assert_eq!(shown(&convnext), "hf,resize=256,crop=224,interpolation=bicubic");
        assert_eq!(convnext.mean.unwrap(), [123.675, 116.28, 103.53]);
        assert_eq!(convnext.input_size, InputSize::of(224, 224));
        let wide =
            of(r#"{"image_processor_type":"ViTImageProcessor","size":{"height":96,"width":160}}"#);
        assert_eq!(wide.input_size, InputSize::of(96, 160));
        let vit = of(r#"{"image_processor_type":"ViTImageProcessor","size":224}"#);
        assert_eq!(shown(&vit), "hf,resize=224x224,crop=none,interpolation=bilinear");
        assert_eq!((vit.mean.unwrap(), vit.channels), (vec![127.5; 3], None));
        let mobilevit = of(r#"{"image_processor_type":"MobileViTImageProcessor","size":288}"#);
        assert_eq!(shown(&mobilevit), "hf,resize=288,crop=256,interpolation=bilinear");
        assert_eq!(mobilevit.channels, Some(Channels::Bgr));
        assert_eq!((mobilevit.mean.unwrap(), mobilevit.scale.unwrap()), (vec![0.0], vec![255.0]));
    }

    #[test]
    fn timm_becomes_a_preset() {
        let of = |cfg: &str| {
            let text = format!(r#"{{"architecture":"x","pretrained_cfg":{cfg}}}"#);
            of_timm(&timm::read(text.as_bytes()).unwrap().unwrap())
        };
        let plain = of("{}");
        assert_eq!(shown(&plain), "timm,crop_pct=0.875,crop_mode=center,interpolation=bicubic");
        assert_eq!(plain.scale.unwrap(), [58.395, 57.12, 57.375]);
        let wide = of(r#"{"input_size":[3,96,160]}"#);
        assert_eq!((plain.input_size, wide.input_size), (None, InputSize::of(96, 160)));
        let border = of(r#"{"crop_mode":"border","crop_pct":1.0,"mean":[0.5,0.5,0.5]}"#);
        assert!(shown(&border).contains("mean=0.5:0.5:0.5"), "{}", shown(&border));
        // As text it is the same preset again: journals hold it as text.
        let preset = border.preprocess.unwrap();
        assert_eq!(preset.to_string().parse::<Preset>().unwrap(), preset);
    }
}
