"""Processes that die at a moment that can be had again: before their n-th step on the disk."""

import os
import random
import signal
import threading
from collections.abc import Callable

ON_DISK = ("open", "write", "fsync", "replace", "link", "unlink")


class Steps:
    """Counts steps, in whichever thread, and kills its process before number `moment`; 0: never."""

    def __init__(self, moment: int):
        self.moment, self.n, self.lock = moment, 0, threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            self.n += 1
            if self.n == self.moment:
                os.kill(os.getpid(), signal.SIGKILL)

    def counted(self, function: Callable) -> Callable:
        def stepped(*args, **options):
            self()
            return function(*args, **options)

        return stepped

    def count_the_disk(self) -> None:
        """From now on, in this process, for good."""
        for name in ON_DISK:
            setattr(os, name, self.counted(getattr(os, name)))


def killed_at(moment: int, work: Callable[[], object]) -> bool:
    """Do `work` in a forked process that dies before step `moment`; whether it came to that.

    For work without threads: a fork has none of them.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Steps(moment).count_the_disk()
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def seeded_moments(count: int, steps: int, seed: int = 0) -> list[int]:
    """So many moments out of `steps`, the same each time."""
    dice = random.Random(seed)  # noqa: S311
    return [dice.randint(1, steps) for _ in range(count)]
