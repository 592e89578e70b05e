"""How a recording becomes a network's features. The one definition; the graph must match it."""

from dataclasses import asdict, dataclass, replace
from math import gcd
from typing import Any, Self

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.schema import Mismatch, typed
from ghostnet_tf.data.sound import Sound, windowed

FLOOR = 1e-6  # added to a band's energy before its logarithm: what silence is
OF_FILES = ("streaming", "smoothing")  # keys beside those of `Hearing` in a record
# The least and the most of every number: a record or a header may hold anything.
BOUNDS = {
    "rate": (8_000, 48_000), "length": (1_000, 480_000), "frame": (16, 8_192), "hop": (8, 8_192),
    "bands": (4, 256), "low": (0, 24_000), "high": (100, 24_000), "coefficients": (0, 256),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """Written into every record of a network that hears, and every checkpoint that is trained."""

    rate: int  # samples a second
    length: int  # samples that the network hears at once
    frame: int  # samples of one frame, under a Hann window
    hop: int  # samples from one frame to the next
    bands: int  # triangular filters, evenly spread on the mel scale
    low: int  # hertz, where the first of them begins
    high: int  # hertz, where the last one ends
    coefficients: int = 0  # of the DCT of the logarithms, lowest first; 0: the logarithms

    def __post_init__(self):
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise UserError(f"{name} must be a whole number from {least} to {most}")
        if not self.low < self.high <= self.rate // 2:
            raise UserError(f"{self.rate} samples a second carry no {self.low} to {self.high} Hz")
        if self.frame > self.length or self.length % self.piece:
            raise UserError(
                f"{self.length} samples are no whole number of pieces of {self.piece}",
                fix="let frame and hop have a large common divisor that divides the length",
            )
        if self.coefficients > self.bands:
            raise UserError(f"{self.bands} bands give no {self.coefficients} coefficients")
        if not self.filters().sum(axis=0).all():
            raise UserError(
                f"{self.bands} bands are too many for frames of {self.frame} samples: some of them "
                "lie between two frequencies",
                fix="take fewer bands, or longer frames",
            )

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """From JSON, whatever it holds; UserError where that is none.

        What a record says there of a file's calls and answers is none of its business.
        """
        own = {name: value for name, value in fields.items() if name not in OF_FILES}
        try:
            return typed(cls, own, "sound")
        except Mismatch as wrong:
            raise UserError(str(wrong)) from None

    def at(self, rate: int, seconds: float) -> Self:
        """The same at another rate and of another length: frames last as long, to a few samples."""
        piece = max(1, round(rate * self.piece / self.rate))
        return replace(
            self,
            rate=rate,
            length=piece * round(seconds * rate / piece),
            frame=piece * (self.frame // self.piece),
            hop=piece * (self.hop // self.piece),
        )

    @property
    def seconds(self) -> float:
        return self.length / self.rate

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def piece(self) -> int:
        """Samples of which frame and hop are whole numbers."""
        return gcd(self.frame, self.hop)

    @property
    def frames(self) -> int:
        return 1 + (self.length - self.frame) // self.hop

    @property
    def columns(self) -> int:
        """Features of a frame."""
        return self.coefficients or self.bands

    @property
    def points(self) -> int:
        """Of the Fourier transform: the power of two that holds a frame."""
        return 1 << (self.frame - 1).bit_length()

    def heard(self, sound: Sound) -> np.ndarray:
        """The recording as the network takes it, (length,) float32."""
        return windowed(sound.at(self.rate).samples, self.length)

    def window(self) -> np.ndarray:
        """Hann's, periodic, (frame,)."""
        from scipy import signal  # here and below: nobody who sees has to wait for it

        return np.asarray(signal.get_window("hann", self.frame))

    def filters(self) -> np.ndarray:
        """How much of every frequency each band takes, (points / 2 + 1, bands).

        Triangles on O'Shaughnessy's mel scale, 1127 ln(1 + f / 700), each up to 1: as TensorFlow's
        `linear_to_mel_weight_matrix` has them.
        """
        mel = lambda hertz: 1127.0 * np.log1p(np.asarray(hertz) / 700.0)  # noqa: E731
        edges = np.linspace(mel(self.low), mel(self.high), self.bands + 2)
        at = mel(np.arange(self.points // 2 + 1) * self.rate / self.points)[:, None]
        low, middle, high = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (at - low) / (middle - low), (high - at) / (high - middle)
        found = np.maximum(0.0, np.minimum(rising, falling))
        found[0] = 0.0  # the constant part of a sound says nothing
        return found

    def cosines(self) -> np.ndarray:
        """The DCT-II, orthonormal, as a matrix (bands, coefficients)."""
        from scipy import fft

        return np.asarray(fft.dct(np.eye(self.bands), norm="ortho"))[:, : self.coefficients]

    def features(self, samples: np.ndarray) -> np.ndarray:
        """(n, length) -> (n, frames, columns, 1), in float64 throughout: the reference."""
        frames = np.lib.stride_tricks.sliding_window_view(
            np.asarray(samples, np.float64), self.frame, axis=1
        )[:, :: self.hop]  # (n, frames, frame)
        spectrum = np.fft.rfft(frames * self.window(), self.points)
        energy = (spectrum.real**2 + spectrum.imag**2) @ self.filters()
        found = np.log(energy + FLOOR)  # (n, frames, bands)
        if self.coefficients:
            from scipy import fft

            found = np.asarray(fft.dct(found, norm="ortho"))[..., : self.coefficients]
        return found[..., None]


# MLPerf Tiny's keyword spotting: one second of Speech Commands, frames of 30 ms every 20 ms.
SPEECH_COMMANDS = Hearing(
    rate=16_000, length=16_000, frame=480, hop=320, bands=40, low=20, high=4_000, coefficients=10
)
