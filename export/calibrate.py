"""Photos become activation ranges: the int8 scale of every tensor, chosen by measurement."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.data.samples import Images

from .equalize import equalize, plan
from .flatbuffer import Flatbuffer
from .parity import Outputs, as_list, equal_share, snr_db
from .quantize import quantize
from .ranges import Ranges, Span
from .runtime import Runtime
from .steps import refuse_deadly, strained

MIN_PHOTOS = 8
STRENGTH = 0.75  # of the equalization; measured best or next to best of 0.5, 0.75, 1
BINS = 2048
MAX_SAMPLES = 20_000  # values of one tensor of one image that enter its histogram
TAIL = 5e-5  # "percentile" drops this share of the values at either end
LEVELS = 255  # steps of an int8 tensor
SHARES = np.linspace(0.3, 1.0, 71)  # of the smallest and largest value, which "mse" tries as limits


@dataclass
class Histogram:
    """How often a tensor took which values."""

    low: float
    high: float
    counts: np.ndarray = field(default_factory=lambda: np.zeros(BINS))

    def add(self, values: np.ndarray) -> None:
        flat = values.ravel()
        flat = flat[:: -(-flat.size // MAX_SAMPLES)]
        if self.high > self.low:
            # In float64: between two neighbouring float32 numbers there is no room for bins.
            self.counts += np.histogram(flat.astype(np.float64), BINS, (self.low, self.high))[0]

    @property
    def centres(self) -> np.ndarray:
        edges = np.linspace(self.low, self.high, BINS + 1)
        return (edges[1:] + edges[:-1]) / 2


def minmax(seen: Histogram) -> Span:
    """Every value that was seen."""
    return seen.low, seen.high


def percentile(seen: Histogram) -> Span:
    """All but the rarest values at either end."""
    share = np.cumsum(seen.counts) / max(seen.counts.sum(), 1)
    inside = seen.centres[(share > TAIL) & (share < 1 - TAIL)]
    return (float(inside[0]), float(inside[-1])) if inside.size else minmax(seen)


def mse(seen: Histogram) -> Span:
    """The limits with the least expected squared error: rounding inside, clipping outside."""
    centres, weight = seen.centres, seen.counts / max(seen.counts.sum(), 1)
    lows, highs = np.unique(SHARES * min(seen.low, 0)), np.unique(SHARES * max(seen.high, 0))
    clipped_low = (np.clip(lows[:, None] - centres, 0, None) ** 2) @ weight  # (lows,)
    clipped_high = (np.clip(centres - highs[:, None], 0, None) ** 2) @ weight  # (highs,)
    step = (highs[None, :] - lows[:, None]) / LEVELS  # (lows, highs)
    error = step**2 / 12 + clipped_low[:, None] + clipped_high[None, :]
    low, high = np.unravel_index(error.argmin(), error.shape)
    return float(lows[low]), float(highs[high])


METHODS: dict[str, Callable[[Histogram], Span]] = {
    "minmax": minmax, "percentile": percentile, "mse": mse,
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What the tensors of one network held while it looked at the images."""

    histograms: dict[str, Histogram]
    peaks: dict[str, np.ndarray]  # tensor -> (C,) the largest magnitude in every channel

    def extremes(self) -> dict[str, Span]:
        return {name: minmax(histogram) for name, histogram in self.histograms.items()}

    def spans(self, method: str) -> dict[str, Span]:
        limits = pick(method, METHODS, "method")
        return {name: limits(histogram) for name, histogram in self.histograms.items()}


def observe(float32: bytes, images: Images, advance: Advance = silent) -> Seen:
    """Run the images twice: once for the extremes, once for the histograms between them."""
    graph, runtime = Flatbuffer(float32).graph, Runtime(float32, keep_all=True)
    tensors = {tensor: graph.names[tensor] for tensor in graph.activations()}
    histograms = {name: Histogram(math.inf, -math.inf) for name in tensors.values()}
    peaks = {name: np.zeros(graph.shape(t)[-1:] or 1) for t, name in tensors.items()}
    for image in images:
        runtime.invoke(image)
        for tensor, name in tensors.items():
            values, histogram = runtime.tensor(tensor), histograms[name]
            histogram.low = min(histogram.low, float(values.min()))
            histogram.high = max(histogram.high, float(values.max()))
            by_channel = np.abs(values).reshape(-1, len(peaks[name])).max(0)
            peaks[name] = np.maximum(peaks[name], by_channel)
        advance()
    for image in images:
        runtime.invoke(image)
        for tensor, name in tensors.items():
            histograms[name].add(runtime.tensor(tensor))
        advance()
    return Seen(histograms, peaks)


def steps_of(photos: int) -> int:
    """How many times `choose` runs a network: two networks twice, on the photos not held back."""
    return 4 * (photos - photos // 4)


def choose(
    float32: bytes, images: Images, advance: Advance = silent
) -> tuple[Ranges, dict[str, float]]:
    """The ranges whose int8 file agrees best with float32 on photos they were not measured on.

    Every fourth photo is held back to judge. Also returns what `agreement` says of every candidate:
    dB as the mean over the images, as one with large outputs would drown the others in a sum.
    """
    check_images(images)
    float32 = Flatbuffer(float32)  # whose graph is asked for often below
    used = [image for i, image in enumerate(images) if i % 4 != 3]
    held_back = [image for i, image in enumerate(images) if i % 4 == 3]
    plain_runtime = Runtime(float32)
    reference = as_list(plain_runtime.run(held_back))
    kinds = [np.dtype(output["dtype"]).kind for output in plain_runtime.outputs]
    n_photos, sha256 = len(images), digest(images)

    plain = observe(float32, used, advance)
    exponents = plan(float32, plain.peaks, STRENGTH)
    equalized = observe(equalize(float32, exponents), used, advance)
    candidates = {
        f"{method}{suffix}": Ranges(
            method, seen.spans(method), plain.extremes(), scales, n_photos, sha256
        )
        for seen, scales, suffix in ((plain, {}, ""), (equalized, exponents, ", equalized"))
        for method in METHODS
    }
    scores: dict[str, float] = {}
    for name, ranges in candidates.items():
        quantized = quantize(float32, "static_wi8_ai8", ranges)
        if not scores or strained(quantized.graph):
            refuse_deadly(quantized, "static_wi8_ai8", ranges)
        outputs = Runtime(quantized).run(held_back)
        scores[name] = agreement(kinds, reference, as_list(outputs))
    return candidates[max(scores, key=scores.__getitem__)], scores


def agreement(
    kinds: Sequence[str], reference: Sequence[np.ndarray], outputs: Sequence[np.ndarray]
) -> float:
    """The mean dB of what is measured; of a network that gives integers alone, the equal share."""
    floats = [i for i, kind in enumerate(kinds) if kind == "f"]
    if floats:
        return mean_snr_db([reference[i] for i in floats], [outputs[i] for i in floats])
    pairs = zip(reference, outputs, strict=True)
    return float(np.mean([equal_share(a, b) for a, b in pairs]))


def mean_snr_db(reference: Outputs, outputs: Outputs) -> float:
    """The mean over images and outputs, in dB."""
    pairs = zip(as_list(reference), as_list(outputs), strict=True)
    return float(np.mean([snr_db(r, o) for a, b in pairs for r, o in zip(a, b, strict=True)]))


def digest(images: Images) -> str:
    """The SHA-256 of the images as the network sees them."""
    sha256 = hashlib.sha256()
    for image in images:
        for values in (image,) if isinstance(image, np.ndarray) else image:
            sha256.update(np.ascontiguousarray(values, np.float32).tobytes())
    return sha256.hexdigest()


def is_one_colour(image: np.ndarray) -> bool:
    """Whether all pixels of an image, (H, W, C), are alike: it says nothing of any range."""
    return np.ptp(image, axis=(0, 1)).max() == 0


def check_images(images: Images, limits: Span | None = None) -> None:
    """Refuse images that cannot calibrate anything. `limits`: what normalised photos can reach."""
    different = set()
    for i, image in enumerate(images):
        if not isinstance(image, np.ndarray):  # a sample, which was looked at when it was read
            different.add(digest([image]))
            continue
        if not np.isfinite(image).all():
            raise UserError(f"calibration image {i} contains NaN or infinity", fix="leave it out")
        if is_one_colour(image):
            raise UserError(f"calibration image {i} is one constant colour", fix="leave it out")
        different.add(digest([image]))
    is_photos = all(isinstance(image, np.ndarray) for image in images)
    items = "photos" if is_photos else "samples"
    if len(different) < MIN_PHOTOS:
        raise UserError(
            f"{len(different)} different calibration {items}; {MIN_PHOTOS} are the least",
            fix="give 100 or more that look like what the network will see",
        )
    if limits is None:
        return
    low, high = min(float(np.min(i)) for i in images), max(float(np.max(i)) for i in images)
    slack = 0.01 * (limits[1] - limits[0])
    if low < limits[0] - slack or high > limits[1] + slack or (limits[0] < -slack and low >= 0):
        raise UserError(
            f"calibration images lie in {low:.3g} to {high:.3g}, normalised photos of this network "
            f"in {limits[0]:.3g} to {limits[1]:.3g}",
            fix="normalise them as the network's preprocessing does",
        )
