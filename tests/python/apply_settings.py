"""Runs the lines of docs/settings.md that load a settings file, feeds images as the file
says, and prints the best class of each as the file names it.
Usage: python apply_settings.py LINES.py IMAGE... (in the folder of the settings)"""

import sys

import numpy
from PIL import Image

lines, *images = sys.argv[1:]
names = {}
with open(lines) as file:
    exec(compile(file.read(), lines, "exec"), names)
settings = names["settings"]

(step,) = [it for it in settings["pipeline"]["steps"] if it["step"] == "normalise"]
mean, scale = numpy.float32(step["mean"]), numpy.float32(step["scale"])
height, width = (
    settings["input"]["shape"][1:3]
    if settings["layout"] == "nhwc"
    else settings["input"]["shape"][2:4]
)


def best(image):
    # These images need no resize.
    pixels = numpy.asarray(Image.open(image).convert("L"), numpy.float32)
    assert pixels.shape == (height, width)
    values = ((pixels - mean) / scale).reshape(settings["input"]["shape"]).astype(numpy.float32)
    if "session" in names:
        session = names["session"]
        scores = session.run(None, {settings["input"]["name"]: values})
    else:
        interpreter = names["interpreter"]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        scores = [interpreter.get_tensor(it["index"]) for it in interpreter.get_output_details()]
    return settings["labels"][int(numpy.argmax(scores[settings["output"]["index"]]))]


for image in images:
    print(best(image))
