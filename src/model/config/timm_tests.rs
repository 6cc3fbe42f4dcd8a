//! timm's configurations, new and old.

use super::*;

fn timm(text: &str) -> Timm {
    read(text.as_bytes()).unwrap().unwrap()
}

#[test]
fn the_form_with_pretrained_cfg() {
    let it = timm(
        r#"{"architecture":"vit","num_classes":2,"num_features":32,"label_names":["ash","birch"],
            "model_args":{"img_size":160},
            "pretrained_cfg":{"tag":"r160_in1k","input_size":[3,160,160],"interpolation":"bicubic",
              "crop_pct":0.95,"crop_mode":"squash","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],
              "num_classes":1000,"pool_size":null,"first_conv":"patch_embed.proj"}}"#,
    );
    assert_eq!(it.input_size, Some([3, 160, 160]));
    assert_eq!((it.filter, it.crop_pct, it.crop_mode), (Filter::Bicubic, 0.95, CropMode::Squash));
    assert_eq!((it.mean, it.deviation), (vec![0.5; 3], vec![0.5; 3]));
    assert_eq!(
        (it.labels.unwrap(), it.classes),
        (vec!["ash".to_owned(), "birch".to_owned()], Some(2))
    );
}

#[test]
fn the_old_flat_form_and_defaults() {
    let it = timm(
        r#"{"architecture":"resnet18","num_features":512,"num_classes":1000,"input_size":[3,224,224],
            "interpolation":"bilinear","labels":{"1":"b","0":"a"}}"#,
    );
    assert_eq!((it.filter, it.crop_pct, it.crop_mode), (Filter::Bilinear, 0.875, CropMode::Center));
    assert_eq!((it.mean, it.deviation), (IMAGENET_MEAN.to_vec(), IMAGENET_STD.to_vec()));
    assert_eq!(it.labels.unwrap(), ["a", "b"]);
}

#[test]
fn other_configurations_are_not_timms() {
    for text in ["{}", r#"{"architectures":["ViT"],"image_size":224}"#, r#"{"architecture":"x"}"#] {
        assert_eq!(read(text.as_bytes()).unwrap(), None, "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_key() {
    for (cfg, words) in [
        (r#"{"input_size":[224,224]}"#, "'input_size' must be [channels, height, width]"),
        (r#"{"input_size":224}"#, "'input_size' of 'pretrained_cfg' must be a list"),
        (r#"{"interpolation":3}"#, "'interpolation' of 'pretrained_cfg' must be text, but is 3"),
        (r#"{"interpolation":"cubic"}"#, "'interpolation' is 'cubic'"),
        (
            r#"{"crop_mode":"middle"}"#,
            "'crop_mode' must be center, squash or border, but is 'middle'",
        ),
        (r#"{"crop_pct":0}"#, "'crop_pct' of 'pretrained_cfg' must be a number above 0"),
        (r#"{"crop_pct":0.01}"#, "'crop_pct' must be from 0.05 to 1"),
        (r#"{"std":[1,1,-1]}"#, "'std' of 'pretrained_cfg' must hold numbers above 0"),
        (r#"{"mean":["a"]}"#, "'mean' of 'pretrained_cfg' must be a number, or 1 or 3 numbers"),
        (r#"{"label_names":7}"#, "'label_names' must be a list of names"),
    ] {
        let text = format!(r#"{{"architecture":"x","pretrained_cfg":{cfg}}}"#);
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    let error = read(br#"{"pretrained_cfg":7}"#).unwrap_err().to_string();
    assert!(error.contains("'pretrained_cfg' must be an object, but is 7"), "{error}");
}
