import io
import os
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tflite
from colours import SIZE, colour_model, colour_record
from hypothesis import given
from hypothesis import strategies as st

from export import metadata
from export.graph import Graph
from export.metadata import attach_metadata, metadata_of, read_metadata
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError

DATA = os.environ.get("GHOSTNET_DATA")


def with_metadata(**changes) -> bytes:
    return attach_metadata(colour_model(), colour_record(**changes))


def test_what_is_written_is_read():
    assert read_metadata(with_metadata()) == metadata_of(colour_record())


@pytest.mark.parametrize("odd", ["a\x85b", "a\u2028b", "a\vb", " a ", "caf\u00e9"])
def test_labels_of_others_never_shift_whatever_is_in_them(odd):
    """Android reads a label a line, and to it these are no ends of lines."""
    for at in (0, 3, 5):
        names = ("red", "green", "blue", "yellow", "magenta", "cyan")
        names = (*names[:at], odd, *names[at + 1 :])
        says = read_metadata(with_metadata(labels=names))

        assert says is not None and says.labels == names


def test_a_model_without_metadata_has_none():
    assert read_metadata(colour_model()) is None


def test_the_normalisation_is_in_units_of_a_pixel():
    fields = colour_record().preprocessing | {"mean": [0.485, 0.456, 0.406]}

    says = metadata_of(colour_record(preprocessing=fields))

    assert says.mean == pytest.approx((123.675, 116.28, 103.53))
    assert says.std == (127.5, 127.5, 127.5)


def test_the_model_answers_exactly_as_before():
    images = np.random.default_rng(0).normal(size=(4, SIZE, SIZE, 3)).astype(np.float32)

    before, after = (Runtime(data).run(images) for data in (colour_model(), with_metadata()))

    np.testing.assert_array_equal(before, after)


def test_every_constant_lies_at_a_multiple_of_16_bytes():
    data = with_metadata()
    model: Any = tflite.Model.GetRootAs(data, 0)

    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    places = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if not b.DataIsNone()]

    assert len(places) >= 4  # kernel, axes, two entries of metadata
    assert not any(place % 16 for place in places)


def test_the_same_record_gives_the_same_bytes():
    assert with_metadata() == with_metadata()


def test_attaching_again_replaces_what_was_attached():
    again = attach_metadata(with_metadata(labels=tuple("abcdef")), colour_record())

    assert read_metadata(again) == metadata_of(colour_record())


def test_rewriting_the_flatbuffer_drops_the_labels():
    # Why the metadata comes last; if this fails, attach_metadata may be called earlier.
    rewritten = Graph(with_metadata()).to_bytes()

    with pytest.raises(UserError, match="metadata inside the file is damaged"):
        read_metadata(rewritten)


def test_labels_are_a_stored_file_that_android_can_map():
    with zipfile.ZipFile(io.BytesIO(with_metadata())) as archive:
        assert archive.read("labels.txt") == b"red\ngreen\nblue\nyellow\nmagenta\ncyan"
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_a_backbone_carries_its_preprocessing_and_no_labels():
    says = read_metadata(with_metadata(labels=(), label_ids=()))

    assert says == metadata_of(colour_record(labels=(), label_ids=()))


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_metadata_written_by_google_is_read():
    path = Path(str(DATA)) / "mobilenet_tflite" / "tf2_mobilenet_v2_1.0_224_ptq.tflite"

    says = read_metadata(path.read_bytes())

    assert says is not None
    assert (says.mean, says.std, says.preprocessing) == ((127.5,), (127.5,), None)
    assert (len(says.labels), says.labels[0]) == (1001, "background")


def test_a_label_file_that_unpacks_to_a_flood_is_refused():
    whole = io.BytesIO(Graph(with_metadata()).to_bytes())
    whole.seek(0, io.SEEK_END)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", b"\n" * 1_000_001)

    with pytest.raises(UserError, match=r"'labels.txt' unpacks to more than 1,000,000 bytes"):
        read_metadata(whole.getvalue())


@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_flipped_byte_anywhere_is_an_error_with_words_or_none_at_all(place, byte):
    data = bytearray(with_metadata())
    data[int(place * len(data))] = byte

    try:
        read_metadata(bytes(data))
    except UserError as error:
        assert (
            "damaged" in str(error) or "cannot be read" in str(error) or "no .tflite" in str(error)
        )


def with_file(name: str, content: str) -> bytes:
    """The colour model with another associated file under this name."""
    whole = io.BytesIO(Graph(with_metadata()).to_bytes())
    whole.seek(0, io.SEEK_END)
    with zipfile.ZipFile(whole, "a") as archive:
        for one in ("labels.txt", "label_ids.txt", "preprocessing.json"):
            archive.writestr(one, content if one == name else "")
    return whole.getvalue()


@pytest.mark.parametrize(
    "content", ["[" * 200_000, '{"a":' * 200_000, '{"size": 1' + "0" * 400 + "}"]
)
def test_json_that_no_reader_can_hold_is_damage(content):
    with pytest.raises(UserError, match="the metadata inside the file is damaged"):
        read_metadata(with_file("preprocessing.json", content))


@pytest.mark.parametrize("n", [60, 100])
def test_tables_that_are_pointed_to_again_and_again_are_counted(n):
    unit = {"options": {1: {"mean": (0.0,), "std": (1.0,)}}}
    image = {"name": "image", "process_units": [unit] * n}
    flood = {"name": "x", "subgraphs": [{"inputs": [image] * n, "outputs": [{"name": "y"}]}]}
    graph = Graph(with_metadata())
    builder = flatbuffers.Builder(1024)
    builder.Finish(metadata._write(builder, "ModelMetadata", flood), metadata.IDENTIFIER)
    graph.set_metadata(metadata.ENTRY, bytes(builder.Output()))

    read = graph.to_bytes()
    if 2 * n * n < metadata.MAX_TABLES:
        with pytest.raises(UserError, match="damaged: File is not a zip"):  # its tables are read
            read_metadata(read)
    else:
        with pytest.raises(UserError, match=r"damaged: it has more than 10,000 tables"):
            read_metadata(read)
