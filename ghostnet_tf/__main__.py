"""`ghostnet VERB`: every command of the house. A verb's module is imported when it is asked for."""

import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

if not __package__:  # started as a script
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "ghostnet_tf"

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import pick, run
from ghostnet_tf.base.terminal import out

VERBS = {  # verb -> its room, its module, what it does
    "export": ("export", "to_tflite", "a network becomes verified .tflite files"),
    "predict": ("export", "predict", "what a .tflite file says of photos or sounds"),
    "evaluate": ("export", "evaluate", "accuracy of files and weights, side by side"),
    "compare": ("export", "compare", "where an int8 file loses its float32 file, layer by layer"),
    "verify": ("export", "verify", "check .tflite files against their records"),
    "train": ("", "train.command", "train on your own photos, boxes, masks or sounds"),
    "describe": ("", "nets.describe", "the table of a network: blocks, parameters, multiply-adds"),
    "from-onnx": ("export", "from_onnx", "an ONNX network becomes verified .tflite files"),
    "ghost-op": ("export", "ghost_op", "Ghost operators into finished files, proven equal"),
    "tune": ("export", "tune", "the cheapest equal form of each block, for one core"),
    "benchmark": ("benchmark", "run", "which file is faster on one core: phone, emulated, host"),
    "operators": ("benchmark", "operators", "where the time goes, by operator and by block"),
}


def usage() -> list[str]:
    width = max(map(len, VERBS))
    lines = [f"  {verb:{width}}  {what}" for verb, (_, _, what) in VERBS.items()]
    return ["usage: ghostnet VERB ... (ghostnet VERB --help says more)", *lines]


def main(argv: list[str] | None = None) -> int | None:
    line = sys.argv[1:] if argv is None else argv
    if not line or line[0] in ("-h", "--help", "help"):
        out(*usage())
        return None
    if line[0] == "--version":
        from ghostnet_tf import __version__

        out(f"ghostnet {__version__}")
        return None
    room, name, _ = pick(line[0], VERBS, "verb")
    if argv is None:
        sys.argv[0] = f"ghostnet {line[0]}"  # as --help says it
    module = rooms.reach(room, name) if room else import_module(f"ghostnet_tf.{name}")
    return module.main(line[1:])


def console() -> NoReturn:
    """The installed command `ghostnet`."""
    run(main)


if __name__ == "__main__":
    run(main)
