"""Where weights come from: shipped with the package, published by others, or the user's own."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import cache, sha256, user_path
from ghostnet_tf.weights import checkpoint, download, published, tf1
from ghostnet_tf.weights.translate import Published, convert, is_ghostnet

if TYPE_CHECKING:
    import keras

BUNDLED = Path(__file__).parent / "bundled"
FILES_THAT_LOAD = ".safetensors, .weights.h5, .keras, .pth, .pdparams or .npz file"
PICKLE = b"\x80"  # since protocol 2
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


@dataclass(frozen=True)
class Weights:
    """A file of weights that has been found and looked at, not yet loaded."""

    name: str  # "tinyimagenet", or the stem of the user's file
    path: Path
    sha256: str
    header: dict[str, Any]  # what our own checkpoints say of themselves; else empty
    published: Published | None = field(default=None, repr=False, compare=False)  # other people's

    @property
    def facts(self) -> checkpoint.Facts | None:
        if not self.header:
            return None
        try:
            return checkpoint.Facts.from_dict(self.header)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"{str(self.path)!r} does not say what its tensors are: {error!r}",
                fix="give the best.safetensors of a training run",
            ) from None


def find(weights: str, model_name: str) -> Weights:
    """The file behind `weights`, a bundled or published name or a path, for the model of that name.

    A delegable network is the same function of the same weights as its stock twin. Published
    weights are downloaded once.
    """
    stock = model_name.removesuffix("_delegable")
    bundled = {path.name: path for path in BUNDLED.glob("*.safetensors")}
    if path := bundled.get(f"{stock}_{weights}.safetensors"):
        return _look(path, weights)
    if weights in download.NAMES:
        file = download.find(weights, model_name)
        path = download.fetch(file, cache(), partial(_readable, kind=file.name))
        return _look(path, weights)
    path = user_path(weights)
    if path.is_dir():
        raise UserError(f"{weights!r} is a folder, not a file of weights", fix=_known(model_name))
    if not path.is_file() and tf1.prefix_of(path) is None:
        raise UserError(
            f"there are no weights {weights!r} for {model_name}", fix=_known(model_name)
        )
    return _look(path, path.name.split(".")[0])


def load(model: "keras.Model", weights: str | Weights, new_head: bool = False) -> Weights:
    """Fill `model`; every tensor is used once, or nothing is changed and the tensor is named.

    With `new_head` the classifier keeps its fresh values. A GhostNet without its top takes a whole
    checkpoint and leaves the head's tensors aside (not those of `.weights.h5` and `.keras`, which
    Keras names by their place in the whole).
    """
    from ghostnet_tf.weights import ghost_resnet56, keras_file
    from ghostnet_tf.weights.apply import copy

    found = find(weights, model.name) if isinstance(weights, str) else weights
    try:
        if found.published:
            tensors = _converted(model, found.published, new_head)
        elif found.path.suffix == ".safetensors":
            tensors = checkpoint.read(found.path)[0]
        elif found.path.suffix == GHOST_RESNET56:
            tensors = ghost_resnet56.tensors(found.path)
        else:
            tensors = keras_file.read(found.path, model, MAX_BYTES)
        copy(model, tensors, new_head)
    except UserError as error:
        raise UserError(
            f"{str(found.path)!r} does not fit {model.name}: {error}", error.fix
        ) from None
    return found


def _look(path: Path, name: str) -> Weights:
    """Read what is needed to know what the file is."""
    prefix = tf1.prefix_of(path)
    files = tf1.files_of(prefix) if prefix else (path,)
    kinds = (".safetensors", GHOST_RESNET56, *published.SUFFIXES, *KERAS_SUFFIXES)
    if not prefix and not path.name.endswith(kinds):
        raise UserError(f"{str(path)!r} is of no known kind", fix=f"give a {FILES_THAT_LOAD}")
    for file in files:
        if file.stat().st_size > MAX_BYTES:
            raise UserError(f"{str(file)!r} is larger than {MAX_BYTES:,} bytes")
        _refuse_impostors(file, path.name)
    header = checkpoint.read(path)[1] if path.suffix == ".safetensors" else {}
    theirs = None if header else _readable(path, path.name)
    return Weights(name, path, sha256(files[-1].read_bytes()), header, theirs)


def _readable(path: Path, kind: str) -> Published | None:
    """The tensors in the dialect of a published GhostNet; None where they have other names.

    `kind` is a name with the ending to go by.
    """
    if kind.endswith((GHOST_RESNET56, *KERAS_SUFFIXES)):
        return None
    if kind.endswith(".safetensors"):
        return published.recognised(checkpoint.read(path)[0])
    return published.read(path, MAX_BYTES, kind)


def _converted(model: "keras.Model", theirs: Published, new_head: bool) -> dict[str, np.ndarray]:
    """The published tensors by path of the model's variables."""
    shapes: dict[str, tuple[int, ...]] = {v.path: tuple(v.shape) for v in model.weights}
    if not is_ghostnet(shapes, theirs.naming):
        raise UserError(
            f"it holds a GhostNet, {theirs.naming}, and {model.name} is another network",
            fix="--model ghostnet_100, or whichever width it is",
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
        if magic == PICKLE and (kind.endswith(published.SUFFIXES) or head[8:9] == b"{"):
            continue
        if start.startswith(magic):
            raise UserError(f"{str(path)!r} is {what}, not weights", fix)


def _known(model_name: str) -> str:
    names = sorted(
        p.stem.removeprefix(f"{model_name}_") for p in BUNDLED.glob(f"{model_name}_*.safetensors")
    )
    names += [name for name, model in download.FILES if model == model_name]
    return f"give {' or '.join([*names, 'seeded'])}, or the path of a {FILES_THAT_LOAD}"
