"""Where a quantized file loses the float32 file that it was made from: tensor by tensor."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.samples import Sample

from .equalize import STEPS, Channels, is_plain
from .flatbuffer import Flatbuffer
from .graph import Graph
from .op import WEIGHTED, Op
from .parity import bounded_db, ratio_db, snr_db
from .runtime import Runtime, dequantized

# Measured on 4 networks that are sound in int8, at 96 px (GhostNet, bundled and seeded, MobileNetV2
# and V3): no layer of them loses more than 6.7 dB of what it is given.
FALL_DB = 10.0
CEILING_DB = 40.0  # what int8 keeps of an even map; a layer that reads more need not keep it
MIN_KERNEL_DB = 10.0  # 8 bits keep about 40 of a kernel; unrelated ones agree to less than 3
SAMPLES = 2_000  # values of one tensor of one photo of which the percentiles are
PERCENTILES = (0.1, 99.9)
# What is called a reason. In the same networks the median channel reaches at least 12 % as far as
# the widest, 0.05 % of a tensor's values are clipped at most, and kernels agree to 36 dB.
MIN_OTHERS, MAX_CLIPPED, LOW_KERNEL_DB = 0.05, 0.002, 30.0
OTHER_WEIGHTS_FIX = "compare a file with the float32 file of the same export"


Held = tuple[float, float, float]  # lowest, highest, the step between neighbours


@dataclass(frozen=True, kw_only=True)
class Range:
    """What an integer tensor can hold, and what the photos had for it.

    Values are the network's own, times what the equalization of its channels made of them.
    """

    scale: float
    zero_point: int
    lowest: float
    highest: float
    min: float
    max: float
    percentiles: tuple[float, float]  # of PERCENTILES
    clipped: float  # the share of values outside of lowest to highest, by more than half a step
    widest_channel: int  # which reaches farthest from 0
    others: float  # how far the median channel reaches, as a share of that


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One tensor that both files have, and the operator of the float32 file that writes it."""

    name: str
    op: str  # "" for an input
    snr_db: float  # of all photos together
    channel_db: float  # the same of the median channel: a huge one drowns all others in the whole
    drop_db: float  # how far the lesser of both is below what the operator was given
    kernel_db: float | None  # of its kernel; None where it has none, or a rewritten one
    dtype: str
    range: Range | None  # None: the file holds it as floats
    is_kept: bool  # in float32, as whoever exported the file wanted it

    @property
    def reasons(self) -> list[str]:
        """What is unusual about it, of what a person can do something about."""
        found, range_ = [], self.range
        if range_ and range_.others < MIN_OTHERS:
            found.append(
                f"channel {range_.widest_channel} takes the range: the median channel reaches "
                f"{range_.others:.2%} as far, and all share one scale"
            )
        if range_ and range_.clipped > MAX_CLIPPED:
            found.append(
                f"{range_.clipped:.2%} of what the photos did lies outside of the range: "
                "calibrate on photos like these"
            )
        if self.kernel_db is not None and self.kernel_db < LOW_KERNEL_DB:
            found.append(f"its kernel itself agrees to {self.kernel_db:.1f} dB only")
        return found


@dataclass(frozen=True)
class Comparison:
    """Both files on the same photos."""

    layers: tuple[Layer, ...]  # in the order of execution
    n_photos: int
    unshared: int  # tensors of the float32 file that the other, or Keras, does not have

    @property
    def falling(self) -> tuple[Layer, ...]:
        """The layers that lose more than FALL_DB of what they were given."""
        return tuple(layer for layer in self.layers if layer.drop_db > FALL_DB)

    @property
    def fallen(self) -> Layer | None:
        """The first of them."""
        return next(iter(self.falling), None)

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers if layer.is_kept)

    @property
    def steepest(self) -> Layer:
        return max(self.layers, key=lambda layer: layer.drop_db)

    def as_json(self) -> dict[str, Any]:
        return {
            "photos": self.n_photos,
            "fall_db": FALL_DB,
            "fallen": self.fallen.name if self.fallen else None,
            "falling": [layer.name for layer in self.falling],
            "kept_float": self.kept,
            "steepest": self.steepest.name,
            "unshared": self.unshared,
            "layers": [asdict(layer) for layer in self.layers],
        }


@dataclass
class Sums:
    """What is gathered of one tensor, photo by photo."""

    signal: np.ndarray  # (C,)
    error: np.ndarray
    peaks: np.ndarray
    low: float = np.inf
    high: float = -np.inf
    outside: int = 0
    n: int = 0
    samples: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def of(cls, channels: int) -> "Sums":
        return cls(np.zeros(channels), np.zeros(channels), np.zeros(channels))

    @property
    def db(self) -> float:
        return bounded_db(ratio_db(float(self.signal.sum()), float(self.error.sum())))

    @property
    def channel_db(self) -> float:
        """Of the median channel, of those that ever fire: a huge one drowns all others in `db`."""
        pairs = zip(self.signal.tolist(), self.error.tolist(), strict=True)
        found = [bounded_db(ratio_db(signal, error)) for signal, error in pairs if signal]
        return float(np.median(found)) if found else self.db


def compare(
    float32: bytes,
    other: bytes,
    images: Iterable[np.ndarray | Sample],
    kept: Collection[str] = (),
    original: Callable[[Any], Mapping[int, np.ndarray]] | None = None,
) -> Comparison:
    """Run both on the same images, (H, W, C) float32 each, or samples: every tensor they share.

    `kept`: the layers that the other keeps in float32. `original`: what the float32 file was made
    from, image -> tensor of the float32 file -> values; these are then compared with, where it has
    them. UserError where the two are no pair, or where float32 itself is not finite.
    """
    plain, ours = Flatbuffer(float32).graph, Flatbuffer(other).graph
    numbers = {ours.names[tensor]: tensor for tensor in ours.written()}
    pairs = {
        tensor: numbers[name]
        for tensor in plain.activations()
        if (name := plain.names[tensor]) in numbers and 0 not in plain.shape(tensor)
    }
    _refuse_strangers(plain, ours, pairs)
    factors, kernels = scales(plain, ours)
    one, two = Runtime(float32, keep_all=True), Runtime(other, keep_all=True)
    details = {of: _detail(ours, of) for of in pairs.values()}
    spans = {tensor: representable(ours, of) for tensor, of in pairs.items()}
    sums = {tensor: Sums.of((plain.shape(tensor) or (1,))[-1]) for tensor in pairs}
    n_photos = 0
    for image in images:
        one.invoke(image)
        two.invoke(image)
        n_photos += 1
        true = original(image) if original else {tensor: one.tensor(tensor) for tensor in pairs}
        pairs = {tensor: of for tensor, of in pairs.items() if tensor in true}
        for tensor, of in pairs.items():
            values, got = true[tensor], dequantized(two.tensor(of), details[of])
            if not values.shape == got.shape == plain.shape(tensor):
                raise UserError(
                    f"{plain.names[tensor]!r} is of another shape than the file says",
                    fix="export the network with static shapes",
                )
            if not np.isfinite(values).all():
                raise UserError(
                    f"float32 itself has NaN or infinity in {plain.names[tensor]!r}",
                    fix="the weights or the photos are wrong, not the precision",
                )
            _add(sums[tensor], values, got, factors[tensor], spans[tensor])
    levels = {tensor: min(sums[tensor].db, sums[tensor].channel_db) for tensor in pairs}
    layers = []
    for tensor, of in pairs.items():
        op = plain.writer(tensor)
        given = [CEILING_DB, *(levels[i] for i in (op.inputs if op else ()) if i in levels)]
        is_silent = not sums[tensor].signal.any()  # there is nothing to lose
        layers.append(
            Layer(
                name=plain.names[tensor],
                op=op.name if op else "",
                snr_db=sums[tensor].db,
                channel_db=sums[tensor].channel_db,
                drop_db=0.0 if is_silent else max(min(given) - levels[tensor], 0.0),
                kernel_db=kernels.get(tensor),
                dtype=ours.dtype(of),
                range=_range(ours, of, spans[tensor], sums[tensor]),
                is_kept=plain.names[tensor] in kept,
            )
        )
    return Comparison(tuple(layers), n_photos, len(plain.activations()) - len(pairs))


def _refuse_strangers(plain: Graph, ours: Graph, pairs: dict[int, int]) -> None:
    if any(plain.quantization(tensor) for tensor in plain.written()):
        raise UserError("what it is compared with is not in float32", fix=OTHER_WEIGHTS_FIX)
    if not {*pairs} - {*plain.inputs}:
        raise UserError("the two files share no tensor by name", fix=OTHER_WEIGHTS_FIX)
    for tensor, of in pairs.items():
        if plain.shape(tensor) != ours.shape(of):
            raise UserError(
                f"{plain.names[tensor]!r} is {plain.shape(tensor)} in one file and "
                f"{ours.shape(of)} in the other",
                fix=OTHER_WEIGHTS_FIX,
            )


def _detail(graph: Graph, tensor: int) -> dict[str, Any]:
    """What `dequantized` asks of a tensor."""
    scales, points = graph.quantization(tensor) or ((0.0,), (0,))
    return {"name": graph.names[tensor], "quantization": (float(scales[0]), int(points[0]))}


def _add(
    to: Sums, values: np.ndarray, got: np.ndarray, factor: np.ndarray, span: Held | None
) -> None:
    scaled = values.astype(np.float64) * factor
    channels = (-1, len(to.signal))
    to.signal += np.square(values, dtype=np.float64).reshape(channels).sum(0)
    to.error += np.square(got / factor - values).reshape(channels).sum(0)
    to.low, to.high = min(to.low, float(scaled.min())), max(to.high, float(scaled.max()))
    to.n += scaled.size
    if span is None:
        return
    lowest, highest, step = span
    to.outside += int(((scaled < lowest - step / 2) | (scaled > highest + step / 2)).sum())
    to.peaks = np.maximum(to.peaks, np.abs(scaled).reshape(channels).max(0))
    flat = scaled.ravel()
    to.samples.append(flat[:: -(-flat.size // SAMPLES)])


def representable(graph: Graph, tensor: int) -> Held | None:
    """What an integer tensor can hold; None for a float."""
    found, kind = graph.quantization(tensor), graph.dtype(tensor).lower()
    if found is None or kind not in ("int8", "uint8", "int16"):
        return None
    scale, point, limits = float(found[0][0]), int(found[1][0]), np.iinfo(kind)
    return (int(limits.min) - point) * scale, (int(limits.max) - point) * scale, scale


def _range(graph: Graph, tensor: int, span: Held | None, sums: Sums) -> Range | None:
    found = graph.quantization(tensor)
    if span is None or found is None:
        return None
    low, high = np.percentile(np.concatenate(sums.samples), PERCENTILES)
    widest = float(sums.peaks.max())
    return Range(
        scale=span[2],
        zero_point=int(found[1][0]),
        lowest=span[0],
        highest=span[1],
        min=sums.low,
        max=sums.high,
        percentiles=(float(low), float(high)),
        clipped=sums.outside / sums.n,
        widest_channel=int(sums.peaks.argmax()),
        others=float(np.median(sums.peaks)) / widest if widest else 1.0,
    )


# ---------------------------------------------------------------------------- equalization


def scales(plain: Graph, ours: Graph) -> tuple[dict[int, np.ndarray], dict[int, float]]:
    """By what the channels of each tensor were multiplied; and what of each kernel agrees, in dB.

    The file does not say how it was equalized (`equalize.py`), but its kernels do: each is the
    float32 one, times the scale of what it writes, by that of what it reads.
    UserError where most kernels do not agree: then the two are not of the same weights.
    """
    channels = Channels(plain)
    by_class = np.ones(len(channels.parent))
    is_known = np.zeros(len(channels.parent), bool)
    is_known[channels.FIXED] = True
    named = {ours.names[op.outputs[0]]: op for op in ours.ops}
    agreed: dict[int, float] = {}
    for op in plain.ops:
        out = op.outputs[0]
        other = named.get(plain.names[out])
        if op.name not in WEIGHTED or not is_plain(plain, op) or other is None:
            continue
        theirs = kernel_of(ours, other) if other.name == op.name else None
        if theirs is None:
            continue
        expected = by_channel(
            op, _read_unscaled(plain, op, by_class[channels.classes(op.inputs[0])])
        )
        theirs = by_channel(op, theirs)
        if expected.shape != theirs.shape:
            raise UserError(
                f"the kernel of {plain.names[out]!r} is another one in each file",
                fix=OTHER_WEIGHTS_FIX,
            )
        power = np.square(expected).sum(1)
        factor = (expected * theirs).sum(1) / np.where(power > 0, power, 1)
        factor = np.where(factor > 0, factor, 1.0)
        factor = 2 ** (np.rint(np.log2(factor) * STEPS) / STEPS)
        classes = channels.classes(out)
        new = ~is_known[classes]
        by_class[classes[new]] = factor[new]
        is_known[classes] = True
        agreed[out] = bounded_db(snr_db(expected * by_class[classes][:, None], theirs))
    if agreed and np.median([*agreed.values()]) < MIN_KERNEL_DB:
        raise UserError("the two files have different weights", fix=OTHER_WEIGHTS_FIX)
    factors = {
        tensor: by_class[channels.classes(tensor)] if plain.shape(tensor) else np.ones(())
        for tensor in channels.first
    }
    return factors, agreed


def _read_unscaled(graph: Graph, op: Op, read: np.ndarray) -> np.ndarray:
    kernel = graph.constant(op.inputs[1])
    assert kernel is not None
    kernel = kernel.astype(np.float64)
    if op.name == "DEPTHWISE_CONV_2D":
        return kernel / np.repeat(read, kernel.shape[-1] // len(read))
    return kernel / read


def by_channel(op: Op, kernel: np.ndarray) -> np.ndarray:
    """(channels written, everything else)."""
    if op.name == "DEPTHWISE_CONV_2D":  # (1, h, w, C)
        return kernel.reshape(-1, kernel.shape[-1]).T
    return kernel.reshape(len(kernel), -1)


def kernel_of(graph: Graph, op: Op) -> np.ndarray | None:
    """The values of its kernel, whether it holds them as integers or as floats."""
    tensor = op.inputs[1]
    writer = graph.writer(tensor)
    if writer is not None and writer.name == "DEQUANTIZE":
        tensor = writer.inputs[0]
    values, found = graph.constant(tensor), graph.quantization(tensor)
    if values is None or found is None:
        return None if values is None else values.astype(np.float64)
    scale, point = found
    if len(scale) not in (1, values.shape[-1 if op.name == "DEPTHWISE_CONV_2D" else 0]):
        return None  # a scale for each block, which no recipe of ours has
    if op.name != "DEPTHWISE_CONV_2D":
        scale, point = (p.reshape(-1, *[1] * (values.ndim - 1)) for p in (scale, point))
    return (values.astype(np.float64) - point) * scale
