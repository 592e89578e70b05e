"""A finished `.tflite` that may be run in this process."""

from pathlib import Path

from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import Record, read_model, record_of

from .flatbuffer import Flatbuffer


def trusted(path: str | Path) -> tuple[Flatbuffer, Record | None]:
    """The file at `path`, and the record of exactly these bytes; None where it has none of ours.

    A file without a record is run once in a process of its own before it is handed out: UserError
    where it does not survive that. A record vouches for its bytes, as far as one trusts the record.
    """
    data = Flatbuffer(read_model(path))
    record = record_of(path, data)
    if record is None:
        from .trial import survives

        survives(data, repr(user_path(path).name))
    return data, record
