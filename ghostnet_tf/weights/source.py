"""Where weights come from: shipped with the package, published by others, or the user's own."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import cache, sha256, user_path
from ghostnet_tf.weights import checkpoint, download, foreign, keras_config, tf1
from ghostnet_tf.weights.translate import Foreign, convert, is_ghostnet

if TYPE_CHECKING:
    import keras

BUNDLED = Path(__file__).parent / "bundled"
SOUNDS = Path(__file__).parent / "sounds"  # of networks that hear, under a licence of their own
FILES_THAT_LOAD = ".safetensors, .weights.h5, .keras, .pth, .pdparams or .npz file"
PICKLE = b"\x80"  # since protocol 2
DEFAULT_MODEL = "ghostnet_050"  # the one that has bundled weights
KERAS_SUFFIXES = (".weights.h5", ".keras")
GHOST_RESNET56 = ".npz"  # the one network that is published so
MAX_BYTES = 1_000_000_000
# What a file that is no checkpoint begins with, what it is, and what to do about it.
IMPOSTORS = (
    (b"<!doctype", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
    (b"version https://git-lfs", "a Git LFS pointer", "run `git lfs pull`"),
    (PICKLE, "a Python pickle, which could run code", "save its tensors as .safetensors"),
)


# Whole networks, of which no weights are read; what they are and what takes them.
NETWORKS = {
    ".onnx": ("an ONNX network, not weights of one of ours", "ghostnet from-onnx FILE.onnx"),
    ".tflite": (
        "a finished file, not weights",
        "give what it was made from; ghostnet predict, evaluate and benchmark take the file",
    ),
}


@dataclass(frozen=True)
class Weights:
    """A file of weights that has been found and looked at, not yet loaded; it is read once."""

    name: str  # "tinyimagenet", or what the user's file is called
    path: Path
    kind: str  # a name with the ending to go by
    header: dict[str, Any]  # what our own checkpoints say of themselves; else empty

    @cached_property
    def data(self) -> bytes:
        """The file; of a TensorFlow checkpoint the one that holds the numbers."""
        return _files_of(self.path)[-1].read_bytes()

    @cached_property
    def sha256(self) -> str:
        return sha256(self.data)

    @cached_property
    def info(self) -> checkpoint.CheckpointInfo | None:
        """What a checkpoint of ours says of itself; None for other people's files."""
        if not self.header:
            return None
        try:
            return checkpoint.CheckpointInfo.from_dict(self.header)
        except UserError as error:
            raise UserError(
                f"{str(self.path)!r} does not say what its tensors are: {error}",
                fix="give the best.safetensors of a training run",
            ) from None

    @cached_property
    def foreign(self) -> Foreign | None:
        """The tensors in the dialect of a GhostNet of others; None where they have other names."""
        if self.header or self.kind.endswith((GHOST_RESNET56, *KERAS_SUFFIXES)):
            return None
        if self.kind.endswith(".safetensors"):
            return foreign.recognised(checkpoint.tensors_of(self.path, self.data))
        return foreign.read(self.path, self.data, MAX_BYTES, self.kind)

    @property
    def is_bundled(self) -> bool:
        return self.path.parent in (BUNDLED, SOUNDS)


def find(weights: str, model_name: str | None = None) -> Weights:
    """The file behind `weights`, a bundled or published name or a path, for the model of that name.

    Without `model_name`, that of the bundled weights of that name, or any. A delegable network is
    the same function of the same weights as the stock one. Published weights are downloaded once.
    Raises UserError where there is no such file, or where it is not of weights.
    """
    name_of_model = model_name or DEFAULT_MODEL
    if model_name is None and weights not in bundled_for(name_of_model):
        name_of_model = _bundled_model(weights) or name_of_model
    if path := bundled_for(name_of_model).get(weights):
        return _look(path, weights)
    if weights in download.NAMES:
        file = download.find(weights, name_of_model)
        path = download.fetch(file, cache(), lambda path: _look(path, weights, file.name))
        return _look(path, weights)
    path = user_path(weights)
    if path.is_dir():
        raise UserError(
            f"{str(weights)!r} is a folder, not a file of weights", _known(name_of_model)
        )
    if path.suffix.lower() not in NETWORKS and not _is_there(path):
        raise UserError(
            f"there are no weights {str(weights)!r} for {name_of_model}", _known(name_of_model)
        )
    return _look(path, _name_of(path))


def _bundled() -> list[Path]:
    return sorted([*BUNDLED.glob("*.safetensors"), *SOUNDS.glob("*.safetensors")])


def _bundled_model(weights: str) -> str | None:
    """The first network of which there are bundled weights of this name."""
    parts = (path.stem.rpartition("_") for path in _bundled())
    return next((model for model, _, name in parts if name == weights), None)


def _is_there(path: Path) -> bool:
    return path.is_file() or tf1.prefix_of(path) is not None


def _name_of(path: Path) -> str:
    """What files made of these weights are called: every run's own are best.safetensors."""
    stem = path.name.split(".")[0]
    return (path.absolute().parent.name or stem) if stem == "best" else stem


def load(
    model: "keras.Model",
    weights: str | Weights,
    new_head: bool = False,
    sums_colours: bool = False,
) -> Weights:
    """Fill `model`; every tensor is used once, or nothing is changed and the tensor is named.

    With `new_head` the classifier keeps its fresh values. With `sums_colours` a model for grey
    photos takes the sum of kernels that read three colours. A GhostNet without its top takes a
    whole checkpoint and leaves the head's tensors aside (not those of `.weights.h5` and `.keras`,
    which Keras names by their place in the whole).
    """
    from ghostnet_tf.weights import ghost_resnet56, keras_file
    from ghostnet_tf.weights.apply import copy, summed

    found = find(weights, model.name) if isinstance(weights, str) else weights
    path, data = found.path, found.data
    try:
        if found.foreign:
            tensors = _converted(model, found.foreign, new_head)
        elif path.suffix == ".safetensors":
            tensors = checkpoint.tensors_of(path, data)
        elif path.suffix == GHOST_RESNET56:
            tensors = ghost_resnet56.tensors(path, data)
        else:
            tensors = keras_file.read(path, data, model, MAX_BYTES)
        if sums_colours:
            tensors = summed(model, tensors)
        copy(model, tensors, new_head)
    except UserError as error:
        raise UserError(
            f"{str(found.path)!r} does not fit {model.name}: {error}", error.fix
        ) from None
    return found


def _look(path: Path, name: str, kind: str = "") -> Weights:
    """Read what is needed to know what the file is; `kind`: see `Weights`."""
    kind = kind or path.name
    kinds = (".safetensors", GHOST_RESNET56, *foreign.SUFFIXES, *KERAS_SUFFIXES)
    if not tf1.prefix_of(path) and not kind.endswith(kinds):
        what, fix = NETWORKS.get(path.suffix.lower(), ("", ""))
        raise UserError(
            f"{str(path)!r} is {what or 'of no known kind'}", fix or f"give a {FILES_THAT_LOAD}"
        )
    for file in _files_of(path):
        if file.stat().st_size > MAX_BYTES:
            raise UserError(f"{str(file)!r} is larger than {MAX_BYTES:,} bytes")
        _refuse_impostors(file, kind)
    header = {}
    if kind.endswith(".safetensors"):
        header = checkpoint.read_header(path)
    elif kind.endswith(".keras"):
        header = keras_config.read_header(path)
    found = Weights(name, path, kind, header)
    _ = found.foreign  # others' are read here and now: what is none of a GhostNet is refused
    return found


def _files_of(path: Path) -> tuple[Path, ...]:
    prefix = tf1.prefix_of(path)
    return tf1.files_of(prefix) if prefix else (path,)


def _converted(model: "keras.Model", theirs: Foreign, new_head: bool) -> dict[str, np.ndarray]:
    """Their tensors by path of the model's variables."""
    shapes: dict[str, tuple[int, ...]] = {v.path: tuple(v.shape) for v in model.weights}
    if not is_ghostnet(shapes, theirs.naming):
        raise UserError(
            f"it holds a GhostNet, {theirs.naming}, and {model.name} is another network",
            fix=f"{option('model', 'ghostnet_100')}, or whichever width it is",
        )
    stem: Any = model.get_layer("stem")
    built, needed = "same" if stem.pad is None else "symmetric", theirs.naming.pad_mode
    if built != needed:  # it would load, and be half a pixel off
        raise UserError(
            f"{theirs.naming} needs pad_mode={needed!r}, and this network was built with {built!r}",
            fix=f"GhostNet(..., pad_mode={needed!r}), or weights of another dialect",
        )
    return convert(theirs, shapes, new_head)


def _refuse_impostors(path: Path, kind: str) -> None:
    """A download that went wrong is best named for what it is."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise UserError(f"{str(path)!r} is empty", fix="download it again?")
    start = head.lstrip().lower()
    for magic, what, fix in IMPOSTORS:
        # safetensors begins with the length of its JSON, any eight bytes
        if magic == PICKLE and (kind.endswith(foreign.SUFFIXES) or head[8:9] == b"{"):
            continue
        if start.startswith(magic):
            raise UserError(f"{str(path)!r} is {what}, not weights", fix)


def bundled_for(model_name: str) -> dict[str, Path]:
    """The bundled weights of this network, by their names, which have no underscore in them."""
    stock = model_name.removesuffix("_delegable")  # the same function of the same weights
    parts = {path: path.stem.rpartition("_") for path in _bundled()}
    return {name: path for path, (model, _, name) in parts.items() if model == stock}


def names_for(model_name: str) -> tuple[str, ...]:
    """The names of weights that there are for this network: bundled ones, then published ones."""
    published = (name for name, model in download.FILES if model == model_name)
    return (*bundled_for(model_name), *published)


def _known(model_name: str) -> str:
    names = [*names_for(model_name), "seeded"]
    return f"give {' or '.join(names)}, or the path of a {FILES_THAT_LOAD}"
