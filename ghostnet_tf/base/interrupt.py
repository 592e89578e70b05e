"""Ctrl-C during work that must not be broken off just anywhere.

Python raises KeyboardInterrupt in the main thread, wherever that is. Inside TensorFlow it becomes
another error, and in a finalizer it is lost. So a thread of its own does such work and says where
it can stop; the main thread only waits, and answers.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ghostnet_tf.base import progress

T = TypeVar("T")
PATIENCE_S = 1.5  # for work to come to a place where it can stop; what goes on is left behind
LOOKS_EVERY_S = 0.2  # Windows answers Ctrl-C between two waits alone


class Interrupted(KeyboardInterrupt):
    """Of work in a thread. A command ends the process with it: nobody waits for the thread."""


class _Work:
    """What one thread does for another that waits."""

    def __init__(self, kept: str):
        self.kept = kept
        self.stop = threading.Event()
        self.is_done = threading.Event()
        self.whole = threading.Lock()
        self.result: Any = None
        self.error: BaseException | None = None


_here = threading.local()


def answering(work: Callable[[], T], kept: str = "") -> T:
    """What `work` returns or raises, in a thread of its own; Ctrl-C is answered meanwhile.

    Interrupted then says `kept`, or what the work last gave to `keep`: what there is, and how to go
    on. Work that does not stop soon is left behind; only what is `whole` is waited for, unless
    Ctrl-C is pressed again.
    """
    this = _Work(kept)

    def do() -> None:
        _here.work = this
        try:
            this.result = work()
        except BaseException as error:
            this.error = error
        finally:
            this.is_done.set()

    try:
        threading.Thread(target=do, daemon=True, name="work").start()
        while not this.is_done.wait(LOOKS_EVERY_S):
            pass
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            this.stop.set()
            if not this.is_done.wait(PATIENCE_S):
                with this.whole:
                    pass
        progress.clear()
        raise Interrupted(this.kept) from None
    if this.error is not None:
        raise this.error
    return this.result


def may_stop() -> None:
    """Called by work where nothing is half done: it ends here after a Ctrl-C."""
    this = getattr(_here, "work", None)
    if this is not None and this.stop.is_set():
        raise KeyboardInterrupt


@contextmanager
def whole() -> Iterator[None]:
    """Inside, work is waited for, and not left behind: files that belong together."""
    this = getattr(_here, "work", None)
    with contextlib.nullcontext() if this is None else this.whole:
        may_stop()
        yield


def keep(kept: str) -> None:
    """What a Ctrl-C says from now on."""
    this = getattr(_here, "work", None)
    if this is not None:
        this.kept = kept
