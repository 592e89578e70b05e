"""Where a long loop is: a moving bar in a terminal, a line a minute in a log file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 60.0


class Step(Protocol):
    def __call__(self, said: str = "") -> object: ...


@contextmanager
def progress(
    what: str, total: int, console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Step]:
    """Yields what to call after each of `total` steps, with anything there is to say of it."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[said]}"),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=total, said="")
            yield lambda said="": bar.update(task, advance=1, said=said)
        return

    done, last_line = 0, clock()

    def step(said: str = "") -> None:
        nonlocal done, last_line
        done += 1
        if clock() - last_line >= LINE_EVERY_S:
            last_line = clock()
            print(f"{what}  {done}/{total}  {said}".rstrip(), file=console.file, flush=True)

    yield step
