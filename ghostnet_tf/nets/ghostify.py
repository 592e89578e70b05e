"""Ghost modules in place of the ordinary convolutions of any Keras network: the paper's section 3.

small, report = ghostify(keras.applications.ResNet50(weights="imagenet"), warm=True)
print(report)
"""

from collections.abc import Callable, Collection
from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.nets.ghost_conv import GhostConv2D, pattern
from ghostnet_tf.nets.ghost_report import Report, Row, cost

Keep = Collection[str] | Callable[[layers.Conv2D], bool]
GHOST = "ghost"  # the kind of a row; others say why the convolution stayed
OVER_CHANNELS = {"softmax", "log_softmax", "sparsemax", "glu"}  # of halves it is not of the whole


def ghostify(
    model: keras.Model,
    ratio: int = 2,
    cheap_kernel: int = 3,
    keep: Keep | None = None,
    warm: bool = False,
) -> tuple[keras.Model, Report]:
    """A copy of a functional or sequential model with Ghost modules, and what that changed.

    `ratio` is the paper's s, `cheap_kernel` its d. A module keeps its convolution's kernel, stride,
    padding, dilation, bias and activation; its cheap half is undilated, as the authors have it.
    A BatchNorm that alone reads the convolution moves into the module, one for each half as in the
    paper, and so does a ReLU or Activation after that; where none follows, the module has none.

    `keep` names the convolutions to leave alone, or says it of each; by default the first, as the
    authors do. Name the last too where it is the classifier. Grouped convolutions stay, and those
    that a module would not make smaller, 1x1 from few channels. Models inside the model are
    entered; convolutions inside custom layers are not.

    `warm` carries all weights over. The first filters of a convolution then compute what they did,
    and the layers behind, unchanged, find them in their old places; the largest filters, wherever
    they stand, would change places. The cheap half starts afresh: fine-tune it.

    Source: arXiv 1911.11907, sections 3.1 and 4.1. Raises UserError where no convolution can be
    replaced, and for a name in `keep` that no convolution has.

        small, report = ghostify(keras.applications.VGG16(weights=None), warm=True)
        report.after.parameters < report.before.parameters       # True
    """
    if ratio < 2 or cheap_kernel < 1:
        raise UserError(
            f"ratio {ratio} and cheap_kernel {cheap_kernel} make no Ghost module",
            fix="give a ratio of 2 or more and a cheap_kernel of 1 or more",
        )
    convs = convolutions(model)
    kinds = kinds_of(convs, keep, ratio, cheap_kernel)
    if GHOST not in kinds.values():
        raise UserError(
            f"{model.name} has no convolution to replace: {'; '.join(sorted({*kinds.values()}))}"
        )
    copy = Copy(kinds, ratio, cheap_kernel)
    ghost = copy.of(model)
    if warm:
        copy.carry_weights()
    rows = [
        Row(
            conv.name, kinds[conv], cost([conv, *copy.behind.get(conv, ())]), cost([copy.new[conv]])
        )
        for conv in convs
    ]
    return ghost, Report(tuple(rows), cost([model]), cost([ghost]))


def is_graph(layer: Any) -> bool:
    """A model whose layers and wires can be seen; a subclassed one hides them in its code."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "_nodes_by_depth")


def convolutions(model: keras.Model) -> list[layers.Conv2D]:
    """Every ordinary convolution, in the order of execution; each once."""
    if not is_graph(model):
        raise UserError(
            f"{model.name} is a {type(model).__name__}, whose layers hide in its code",
            fix="build it with keras.Model(inputs, outputs) or keras.Sequential",
        )
    if not model.built:
        raise UserError(
            f"{model.name} does not know its input yet", fix="begin it with keras.Input((H, W, C))"
        )
    found: dict[layers.Conv2D, None] = {}
    for layer in model.layers:
        if is_graph(layer):
            found |= dict.fromkeys(convolutions(layer))
        elif isinstance(layer, layers.Conv2D):
            found[layer] = None
    return list(found)


def kinds_of(
    convs: list[layers.Conv2D], keep: Keep | None, ratio: int, cheap_kernel: int
) -> dict[layers.Conv2D, str]:
    """Convolution -> "ghost", or why it stays."""
    if isinstance(keep, Callable):
        asked = {conv for conv in convs if keep(conv)}
    elif keep is not None:
        names = {conv.name: conv for conv in convs}
        asked = {pick(n, names, "convolution") for n in ([keep] if isinstance(keep, str) else keep)}
    else:
        asked = set(convs[:1])

    def kind(conv: layers.Conv2D) -> str:
        intrinsic = -(-conv.filters // ratio)
        kernel: Any = conv.kernel
        size = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]  # weights of one filter
        if conv.data_format != "channels_last":
            return "kept: channels first"
        if conv in asked:
            return "kept: the first" if keep is None else "kept: as asked"
        if conv.groups > 1:
            return "kept: grouped"
        if conv.activation.__name__ in OVER_CHANNELS:
            return f"kept: {conv.activation.__name__}"
        if intrinsic * (size + (ratio - 1) * cheap_kernel**2) >= conv.filters * size:
            return "kept: no smaller"
        return GHOST

    return {conv: kind(conv) for conv in convs}


class Copy:
    """A model, and the models inside it, layer by layer."""

    def __init__(self, kinds: dict[layers.Conv2D, str], ratio: int, cheap_kernel: int):
        self.kinds, self.how = kinds, {"ratio": ratio, "cheap_kernel": cheap_kernel}
        self.new: dict[Any, Any] = {}  # layer -> its copy, or the module in its place
        self.behind: dict[layers.Conv2D, list[layers.Layer]] = {}  # what moved into its module

    def of(self, model: keras.Model) -> keras.Model:
        if isinstance(model, keras.Sequential):
            model = keras.Model(model.inputs, model.outputs, name=model.name)
        wires = Wires(model)
        for conv in model.layers:
            if self.kinds.get(conv) == GHOST and conv not in self.behind:
                self.behind[conv] = wires.behind(conv)
        moved = {layer for conv in model.layers for layer in self.behind.get(conv, ())}

        def copied(layer):
            if layer not in moved and layer not in self.new:
                self.new[layer] = self.of(layer) if is_graph(layer) else self.one(layer)
            return self.new.get(layer, layer)

        def called(layer, *args, **kwargs):
            return args[0] if layer in moved else layer(*args, **kwargs)

        return keras.models.clone_model(model, clone_function=copied, call_function=called)

    def one(self, layer: Any) -> Any:
        if self.kinds.get(layer) != GHOST:
            return type(layer).from_config(layer.get_config())
        behind = [pattern(each) for each in self.behind[layer]]
        about = {"name": layer.name, "dtype": layer.dtype_policy.name}
        return GhostConv2D(pattern(layer), behind, **self.how, **about)

    def carry_weights(self) -> None:
        for old, new in self.new.items():
            if isinstance(new, GhostConv2D):
                new.start_from(old, self.behind[old])
            elif not is_graph(new) and isinstance(new, layers.Layer):
                new.set_weights(old.get_weights())


class Wires:
    """Who reads whom inside one model."""

    def __init__(self, model: Any):
        self.calls = [call for depth in model._nodes_by_depth.values() for call in depth]
        self.outputs = {id(tensor) for tensor in model.outputs}

    def behind(self, conv: layers.Conv2D) -> list[layers.Layer]:
        """The BatchNorm and the activation that can move into the module of `conv`."""
        found: list[layers.Layer] = []
        if conv.activation is not keras.activations.linear:
            return found
        reader = self.only_reader(conv)
        if isinstance(reader, layers.BatchNormalization) and reader.axis in (-1, 3):
            found.append(reader)
            reader = self.only_reader(reader)
        name = getattr(getattr(reader, "activation", None), "__name__", "")
        if isinstance(reader, layers.ReLU) or (
            isinstance(reader, layers.Activation) and name not in OVER_CHANNELS
        ):
            found.append(reader)
        return found

    def only_reader(self, layer: layers.Layer) -> layers.Layer | None:
        """The one layer that reads this one, where both are called once and without options."""
        calls = [call for call in self.calls if call.operation is layer]
        written = {id(tensor) for call in calls for tensor in call.outputs}
        readers = [c for c in self.calls if any(id(x) in written for x in c.input_tensors)]
        if len(calls) != 1 or len(readers) != 1 or written & self.outputs:
            return None
        reader = readers[0].operation
        is_once = sum(call.operation is reader for call in self.calls) == 1
        # An option such as training=False is the caller's, and a module could not keep it.
        has_options = any(value is not None for value in readers[0].arguments.kwargs.values())
        return reader if is_once and not has_options else None
