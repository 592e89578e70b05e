"""Other people's tensors into ours, exactly: every tensor once, by name, its shape checked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights.dialects import KERAS_AXES, Naming

Shape = tuple[int, ...]
EPSILON = 1e-5  # of every BatchNorm in every published GhostNet
COUNTER = "num_batches_tracked"  # PyTorch's; of no use after training, and absent in some files
ANOTHER_NETWORK = "is it a checkpoint of another network?"
ANOTHER_WIDTH = "is this checkpoint for another width or another number of classes?"
ANOTHER_ORDER = "its axes stand in another order: was it converted from another framework?"
DIVERGED = "take a checkpoint from before the training diverged"


@dataclass(frozen=True)
class Foreign:
    """The tensors of other people's file, and whose names they have."""

    naming: Naming
    tensors: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()  # what was taken for granted while reading

    def __str__(self) -> str:
        return "; ".join([str(self.naming), *self.notes])


@dataclass(frozen=True, slots=True)
class Place:
    """Where one tensor of a file goes."""

    path: str  # in our network, or in a network of the file's dialect
    name: str  # in the file
    kind: str  # of its layer: a key of `KERAS_AXES`
    shape: Shape  # in Keras
    in_file: Shape


def convert(
    foreign: Foreign, shapes: Mapping[str, Shape], new_head: bool = False
) -> dict[str, np.ndarray]:
    """The tensors by path of our variable, float32, for a GhostNet with variables of `shapes`.

    A network without its top leaves the tensors of the head aside, `new_head` those of the
    classifier. Raises UserError with the file's own name of the tensor.
    """
    naming = foreign.naming
    aside = naming.names_of("head", "classifier") if "head/kernel" not in shapes else set()
    if new_head:
        aside |= naming.names_of("classifier")
        shapes = {path: s for path, s in shapes.items() if not path.startswith("classifier/")}
    tensors = {
        name: value
        for name, value in foreign.tensors.items()
        if name.rsplit(".", 1)[-1] != COUNTER and name not in aside
    }
    wanted = places(naming, shapes)
    _same_names(tensors.keys(), [place.name for place in wanted])

    ours = {}
    for place in wanted:
        value = tensors[place.name]
        _check(place, value)
        ours[place.path] = _in_keras(value, place, naming).astype(np.float64)
    if naming.dialect != "A":
        _fold_head(ours)
        _reopen_gates(ours, shapes)
    if naming.dialect == "C":
        # Trained on BGR; so the stem, and not every photo, is turned round.
        ours["stem/conv/kernel"] = ours["stem/conv/kernel"][:, :, ::-1]
    return {path: value.astype(np.float32) for path, value in ours.items()}


def places(naming: Naming, shapes: Mapping[str, Shape]) -> list[Place]:
    """Every tensor that a file for a GhostNet with variables of `shapes` must hold."""
    found = []
    for path, shape in (shapes if naming.dialect == "A" else _unfolded(shapes)).items():
        name, kind = naming.find(path)
        found.append(Place(path, name, kind, shape, _in_file(shape, kind, naming)))
    return found


def classes_of(foreign: Foreign) -> int | None:
    """How many classes the file's classifier has; None where it holds none."""
    name, _ = foreign.naming.find("classifier/bias")
    bias = foreign.tensors.get(name)
    return None if bias is None or bias.ndim != 1 else len(bias)


def is_ghostnet(shapes: Mapping[str, Shape], naming: Naming) -> bool:
    """Whether `naming` has a name for every variable."""
    try:
        return all(naming.find(path) for path in shapes)
    except KeyError:
        return False


def _unfolded(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The variables that B and C have where ours, as in A, are `shapes`."""
    theirs = dict(shapes)
    if kernel := theirs.pop("head/kernel", None):
        theirs |= {"head/conv/kernel": kernel}
        for leaf in ("gamma", "beta", "moving_mean", "moving_variance"):
            theirs[f"head/norm/{leaf}"] = theirs["head/bias"]
        del theirs["head/bias"]
    for path in [path for path in theirs if path.endswith("se/expand/bias")]:
        gate = path.removesuffix("expand/bias")
        (channels,) = shapes[path]
        squeezed = channels // 4
        if squeezed > shapes[f"{gate}reduce/bias"][0]:
            raise UserError(
                f"{gate.rstrip('/')!r} has {shapes[f'{gate}reduce/bias'][0]} squeezed channels, "
                f"too few for the {squeezed} of this dialect",
                fix="use a published width: 0.5, 1.0 or 1.3",
            )
        theirs[f"{gate}reduce/kernel"] = (1, 1, channels, squeezed)
        theirs[f"{gate}reduce/bias"] = (squeezed,)
        theirs[f"{gate}expand/kernel"] = (1, 1, squeezed, channels)
    return theirs


def _same_names(given, wanted: list[str]) -> None:
    if missing := [name for name in wanted if name not in given]:
        raise UserError(
            f"it lacks {len(missing)} tensors, the first is {missing[0]!r}", fix=ANOTHER_NETWORK
        )
    if extra := sorted(given - set(wanted)):
        raise UserError(
            f"{len(extra)} tensors have no place in the model, the first is {extra[0]!r}",
            fix=ANOTHER_NETWORK,
        )


def _check(place: Place, value: np.ndarray) -> None:
    name, shape = place.name, place.in_file
    if value.shape != shape:
        turned = sorted(value.shape) == sorted(shape)
        raise UserError(
            f"{name!r} has shape {value.shape}, the model needs {shape}",
            fix=ANOTHER_ORDER if turned else ANOTHER_WIDTH,
        )
    if value.dtype.kind != "f":
        raise UserError(f"{name!r} holds {value.dtype} numbers", fix="save the weights as float32")
    if not np.isfinite(value).all():
        raise UserError(f"{name!r} holds values that are not finite numbers", fix=DIVERGED)
    # float64 that was widened from float32 is taken: nothing is lost. Any other would change in
    # silence, and the file's name would then stand for other weights.
    with np.errstate(over="ignore", under="ignore"):
        if not np.array_equal(value.astype(np.float32), value):
            raise UserError(
                f"{name!r} holds {value.dtype} numbers that float32 cannot hold exactly",
                fix="save the weights as float32",
            )
    if place.path.endswith("variance") and (value < 0).any():
        raise UserError(f"{name!r} holds a variance below 0", fix="download it again?")


def _in_file(shape: Shape, kind: str, naming: Naming) -> Shape:
    """The shape in the file of what has `shape` in Keras."""
    if len(shape) == 1:
        return shape
    sides = dict(zip(KERAS_AXES[kind], shape, strict=True))
    return tuple(sides.get(axis, 1) for axis in naming.axes[kind])


def _in_keras(value: np.ndarray, place: Place, naming: Naming) -> np.ndarray:
    """The file's order of axes -> Keras' order; axes that one side lacks have length 1."""
    if len(place.shape) == 1:
        return value
    theirs, ours = naming.axes[place.kind], KERAS_AXES[place.kind]
    order = [theirs.index(axis) for axis in ours if axis in theirs]
    rest = [i for i in range(len(theirs)) if i not in order]
    return value.transpose(order + rest).reshape(place.shape)


def _fold_head(ours: dict[str, np.ndarray]) -> None:
    """Convolution and BatchNorm -> convolution with bias."""
    if "head/conv/kernel" not in ours:
        return
    gamma, beta, mean, variance = (
        ours.pop(f"head/norm/{leaf}")
        for leaf in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    ours["head/kernel"] = ours.pop("head/conv/kernel") * scale
    ours["head/bias"] = beta - mean * scale


def _reopen_gates(ours: dict[str, np.ndarray], shapes: Mapping[str, Shape]) -> None:
    """clip(x, 0, 1) is relu6(6 x - 3 + 3) / 6; squeezed channels that are not there give zero."""
    for path in [path for path in ours if path.endswith("se/expand/bias")]:
        gate = path.removesuffix("expand/bias")
        ours[f"{gate}expand/kernel"] *= 6
        ours[f"{gate}expand/bias"] = 6 * ours[f"{gate}expand/bias"] - 3
        for leaf in ("reduce/kernel", "reduce/bias", "expand/kernel"):
            value, shape = ours[gate + leaf], shapes[gate + leaf]
            ours[gate + leaf] = np.pad(
                value, [(0, side - has) for side, has in zip(shape, value.shape, strict=True)]
            )
