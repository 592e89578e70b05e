"""Labels and normalisation inside the `.tflite`, where Android Studio and the Task library look.

A buffer named TFLITE_METADATA holds a second flatbuffer; the files that it names are a zip after
the model's end. Schema: tflite-support, metadata_schema.fbs 1.1.0. That package has no release for
today's Pythons, so the few tables we need are described here.
"""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import number_types as flags
from flatbuffers.table import Table

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member
from ghostnet_tf.base.record import PreprocessingFields, Record
from ghostnet_tf.base.schema import Mismatch, typed
from ghostnet_tf.base.sides import spelled

from .detector_graph import OUTPUTS, POSTPROCESSED, SCORES, is_detector, is_postprocessed
from .flatbuffer import Flatbuffer
from .segmenter_graph import LOGITS, is_segmenter

ENTRY, IDENTIFIER = b"TFLITE_METADATA", b"M001"
NAMES_FILE, IDS_FILE, PREPROCESSING_FILE = "labels.txt", "label_ids.txt", "preprocessing.json"
MAX_FILE_BYTES, MAX_ITEMS = 1_000_000, 100  # of an associated file, of a vector: hostile beyond
MAX_TABLES = 10_000  # in all: vectors of vectors may point to the same few bytes again and again
# Enum values of the schema: kinds of files, of colours, of boxes.
DESCRIPTIONS, TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS = 1, 2, 3
RGB, GREY = 1, 2
BOUNDARIES, RATIO = 1, 0
# What TFLite_Detection_PostProcess gives: places of x1 y1 x2 y2 among the four numbers of a box.
CORNERS_AT = (1, 0, 3, 2)
GROUP = "detection_result"  # its first three outputs have one row for every box
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same inputs must give the same bytes

DAMAGE = (  # what hostile bytes make these readers raise
    struct.error, TypeError, ValueError, LookupError, RuntimeError, EOFError, OverflowError,
    zipfile.BadZipFile, zlib.error, Mismatch,
)  # fmt: skip

# Each table's fields in the order of their numbers. A value is a string, a byte, a table, a
# [vector] of those ([float], [int]: of numbers), or a {tag: table} union, whose tag takes a number
# of its own. None: skipped.
# fmt: off
TABLES: Mapping[str, Mapping[str, Any]] = {
    "ModelMetadata":   {"name": str, "description": str, "version": str, "subgraphs": ["SubGraph"],
                        "author": str, "license": str, "files": ["File"],
                        "min_parser_version": str},
    "SubGraph":        {"name": str, "description": str, "inputs": ["Tensor"],
                        "outputs": ["Tensor"], "files": ["File"], "input_units": None,
                        "output_units": None, "input_groups": None, "output_groups": ["Group"]},
    "Tensor":          {"name": str, "description": str, "dimension_names": None,
                        "content": "Content", "process_units": ["ProcessUnit"], "stats": None,
                        "files": ["File"]},
    "Group":           {"name": str, "tensors": [str]},
    "Content":         {"properties": {1: "FeatureProperties", 2: "ImageProperties",
                                       3: "BoxProperties"}},
    "FeatureProperties": {},
    "ImageProperties": {"color_space": int},
    "BoxProperties":   {"index": [int], "type": int, "coordinates": int},
    "ProcessUnit":     {"options": {1: "Normalization"}},
    "Normalization":   {"mean": [float], "std": [float]},
    "File":            {"name": str, "description": str, "type": int},
}
# fmt: on


@dataclass(frozen=True)
class Metadata:
    """What a `.tflite` says of itself. Mean and std are of pixels in [0, 255]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels: tuple[str, ...]
    label_ids: tuple[str, ...]  # ours only; empty in other people's files
    preprocessing: PreprocessingFields | None  # ours only: the schema knows no crop and no filter


def metadata_of(record: Record) -> Metadata:
    """What the file of this record must say."""
    fields = record.preprocessing
    if fields is None:
        return Metadata((), (), record.labels, record.label_ids, None)
    mean, std = (tuple(float(np.float32(255 * v)) for v in fields[key]) for key in ("mean", "std"))
    return Metadata(mean, std, record.labels, record.label_ids, fields)


def attach_metadata(data: bytes, record: Record) -> Flatbuffer:
    """`data` with the metadata of `record`: the last step of an export.

    Whatever rewrites the flatbuffer afterwards, litert-quantizer too, drops the zip.
    """
    graph, says = Flatbuffer(data).graph.copy(), metadata_of(record)
    outputs = [f"output_{i}" for i in range(len(graph.outputs))]
    named = 0  # the output that the labels name
    if is_detector(graph):
        outputs, named = [*OUTPUTS], OUTPUTS.index(SCORES)
    if is_segmenter(graph):
        outputs = [LOGITS]
    inputs = [graph.names[tensor] for tensor in graph.inputs]
    if is_postprocessed(graph):
        content = _encoded(says, record, inputs, _chosen_boxes(says), [])
    else:
        shape = graph.shape(graph.outputs[named])
        names_outputs = bool(shape) and shape[-1] == len(says.labels)
        content = _encoded(says, record, inputs, *_outputs(says, outputs, named, names_outputs))
    graph.set_metadata(ENTRY, content)
    whole = io.BytesIO(graph.to_bytes())
    with zipfile.ZipFile(whole, "a") as archive:
        for name, text in _files(says).items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text)  # stored: readers map the file
    return Flatbuffer(whole.getvalue())


def with_files_of(source: bytes, data: bytes) -> Flatbuffer:
    """`data`, the flatbuffer of `source` rewritten, with the files that hang on `source`."""
    if not zipfile.is_zipfile(io.BytesIO(source)):
        return Flatbuffer(data)
    whole = io.BytesIO(data)
    whole.seek(0, io.SEEK_END)
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(whole, "a") as new:
            for name in old.namelist():
                content = read_member(old, name, MAX_FILE_BYTES)
                new.writestr(zipfile.ZipInfo(name, EPOCH), content)
    except DAMAGE as error:
        raise UserError(
            f"the files inside the file are damaged: {_why(error)}",
            fix="export or copy the file again",
        ) from error
    return Flatbuffer(whole.getvalue())


def read_metadata(data: bytes) -> Metadata | None:
    """The metadata of any `.tflite`, ours or not; None where there is none."""
    graph = Flatbuffer(data).graph
    try:
        content = graph.metadata(ENTRY)
        return None if content is None else _decoded(content, data)
    except DAMAGE as error:
        raise UserError(
            f"the metadata inside the file is damaged: {_why(error)}",
            fix="export or copy the file again",
        ) from error


def _why(error: Exception) -> str:
    """In words of ours, or of `zipfile`'s; the other readers speak of their own insides."""
    if isinstance(error, UnicodeDecodeError):
        return "a text in it is not UTF-8"
    is_worded = type(error) is ValueError or isinstance(error, Mismatch | zipfile.BadZipFile)
    return str(error) if is_worded else "what it says of its own parts does not fit"


def _files(says: Metadata) -> dict[str, str]:
    files = {}
    if says.preprocessing is not None:
        files[PREPROCESSING_FILE] = json.dumps(says.preprocessing)
    if says.labels:
        files |= {NAMES_FILE: "\n".join(says.labels), IDS_FILE: "\n".join(says.label_ids)}
    return files


def _image(how: PreprocessingFields, says: Metadata) -> dict[str, Any]:
    is_grey = how.get("channels") == 1
    square = " square" if isinstance(how["size"], int) else " (height x width)"
    photo = f"{'a grey' if is_grey else 'an RGB'} photo, {spelled(how['size'])} pixels{square}"
    return {
        "name": "image",
        "description": f"{photo}, normalised",
        "content": {"properties": {2: {"color_space": GREY if is_grey else RGB}}},
        "process_units": [{"options": {1: {"mean": says.mean, "std": says.std}}}],
    }


def _outputs(
    says: Metadata, names: list[str], named: int, names_outputs: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what is said of each output, files that belong to none)."""
    outputs: list[dict[str, Any]] = [{"name": name} for name in names]
    if not says.labels:
        return outputs, []
    if names_outputs:
        labels = {"name": NAMES_FILE, "type": TENSOR_AXIS_LABELS}
        called = LOGITS if names == [LOGITS] else SCORES
        outputs[named] = {"name": called, "files": [labels]}
        return outputs, []
    outputs[named] = {"name": SCORES}
    # One output for two classes: other readers would miss a value.
    return outputs, [{"name": NAMES_FILE, "type": DESCRIPTIONS}]


def _chosen_boxes(says: Metadata) -> list[dict[str, Any]]:
    """Of boxes that the file has chosen, as MediaPipe's ObjectDetector reads them."""
    kinds: list[dict[int, Any]] = [{1: {}} for _ in POSTPROCESSED]
    kinds[0] = {3: {"index": CORNERS_AT, "type": BOUNDARIES, "coordinates": RATIO}}
    outputs: list[dict[str, Any]] = [
        {"name": name, "content": {"properties": kind}}
        for name, kind in zip(POSTPROCESSED, kinds, strict=True)
    ]
    if says.labels:
        outputs[1]["files"] = [{"name": NAMES_FILE, "type": TENSOR_VALUE_LABELS}]
    return outputs


def _encoded(
    says: Metadata,
    record: Record,
    inputs: list[str],
    outputs: list[dict[str, Any]],
    others: list[dict[str, Any]],
) -> bytes:
    how = record.preprocessing
    given = [_image(how, says)] if how else [{"name": name} for name in inputs]
    aside = [{"name": PREPROCESSING_FILE, "type": DESCRIPTIONS}] if how else []
    aside += others
    if says.labels:
        aside.append({"name": IDS_FILE, "type": DESCRIPTIONS})
    of_graph: dict[str, Any] = {"inputs": given, "outputs": outputs}
    if len(outputs) == len(POSTPROCESSED) and outputs[0]["name"] == POSTPROCESSED[0]:
        of_graph["output_groups"] = [{"name": GROUP, "tensors": POSTPROCESSED[:3]}]
    model = {
        "name": record.model,
        "description": f"{record.recipe}, weights {record.weights}",
        "subgraphs": [of_graph],
        "files": aside,
        "min_parser_version": "1.0.0",
    }
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, "ModelMetadata", model), IDENTIFIER)
    return bytes(builder.Output())


def _decoded(content: bytes, data: bytes) -> Metadata:
    root = Table(content, int.from_bytes(content[:4], "little"))
    model = _Reader().table("ModelMetadata", root)
    subgraph = model["subgraphs"][0]
    units = subgraph["inputs"][0].get("process_units", [])
    scaling = next((unit["options"] for unit in units if "options" in unit), {})
    lists = [
        file["name"]
        for output in subgraph["outputs"]
        for file in output.get("files", [])
        if file.get("type") in (TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS)
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        own, ids = _text(archive, PREPROCESSING_FILE), _text(archive, IDS_FILE)
        names = lists[0] if lists else NAMES_FILE if ids else ""
        return Metadata(
            mean=tuple(scaling.get("mean", ())),
            std=tuple(scaling.get("std", ())),
            labels=_lines(_text(archive, names)) if names else (),
            label_ids=_lines(ids),
            preprocessing=typed(PreprocessingFields, json.loads(own), "it") if own else None,
        )


def _text(archive: zipfile.ZipFile, name: str) -> str:
    """An associated file; "" where there is none."""
    if name not in archive.namelist():
        return ""
    if archive.getinfo(name).file_size > MAX_FILE_BYTES:
        raise ValueError(f"{name!r} unpacks to more than {MAX_FILE_BYTES:,} bytes")
    return archive.read(name).decode()


def _lines(text: str) -> tuple[str, ...]:
    """One label a line, as Android's readers count lines: U+0085 and its like end none."""
    lines = text.replace("\r\n", "\n").removesuffix("\n")
    return tuple(lines.split("\n")) if lines else ()


# ---------------------------------------------------------------------------- flatbuffer


def _slots(kind: str) -> Iterator[tuple[int, str, Any]]:
    """(number, name, type) of each field; the tag of a union has the number before it."""
    number = 0
    for name, field in TABLES[kind].items():
        number += isinstance(field, dict)
        yield number, name, field
        number += 1


def _write(builder: flatbuffers.Builder, kind: Any, value: Any) -> int:
    """Write a string, a vector or a table, and return its place.

    The value of a union is {tag: table}.
    """
    if kind is str:
        return builder.CreateString(value)
    if kind in ([float], [int]):
        return builder.CreateNumpyVector(np.array(value, "<f4" if kind == [float] else "<u4"))
    if isinstance(kind, list):
        places = [_write(builder, kind[0], item) for item in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return builder.EndVector()
    numbers, places = {}, {}
    for slot, name, field in _slots(kind):
        if field is int and name in value:
            numbers[slot] = value[name]
        elif name in value:
            inner = value[name]
            if isinstance(field, dict):
                ((tag, inner),) = inner.items()
                numbers[slot - 1], field = tag, field[tag]
            places[slot] = _write(builder, field, inner)
    builder.StartObject(1 + max([*numbers, *places], default=-1))
    for slot, number in numbers.items():
        builder.PrependUint8Slot(slot, number, 0)
    for slot, place in places.items():
        builder.PrependUOffsetTRelativeSlot(slot, place, 0)
    return builder.EndObject()


class _Reader:
    """Of one metadata flatbuffer: its tables as dicts."""

    def __init__(self) -> None:
        self.n_tables = 0

    def table(self, kind: str, table: Table) -> dict[str, Any]:
        self.n_tables += 1
        if self.n_tables > MAX_TABLES:
            raise ValueError(f"it has more than {MAX_TABLES:,} tables")
        found = {}
        for slot, name, field in _slots(kind):
            if isinstance(field, dict):
                tag = table.Offset(4 + 2 * (slot - 1))
                field = field.get(table.Get(flags.Uint8Flags, table.Pos + tag)) if tag else None
            at = table.Offset(4 + 2 * slot)
            if at and field:
                found[name] = self.field(field, table, at)
        return found

    def field(self, field: Any, table: Table, at: int) -> Any:
        if field is int:
            return table.Get(flags.Uint8Flags, table.Pos + at)
        if field is str:
            return table.String(table.Pos + at).decode()
        if isinstance(field, str):
            return self.table(field, Table(table.Bytes, table.Indirect(table.Pos + at)))
        if (length := table.VectorLen(at)) > MAX_ITEMS:
            raise ValueError(f"a list claims {length} items")
        places = [table.Vector(at) + 4 * i for i in range(length)]
        if field in ([float], [int]):
            number = flags.Float32Flags if field == [float] else flags.Uint32Flags
            return [table.Get(number, place) for place in places]
        if field == [str]:
            return [table.String(place).decode() for place in places]
        return [self.table(field[0], Table(table.Bytes, table.Indirect(p))) for p in places]
