"""Ctrl-C where nothing is half done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_waits() -> Iterator[Callable[[], None]]:
    """Inside, the first Ctrl-C raises only where the yielded function is called; a second at once.

    For what must not stop half-way, such as the files of an epoch. Python gives signals to the main
    thread alone: in another one there is nothing to wait for.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
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
