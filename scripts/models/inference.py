"""The network as it is exported: Keras, biases for batch norms, softmax, batch 1."""

import keras
from keras import layers

from data import LABELS, RESOLUTION
from plan import BLOCKS, convolutions


def _activation(x):
    return layers.ReLU(max_value=6.0)(x)


def build(weights):
    """Keras model from the folded weights of one width."""
    image = keras.Input(
        (RESOLUTION, RESOLUTION, 1), batch_size=1, name="image", dtype="float32"
    )
    channels = weights["stem_kernel"].shape[-1]
    x = _activation(layers.Conv2D(channels, 3, 2, "same", name="stem")(image))
    for i, (_, stride) in enumerate(BLOCKS):
        depthwise = layers.DepthwiseConv2D(3, stride, "same", name=f"block{i}_depthwise")
        x = _activation(depthwise(x))
        channels = weights[f"block{i}_pointwise_kernel"].shape[-1]
        x = _activation(layers.Conv2D(channels, 1, name=f"block{i}_pointwise")(x))
    # As the hosted MobileNets end: one pool over the whole map and a convolution.
    # tract rounds a MEAN to whole numbers and takes no FULLY_CONNECTED of a map.
    x = layers.AveragePooling2D(pool_size=tuple(x.shape[1:3]), name="pool")(x)
    x = layers.Conv2D(len(LABELS), 1, name="classifier")(x)
    x = layers.Reshape((len(LABELS),), name="scores")(x)
    model = keras.Model(image, layers.Softmax(name="probabilities")(x))
    for name in convolutions() + ["classifier"]:
        layer = model.get_layer(name)
        kernel = weights[f"{name}_kernel"].reshape(layer.kernel.shape)
        layer.set_weights([kernel, weights[f"{name}_bias"]])
    return model
