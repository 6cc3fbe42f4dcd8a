"""A tiny Keras model with random weights as TFLite: tests/goldens/exports/keras/.

Keras writes no configuration beside a TFLite file. What a user of Keras does stands in
predictions.json: load_img, the layer Resizing, mobilenet's preprocess_input; and beside
it, per photo, the best class when TensorFlow's own decoder read the file.
"""

import os

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="")

import keras
import numpy as np
import tensorflow as tf
from keras.applications import mobilenet

from exports import export_folder, last_layer, photos, smooth, write_predictions

SIZE = 128
CLASSES = 8


def prepare(path):
    image = keras.utils.img_to_array(keras.utils.load_img(path))
    image = keras.layers.Resizing(SIZE, SIZE)(image[None])[0]
    return mobilenet.preprocess_input(np.array(image))[None]


def by_dataset(path):
    """As image_dataset_from_directory loads a file: TensorFlow decodes, less exactly."""
    image = tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False)
    image = tf.image.resize(image, (SIZE, SIZE), method="bilinear")
    return mobilenet.preprocess_input(image.numpy())[None]


def cropped(path):
    """Another pipeline: the middle seven eighths of the photo."""
    image = keras.utils.img_to_array(keras.utils.load_img(path))
    image = tf.image.resize(tf.image.central_crop(image, 0.875), (SIZE, SIZE))
    return mobilenet.preprocess_input(image.numpy())[None]


def smoothed(layer):
    """The layer's weights as they are, under a bump that makes them heed coarse detail."""
    kernel = layer.get_weights()[0]
    random = np.random.RandomState(len(layer.name))
    signs = random.normal(size=(1, 1, *kernel.shape[2:])) * kernel.std()
    bump = smooth(*kernel.shape[:2])[:, :, None, None]
    return [(0.3 * kernel + signs * bump).astype(np.float32), *layer.get_weights()[1:]]


def network():
    """Five blocks of MobileNet's kind. All thirteen would make other classes of mere noise."""
    layers = keras.layers
    values = layers.Input((SIZE, SIZE, 3))
    result = layers.AveragePooling2D(2)(values)
    result = layers.Conv2D(16, 3, padding="same", use_bias=False)(result)
    result = layers.ReLU(6.0)(layers.BatchNormalization()(result))
    for filters in [24, 32, 64, 96, 128]:
        result = layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(result)
        result = layers.ReLU(6.0)(layers.BatchNormalization()(result))
        result = layers.Conv2D(filters, 1, use_bias=False)(result)
        result = layers.ReLU(6.0)(layers.BatchNormalization()(result))
    result = layers.GlobalAveragePooling2D()(result)
    return keras.Model(values, layers.Dense(CLASSES, activation="softmax", name="scores")(result))


def build():
    keras.utils.set_random_seed(18)
    model = network()
    batch = np.concatenate([prepare(path) for path in photos()])
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            if layer.kernel_size[0] > 1:
                layer.set_weights(smoothed(layer))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(batch, training=True)
    head = model.get_layer("scores")
    features = keras.Model(model.input, head.input)(batch, training=False).numpy()
    weights, biases = last_layer(features, CLASSES, CLASSES, 4)
    head.set_weights([weights.T, biases])
    return model


def main():
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    folder = export_folder("keras")
    model = build()
    path = folder / "model.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    assert path.stat().st_size < 400_000, path.stat().st_size
    interpreter = tf.lite.Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()

    def scores(values):
        return model(values, training=False).numpy()[0]

    def lite(values):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]

    worst = max(np.abs(scores(prepare(p)) - lite(prepare(p))).max() for p in photos()[:20])
    print("TFLite differs from Keras by at most", worst)
    assert worst < 1e-3
    write_predictions(
        folder,
        {"tensorflow": tf.__version__, "keras": keras.__version__},
        "keras",
        "keras.utils.load_img, keras.layers.Resizing (bilinear), mobilenet.preprocess_input",
        lambda path: scores(prepare(path)),
        lambda path: scores(cropped(path)),
        scores="probabilities",
        other="the middle 0.875 of each side",
        also={"best_by_image_dataset_from_directory": lambda path: scores(by_dataset(path))},
    )


if __name__ == "__main__":
    main()
