"""The stages of a long command, shown on stderr while they run."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

Advance = Callable[[int], object]  # is told how many steps were just done


@dataclass
class Stages:
    """Shows one stage at a time and remembers the seconds that each took."""

    is_quiet: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, what: str, steps: int | None = None) -> Iterator[Advance]:
        """Show `what` until the block ends; with `steps`, a bar that the yielded call advances."""
        console = Console(file=sys.stderr)
        columns = [SpinnerColumn(), TextColumn("{task.description}")]
        if steps is not None:
            columns += [BarColumn(), MofNCompleteColumn()]
        start = time.perf_counter()
        hidden = self.is_quiet or not console.is_terminal
        with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
            task = bar.add_task(what, total=steps)
            yield lambda done=1: bar.advance(task, done)
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start
