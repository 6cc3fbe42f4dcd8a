//! What each preset does, step by step. The sources that were read are named beside each;
//! `docs/accuracy.md` lists them in a table.

use crate::record::channels::Channels;
use crate::record::pipeline::{
    Coordinates, Filter, Library, Pipeline, Resampling, SidesRule, SquareRule, Start, Step, Target,
    Values,
};
use crate::record::preset::{CropMode, Loader, Preset, PresetName, PresetVariant};
use crate::record::preset_value::Size;

/// Mean and deviation of ImageNet's pixels in 0..1, as torchvision states them.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// Input size over resized size, if nothing is stated: 224 / 256.
const CROP_SHARE: f64 = 0.875;
/// From this size on, transformers' ConvNeXT squeezes the whole image.
const CONVNEXT_WHOLE: usize = 384;
/// The colour that Ultralytics' LetterBox pads with.
const LETTERBOX_GREY: [u8; 3] = [114; 3];

/// Mean and scale in pixels of 0..=255.
pub(crate) type Normalisation = (Vec<f32>, Vec<f32>);

impl Preset {
    /// The steps for an input of `height` x `width` pixels. Without a `normalisation`, which
    /// is in the order of the channels, the preset's own.
    #[must_use]
    pub fn pipeline(
        &self,
        height: usize,
        width: usize,
        channels: Channels,
        normalisation: Option<Normalisation>,
    ) -> Pipeline {
        let mut steps = self.geometry(height, width);
        steps.push(Step::Channels { channels });
        let (mean, scale) = normalisation.unwrap_or_else(|| self.normalisation(channels));
        steps.push(Step::Normalise { mean, scale });
        Pipeline { steps }
    }

    /// Whether its library can do what is stated of it.
    ///
    /// # Errors
    /// One sentence: the library does not have the filter.
    pub(crate) fn check(&self) -> Result<(), String> {
        let pipeline = self.pipeline(224, 224, Channels::Rgb, None);
        let Some(Resampling { filter, library, .. }) = pipeline.resampling() else {
            return Ok(());
        };
        let known: &[Filter] = match library {
            Library::Pillow | Library::Pillow12 => <Filter as strum::VariantArray>::VARIANTS,
            Library::OpenCv | Library::Tensorflow => {
                &[Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Area, Filter::Lanczos]
            }
            Library::Tflite | Library::Libyuv | Library::Skia => &[Filter::Bilinear],
        };
        if known.contains(filter) {
            return Ok(());
        }
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        Err(format!(
            "preset {} cannot resize with {filter} as {library} does; choose {}",
            self.name,
            known.join(", ")
        ))
    }

    /// The channel order of the preset, if it has its own.
    #[must_use]
    pub fn channels(&self) -> Option<Channels> {
        (self.parameters.mode == Some(PresetVariant::Caffe)).then_some(Channels::Bgr)
    }

    /// The preset's own normalisation, for channels in this order.
    #[must_use]
    pub(crate) fn normalisation(&self, channels: Channels) -> Normalisation {
        let of = &self.parameters;
        let (mean, std, unit) = self.usual_normalisation();
        let mean = of.mean.clone().unwrap_or(mean);
        let std = of.std.clone().unwrap_or(std);
        // transformers: (pixel * rescale - offset - mean) / std.
        let unit = of.rescale.map_or(unit, |rescale| 1.0 / rescale);
        let offset = if of.offset == Some(true) { 1.0 } else { 0.0 };
        let pixels = |values: &[f32], offset: f64| {
            // By the shortest decimal, as it was written: 0.224 * 255 is 57.12.
            let written = |value: f32| value.to_string().parse().unwrap_or(f64::from(value));
            let real = |value: f32| ((written(value) + offset) * unit) as f32;
            in_order(values.iter().copied().map(real).collect(), channels)
        };
        (pixels(&mean, offset), pixels(&std, 0.0))
    }

    /// Mean, deviation, and what of 0..=255 is 1 of their unit.
    fn usual_normalisation(&self) -> (Vec<f32>, Vec<f32>, f64) {
        let imagenet = (IMAGENET.0.to_vec(), IMAGENET.1.to_vec(), 255.0);
        let half = (vec![0.5], vec![0.5], 255.0);
        match (self.name, self.parameters.mode) {
            (PresetName::Keras, Some(PresetVariant::Torch))
            | (PresetName::Efficientnet, None | Some(PresetVariant::None))
            | (PresetName::Torchvision | PresetName::Timm, _) => imagenet,
            // Of red, green, blue, in pixels.
            (PresetName::Keras, Some(PresetVariant::Caffe)) => {
                (vec![123.68, 116.779, 103.939], vec![1.0], 1.0)
            }
            (PresetName::Mlperf, None | Some(PresetVariant::Vgg)) => {
                (vec![123.68, 116.78, 103.94], vec![1.0], 1.0)
            }
            (PresetName::Efficientnet, Some(PresetVariant::Lite)) => {
                (vec![127.0], vec![128.0], 1.0)
            }
            (PresetName::Keras, Some(PresetVariant::None)) => (vec![0.0], vec![1.0], 1.0),
            (PresetName::Ultralytics | PresetName::Letterbox, _) => (vec![0.0], vec![1.0], 255.0),
            _ => half,
        }
    }

    fn geometry(&self, height: usize, width: usize) -> Vec<Step> {
        let of = &self.parameters;
        let exact = Target::Exact { height, width };
        let fraction = of.fraction.unwrap_or(CROP_SHARE);
        let pillow = |target, usual| {
            let library = of.library.unwrap_or(Library::Pillow12);
            resize(target, of.interpolation.unwrap_or(usual), library)
        };
        let crop = |start| Step::CropCentre { height, width, start };
        match self.name {
            // google-ai-edge/LiteRT, tflite/tools/evaluation/stages: image_preprocessing_stage.cc,
            // and image_classification_stage.cc (`AddCroppingStep(0.875, true)`).
            PresetName::TfliteEval => vec![
                Step::CropSquare { fraction, rule: SquareRule::Rounded },
                corner(exact, Filter::Bilinear, Library::Tflite),
                Step::Values { values: Values::F32Truncated },
            ],
            // tensorflow/models, research/slim/preprocessing/inception_preprocessing.py.
            PresetName::Slim => vec![
                Step::CropSides { fraction, rule: SidesRule::Margins },
                corner(exact, Filter::Bilinear, Library::Tensorflow),
                Step::Values { values: Values::F32 },
            ],
            PresetName::SlimPillow => self.slim_pillow(exact),
            // pytorch/vision, torchvision/transforms/_presets.py and functional.py.
            PresetName::Torchvision => {
                let target = match of.resize {
                    Some(Size::Side(pixels)) => Target::ShorterSide(pixels),
                    Some(Size::Both(height, width)) => Target::Exact { height, width },
                    Some(Size::None) | None => enlarged(height, width, CROP_SHARE),
                };
                let resized = pillow(target, Filter::Bilinear);
                let (height, width) = match of.crop {
                    Some(Size::None) => return resized,
                    Some(Size::Side(side)) => (side, side),
                    Some(Size::Both(height, width)) => (height, width),
                    None => (height, width),
                };
                then(resized, [Step::CropCentre { height, width, start: Start::HalfEven }])
            }
            PresetName::Timm => self.timm(height, width),
            PresetName::Hf => self.hf(height, width),
            // tensorflow/tpu, models/official/efficientnet/preprocessing.py
            // (`_decode_and_center_crop`), and lite/ for the Lite models' bilinear.
            PresetName::Efficientnet => {
                let size = height.min(width) as f64;
                let padding = (size * (1.0 / CROP_SHARE - 1.0)).round_ties_even();
                let fraction = of.fraction.unwrap_or(size / (size + padding));
                let usual = if of.mode == Some(PresetVariant::Lite) {
                    Filter::Bilinear
                } else {
                    Filter::Bicubic
                };
                let filter = of.interpolation.unwrap_or(usual);
                vec![
                    Step::CropSquare { fraction, rule: SquareRule::Truncated },
                    corner(exact, filter, Library::Tensorflow),
                    Step::Values { values: Values::F32 },
                ]
            }
            // keras/src/utils: image_dataset_utils.py, image_utils.py.
            PresetName::Keras => match of.loader {
                Some(Loader::LoadImg) => pillow(exact, Filter::Nearest),
                Some(Loader::Dataset) | None => {
                    let filter = of.interpolation.unwrap_or(Filter::Bilinear);
                    let mut steps = resize(exact, filter, Library::Tensorflow);
                    if let [Step::Resize(resampling), _] = steps.as_mut_slice() {
                        resampling.antialias = of.antialias == Some(true);
                    }
                    steps
                }
            },
            // mlcommons/inference, vision/classification_and_detection/python/dataset.py.
            PresetName::Mlperf => {
                let shorter = (100.0 * height.max(width) as f64 / 87.5) as usize;
                let linear = of.mode == Some(PresetVariant::Mobilenet);
                let usual = if linear { Filter::Bilinear } else { Filter::Area };
                let filter = of.interpolation.unwrap_or(usual);
                let resized = resize(Target::ShorterSide(shorter), filter, Library::OpenCv);
                then(resized, [crop(Start::Down)])
            }
            // tensorflow/tflite-support, task/vision/utils/libyuv_frame_buffer_utils.cc.
            PresetName::TaskLibrary => resize(exact, Filter::Bilinear, Library::Libyuv),
            // tensorflow/tflite-support, support/image/ops: ResizeWithCropOrPadOp, ResizeOp.
            PresetName::SupportLibrary => {
                let square = Step::CropSquare { fraction: 1.0, rule: SquareRule::Whole };
                let resized = resize(exact, Filter::Bilinear, Library::Skia);
                [vec![square], resized].concat()
            }
            // ultralytics/data/augment.py: classify_transforms.
            PresetName::Ultralytics => {
                let resized = pillow(enlarged(height, width, 1.0), Filter::Bilinear);
                then(resized, [crop(Start::HalfEven)])
            }
            // ultralytics/data/augment.py: LetterBox.
            PresetName::Letterbox => {
                let colour = of.colour.unwrap_or(LETTERBOX_GREY);
                let library = of.library.unwrap_or(Library::OpenCv);
                let filter = of.interpolation.unwrap_or(Filter::Bilinear);
                let resized = resize(Target::Fitting { height, width }, filter, library);
                then(resized, [Step::Pad { height, width, colour }])
            }
        }
    }

    /// What `resize` and `crop` of a description mean.
    fn slim_pillow(&self, exact: Target) -> Vec<Step> {
        let of = &self.parameters;
        let fraction = of.fraction.unwrap_or(CROP_SHARE);
        let filter = of.interpolation.unwrap_or(Filter::Bilinear);
        if of.antialias == Some(false) {
            let library = of.library.unwrap_or(Library::Tensorflow);
            return vec![
                Step::CropSides { fraction, rule: SidesRule::Kept },
                corner(exact, filter, library),
                Step::Values { values: Values::F32 },
            ];
        }
        let crop = Step::CropSides { fraction, rule: SidesRule::Margins };
        let resized = resize(exact, filter, of.library.unwrap_or(Library::Pillow12));
        [vec![crop], resized].concat()
    }

    /// huggingface/pytorch-image-models, timm/data/transforms_factory.py:
    /// `transforms_imagenet_eval`.
    fn timm(&self, height: usize, width: usize) -> Vec<Step> {
        let of = &self.parameters;
        let crop_pct = of.crop_pct.unwrap_or(CROP_SHARE);
        let filter = of.interpolation.unwrap_or(Filter::Bicubic);
        let library = of.library.unwrap_or(Library::Pillow12);
        let [high, wide] = [height, width].map(|side| (side as f64 / crop_pct).floor() as usize);
        let crop = Step::CropCentre { height, width, start: Start::HalfEven };
        let size = (high, wide);
        let (target, last) = match of.crop_mode.unwrap_or(CropMode::Center) {
            CropMode::Center => (enlarged(height, width, crop_pct), crop),
            CropMode::Squash => (Target::Exact { height: size.0, width: size.1 }, crop),
            CropMode::Border => {
                let mean = of.mean.clone().unwrap_or_else(|| IMAGENET.0.to_vec());
                let of_channel = |channel: usize| mean.get(channel).or(mean.first()).copied();
                let colour = [0, 1, 2].map(|channel| {
                    let mean = f64::from(of_channel(channel).unwrap_or_default());
                    (255.0 * mean).round_ties_even() as u8
                });
                let target = Target::Within { height: size.0, width: size.1 };
                (target, Step::Pad { height, width, colour })
            }
        };
        then(resize(target, filter, library), [last])
    }

    /// huggingface/transformers, image_transforms.py and the image processors on Pillow
    /// (ViT, MobileNetV2, ConvNeXT, EfficientNet).
    fn hf(&self, height: usize, width: usize) -> Vec<Step> {
        let of = &self.parameters;
        let filter = of.interpolation.unwrap_or(Filter::Bilinear);
        let library = of.library.unwrap_or(Library::Pillow12);
        let exact = Target::Exact { height, width };
        let crop = |height, width| Step::CropCentre { height, width, start: Start::Down };
        let resized = |target| resize(target, filter, library);
        if let Some(crop_pct) = of.crop_pct {
            if height >= CONVNEXT_WHOLE {
                return resized(exact);
            }
            let shorter = (height as f64 / crop_pct) as usize;
            return then(resized(Target::ShorterSide(shorter)), [crop(height, width)]);
        }
        let steps = match of.resize {
            Some(Size::None) => Vec::new(),
            Some(Size::Side(pixels)) => resized(Target::ShorterSide(pixels)),
            Some(Size::Both(height, width)) => resized(Target::Exact { height, width }),
            None => resized(exact),
        };
        let cropped = match (of.crop, of.resize) {
            (Some(Size::Side(side)), _) => vec![crop(side, side)],
            (Some(Size::Both(height, width)), _) => vec![crop(height, width)],
            (None, Some(Size::Side(_) | Size::None)) => vec![crop(height, width)],
            (Some(Size::None) | None, _) => Vec::new(),
        };
        [steps, cropped].concat()
    }
}

/// The size of which the input is this share.
fn enlarged(height: usize, width: usize, share: f64) -> Target {
    let [high, wide] = [height, width].map(|side| (side as f64 / share).floor() as usize);
    if height == width {
        Target::ShorterSide(high)
    } else {
        Target::Covering { height: high, width: wide }
    }
}

/// With half-pixel centres, and the antialias and values of the library.
fn resize(target: Target, filter: Filter, library: Library) -> Vec<Step> {
    let pillow = matches!(library, Library::Pillow | Library::Pillow12);
    let antialias = pillow && filter != Filter::Nearest;
    let coordinates = Coordinates::HalfPixel;
    let values = match library {
        Library::Tensorflow | Library::Tflite => Values::F32,
        _ => Values::U8Rounded,
    };
    let resampling = Resampling { target, filter, antialias, coordinates, library };
    vec![Step::Resize(resampling), Step::Values { values }]
}

/// Without antialias, as TensorFlow 1 places pixels.
fn corner(target: Target, filter: Filter, library: Library) -> Step {
    let coordinates = Coordinates::Corner;
    Step::Resize(Resampling { target, filter, antialias: false, coordinates, library })
}

fn then<const N: usize>(mut steps: Vec<Step>, last: [Step; N]) -> Vec<Step> {
    steps.extend(last);
    steps
}

/// Values of red, green and blue in the order of the channels; their mean for grey.
fn in_order(mut values: Vec<f32>, channels: Channels) -> Vec<f32> {
    if values.len() > 1 {
        match channels {
            Channels::Rgb => {}
            Channels::Bgr => values.reverse(),
            Channels::Grey => {
                let sum: f64 = values.iter().copied().map(f64::from).sum();
                values = vec![(sum / values.len() as f64) as f32];
            }
        }
    }
    values
}
