"""A keyword spotter that is called for every few frames, and answers as for its whole window.

Between two calls the window moves on, and what lies inside of a map moves with it: those rows go
out as a state and come in again. Rows at both ends of a map saw the zeros of "same" padding, and
lie elsewhere now: they are computed anew, as the new rows are. So every answer is exact.
"""

from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import NEXT, STATE
from ghostnet_tf.nets.conv_norm import ConvNorm
from ghostnet_tf.nets.front_end import FrontEnd, SpecAugment
from ghostnet_tf.nets.layers import GhostModule

SAMPLES = "samples"  # the input that is new at every call
OF_TRAINING = (layers.Dropout, layers.SpatialDropout2D, SpecAugment)
OF_EACH_ROW = (layers.BatchNormalization, layers.ReLU, layers.Activation)


@dataclass(frozen=True)
class Streaming:
    """The model, and how it is called."""

    model: keras.Model  # (N, samples) and states -> logits (N, classes) and states
    samples: int  # of sound, that are new at every call
    states: dict[str, str]  # name of an input -> of the output that it is at the next call


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A map of the window, (N, rows, columns, C), and what of it a call computes."""

    rows: int
    top: int  # rows at its beginning that see the edge of the window
    bottom: int  # and at its end
    moves: int  # rows that the window moves by
    head: Any  # (N, top, columns, C); None where top is 0
    tail: Any  # (N, moves + bottom, columns, C)

    @property
    def known(self) -> int:
        """Rows between head and tail, which an earlier call has computed."""
        return self.rows - self.top - self.bottom - self.moves

    def each(self, layer: Any, name: str) -> "Rows":
        """What a layer that looks at every row for itself makes of it."""
        own = _copy(layer, name)
        return replace(self, head=own(self.head) if self.top else None, tail=own(self.tail))


def streaming(model: keras.Model, frames: int | None = None) -> Streaming:
    """A keyword spotter with a front end, as a network that takes `frames` new frames at a call.

    By default as few as its strides allow. As many calls as fill a window after the first, logits
    are those of `model` for the last window of samples. What is behind the first layer that is
    not known here is computed anew, for the whole window: exact as well, and no cheaper.

        streaming(ghost_kws(hearing=SPEECH_COMMANDS)).samples      # 640
    """
    chain = _chain(model)
    if not chain:
        raise UserError(
            f"{model.name!r} does not begin with a front end for sound, so nothing in it is known "
            "from one call to the next",
            fix="take a network that hears samples, such as ghost_kws(hearing=...)",
        )
    ears, *steps = chain
    moves = frames or _pace(steps)
    if not 0 < moves < ears.hearing.frames:
        raise UserError(
            f"a call cannot take {moves} frames: the window has {ears.hearing.frames}",
            fix="take fewer, or a longer window",
        )
    given: Any = keras.Input((moves * ears.hearing.hop,), name=SAMPLES)
    known = _Known()
    x = known.heard(ears, moves, given)
    last = ears
    for layer in steps:
        further = known.step(x, layer, layer.name)
        if further is None:
            break
        x, last = further, layer
    rest = keras.Model(last.output, model.output, name=model.output_names[0])
    answer = rest(known.whole(x, rest.name))
    inputs = [given, *(state for state, _ in known.states)]
    outputs = [answer, *(following for _, following in known.states)]
    made = keras.Model(inputs, outputs, name=model.name)
    names = [one.name for one in inputs[1:]]
    return Streaming(made, given.shape[1], dict(zip(names, made.output_names[1:], strict=True)))


def _chain(model: keras.Model) -> list[Any]:
    """Layers that follow one another, from the front end on, each the only reader of the last."""
    readers: dict[int, int] = {}
    for operation in model.operations:
        for one in keras.tree.flatten(operation.input):
            readers[id(one)] = readers.get(id(one), 0) + 1
    first, *others = [x for x in model.layers if not isinstance(x, layers.InputLayer)]
    if not isinstance(first, FrontEnd):
        return []
    chain: list[Any] = [first]
    for layer in others:
        if layer.input is not chain[-1].output or readers[id(layer.input)] > 1:
            break
        chain.append(layer)
    return chain


def _pace(steps: list[Any]) -> int:
    """Frames that the window has to move by, so that every map of the chain moves by whole rows."""
    found = 1
    for layer in steps:
        for inner in layer._flatten_layers():
            if isinstance(inner, layers.Conv2D | layers.DepthwiseConv2D):
                found *= inner.strides[0]
    return found


class _Known:
    """What is known of the last call, as it is asked for."""

    def __init__(self):
        self.states: list[tuple[Any, Any]] = []  # each as it comes in, and as it goes out
        self._wholes: dict[Rows, Any] = {}

    def whole(self, x: Rows, name: str) -> Any:
        """All rows of a map, (N, rows, columns, C); of those that are known, a state."""
        if x not in self._wholes:
            state = keras.Input((x.known, *x.tail.shape[2:]), name=name + STATE)
            parts = [part for part in (x.head, state, x.tail) if part is not None]
            whole = layers.Concatenate(axis=1, name=f"{name}_rows")(parts)
            following = _some(whole, x.top + x.moves, x.rows - x.bottom, name + NEXT)
            self.states.append((state, following))
            self._wholes[x] = whole
        return self._wholes[x]

    def heard(self, ears: FrontEnd, moves: int, given: Any) -> Rows:
        """Features of the frames that end in new samples, (N, 1, moves, columns)."""
        how, name = ears.hearing, ears.name
        old = how.length - how.frames * how.hop  # samples before them that they need
        if old < 0:
            raise UserError(
                f"frames of {how.frame} samples every {how.hop} leave samples out",
                fix="take a hop that is no longer than a frame",
            )
        joined = layers.Reshape((given.shape[1], 1, 1), name=f"{name}_given")(given)
        if old:
            state = keras.Input((old, 1, 1), name=name + STATE)
            joined = layers.Concatenate(axis=1, name=f"{name}_rows")([state, joined])
            n = joined.shape[1]
            self.states.append((state, _some(joined, n - old, n, name + NEXT)))
        n = (moves - 1) * how.hop + how.frame  # behind them, samples that no frame ends with yet
        framed = layers.Reshape((n,), name=f"{name}_samples")(_some(joined, 0, n, f"{name}_framed"))
        return Rows(
            rows=how.frames, top=0, bottom=0, moves=moves, head=None, tail=_copy(ears, name)(framed)
        )

    def step(self, x: Rows, layer: Any, name: str) -> Rows | None:
        """One layer further; None where only the whole map will do."""
        if isinstance(layer, OF_TRAINING):
            return x
        if isinstance(layer, OF_EACH_ROW):
            return x.each(layer, name)
        if isinstance(layer, layers.Reshape):
            return self._reshaped(x, layer)
        if isinstance(layer, GhostModule):
            return self._ghost(x, layer, name)
        if type(layer) is ConvNorm and layer.pad is None:
            found: Rows | None = x
            for inner in (layer.conv, layer.norm, layer.activation):
                found = (
                    self.step(found, inner, f"{name}_{inner.name}") if found and inner else found
                )
            return found
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            if layer.kernel_size[0] == layer.strides[0] == 1:
                return x.each(layer, name)
            return self._convolved(x, layer, name)
        return None

    def _reshaped(self, x: Rows, layer: Any) -> Rows | None:
        rows, *row = layer.target_shape
        if rows != x.rows or x.top:
            return None
        return replace(x, tail=layers.Reshape((x.moves + x.bottom, *row), name=layer.name)(x.tail))

    def _ghost(self, x: Rows, module: GhostModule, name: str) -> Rows | None:
        intrinsic = self.step(x, module.primary, f"{name}_{module.primary.name}")
        ghosts = [
            intrinsic and self.step(intrinsic, cheap, f"{name}_{cheap.name}")
            for cheap in module.cheap
        ]
        if intrinsic is None or not ghosts or None in ghosts or module.filters % module.intrinsic:
            return None if module.cheap else intrinsic
        like: Any = ghosts[0]
        whole = self.whole(intrinsic, name)
        own = replace(
            like,
            head=_some(whole, 0, like.top) if like.top else None,
            tail=_some(whole, like.rows - like.bottom - like.moves, like.rows),
        )
        both: list[Any] = [own, *ghosts]
        concat = layers.Concatenate(name=f"{name}_concat")
        return replace(
            like,
            head=concat([one.head for one in both]) if like.top else None,
            tail=concat([one.tail for one in both]),
        )

    def _convolved(self, x: Rows, conv: Any, name: str) -> Rows | None:
        """A convolution over rows, with "same" padding."""
        (kernel, across), (stride, beside) = conv.kernel_size, conv.strides
        before, behind = _same(x.rows, kernel, stride)
        rows = -(-x.rows // stride)
        top = -(-(x.top + before) // stride)
        last = (x.rows - x.bottom + before - kernel) // stride  # that sees nothing but what moves
        moves, bottom = x.moves // stride, rows - 1 - last
        is_plain = conv.padding == "same" and {*conv.dilation_rate} == {1}
        if not is_plain or x.moves % stride or rows - top - bottom - moves < 1:
            return None
        whole = self.whole(x, name)
        sides = _same(whole.shape[2], across, beside)
        valid = _copy(conv, name, padding="valid")

        def part(begin: int, end: int, pads: tuple[int, int]) -> Any:
            return valid(layers.ZeroPadding2D((pads, sides))(_some(whole, begin, end)))

        head = part(0, (top - 1) * stride - before + kernel, (before, 0)) if top else None
        tail = part((last + 1 - moves) * stride - before, x.rows, (0, behind))
        return Rows(rows=rows, top=top, bottom=bottom, moves=moves, head=head, tail=tail)


def _copy(layer: Any, name: str, **settings: Any) -> Any:
    """A layer of the same weights, with other settings for some: its own stay where they are."""
    own = type(layer).from_config({**layer.get_config(), **settings, "name": name})
    if layer.weights:
        own.build(layer.get_build_config()["input_shape"])
        own.set_weights(layer.get_weights())
    return own


def _some(x: Any, begin: int, end: int, name: str | None = None) -> Any:
    """Rows `begin` to `end` of a map."""
    return layers.Cropping2D(((begin, x.shape[1] - end), (0, 0)), name=name)(x)


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """What TensorFlow pads before and behind."""
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2
