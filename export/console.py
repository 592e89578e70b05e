"""The console commands of the installed package: the scripts, by other names."""

from importlib import import_module
from typing import NoReturn

from ghostnet_tf.errors import run


def _command(module: str):
    def start() -> NoReturn:
        run(import_module(module).main)

    return start


to_tflite = _command("export.to_tflite")
from_onnx = _command("export.from_onnx")
predict = _command("export.predict")
verify = _command("export.verify")
evaluate = _command("export.evaluate")
ghost_op = _command("export.ghost_op")
tune = _command("export.tune")
train = _command("ghostnet_tf.train.__main__")
describe = _command("ghostnet_tf.describe")
