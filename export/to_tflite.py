"""A network becomes verified `.tflite` files.

ghostnet export [--model NAME] [--weights NAME|PATH] [--recipe RECIPE...] [--json]
"""

import argparse
import os
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.files import refuse_unwritable
from ghostnet_tf.base.suites import SUITES
from ghostnet_tf.base.terminal import out
from ghostnet_tf.nets import zoo

from .arguments import add_export_options, labels_of, photos_of, recipe_table
from .jobs import jobs_of, plain_files_with_operators
from .segmenter_graph import STRIDES


def parser() -> argparse.ArgumentParser:
    parse = doors.parser("export", "A network becomes verified .tflite files.", recipe_table())
    what = parse.add_argument_group("what")
    what.add_argument(
        "--model",
        metavar="NAME",
        help=f"{', '.join(zoo.MODELS)} (default: what the weights say that they are of, "
        "or else ghostnet_050)",
    )
    what.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="tinyimagenet, of ghostnet_050_det bccd, of ghost_kws_100 digits (bundled), seeded "
        "(random: cost only), "
        "imagenet, timm, paddle or paddle_ssld (published, downloaded once), or a .safetensors, "
        ".weights.h5, .keras, .pth or .pdparams file or a TensorFlow checkpoint (default: "
        "the bundled ones)",
    )
    what.add_argument(
        "--suite",
        metavar="NAME",
        help=f"in place of --model: {', '.join(SUITES)}; a file already there is kept",
    )
    what.add_argument(
        "--mask-stride",
        type=int,
        choices=STRIDES,
        help="of a segmenter: 1 gives the classes of every pixel, 8 of every eighth each way, to "
        "be enlarged by whoever shows them (default: 1)",
    )
    what.add_argument(
        "--streaming",
        action="store_true",
        help="of a network that hears: also a file that is called for every hop of a sound",
    )
    add_export_options(parse)
    return parse


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    jobs = jobs_of(args)
    labels_of(args)
    photos, labelled = photos_of(args)
    refuse_unwritable(args.out)

    os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one that can export
    from ghostnet_tf.base.progress import Stages
    from ghostnet_tf.base.quiet import start_keras

    stages = Stages()
    with stages.stage("start TensorFlow"):
        start_keras()
        from .exporting import Exporting
        from .ghostop.making import is_current
        from .network import BUNDLED, from_zoo
    exporting = Exporting(args, photos, labelled, stages)
    for job in jobs:
        with stages.stage(f"build {job.model or 'the network'}"):
            weights = job.weights or BUNDLED
            network = from_zoo(job.model, weights, job.size, args.labels, args.mask_stride)
        exporting.write(network, job.recipes, args.streaming)
    if args.suite:
        lacking = plain_files_with_operators(args.suite, args.out)
        exporting.make([plain for plain in lacking if not is_current(plain)])
    else:
        exporting.add_ghostop()
        exporting.add_postprocess()
    if not (jobs or exporting.made or args.json):
        out(f"every file of the suite is in {str(args.out)!r}, as its record describes it")
    exporting.end("keras")
    return 0


if __name__ == "__main__":
    run(main)
