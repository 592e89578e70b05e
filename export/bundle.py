"""Publish a training run: its weights into the package, with ranges and every file's accuracy.

python export/bundle.py RUN --photos TRAINING --held-out N --labelled VALIDATION
python export/bundle.py RUN --photos PLACE --name NAME

For maintainers. What is left to choose is chosen on the photos held out of training; the labelled
ones are scored once, for every recipe. Of a detector these are the split test of its photos.
"""

import argparse
import os
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors, terminal
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import DETECT
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo
from ghostnet_tf.weights import checkpoint


def parser() -> argparse.ArgumentParser:
    parse = doors.parser("bundle", "Publish a training run with the package.")
    parse.prog = "bundle.py"  # for maintainers: no verb of `ghostnet`
    parse.add_argument("run", type=user_path, help="folder of the run")
    parse.add_argument("--photos", required=True, help="the photos that the run was given")
    parse.add_argument("--held-out", type=int, help="as the run of a classifier was told")
    parse.add_argument("--labelled", help="of a classifier: photos that nothing has seen yet")
    parse.add_argument("--name", default="tinyimagenet", help="what users will call these weights")
    parse.add_argument("--out", type=user_path, default=Path("build"), help="of the files")
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    header = checkpoint.read_header(args.run / "best.safetensors")
    is_detector = zoo.parse_model(header["model"]).task == DETECT
    if not is_detector and None in (args.held_out, args.labelled):
        parse.error("a classifier's run needs --held-out and --labelled")

    os.environ["KERAS_BACKEND"] = "tensorflow"
    from ghostnet_tf.base.quiet import start_keras

    start_keras()
    if is_detector:
        from .bundling_detector import bundle_detector

        terminal.document(bundle_detector(args.run, args.name, args.photos, args.out))
        return 0
    from .bundling import bundle

    photos, labelled = Photos.open(args.photos), Photos.open(args.labelled)
    accuracy = bundle(args.run, args.name, photos, labelled, args.held_out, args.out)
    terminal.document(accuracy)
    return 0


if __name__ == "__main__":
    run(main)
