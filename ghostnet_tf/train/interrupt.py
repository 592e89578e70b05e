"""Ctrl-C between two batches, where nothing is half done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_waits() -> Iterator[Callable[[], None]]:
    """Inside, the first Ctrl-C raises only where the yielded function is called; a second at once.

    Keras' queue of batches is made anew every epoch. Interrupted in the middle of that, it prints a
    traceback when it is collected. Only the main thread may use this: Python gives it the signals.
    """
    waiting = False

    def remember(*_: object) -> None:
        nonlocal waiting
        waiting = True
        signal.signal(signal.SIGINT, before)

    def raise_if_waiting() -> None:
        nonlocal waiting
        if waiting:
            waiting = False
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield raise_if_waiting
        raise_if_waiting()
    finally:
        signal.signal(signal.SIGINT, before)
