"""TensorFlow and LiteRT talk on stdout and stderr from C++, below Python's `sys.stderr`."""

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.interrupt import answering

BACKENDS = {  # of Keras, and how one is installed
    "tensorflow": "pip install tensorflow",
    "jax": "pip install jax",
    "torch": "pip install torch",
}


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


def _imported() -> ModuleType:
    """Keras, with all that it needs; it takes seconds, and some of it swallows a Ctrl-C."""
    import keras

    if find_spec("tensorflow"):
        import tensorflow  # noqa: F401
    return keras


def start_keras(kept: str = "") -> None:
    """Import Keras and TensorFlow for a command, without what they greet with.

    A person's keras.json (channels first, float16, another backend) is for their own programs: a
    command of ours sets what it needs, and KERAS_BACKEND alone says that another backend is meant.
    UserError where that is none, or is not installed.

    `kept`: what is said on Ctrl-C.

    TensorFlow 2.21 says several lines of its processor whatever TF_CPP_MIN_LOG_LEVEL is. Keras
    imports it on every backend, if only to seed its random numbers.
    """
    backend = os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or "tensorflow"
    install = pick(backend, BACKENDS, "backend of Keras")
    if not find_spec(backend):
        raise UserError(
            f"KERAS_BACKEND is {backend!r}, which is not installed",
            fix=f"{install}, or KERAS_BACKEND=tensorflow",
        )
    with quiet():
        keras = answering(_imported, kept)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
