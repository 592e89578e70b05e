"""A finished `.tflite` that may be run in this process, with what is known of it."""

from dataclasses import replace
from pathlib import Path

from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import Record, read_model, record_of
from ghostnet_tf.base.terminal import note

from .flatbuffer import Flatbuffer
from .metadata import metadata_of, read_metadata

Opened = tuple[Flatbuffer, Record | None]


def trusted(path: str | Path) -> Opened:
    """The file at `path`, and the record of exactly these bytes; None where it has none of ours.

    A file without a record is run once in a process of its own before it is handed out: UserError
    where it does not survive that. A record vouches for its bytes, as far as one trusts the record.
    """
    data = Flatbuffer(read_model(path))
    record = record_of(path, data)
    if record is None:
        from .trial import survives

        survives(data, repr(user_path(path).name))
        return data, None
    return data, as_the_file_says(record, data, user_path(path).name)


def as_the_file_says(record: Record, data: Flatbuffer, title: str) -> Record:
    """`record` with the labels and the preprocessing that stand inside the file.

    Its hash covers what is inside, and nothing covers the record: where they differ, somebody has
    changed the record, which is said.
    """
    inside = read_metadata(data)
    if inside is None or inside.preprocessing is None or inside == metadata_of(record):
        return record
    says = {
        "labels": inside.labels,
        "label_ids": inside.label_ids,
        "preprocessing": inside.preprocessing,
    }
    other = [key for key, value in says.items() if getattr(record, key) != value]
    note(
        f"note: the record of {title!r} was changed after the export: its "
        f"{' and '.join(other)} are not those inside the file, which are taken"
    )
    return replace(record, **says)
