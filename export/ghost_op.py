"""Ghost operators into finished `.tflite` files, proven equal on photos:

ghostnet ghost-op FILE.tflite... [--photos DIR|ZIP] [--kinds all|depthwise] [--out DIR] [--json]

Each becomes FILE_ghostop.tflite with a record, beside the plain file. Ours, or a GhostNet from
onnx2tf or litert-torch; float32 and full int8.
"""

import argparse
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors, terminal
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.base.record import ALL_KINDS, DEPTHWISE_KINDS
from ghostnet_tf.data.given import opened_at

from . import arguments, printed


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "ghost-op", "Ghost operators into finished .tflite files, proven equal on photos."
    )
    parse.add_argument("files", metavar="FILE.tflite", nargs="+")
    parse.add_argument(
        "--kinds",
        choices=(ALL_KINDS, DEPTHWISE_KINDS),
        default=ALL_KINDS,
        help="depthwise: Ghost modules and depthwise convolutions alone, into a file of its own, "
        "FILE_depthwise_ghostop.tflite (default: %(default)s)",
    )
    proof = parse.add_argument_group("proof")
    proof.add_argument(
        "--photos", metavar="DIR|ZIP|NPZ", help="to prove it on (default: generated images)"
    )
    out = parse.add_argument_group("output")
    out.add_argument(
        "--out",
        type=user_path,
        metavar="DIR",
        help="the plain files are copied there (default: beside the plain files)",
    )
    arguments.add_overwrite(out)
    arguments.add_json(out)
    return parse


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    photos = opened_at(args.photos) if args.photos else None
    if args.out:
        refuse_unwritable(args.out)

    from .ghostop.making import write_ghostop
    from .overwriting import refuse_copy_over_others

    made = []
    for file in args.files:
        if args.out and not args.overwrite:
            refuse_copy_over_others(user_path(file), args.out)
        made.append(write_ghostop(file, photos, args.out, args.kinds))
        if not args.json:
            terminal.out(*printed.ghostop_lines(made[-1]))
    if args.json:
        skipped = arguments.skips_of(photos)
        files = [printed.ghostop_json(one) for one in made]
        terminal.document({"files": files, **skipped.as_json()})
    return 0


if __name__ == "__main__":
    run(main)
