"""Tiny exports of timm, torchvision and Hugging Face with random weights.


tests/goldens/exports/{timm,torchvision,huggingface}/: the model as ONNX, the configs that
the library itself writes, and predictions.json.
"""


import numpy as np
import onnxruntime
import PIL
import timm
import torch
import torchvision
import transformers
from PIL import Image
from torchvision.transforms._presets import ImageClassification

from exports import export_folder, last_layer, photos, smooth, write_predictions

LABELS = [
    "ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew",
]  # fmt: skip


def rgb(path):
    return Image.open(path).convert("RGB")


def squashed(size, mean, std):
    """Another pipeline, to show that the pipeline decides some of the best classes."""
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize((size, size)),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize(mean, std),
        ]
    )
    return lambda path: transform(rgb(path))[None]


@torch.no_grad()
def fit(model, prepare, linear, live, seed):
    """Smooth kernels, then batch norm's statistics and the last layer from the photos."""
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and 1 < module.kernel_size[0] < 16:
            signs = torch.randn(*module.weight.shape[:2], 1, 1) * module.weight.std()
            bump = torch.from_numpy(smooth(*module.kernel_size))
            module.weight.mul_(0.3).add_(signs * bump)
    batch = torch.cat([prepare(path) for path in photos()])
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    if norms:
        model.train()
        for part in batch.split(25):
            model(part)
    model.eval()
    taken = []
    hook = linear.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
    for part in batch.split(25):
        model(part)
    hook.remove()
    features = torch.cat(taken).flatten(1).numpy()
    weights, biases = last_layer(features, linear.out_features, live, seed)
    linear.weight.copy_(torch.from_numpy(weights))
    linear.bias.copy_(torch.from_numpy(biases))


def export(model, folder, name, example, input_name, output_name, dynamic):
    path = folder / name
    torch.onnx.export(
        model,
        example,
        str(path),
        input_names=[input_name],
        output_names=[output_name],
        dynamic_axes=dynamic,
        opset_version=13,
        do_constant_folding=True,
    )
    assert path.stat().st_size < 400_000, path.stat().st_size
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    return lambda values: session.run(None, {input_name: values.numpy()})[0][0]


def record(folder, model, prepare, other, onnx, library, preprocessing, versions):
    @torch.no_grad()
    def scores(values):
        result = model(values)
        return getattr(result, "logits", result)[0].numpy()

    worst = max(np.abs(scores(prepare(p)) - onnx(prepare(p))).max() for p in photos()[:20])
    print(folder.name, "ONNX differs from the library by at most", worst)
    assert worst < 1e-3
    made_by = {"torch": torch.__version__, "pillow": PIL.__version__, **versions}
    write_predictions(
        folder,
        made_by,
        library,
        preprocessing,
        lambda path: scores(prepare(path)),
        lambda path: scores(other(path)),
    )


def timm_export():
    torch.manual_seed(15)
    folder = export_folder("timm")
    arguments = {"embed_dim": 32, "depth": 2, "num_heads": 2, "num_classes": 10}
    model = timm.create_model("test_vit", **arguments)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=1.5 / np.sqrt(parameter[0].numel()))
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=model))
    print(transform)

    def prepare(path):
        return transform(rgb(path))[None]

    fit(model, prepare, model.head, 10, 1)
    onnx = export(model, folder, "model.onnx", torch.zeros(1, 3, 160, 160), "input0", "output0", None)
    timm.models._hub.save_config_for_hf(
        model, folder / "config.json", model_config={"label_names": LABELS[:10]}, model_args=arguments
    )
    record(
        folder,
        model,
        prepare,
        squashed(160, (0.5,) * 3, (0.5,) * 3),
        onnx,
        "timm",
        "timm.data.create_transform(**resolve_data_config({}, model=model))",
        {"timm": timm.__version__},
    )


def torchvision_export():
    torch.manual_seed(16)
    folder = export_folder("torchvision")
    model = torchvision.models.ShuffleNetV2([2, 2, 2], [8, 16, 32, 64, 48], num_classes=1000)
    transform = ImageClassification(crop_size=224)

    def prepare(path):
        return transform(rgb(path))[None]

    fit(model, prepare, model.fc, 16, 2)
    dynamic = {"input": {0: "batch"}, "output": {0: "batch"}}
    example = torch.zeros(1, 3, 224, 224)
    onnx = export(model, folder, "model.onnx", example, "input", "output", dynamic)
    record(
        folder,
        model,
        prepare,
        squashed(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        onnx,
        "torchvision",
        "torchvision.transforms._presets.ImageClassification(crop_size=224)",
        {"torchvision": torchvision.__version__},
    )


class Logits(torch.nn.Module):
    """The first output alone, as exporters for ONNX take it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values).logits


def huggingface_export():
    torch.manual_seed(17)
    folder = export_folder("huggingface")
    config = transformers.ResNetConfig(
        embedding_size=16,
        hidden_sizes=[16, 24, 32, 48],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
    )
    model = transformers.ResNetForImageClassification(config)
    processor = transformers.ConvNextImageProcessor(
        size={"shortest_edge": 224},
        crop_pct=0.875,
        resample=3,
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )

    def prepare(path):
        return processor(rgb(path), return_tensors="pt")["pixel_values"]

    fit(model, prepare, model.classifier[1], 12, 3)
    axes = {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}
    onnx = export(
        Logits(model).eval(),
        folder,
        "model.onnx",
        torch.zeros(1, 3, 224, 224),
        "pixel_values",
        "logits",
        {"pixel_values": axes, "logits": {0: "batch_size"}},
    )
    processor.save_pretrained(folder)
    config.architectures = ["ResNetForImageClassification"]
    config.save_pretrained(folder)
    record(
        folder,
        model,
        prepare,
        squashed(224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        onnx,
        "transformers",
        "ConvNextImageProcessor with preprocessor_config.json",
        {"transformers": transformers.__version__},
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    timm_export()
    torchvision_export()
    huggingface_export()
