"""What a person types to call a command, from the shell that they are in."""

import os
import shlex
import shutil
import sysconfig
from pathlib import Path

from ghostnet_tf.base import rooms

NAME = "ghostnet"


def typed(verb: str, *arguments: str | Path) -> str:
    """The line that calls `ghostnet VERB` here, quoted for a shell: what `next:` proposes.

    In a clone it begins with the launcher at the root, as this folder sees it; where the command
    is installed, and found in this shell, with its bare name.
    """
    return shlex.join([_door(), verb, *map(str, arguments)])


def _door() -> str:
    launcher = rooms.PACKAGE.parent / NAME  # of a clone
    ours = (Path(sysconfig.get_path("scripts")) / NAME, launcher)
    found = shutil.which(NAME)
    if rooms.IS_INSTALLED or (found and Path(found).absolute() in ours):
        return NAME
    path = os.path.relpath(launcher)
    return path if os.path.dirname(path) else os.path.join(os.curdir, path)
