"""Check files that came from a colleague: ghostnet verify FILE.tflite... [--json]

A hash shows that file and record belong together and arrived whole, not who made them.
Exit 0: every check passed. 1: one failed. 2: one could not be made, for want of the record, or a
file could not be read; the others are checked all the same.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import CHECK_FAILED, DONE, UserError, run
from ghostnet_tf.base.terminal import document, note, out

from . import arguments, printed

if TYPE_CHECKING:
    from .verification import Check


def parser() -> argparse.ArgumentParser:
    parse = doors.parser("verify", "Check .tflite files against their records.")
    parse.add_argument("files", metavar="FILE.tflite", nargs="+")
    arguments.add_json(parse.add_argument_group("output"))
    return parse


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)

    from .verification import FAILED, NOT_MADE, verify

    checked: dict[str, list[Check]] = {}
    unreadable: list[str] = []
    for file in args.files:
        try:
            checks = verify(file)
        except UserError as error:
            if len(args.files) == 1:
                raise
            unreadable.append(str(error))
            note(f"skipped: {error}")
            continue
        made = checked[file] = []
        if not args.json and len(args.files) > 1:
            out(file)
        for check in checks:
            made.append(check)
            if not args.json:
                out(*printed.check_lines(check))
        if not args.json:
            out(*printed.unmade_lines(made))
    if args.json:
        document(printed.check_document(checked, unreadable))
    checks = [check for of_file in checked.values() for check in of_file]
    unmade = [check for check in checks if check.result == NOT_MADE]
    if any(check.result == FAILED for check in checks):
        return CHECK_FAILED
    if unmade:
        raise UserError(
            f"{len(unmade)} of {len(checks)} checks could not be made: {unmade[0].why[0]}",
            fix=unmade[0].fix,
        )
    if unreadable:
        raise UserError(
            f"{len(unreadable)} of {len(args.files)} files cannot be read", fix="see above"
        )
    return DONE


if __name__ == "__main__":
    run(main)
