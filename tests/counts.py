"""How many examples a test takes: `make test` a few, `make test-all` everything."""

import os

ALL = bool(os.environ.get("GHOSTNET_TEST_ALL"))


def examples(some: int, everything: int) -> int:
    """`some` in the default suite, `everything` in `make test-all`."""
    return everything if ALL else some
