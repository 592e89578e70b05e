"""Where a long command is: a moving bar on a terminal, a line a minute in a log; on stderr."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TextIO, TypeVar

from ghostnet_tf.base.terminal import note, shown

LINE_EVERY_S = 60.0  # in a log
T = TypeVar("T")
_shown: list[Callable[[], None]] = []  # what takes each bar away that is on the terminal


class Advance(Protocol):
    """Is told that `n` more steps are done, and what there is to say of them."""

    def __call__(self, n: int = 1, said: str = "") -> object: ...


def silent(n: int = 1, said: str = "") -> None:
    """No progress shown."""


def told(items: Iterable[T], advance: Advance) -> Iterator[T]:
    """The items one by one; each has been dealt with when the next one is asked for."""
    for item in items:
        yield item
        advance()


@dataclass
class Stages:
    """Shows one stage at a time and remembers the seconds that each took.

    stages = Stages()
    with stages.stage("read photos", len(photos)) as advance:
        for photo in photos:
            advance(said=photo)
    stages.seconds["read photos"]       # 1.5
    """

    is_quiet: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    file: TextIO | None = None  # None: stderr, as it is when a stage begins
    clock: Callable[[], float] = time.perf_counter

    @contextmanager
    def stage(self, what: str, steps: int | None = None) -> Iterator[Advance]:
        """Show `what` until the block ends; yields what to call after each of `steps` steps."""
        file, start = self.file or sys.stderr, self.clock()
        try:
            if self.is_quiet:
                yield silent
            elif file.isatty():
                with _bar(what, steps, file) as advance:
                    yield advance
            else:
                yield _Lines(what, steps, file, self.clock)
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + self.clock() - start


@contextmanager
def _bar(what: str, steps: int | None, file: TextIO) -> Iterator[Advance]:
    """A bar with the time that is left, gone when the block ends; without `steps` a spinner."""
    # Here, for a command that shows none need not wait for it.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
    if steps is not None:
        columns += [BarColumn(bar_width=24), MofNCompleteColumn()]
        columns += [TimeElapsedColumn(), TimeRemainingColumn()]
    columns.append(TextColumn("{task.fields[said]}", markup=False))
    with Progress(*columns, console=Console(file=file), transient=True) as bar:
        _shown.append(bar.stop)
        task = bar.add_task(shown(what), total=steps, said="")
        try:
            yield lambda n=1, said="": bar.update(task, advance=n, said=shown(said))
        finally:
            _shown.remove(bar.stop)


def clear() -> None:
    """Take every bar off the terminal, whichever thread moves it; the cursor is back then."""
    for take_away in [*_shown]:
        take_away()


class Begin(Protocol):
    """Begins a bar of its own, with a name and a number of steps."""

    def __call__(self, what: str, steps: int) -> Advance: ...


@contextmanager
def bars() -> Iterator[Begin]:
    """Any number of bars below each other on a terminal, whichever threads move them."""
    if not sys.stderr.isatty():
        yield lambda what, steps: silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:

        def begin(what: str, steps: int) -> Advance:
            task = bar.add_task(shown(what), total=steps)
            return lambda n=1, said="": bar.update(
                task, description=shown(f"{what}: {said}"), advance=n
            )

        yield begin


class _Lines:
    """At most a line a minute; a stage that takes less says nothing."""

    def __init__(self, what: str, steps: int | None, file: TextIO, clock: Callable[[], float]):
        self.what, self.steps, self.file, self.clock = what, steps, file, clock
        self.done, self.last_line = 0, clock()

    def __call__(self, n: int = 1, said: str = "") -> None:
        self.done += n
        if self.clock() - self.last_line >= LINE_EVERY_S:
            self.last_line = self.clock()
            of = "" if self.steps is None else f"/{self.steps}"
            line = f"{self.what}  {self.done}{of}  {said}".rstrip()
            note(line, file=self.file)
