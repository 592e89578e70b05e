"""WAV files as programs write them, made byte by byte."""

import struct

import numpy as np

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID = bytes.fromhex("000000001000800000aa00389b71")  # what follows the tag in a SubFormat


def encoded(samples: np.ndarray, bits: int, is_float: bool = False) -> bytes:
    """(n, channels) of -1 to 1 -> little-endian samples, interleaved."""
    flat = np.ascontiguousarray(samples, np.float64).ravel()
    if is_float:
        return flat.astype(f"<f{bits // 8}").tobytes()
    whole = np.clip(np.rint(flat * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    if bits == 24:
        four = whole.astype("<i4").tobytes()
        return b"".join(four[i : i + 3] for i in range(0, len(four), 4))
    return whole.astype(f"<i{bits // 8}").tobytes()


def chunk(tag: bytes, body: bytes, said: int | None = None) -> bytes:
    size = struct.pack("<I", len(body) if said is None else said)
    return tag + size + body + b"\0" * (len(body) % 2)


def wav(
    samples: np.ndarray,
    rate: int = 16_000,
    bits: int = 16,
    *,
    is_float: bool = False,
    tag: int | None = None,
    extensible: bool = False,
    said: int | None = None,
    said_in_all: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A file of these samples, (n,) or (n, channels).

    `said`: the bytes that it says they take; `said_in_all`: those of the whole file.
    """
    samples = samples[:, None] if samples.ndim == 1 else samples
    channels = samples.shape[1]
    usual = FLOAT if is_float else PCM
    frame = channels * bits // 8
    fmt = struct.pack(
        "<HHIIHH",
        EXTENSIBLE if extensible else usual if tag is None else tag,
        channels, rate, rate * frame & 0xFFFFFFFF, frame, bits,
    )  # fmt: skip
    if extensible:
        fmt += struct.pack("<HHIH", 22, bits, 0, usual) + GUID
    body = chunk(b"data", encoded(samples, bits, is_float), said)
    rest = b"WAVE" + chunk(b"fmt ", fmt) + before + body + after
    size = len(rest) if said_in_all is None else said_in_all
    return b"RIFF" + struct.pack("<I", size) + rest


def tone(seconds: float = 0.5, rate: int = 16_000, hertz: float = 440.0) -> np.ndarray:
    """(n,) float64, at half of full scale."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
