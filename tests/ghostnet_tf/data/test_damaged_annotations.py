"""Files of annotations with bytes changed, cut, doubled: read, or refused by name."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.skipped import Skips
from tests.counts import examples
from tests.ghostnet_tf.data.annotated import FORMATS

TEXTS = (".xml", ".json", ".txt", ".yaml")


class InMemory:
    """A place whose files are bytes."""

    def __init__(self, files: dict[str, bytes]):
        self.title, self.contents = "memory", files
        self.files, self.folders = [*files], []

    def read(self, name: str, kind: str = "photo") -> bytes:
        return self.contents[name]

    def path_of(self, name: str) -> None:
        pass


def look(files: dict[str, bytes]) -> BoxedPhotos | None:
    """The photos, every one of them looked at and sound; None where the place is refused."""
    try:
        photos = BoxedPhotos.open(InMemory(files), Skips())
    except UserError as error:
        assert str(error)
        return None
    for i in range(len(photos)):
        boxes = photos.boxes(i)
        x1, y1, x2, y2 = boxes.corners.T
        assert ((boxes.corners >= 0) & (boxes.corners <= 1)).all()
        assert (x1 < x2).all() and (y1 < y2).all()
        assert ((boxes.classes >= 0) & (boxes.classes < len(photos.classes))).all()
    return photos


def damaged(data: bytes, at: float, length: int, instead: bytes) -> bytes:
    start = int(at * len(data))
    return data[:start] + instead + data[start + length :]


PIECES = [
    b"", b"<", b">", b"&x;", b"</annotation>", b"<object>", b"<name>", b"<xmin>1e999</xmin>", b"{",
    b"}", b"[", b"]", b",", b'"', b"null", b"1e999", b"-1", b"true", b'"images"', b"\n", b"0 ",
    b"\xff", b"\0", b"\xef\xbb\xbf", b"nan", b"names: [", b"..\\..", b"\xed\xa0\x80",
]  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=examples(40, 10_000))
@example(which=0, at=0.5, length=3, instead=b"\xed\xa0\x80")
@given(
    which=st.integers(0, 10),
    at=st.floats(0, 1),
    length=st.integers(0, 60),
    instead=st.sampled_from(PIECES) | st.binary(max_size=6),
)
def test_damage_is_skipped_or_refused(format, which, at, length, instead):
    files = FORMATS[format]()
    texts = [name for name in files if name.endswith(TEXTS)]
    name = texts[which % len(texts)]
    files[name] = damaged(files[name], at, length, instead)

    look(files)


@pytest.mark.parametrize("format", FORMATS)
def test_undamaged_every_box_is_there(format):
    photos = look(FORMATS[format]())

    assert photos and sum(photos.counts().values()) == 4


def test_in_a_thousand_one_bad_annotation_is_one_that_is_skipped():
    files = {}
    for i in range(1000):
        files[f"images/{i}.png"] = b""  # nobody opens it
        files[f"labels/{i}.txt"] = b"0 .5 .5 .5 .5\n" if i != 321 else b"\xff\xfe\xff"
    files["data.yaml"] = b"names: [a]"
    skipped = Skips()

    photos = BoxedPhotos.open(InMemory(files), skipped)

    assert len(photos) == 999 and photos.counts() == {"a": 999}
    (one,) = skipped
    assert "labels/321.txt" in one.why
    assert np.array_equal(photos.boxes(0).corners, [[0.25, 0.25, 0.75, 0.75]])
