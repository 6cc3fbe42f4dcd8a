use strum::VariantArray;

use super::*;
use crate::record::channels::Channels;

fn line(text: &str, size: usize) -> String {
    text.parse::<Preset>().unwrap().pipeline(size, size, Channels::Rgb, None).to_string()
}

#[test]
fn a_pipeline_reads_as_one_line() {
    assert_eq!(
        line("torchvision", 224),
        "resize shorter side to 256, bilinear with antialias (as Pillow up to 12); 8-bit values, \
         rounded; centre crop 224; RGB; (pixel - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]"
    );
    assert_eq!(
        line("tflite-eval", 128),
        "central square of 87.5% of the shorter side; resize to 128 x 128, bilinear without \
         antialias, corner coordinates (as TensorFlow Lite's RESIZE_BILINEAR); float values, \
         truncated for integer inputs; RGB; (pixel - 127.5) / 127.5"
    );
    assert!(
        line("timm,crop_mode=border,mean=0.5,std=0.5", 96).contains("pad to 96 x 96 with rgb(128")
    );
}

#[test]
fn every_preset_ends_at_the_size_of_the_input_and_reads_back() {
    for name in <PresetName as VariantArray>::VARIANTS {
        let preset = Preset::plain(*name);
        let pipeline = preset.pipeline(160, 224, Channels::Bgr, None);
        assert_eq!(pipeline.output_size(), Some((160, 224)), "{name}");
        assert_eq!(pipeline.channels(), Channels::Bgr);
        assert_eq!(preset.to_string().parse(), Ok(preset));
        let json = serde_json::to_string(&pipeline).unwrap();
        assert_eq!(
            serde_json::from_str::<crate::record::pipeline::Pipeline>(&json).unwrap(),
            pipeline
        );
    }
}

#[test]
fn parameters_read_back_as_they_were_stated() {
    for text in [
        "torchvision,resize=232,crop=224,interpolation=bicubic,library=pillow",
        "timm,crop_pct=0.95,crop_mode=squash,interpolation=lanczos,mean=0.5:0.25:0.5,std=0.5",
        "hf,resize=160x200,crop=none,rescale=0.00784313725490196,offset=true",
        "keras,loader=load_img,mode=caffe",
        "letterbox,colour=0:0:0",
    ] {
        let mut pairs: Vec<&str> = text.split(',').collect();
        let shown = text.parse::<Preset>().unwrap().to_string();
        let mut back: Vec<&str> = shown.split(',').collect();
        pairs.sort_unstable();
        back.sort_unstable();
        assert_eq!(pairs, back);
    }
}

#[test]
fn what_is_wrong_is_said_with_what_there_is() {
    for (text, reason) in [
        ("torch", "there is no preset 'torch'; known: tflite-eval, slim, slim-pillow"),
        ("", "there is no preset ''; known:"),
        ("torchvision,size=3", "preset torchvision has no parameter 'size'; it has resize, crop"),
        ("timm,resize=3", "preset timm has no parameter 'resize'; it has crop_pct, crop_mode"),
        ("torchvision,resize", "'resize' is not KEY=VALUE"),
        ("torchvision,resize=0", "must be pixels from 1 to 65535"),
        ("timm,crop_pct=0", "must be above 0 and at most 1"),
        ("timm,crop_pct=NaN", "must be above 0 and at most 1"),
        ("timm,crop_mode=round", "must be one of center, squash, border"),
        ("timm,interpolation=cubic", "must be one of nearest, bilinear, bicubic, area"),
        ("timm,std=0", "must not be 0"),
        ("timm,std=1:2", "must be one number, or three"),
        ("timm,mean=inf", "must be one number, or three"),
        ("keras,mode=vgg", "must be one of tf, torch, caffe, none"),
        (
            "timm,interpolation=hamming,library=opencv",
            "cannot resize with hamming as opencv does; choose nearest, bilinear",
        ),
        ("letterbox,colour=300", "must be from 0 to 255"),
    ] {
        let error = text.parse::<Preset>().unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
        assert!(!error.contains('\n'));
    }
}
