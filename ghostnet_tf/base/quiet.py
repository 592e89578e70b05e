"""TensorFlow and LiteRT talk on stdout and stderr from C++, below Python's `sys.stderr`."""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing reaches the terminal inside, not even from C++. Exceptions come through."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "wb") as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            # Python's own streams too: they need not be the terminal's.
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream, copy in enumerate(kept, start=1):
                os.dup2(copy, stream)
                os.close(copy)


def start_keras() -> None:
    """Import Keras and TensorFlow without what they greet with.

    TensorFlow 2.21 says several lines of its processor whatever TF_CPP_MIN_LOG_LEVEL is. Keras
    imports it on every backend, if only to seed its random numbers.
    """
    with quiet():
        import keras  # noqa: F401

        if find_spec("tensorflow"):
            import tensorflow  # noqa: F401
