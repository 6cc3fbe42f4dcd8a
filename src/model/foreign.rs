//! Files that are no models that are read here: what they are, and what to do with them.

use std::path::Path;

/// What a file is that is neither of TensorFlow Lite nor ONNX, and the remedy: part of a
/// sentence that begins with the file. `None` where nothing tells.
pub(crate) fn told(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    const PYTORCH: &str = "it is a PyTorch file; export it with torch.onnx.export";
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let at = |place: usize, mark: &[u8]| bytes.get(place..).is_some_and(|it| it.starts_with(mark));
    let start: Vec<u8> =
        bytes.iter().take(64).skip_while(|byte| byte.is_ascii_whitespace()).copied().collect();
    let of_ending = match ending.as_str() {
        "pt" | "pth" | "ptl" | "torchscript" => Some(PYTORCH),
        "keras" | "h5" | "hdf5" => Some(
            "it is a Keras file; convert it with tf.lite.TFLiteConverter.from_keras_model, or \
             with tf2onnx",
        ),
        "task" | "binarypb" => Some("it is a bundle of MediaPipe; unpack it, and give the .tflite"),
        "mlmodel" | "mlpackage" => {
            Some("it is a Core ML model; give the model that it was made of")
        }
        "pb" => Some(
            "it is a TensorFlow graph; convert it with tf.lite.TFLiteConverter, or with tf2onnx",
        ),
        _ => None,
    };
    if at(0, b"version https://git-lfs") {
        Some("it is a Git LFS pointer and not the file itself; get it with 'git lfs pull'")
    } else if start.starts_with(b"<?xml") || ending == "xml" {
        Some("it is XML, as OpenVINO has it; give the .onnx or .tflite that it was made of")
    } else if start.starts_with(b"<") {
        Some("it is a web page; download the file itself")
    } else if at(4, b"ORTM") {
        Some("it is in ONNX Runtime's own format; give the .onnx that it was made of")
    } else if at(0, b"ftrt") || matches!(ending.as_str(), "engine" | "plan") {
        Some("it is built for TensorRT; give the .onnx that it was made of")
    } else if at(0, b"GGUF") {
        Some("it is a language model in GGUF; models of images are read here")
    } else if at(0, b"\x1f\x8b") || at(0, b"BZh") || at(0, b"\xfd7zXZ") || at(257, b"ustar") {
        Some("it is packed; unpack it first")
    } else if of_ending.is_some() {
        of_ending
    } else if at(0, b"PK\x03\x04") {
        Some("it is a zip archive; unpack it, and give the model in it")
    } else if at(0, b"\x89HDF") {
        Some("it is an HDF5 file, as Keras has it; convert it with tf.lite.TFLiteConverter")
    } else if at(0, b"\x80\x02") || at(0, b"\x80\x04") {
        Some(PYTORCH)
    } else if at(7, b"\0{") {
        Some("it holds weights without a graph (safetensors); export the model to ONNX")
    } else if start.starts_with(b"{") {
        Some("it is JSON; give the model itself, a .tflite or .onnx file")
    } else {
        None
    }
}

/// What a folder holds in place of a model's file, in the same way.
pub(crate) fn told_of_folder(folder: &Path) -> Option<&'static str> {
    let has = |name: &str| folder.join(name).exists();
    let ends = |endings: &[&str]| {
        let items = folder.read_dir().into_iter().flatten().flatten();
        let ending = |path: &Path| path.extension().map(|it| it.to_string_lossy().to_lowercase());
        items.filter_map(|item| ending(&item.path())).any(|it| endings.contains(&it.as_str()))
    };
    if has("saved_model.pb") {
        Some(
            "it holds a SavedModel; convert it with tf.lite.TFLiteConverter.from_saved_model, or \
             with tf2onnx",
        )
    } else if ends(&["safetensors", "bin", "pt", "pth"]) {
        Some("it holds PyTorch's weights; export the model to ONNX, such as with optimum-cli")
    } else if ends(&["keras", "h5"]) {
        Some("it holds a Keras file; convert it with tf.lite.TFLiteConverter")
    } else if ends(&["xml"]) {
        Some("it holds OpenVINO's format; give the .onnx or .tflite that it was made of")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_mistakes_are_named() {
        let of = |name: &str, bytes: &[u8]| told(Path::new(name), bytes).unwrap_or("nothing");
        for (name, bytes, words) in [
            ("m.onnx", &b"version https://git-lfs.github.com/spec/v1\n"[..], "git lfs pull"),
            ("m.onnx", b"\n<!DOCTYPE html>", "web page"),
            ("m.pt", b"PK\x03\x04", "torch.onnx.export"),
            ("m", b"\x80\x02\x8a\x0a", "PyTorch"),
            ("m.h5", b"\x89HDF\r\n", "Keras"),
            ("m.zip", b"PK\x03\x04", "zip archive"),
            ("m.tflite", b"\x1f\x8b\x08", "unpack it first"),
            ("m.ort", b"\x10\0\0\0ORTM", "ONNX Runtime's own format"),
            ("m.safetensors", b"\x10\0\0\0\0\0\0\0{\"w\":", "safetensors"),
            ("m.engine", b"ftrt", "TensorRT"),
            ("m.json", b" {\"a\": 1}", "JSON"),
            ("m.onnx", b"\x08\x08", "nothing"),
        ] {
            assert!(of(name, bytes).contains(words), "{name}: {}", of(name, bytes));
        }
    }
}
