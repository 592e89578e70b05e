"""A GhostNet of two blocks, quick to trace, under the name `tiny_100`; photos that it can learn.

As a script: the training command, with that network in the zoo.
"""

import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

from ghostnet_tf.base import errors
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.nets import zoo
from ghostnet_tf.train.command import main

COLOURS = {
    "blue": (40, 40, 200),
    "green": (40, 200, 40),
    "red": (200, 40, 40),
    "sand": (200, 190, 90),
}
ARGS = ["--model", "tiny_100", "--schedule", "finetune", "--held-out", "16"]
SETTINGS = ["sizes=[[0,32]]", "batch=16", "epochs=3", "learning_rate=0.05", "randaugment=[1,5]"]


def tiny(width=1.0, classes=4, dropout=0.2, size=None, branches=None, channels=3,
         name="tiny_100"):  # fmt: skip
    """(N, H, W, channels) -> (N, classes)."""
    from keras import Input, Model, layers

    from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck

    image = Input((size, size, channels), name="image")
    x = ConvNorm(round(8 * width), 3, 2, "relu", name="stem")(image)
    x = GhostBottleneck(16, 8, 3, 2, 0.25, branches=branches, name="block_00")(x)
    x = GhostBottleneck(16, 8, branches=branches, name="block_01")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return Model(image, layers.Dense(classes, name="classifier")(x), name=name)


ZOO_ROW = ("ghostnet", IMAGENET, tiny)


def coloured_photos(folder: Path, each: int = 24, names=tuple(COLOURS)) -> Path:
    """Noisy photos, 40 x 36, of one colour per class."""
    rng = np.random.default_rng(0)
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.normal(COLOURS[name], 40, (36, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return folder


def arguments(photos: Path, out: Path, *settings: str, args=()) -> list[str]:
    """Of a quick run; later settings win."""
    changes = [text for setting in (*SETTINGS, *settings) for text in ("--set", setting)]
    return [str(photos), *ARGS, "--out", str(out), *changes, *args]


def start(*args: str, script: str = __file__, **environment: str) -> subprocess.Popen:
    """The command as a process of its own."""
    root = str(Path(__file__).parents[3])
    env = {**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, script, *args],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Where the tests run in the background, Ctrl-C is ignored and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def ctrl_c_in(place: str) -> None:
    """Press Ctrl-C when this method is first called: "package.module.Class.method"."""
    module, kind, name = place.rsplit(".", 2)
    owner = getattr(import_module(module), kind)
    method, pressed = getattr(owner, name), []

    def with_ctrl_c(*args):
        if not pressed:
            pressed.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        return method(*args)

    setattr(owner, name, with_ctrl_c)


if __name__ == "__main__":
    zoo.KINDS["tiny"] = ZOO_ROW
    if sys.argv[1] == "--ctrl-c-in":
        ctrl_c_in(sys.argv[2])
        del sys.argv[1:3]
    errors.run(main)
