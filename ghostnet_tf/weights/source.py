"""Where weights come from: shipped with the package, or a file of the user's."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.errors import UserError
from ghostnet_tf.files import sha256
from ghostnet_tf.weights import checkpoint

if TYPE_CHECKING:
    import keras

BUNDLED = Path(__file__).parent / "bundled"
KERAS_SUFFIXES = (".weights.h5", ".keras")
MAX_BYTES = 1_000_000_000
# What a file that is no checkpoint begins with, what it is, and what to do about it.
IMPOSTORS = (
    (b"<!doctype", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
    (b"version https://git-lfs", "a Git LFS pointer", "run `git lfs pull`"),
    (b"\x80", "a Python pickle, which could run code", "save its tensors as .safetensors"),
)


@dataclass(frozen=True)
class Weights:
    """A file of weights that has been found and looked at, not yet loaded."""

    name: str  # "tinyimagenet", or the stem of the user's file
    path: Path
    sha256: str
    header: dict[str, Any]  # what our own checkpoints say of themselves; else empty

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
    """The file behind `weights`, a bundled name or a path, for the model of that name.

    A delegable network is the same function of the same weights as its stock twin.
    """
    twin = model_name.removesuffix("_delegable")
    bundled = BUNDLED / f"{twin}_{weights}.safetensors"
    path = bundled if bundled.exists() else Path(weights)
    if path.is_dir():
        raise UserError(f"{weights!r} is a folder, not a file of weights", fix=_known(model_name))
    if not path.is_file():
        raise UserError(
            f"there are no weights {weights!r} for {model_name}", fix=_known(model_name)
        )
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{str(path)!r} is larger than {MAX_BYTES:,} bytes")
    if path.suffix != ".safetensors" and not path.name.endswith(KERAS_SUFFIXES):
        raise UserError(
            f"{str(path)!r} is of no known kind",
            fix="give a .safetensors, .weights.h5 or .keras file",
        )
    data = path.read_bytes()
    _refuse_impostors(path, data[:512])
    header = checkpoint.read(path)[1] if path.suffix == ".safetensors" else {}
    name = weights if path == bundled else path.name.split(".")[0]
    return Weights(name, path, sha256(data), header)


def load(model: "keras.Model", weights: str | Weights, new_head: bool = False) -> Weights:
    """Fill `model`; every tensor is used once, or nothing is changed and the tensor is named.

    With `new_head` the classifier keeps its fresh values.
    """
    from ghostnet_tf.weights import keras_file
    from ghostnet_tf.weights.apply import copy

    found = find(weights, model.name) if isinstance(weights, str) else weights
    if found.path.suffix == ".safetensors":
        tensors = checkpoint.read(found.path)[0]
    else:
        tensors = keras_file.read(found.path, model, MAX_BYTES)
    try:
        copy(model, tensors, new_head)
    except UserError as error:
        raise UserError(
            f"{str(found.path)!r} does not fit {model.name}: {error}", error.fix
        ) from None
    return found


def _refuse_impostors(path: Path, head: bytes) -> None:
    """A download that went wrong is best named for what it is."""
    if not head:
        raise UserError(f"{str(path)!r} is empty", fix="download it again?")
    start = head.lstrip().lower()
    for magic, what, fix in IMPOSTORS:
        if start.startswith(magic):
            raise UserError(f"{str(path)!r} is {what}, not weights", fix)


def _known(model_name: str) -> str:
    names = sorted(
        p.stem.removeprefix(f"{model_name}_") for p in BUNDLED.glob(f"{model_name}_*.safetensors")
    )
    shipped = " or ".join([*names, "seeded"])
    return f"give {shipped}, or a path to .safetensors, .weights.h5 or .keras"
