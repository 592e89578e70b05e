"""What our commands print as `next:`, typed as it stands there.

The door itself, which no test of a command goes through, is tried in `tests/test_launcher.py`.
"""

import re
import shlex
from pathlib import Path

from ghostnet_tf.__main__ import main


def next_lines(printed: str, mark: str = "next") -> list[list[str]]:
    """The words of each line, as a shell reads them; `mark` "then" is for after that one."""
    return [shlex.split(line) for line in re.findall(f"(?m)^{mark}: (.*)$", printed)]


def typed_next(printed: str, mark: str = "next") -> list[str]:
    """Run the one command that was printed; its words without the door."""
    ((door, *words),) = next_lines(printed, mark)
    assert Path(door).name == "ghostnet"
    assert main(words) == 0, words
    return words
