"""Commands under the names that they had in 0.1.0; they go with the next release."""

import sys
from functools import partial
from typing import NoReturn

from ghostnet_tf.__main__ import main
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.terminal import note


def old_name(name: str, verb: str) -> NoReturn:
    """Do what `ghostnet VERB` does, for whoever still types another name."""
    note(f"note: {name} is called `ghostnet {verb}` now")
    sys.argv.insert(1, verb)
    run(main)


to_tflite = partial(old_name, "ghostnet-to-tflite", "export")
from_onnx = partial(old_name, "ghostnet-from-onnx", "from-onnx")
predict = partial(old_name, "ghostnet-predict", "predict")
verify = partial(old_name, "ghostnet-verify", "verify")
evaluate = partial(old_name, "ghostnet-evaluate", "evaluate")
ghost_op = partial(old_name, "ghostnet-ghost-op", "ghost-op")
tune = partial(old_name, "ghostnet-tune", "tune")
train = partial(old_name, "ghostnet-train", "train")
describe = partial(old_name, "ghostnet-describe", "describe")
