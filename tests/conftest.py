"""The default suite plays no dice and reads no clock: it gives the same answer everywhere.

`make explore` throws real dice at the same properties, for as long as one likes.
"""

import os
import signal

import pytest
from hypothesis import settings

# The same examples on every machine; what dice once found is pinned with @example.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=5_000, print_blob=True)
settings.load_profile(os.environ.get("GHOSTNET_DICE", "repeatable"))


def pytest_collection_modifyitems(items):
    """The longest files begin first, or all but one worker would wait for them at the end."""
    items.sort(key=lambda item: "kernels" not in item.path.parts)


@pytest.fixture(autouse=True)
def ctrl_c_as_before():
    """A command that was run within the tests leaves Ctrl-C as its process would end with it."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if signal.getsignal(signal.SIGINT) != before:
        signal.signal(signal.SIGINT, before)
