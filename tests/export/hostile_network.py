"""A small Ghost network in a file whose name, labels and tensors' names are anybody's."""

import shutil
from pathlib import Path

from colours import colour_record
from small_ghost import SIZE, small_int8

from export.contract import facts
from export.graph import Graph
from export.metadata import attach_metadata
from ghostnet_tf.base.record import record_path, save


def hostile_ghost(folder: Path, text: str) -> Path:
    """With its record, under the name `text`."""
    graph = Graph(small_int8())
    graph.names = [f"{name}{text}" for name in graph.names]
    data = graph.to_bytes()
    says = facts(data)
    record = colour_record(
        model="small",
        recipe="static_wi8_ai8",
        preprocessing={**colour_record().preprocessing, "size": SIZE},
        labels=tuple("abcde"),
        label_ids=tuple("abcde"),
        ops=dict(sorted(says.ops.items())),
        delegated_ops=says.delegation.n_delegated,
        total_ops=says.delegation.n_ops,
    )
    path = save(folder / "made", record, attach_metadata(data, record))[0]
    new = folder / f"{text}.tflite"
    shutil.copy(path, new)
    shutil.copy(record_path(path), record_path(new))
    return new
