"""One `.tflite` file with what its record says, as the benchmark sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256, user_path
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.base.record import ALL_KINDS, Record, read_model, record_of


@dataclass(frozen=True)
class Model:
    path: Path
    data: bytes
    sha256: str
    record: Record | None  # None where a .tflite stands alone
    folder: str = ""  # what tells it from another file of the same name; empty: nothing need

    @property
    def file(self) -> str:
        """Its name, with as much of its path as tells it from the other files."""
        return f"{self.folder}/{self.path.name}" if self.folder else self.path.name

    def named(self, name: str) -> str:
        """`name`, which another model may have too, with the folder that tells them apart."""
        return f"{name} ({self.folder})" if self.folder else name

    @property
    def has_operators(self) -> bool:
        """Ghost operators, which the runner must be given: kernels/ghost_op.h names them."""
        return f"{OPERATOR_NAME}.000".encode() in self.data

    @property
    def title(self) -> str:
        """ghostnet_100 seeded static_wi8_ai8; of a file without a record, its name."""
        if self.record is None:
            return self.named(self.path.stem)
        tuned = f" tuned for {self.record.tuning.core}" if self.record.tuning else ""
        made = self.record.operators
        kinds = "" if made is None or made.kinds == ALL_KINDS else f"{made.kinds} "
        operators = f" with {kinds}Ghost operators" if made else ""
        says = f"{self.record.model} {self.record.weights} {self.record.recipe}"
        return self.named(f"{says}{tuned}{operators}")


def open_all(paths: Sequence[str | Path]) -> list[Model]:
    """The files at `paths`; those that would be called alike are told apart by their folders."""
    models = [open_model(path) for path in paths]
    if len({model.sha256 for model in models}) < len(models):
        raise UserError("two of the files are the same, byte for byte", fix="name it once")
    alike = [[other.path for other in models if other.title == model.title] for model in models]
    return [
        replace(model, folder=folder_of(model.path, paths)) if len(paths) > 1 else model
        for model, paths in zip(models, alike, strict=True)
    ]


def open_model(path: str | Path) -> Model:
    """The file at `path`; a record beside it must belong to exactly these bytes."""
    path = user_path(path)
    data = read_model(path)
    return Model(path, data, sha256(data), record_of(path, data))


def folder_of(path: Path, others: Sequence[Path]) -> str:
    """The least of the folders above `path` that none of `others` shares: "a" of a/x and b/x.

    Two files of one folder have it in common, and are called by their whole names.
    """
    above = path.absolute().parts[:-1]
    for n in range(1, len(above) + 1):
        ends = [other.absolute().parts[:-1][-n:] for other in others]
        if ends.count(above[-n:]) == 1:
            return "/".join(above[-n:])
    return path.name
