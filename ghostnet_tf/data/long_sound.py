"""A recording of any length, a few seconds at a time: what is heard hop by hop needs no more.

Put together, the blocks are what `read_sound(...).at(rate)` gives for a short one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data import wav
from ghostnet_tf.data.sound import (
    NAMES,
    as_mono,
    is_coded,
    is_sound,
    low_pass,
    refuse_span,
    the_package,
)

LONGEST_S = 7_200.0  # two hours; a WAV of CD quality holds six
BLOCK_S = 10.0


def sound_blocks(path: str | Path, rate: int) -> Iterator[np.ndarray]:
    """The recording at `rate`, (n,) float32 mono each; UserError that names the file.

    What is wrong with the file as a whole is said before the first block, what is wrong with a
    sample when its block is read.
    """
    name, what = str(path), f"sound {str(path)!r}"
    with _opened(user_path(path), what) as file:
        start = file.read(12)
        if not start:
            raise UserError(f"{what} is empty: 0 bytes", fix=wav.AGAIN)
        if not is_sound(start):
            raise UserError(f"{what} cannot be read: its content is no {NAMES}", fix=wav.AGAIN)
        own, blocks = (_coded if is_coded(start) else _waves)(file, name, what)
        yield from _at(rate, own, _mono(blocks, what))


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Any]:
    try:
        if not path.is_file():  # a pipe would be waited for
            there = path.exists() or path.is_symlink()
            raise UserError(f"{what} is {'no file' if there else 'not there'}", "check the path")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise UserError(f"{what} cannot be read: {error.strerror}") from None


def _waves(file: Any, name: str, what: str) -> tuple[int, Iterator[np.ndarray]]:
    """(samples a second, blocks of (n, channels)) of a WAV."""
    layout, begin, size = wav.located(file, name)
    refuse_span(size // layout.frame_bytes, layout.rate, LONGEST_S, what)
    block = round(BLOCK_S * layout.rate) * layout.frame_bytes

    def blocks() -> Iterator[np.ndarray]:
        file.seek(begin)
        for at in range(0, size, block):
            wanted = min(block, size - at)
            data = file.read(wanted)
            if len(data) < wanted:  # somebody made it shorter meanwhile
                raise UserError(f"{what} is cut off", fix=wav.AGAIN)
            yield wav.decoded(data, layout)

    return layout.rate, blocks()


def _coded(file: Any, name: str, what: str) -> tuple[int, Iterator[np.ndarray]]:
    """The same of a FLAC or OGG."""
    file.seek(0)
    kind = "FLAC" if file.read(4) == b"fLaC" else "OGG"
    file.seek(0)
    package = the_package(kind, what)
    with reading(what, wav.AGAIN):
        opened = package.SoundFile(file)
    refuse_span(opened.frames, opened.samplerate, LONGEST_S, what)

    def blocks() -> Iterator[np.ndarray]:
        block, heard = round(BLOCK_S * opened.samplerate), 0
        while heard < opened.frames:
            with reading(what, wav.AGAIN):
                samples = opened.read(block, dtype="float32", always_2d=True)
            if not len(samples):
                raise UserError(
                    f"{what} is cut off: {heard:,} of {opened.frames:,} samples", fix=wav.AGAIN
                )
            heard += len(samples)
            yield samples

    return opened.samplerate, blocks()


def _mono(blocks: Iterator[np.ndarray], what: str) -> Iterator[np.ndarray]:
    before = 0
    for samples in blocks:
        yield as_mono(samples, what, before)
        before += len(samples)


def _at(rate: int, own: int, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Resampled as one: of each block's neighbours as much as the filter reaches is there too."""
    if rate == own:
        yield from blocks
        return
    from scipy import signal

    up, down = rate // gcd(rate, own), own // gcd(rate, own)
    window = low_pass(up, down)
    # Whole periods of `down` samples, so that every block begins where a sample of the result lies.
    reach = (len(window) // 2 // up // down + 2) * down
    held, told = np.zeros(0, np.float32), 0  # told: so many of `held` have been answered

    def answer(until: int) -> np.ndarray:
        found = signal.resample_poly(held, up, down, window=window)
        return found[told * up // down : until].astype(np.float32)

    for block in blocks:
        held = np.concatenate([held, block])
        sure = (len(held) - reach) // down * down  # what later samples do not change
        if sure > told:
            yield answer(sure * up // down)
            told = sure
            drop = max(0, told - reach) // down * down
            held, told = held[drop:], told - drop
    if len(held) > told:
        yield answer(-(-len(held) * up // down))
