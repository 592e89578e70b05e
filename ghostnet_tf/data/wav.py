"""A WAV file -> its samples: PCM of 8 to 32 bits, and floats. No compressed ones.

scipy's reader takes a file that was cut off for a short one, with a warning; here that is an error,
as is a header that says what the file does not hold. RIFF and WAVE: Multimedia Programming
Interface and Data Specifications 1.0 (IBM and Microsoft, 1991), WAVEFORMATEX, WAVEFORMATEXTENSIBLE.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ghostnet_tf.base.errors import UserError

PCM, FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
COMPRESSED = {  # tags of formats that WAV files hold besides
    0x0002: "ADPCM", 0x0006: "A-law", 0x0007: "mu-law", 0x0011: "IMA ADPCM", 0x0031: "GSM",
    0x0050: "MPEG", 0x0055: "MP3", 0x00FF: "AAC", 0x674F: "Vorbis", 0xF1AC: "FLAC",
}  # fmt: skip
# What a program writes for a size that it could not go back to fill in, being killed or in a pipe:
# nothing in both places, or the largest that it knows (ffmpeg, sox, arecord: each another one).
LARGEST = 0x7FFF0000
MAX_CHANNELS = 8
MOST_OF_FORMAT = 40  # bytes of its chunk that say something: WAVEFORMATEXTENSIBLE
AS_PCM = "ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav"
AGAIN = "record or copy it again"


@dataclass(frozen=True)
class Wave:
    """What a file holds."""

    samples: np.ndarray  # (n, channels) float32, full scale is -1 to 1
    rate: int  # samples a second


@dataclass(frozen=True)
class Layout:
    """How samples lie in the bytes."""

    tag: int  # PCM or FLOAT
    channels: int
    rate: int
    bits: int  # of a sample, in whole bytes

    @property
    def frame_bytes(self) -> int:
        """Of one sample of every channel."""
        return self.channels * self.bits // 8


def is_wav(data: bytes) -> bool:
    return data[:4] in (b"RIFF", b"RIFX", b"RF64") and data[8:12] == b"WAVE"


def read_wav(data: bytes, name: str) -> Wave:
    """Every sample of the file; UserError that names it for anything else."""
    layout, sound = parts_of(data, name)
    return Wave(decoded(sound, layout), layout.rate)


def parts_of(data: bytes, name: str) -> tuple[Layout, memoryview]:
    """How the samples lie, and their bytes, whole frames of them; nothing is decoded."""
    layout, begin, size = located(io.BytesIO(data), name)
    return layout, memoryview(data)[begin : begin + size]


def located(file: BinaryIO, name: str) -> tuple[Layout, int, int]:
    """(how the samples lie, where they begin, their bytes); of the file only that is read."""
    what = f"sound {name!r}"
    file.seek(0)
    start = file.read(12)
    if start[:4] in (b"RIFX", b"RF64"):
        kind = "big-endian" if start[:4] == b"RIFX" else "64-bit"
        raise UserError(f"{what} is a {kind} WAV, which is not read", fix=AS_PCM)
    if not is_wav(start):
        raise UserError(f"{what} cannot be read: its content is no WAV", fix=AGAIN)
    layout = None
    for tag, begin, there, said in _chunks(file, struct.unpack_from("<I", start, 4)[0]):
        if tag == b"fmt ":
            file.seek(begin)
            layout = _layout(file.read(min(there, MOST_OF_FORMAT)), what)
        elif tag == b"data" and layout is None:
            raise UserError(f"{what} has samples before it says how they lie", fix=AGAIN)
        elif tag == b"data" and layout is not None:
            if said > there:
                raise UserError(
                    f"{what} is cut off: {there:,} of {said:,} bytes of it are there",
                    fix=AGAIN,
                )
            if said % layout.frame_bytes:
                raise UserError(
                    f"{what} is damaged: {there:,} bytes are no whole number of samples of "
                    f"{layout.frame_bytes} bytes",
                    fix=AGAIN,
                )
            return layout, begin, there // layout.frame_bytes * layout.frame_bytes
    raise UserError(f"{what} is cut off: it holds {'no samples' if layout else 'no format'}", AGAIN)


def _chunks(file: BinaryIO, in_all: int) -> Iterator[tuple[bytes, int, int, int]]:
    """(its name, where it begins, the bytes that are there, those that it has) of every chunk.

    Samples of a size that nobody filled in go on to the end, and have 0.
    """
    end, at = file.seek(0, io.SEEK_END), 12
    is_unfinished = in_all in (0, 0xFFFFFFFF)
    while at + 8 <= end:
        file.seek(at)
        tag, said = struct.unpack("<4sI", file.read(8))
        size = said
        if tag == b"data" and (said >= LARGEST or (is_unfinished and not said)):
            size, said = end, 0
        yield tag, at + 8, min(size, end - at - 8), said
        at += 8 + size + size % 2


def _layout(body: bytes, what: str) -> Layout:
    if len(body) < 16:
        raise UserError(f"{what} is cut off: it does not say how its samples lie", fix=AGAIN)
    tag, channels, rate, _, frame_bytes, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)  # the first two bytes of its SubFormat
    if tag not in (PCM, FLOAT):
        kind = COMPRESSED.get(tag, f"an unknown format, {tag:#06x}")
        raise UserError(f"{what} is compressed inside of its WAV: {kind}", fix=AS_PCM)
    if not 1 <= channels <= MAX_CHANNELS:
        raise UserError(f"{what} says that it has {channels} channels", fix=AGAIN)
    known = (8, 16, 24, 32) if tag == PCM else (32, 64)
    if bits not in known or frame_bytes != channels * bits // 8:
        raise UserError(
            f"{what} has samples of {bits} bits, {frame_bytes} bytes for {channels} channels; "
            f"{', '.join(map(str, known))} bits are read",
            fix=AS_PCM,
        )
    return Layout(tag, channels, rate, bits)


def decoded(body: bytes | memoryview, layout: Layout) -> np.ndarray:
    """Whole frames -> (n, channels) float32; integers become -1 to 1."""
    if layout.tag == FLOAT:
        values = np.frombuffer(body, f"<f{layout.bits // 8}").astype(np.float32)
    elif layout.bits == 8:  # alone without a sign
        values = (np.frombuffer(body, np.uint8).astype(np.float32) - 128) / 128
    elif layout.bits == 24:
        three = np.frombuffer(body, np.uint8).reshape(-1, 3)
        four = np.zeros((len(three), 4), np.uint8)
        four[:, 1:] = three  # the upper bytes, so that the sign is in its place
        values = four.view("<i4")[:, 0].astype(np.float32) / 2**31
    else:
        values = np.frombuffer(body, f"<i{layout.bits // 8}").astype(np.float32)
        values /= 2.0 ** (layout.bits - 1)
    return values.reshape(-1, layout.channels)
