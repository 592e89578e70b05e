"""What a person types to call a command from the shell that they are in, and what `--help` says."""

import argparse
import os
import shlex
import shutil
import sysconfig
from pathlib import Path
from typing import NoReturn

from ghostnet_tf.base import errors, rooms
from ghostnet_tf.base.terminal import shown

NAME = "ghostnet"
SAMPLE, SAMPLE_ID = "school_bus", "n04146614"  # and how ImageNet calls that class


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults are shown where there are any; what follows the options keeps its lines."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, []):
            return action.help
        if isinstance(action.default, (list, tuple)):
            return f"{action.help} (default: {' '.join(action.default)})"
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Repeats what was typed, which may be the name of somebody's file, only as `shown`."""

    def error(self, message: str) -> NoReturn:
        super().error(shown(message))


class _Debug(argparse.Action):
    """`--debug`, which every command has: `errors.tell` then shows what an error was made of."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        errors.debug = True


def parser(verb: str, description: str, epilog: str = "") -> Parser:
    """The parser of `ghostnet VERB`, however it was started."""
    parse = Parser(
        prog=f"ghostnet {verb}", description=description, epilog=epilog, formatter_class=_Help
    )
    parse.add_argument(
        "--debug", nargs=0, action=_Debug, help="show where an error came from, for a report"
    )
    return parse


def typed(verb: str, *arguments: str | Path) -> str:
    """The line that calls `ghostnet VERB` here, quoted for a shell.

    In a clone it begins with the launcher at the root, as this folder sees it; where the command
    is installed, and found in this shell, with its bare name.
    """
    return shlex.join([_door(), verb, *map(str, arguments)])


def next_line(verb: str, *arguments: str | Path) -> str:
    """What to type next: a command that works where it is pasted, on files that are there."""
    return f"next: {typed(verb, *arguments)}"


def _door() -> str:
    launcher = rooms.PACKAGE.parent / NAME  # of a clone
    ours = (Path(sysconfig.get_path("scripts")) / NAME, launcher)
    found = shutil.which(NAME)
    if rooms.IS_INSTALLED or (found and Path(found).absolute() in ours):
        return NAME
    path = os.path.relpath(launcher)
    return path if os.path.dirname(path) else os.path.join(os.curdir, path)


def sample() -> str:
    """A photo to try a file on: a school bus, drawn by us, as this folder sees it.

    Both tables of classes that files are published with, ImageNet's and Tiny ImageNet's, know it.
    """
    path = rooms.folder("web_demo") / "samples" / f"{SAMPLE}.png"
    return min(os.path.relpath(path), str(path), key=len)
