"""The names of the classes, in the order of a network's outputs; never off by one."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data import label_file
from ghostnet_tf.data.names import same, unwritable

TABLES = {path.stem: path for path in (Path(__file__).parent / "label_tables").glob("*.tsv")}
MAX_CLASSES = 100_000  # the largest set of classes that is published has 21,843


@dataclass(frozen=True)
class Labels:
    """One row per class. Ids are unique (a WordNet id, a folder name); names may repeat."""

    ids: tuple[str, ...]
    names: tuple[str, ...]

    def __post_init__(self):
        if len(self.ids) != len(self.names):
            raise UserError(f"{len(self.ids)} label ids stand beside {len(self.names)} names")
        if len(self) > MAX_CLASSES:
            raise UserError(
                f"{len(self):,} labels are more than {MAX_CLASSES:,}", fix="one label a class"
            )
        if len(set(self.ids)) != len(self.ids):
            twice = next(id for id, count in Counter(self.ids).items() if count > 1)
            raise UserError(
                f"the label id {twice!r} stands twice", fix="give every class its own id"
            )
        for number, label in enumerate(zip(self.ids, self.names, strict=True), 1):
            for text in label:
                if why := unwritable(text):
                    raise UserError(
                        f"label {number}, {text!r}, cannot be written into a file: {why}",
                        fix="rename that class",
                    )

    @classmethod
    def of_folders(cls, names: tuple[str, ...]) -> Self:
        """Class folders without a table: a folder's name is both id and name."""
        return cls(names, names)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """One class per line: id, tab, name. A line without a tab is both."""
        lines = label_file.lines(path)
        for number, line in enumerate(lines, 1):
            if not line.strip():
                raise UserError(
                    f"line {number} of {str(path)!r} is empty",
                    fix="one class per line, in the order of the network's outputs",
                )
        rows = [line.partition("\t") for line in lines]
        return cls(
            tuple(id or name for id, _, name in rows), tuple(name or id for id, _, name in rows)
        )

    def outputs(self) -> dict[str, int]:
        """Each id, as folders spell it -> the output that it names."""
        return {same(id): output for output, id in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self) -> list[str]:
        """As the lines of a file: an id, and the name where it is another."""
        pairs = zip(self.ids, self.names, strict=True)
        return [id if id == name else f"{id} {name}" for id, name in pairs]

    def expect(self, classes: int) -> Self:
        """These labels, if the network has as many outputs; one may stand for two classes."""
        if len(self) == classes or (len(self) == 2 and classes == 1):
            return self
        off_by_one = abs(len(self) - classes) == 1
        raise UserError(
            f"{len(self)} labels cannot name the {classes} classes of this network",
            fix="is there a 'background' row too many or too few?"
            if off_by_one
            else "give the label table that the network was trained with",
        )


@cache
def labels(name_or_file: str) -> Labels:
    """A table of ours by name ("imagenet", "tinyimagenet"), or one of the user's by file."""
    if user_path(name_or_file).is_file():
        return Labels.read(name_or_file)
    if user_path(name_or_file).suffix or len(user_path(name_or_file).parts) > 1:
        raise UserError(
            f"there is no file of labels {name_or_file!r}",
            fix=f"check the path, or give {' or '.join(TABLES)}",
        )
    return Labels.read(pick(name_or_file, TABLES, "label table"))


def naming(ids: tuple[str, ...]) -> Labels:
    """Labels for classes of which only the ids are known: our tables name what they know."""
    for table in TABLES:
        names = dict(zip(labels(table).ids, labels(table).names, strict=True))
        if names.keys() >= set(ids):
            return Labels(ids, tuple(names[id] for id in ids))
    return Labels.of_folders(ids)


def __getattr__(constant: str) -> Labels:
    # IMAGENET and TINYIMAGENET: read when first asked for.
    if constant.isupper() and constant.lower() in TABLES:
        return labels(constant.lower())
    raise AttributeError(f"module {__name__!r} has no attribute {constant!r}")
