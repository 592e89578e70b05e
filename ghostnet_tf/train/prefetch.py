"""Work done ahead on all cores, in order, and given up at once where nobody wants it any more."""

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ghostnet_tf.base.interrupt import may_stop

T = TypeVar("T")
AHEAD = 2  # results for each core that wait to be taken


def prefetched(make: Callable[[int], T], count: int) -> Generator[T, None, None]:
    """make(0), make(1), ... make(count - 1), made by threads; between two of them it may stop.

    Not all at once: what waits is held in memory, and a Ctrl-C would wait for all of it.
    """
    cores = os.cpu_count() or 1
    pool, waiting = ThreadPoolExecutor(cores), deque()
    try:
        for number in range(count):
            may_stop()
            waiting.append(pool.submit(make, number))
            if len(waiting) > AHEAD * cores:
                yield waiting.popleft().result()
        while waiting:
            may_stop()
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
