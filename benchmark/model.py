"""One `.tflite` file with what its record says, as the benchmark sees it."""

from dataclasses import dataclass
from pathlib import Path

from ghostnet_tf.base.files import sha256, user_path
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.base.record import Record, matching_record, read_model, record_path


@dataclass(frozen=True)
class Model:
    path: Path
    data: bytes
    sha256: str
    record: Record | None  # None where a .tflite stands alone

    @property
    def has_operators(self) -> bool:
        """Ghost operators, which the runner must be given: kernels/ghost_op.h names them."""
        return f"{OPERATOR_NAME}.000".encode() in self.data

    @property
    def title(self) -> str:
        """ghostnet_100 seeded static_wi8_ai8; of a file without a record, its name."""
        if self.record is None:
            return self.path.stem
        tuned = f" tuned for {self.record.tuning.core}" if self.record.tuning else ""
        operators = " with Ghost operators" if self.record.operators else ""
        return f"{self.record.model} {self.record.weights} {self.record.recipe}{tuned}{operators}"


def open_model(path: str | Path) -> Model:
    """The file at `path`; a record beside it must belong to exactly these bytes."""
    path = user_path(path)
    data = read_model(path)
    record = matching_record(path, data) if record_path(path).exists() else None
    return Model(path, data, sha256(data), record)
