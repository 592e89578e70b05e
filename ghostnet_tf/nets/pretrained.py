"""The weights of a network: model, labels, preprocessing and origin are decided here, together."""

from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf import weights as weights_room
from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.sides import Size, size_of, spelled
from ghostnet_tf.data import labels as label_tables
from ghostnet_tf.data.class_colours import Colour
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import COLOURS, Preprocessing
from ghostnet_tf.data.senses import seeing
from ghostnet_tf.nets import zoo
from ghostnet_tf.weights import DEFAULT_MODEL, GHOST_RESNET56, Weights
from ghostnet_tf.weights.ghost_resnet56 import AS_PUBLISHED
from ghostnet_tf.weights.translate import classes_of

if TYPE_CHECKING:
    from ghostnet_tf.nets.image_model import ImageModel, ModelInfo

BUNDLED, SEEDED, RANDOM = "tinyimagenet", "seeded", "random"
DIGITS = "digits"  # bundled, of a network that hears
Source = Weights | str | None  # a file that was found, "seeded", or none: random initial values


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """A network with its weights in it, and all that they decide."""

    model: "ImageModel"  # (N, H, W, 3) as `preprocessing` makes it -> logits, or maps
    name: str  # of the network, in the zoo
    weights: str  # their name in the names of files: "tinyimagenet", "seeded", of the user's file
    sha256: str  # of the file of weights; empty where there is none
    preprocessing: Preprocessing | None  # None: it sees no photos
    labels: Labels | None  # None: the outputs are no classes, or nobody has named them
    pad_mode: str | None = None  # of a GhostNet: "symmetric", or "same" for TensorFlow's weights
    branches: str | None = None  # that were asked for, or that its weights need
    source: str = ""  # how other people's file was read: its dialect, and what was taken off
    path: Path | None = None  # the file of weights
    is_as_bundled: bool = False  # bundled weights, and at the size that they were scored at
    trained_on: str = ""  # `photos.of_all` of the photos, where our own training wrote the file
    unheard: Labels | None = None  # that the weights bring, where the caller gave others
    colours: tuple[Colour, ...] | None = None  # of the classes, where somebody chose them
    iou: float | None = None  # of a detector's boxes, where somebody chose it
    sound: Hearing | None = None  # how it hears, `model` takes (N, length); None: it sees

    @property
    def sight(self) -> Preprocessing:
        """How a photo becomes its input; UserError where none does."""
        return seeing(self.preprocessing, self.name)


def pretrained(
    name: str | None = None,
    weights: "str | Weights | None" = BUNDLED,
    *,
    size: Size | None = None,
    classes: int | None = None,
    labels: str | Labels | None = None,
    new_head: bool = False,
    channels: int | None = None,
    **build: Any,
) -> Pretrained:
    """A network of the zoo with its weights.

    `name`: of the zoo; by default the network that the weights say they are of, else
    "ghostnet_050". `weights`: "tinyimagenet" (bundled), a name of weights that others published
    ("imagenet", "timm", "paddle", "paddle_ssld": downloaded once), a path, "seeded" (random, but
    behaving like trained ones) or None (random initial values, to train from). `size`: pixels of a
    photo's side, or (height, width), by default that which the weights were trained at. `classes`:
    by default as many as the weights have. `labels`: a table's name or file, or `Labels`, for
    weights that bring none. `new_head` keeps the classifier fresh, with any number of classes, and
    loads all the rest. `channels`: 1 for grey photos, by default as the weights have it; of weights
    for colours the first kernels are then summed over these. `build`: what the network's own
    builder takes, such as `include_top`, `pooling`, `dropout`.

    Raises UserError where weights and network do not fit; a wrong `classes` is answered with the
    right one.

        p = pretrained("ghostnet_050", "tinyimagenet")
        p.model(p.preprocessing.images([photo]))        # (1, 200) logits, named by p.labels
    """
    found = find(weights, name)
    said = found.info.model if isinstance(found, Weights) and found.info else None
    entry = zoo.parse_model(name or said or DEFAULT_MODEL)
    _refuse_another_network(entry, found)
    classes, table = outputs(entry, found, classes, labels, new_head)
    at, fixed, sums_colours = _preprocessing(entry, found, size), None, False
    if at is None:
        if size is not None or channels is not None:
            _ = entry.sight
        build["hearing"] = build.get("hearing") or _sound(entry, found)
    else:
        if entry.backbone:  # it is built for any size, and not every one will do
            entry.refuse_size(at.size)
        theirs = at.channels
        at = _of_channels(at, channels, found)
        sums_colours = at.channels < theirs
        if at.channels != 3:
            build["channels"] = at.channels
        # Statistics of generated images depend on their size; every other network takes any.
        fixed = at.size if found == SEEDED else None
    build = {**_as_its_weights_need(entry, found), **build}
    model = entry.build(classes=classes, size=fixed, **build)
    has_top = build.get("include_top", True)
    info = fill(
        model,
        entry,
        found,
        at,
        table if has_top else None,
        new_head and has_top,
        sums_colours=sums_colours,
    )
    is_file = isinstance(found, Weights)
    return Pretrained(
        model=model,
        name=entry.name,
        weights=info.weights,
        sha256=info.sha256,
        preprocessing=at,
        labels=info.labels,
        pad_mode=build.get("pad_mode", "symmetric") if entry.is_ghostnet else None,
        branches=build.get("branches"),
        source=_as_read(entry, found, at) if is_file else "",
        path=found.path if is_file else None,
        is_as_bundled=is_file and found.is_bundled and at == _preprocessing(entry, found),
        trained_on=str(found.header.get("trained_on", "")) if isinstance(found, Weights) else "",
        unheard=_unheard(found, info.labels) if labels is not None and not new_head else None,
        colours=found.info.colours if isinstance(found, Weights) and found.info else None,
        iou=found.info.iou if isinstance(found, Weights) and found.info else None,
        sound=build.get("hearing"),
    )


def _unheard(found: Source, given: Labels | None) -> Labels | None:
    """The labels that a file of weights brings, where they are not those that were `given`."""
    if given is None or not isinstance(found, Weights) or not found.info:
        return None
    own = label_tables.naming(found.info.classes)
    return own if own != given else None


def find(weights: Source, name: str | None) -> Source:
    """What `weights` stands for; a file is looked at, and others' are read."""
    if weights is None or weights == SEEDED or isinstance(weights, Weights):
        return weights
    return weights_room.find(weights, name)


def fill(
    model: "ImageModel",
    entry: zoo.Entry,
    found: Source,
    preprocessing: Preprocessing | None,
    labels: Labels | None,
    new_head: bool = False,
    sums_colours: bool = False,
) -> "ModelInfo":
    """Give a network that was just built its weights, and let it remember what they decide."""
    from ghostnet_tf.nets.image_model import ModelInfo, fingerprint

    if isinstance(found, Weights):
        weights_room.load(model, found, new_head, sums_colours)
    elif found == SEEDED:
        from ghostnet_tf.nets.seeded import seed

        seed(model)
    model.ghostnet_info = ModelInfo(
        name=entry.name,
        preprocessing=preprocessing,
        labels=labels,
        weights=_called(found, sums_colours),
        sha256=found.sha256 if isinstance(found, Weights) else "",
        fingerprint=fingerprint(model) if found else "",
    )
    return model.ghostnet_info


def _called(found: Source, sums_colours: bool) -> str:
    """Weights in the names of files; summed over the colours they are others than their file's."""
    if not isinstance(found, Weights):
        return found or RANDOM
    return f"{found.name}_grey" if sums_colours else found.name


def with_weights(
    model: "ImageModel", entry: zoo.Entry, weights: Source, include_top: bool
) -> "ImageModel":
    """`model`, a network like `entry`, with these weights, which it remembers."""
    found = find(weights, entry.name)
    _refuse_another_network(entry, found)
    classes = model.output_shape[-1] if include_top else None
    labels = outputs(entry, found, classes)[1] if include_top else None
    fill(
        model,
        entry,
        found,
        _as_built(model, seeing(_preprocessing(entry, found), entry.name)),
        labels,
    )
    return model


def outputs(
    entry: zoo.Entry,
    found: Source,
    classes: int | None = None,
    labels: str | Labels | None = None,
    new_head: bool = False,
) -> tuple[int, Labels | None]:
    """(how many classes, their labels), as weights and caller have it together."""
    if classes is not None and (not isinstance(classes, Integral) or classes < 1):
        raise UserError(
            f"a network cannot have {classes!r} classes", fix="give a whole number, 1 or more"
        )
    table = labels if isinstance(labels, Labels) else label_tables.labels(labels or entry.labels)
    has: int | None = None  # classes, as far as the weights say so before they are loaded
    if isinstance(found, Weights):
        if found.info:
            has = len(found.info.classes)
            if labels is None:
                table = label_tables.naming(found.info.classes)
        elif found.foreign:
            has = classes_of(found.foreign)
        if has and not new_head:
            if classes not in (None, has):
                raise UserError(
                    f"{str(found.path)!r} holds weights for {has} classes, not for {classes}",
                    fix=f"classes={has}, or new_head=True and train a new classifier",
                )
            classes = has
    classes = len(table) if classes is None else classes
    if labels is not None or (has == classes and not new_head):
        return classes, table.expect(classes)
    return classes, table if len(table) == classes else None


def _preprocessing(
    entry: zoo.Entry, found: Source, size: Size | None = None
) -> Preprocessing | None:
    info = found.info if isinstance(found, Weights) else None
    theirs = info.preprocessing if info else entry.preprocessing
    return theirs if size is None or theirs is None else theirs.at(size)


def _sound(entry: zoo.Entry, found: Source) -> Hearing:
    info = found.info if isinstance(found, Weights) else None
    return info.hearing if info else entry.hearing


def _of_channels(how: Preprocessing, channels: int | None, found: Source) -> Preprocessing:
    if channels not in (None, *COLOURS):
        raise UserError(f"photos have no {channels!r} channels", fix="1: grey, or 3: RGB")
    if channels == 3 != how.channels:
        assert isinstance(found, Weights)
        raise UserError(
            f"{str(found.path)!r} holds weights for grey photos",
            fix=f"leave {option('channels')} out, or begin with other weights",
        )
    return how.in_grey() if channels == 1 != how.channels else how


def _as_built(model: "ImageModel", how: Preprocessing) -> Preprocessing:
    """For the images that the network was built for, where that is decided."""
    shape: Any = model.inputs[0].shape
    if len(model.inputs) != 1 or len(shape) != 4:
        return how
    if shape[-1] == 1:
        how = how.in_grey()
    return how.at(size_of(*shape[1:3])) if shape[1] and shape[2] else how


def _as_read(entry: zoo.Entry, found: Weights, at: Preprocessing | None) -> str:
    """How a file that does not say all of itself was understood."""
    if found.info or at is None or found.path.suffix == GHOST_RESNET56:
        return ""
    return str(
        found.foreign
        or f"arrays that do not say how a photo is prepared: as {entry.name}'s authors have it, "
        f"{spelled(at.size)} px"
    )


def _refuse_another_network(entry: zoo.Entry, found: Source) -> None:
    # A delegable network is the same function of the same weights as the stock one.
    fitting = (entry.name, entry.name.removesuffix("_delegable"))
    if isinstance(found, Weights) and found.info and found.info.model not in fitting:
        raise UserError(
            f"{str(found.path)!r} holds weights of {found.info.model}, not of {entry.name}",
            fix=option("model", found.info.model),
        )


def _as_its_weights_need(entry: zoo.Entry, found: Source) -> dict[str, Any]:
    """Arguments of the builder that follow from a file of weights."""
    if not isinstance(found, Weights):
        return {}
    if found.foreign and entry.is_ghostnet:
        naming = found.foreign.naming
        return {"pad_mode": naming.pad_mode, "deployed": naming.is_deployed}
    if found.info and found.info.branches:
        return {"branches": found.info.branches}
    if entry.name == "ghost_resnet56" and found.path.suffix == GHOST_RESNET56:
        return AS_PUBLISHED
    return {}
