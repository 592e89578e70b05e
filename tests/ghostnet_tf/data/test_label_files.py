"""Label files as people's editors leave them: the right names, or the encoding that is wrong."""

from pathlib import Path

import pytest
from counts import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import label_file
from ghostnet_tf.data.labels import Labels, labels

CASES = Path(__file__).with_name("cases")
NAMES = ("caf\u00e9", "\u732b", "dog")
ENCODINGS = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16, little end first": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
}


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("has_last_end", [True, False])
def test_labels_are_read_in_any_unicode_with_any_ends(encoding, end, has_last_end, tmp_path):
    text = end.join(NAMES) + end * has_last_end
    path = written(tmp_path / "labels.txt", ENCODINGS[encoding](text))

    assert Labels.read(path) == Labels.of_folders(NAMES)


@pytest.mark.parametrize("case", ["labels_bom_crlf.txt", "labels_utf16.txt"])
def test_what_windows_writes_is_read(case):
    assert labels(str(CASES / case)) == Labels(("cat", "dog"), ("cat", "dog"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(encoding, tmp_path):
    path = written(tmp_path / "labels.txt", "n1\tcat\nn2\tdog\n".encode(encoding))

    assert Labels.read(path) == Labels(("n1", "n2"), ("cat", "dog"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((CASES / "labels_cp1252.txt").read_bytes(), "line 1 holds byte 0xE9, which is '\u00e9'"),
        ("cat\nStra\u00dfe\n".encode("cp1252"), "line 2 holds byte 0xDF, which is '\u00df'"),
        ("cat\r\n\u20ac\r\n".encode("cp1252"), "line 2 holds byte 0x80, which is '\u20ac'"),
    ],
)
def test_a_code_page_of_windows_is_refused_and_named(data, said, tmp_path):
    with pytest.raises(UserError, match=f"not in UTF-8: {said} in cp1252") as refused:
        Labels.read(written(tmp_path / "labels.txt", data))
    assert "iconv -f cp1252 -t utf-8" in refused.value.fix


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe" + "cat".encode("utf-16-le") + b"\0", "begin as UTF-16-LE and are not in that"),
        (b"cat\n\0\0\0dog\n", "are no text"),
        (b"\x89PNG\r\n\x1a\n", "line 1 holds byte 0x89"),
        (b"\x81", "line 1 holds byte 0x81$"),  # nothing in cp1252
    ],
)
def test_what_is_no_text_is_refused(data, said, tmp_path):
    with pytest.raises(UserError, match=said):
        Labels.read(written(tmp_path / "labels.txt", data))


def test_a_file_larger_than_labels_can_be_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(label_file, "MAX_BYTES", 7)
    assert len(Labels.read(written(tmp_path / "a.txt", b"cat\ndog"))) == 2
    with pytest.raises(UserError, match="larger than 7 bytes"):
        Labels.read(written(tmp_path / "b.txt", b"cat\ndog\n"))


@pytest.mark.parametrize("name", ["a\x85b", "a\u2028b", "a\vb", "a\fb", "a\x1cb", "a\u2029b"])
def test_a_name_that_some_reader_would_cut_in_two_is_refused(name, tmp_path):
    path = written(tmp_path / "labels.txt", f"cat\n{name}\n".encode())

    with pytest.raises(UserError, match=r"label 2, .* cannot be written .*: U\+") as refused:
        Labels.read(path)
    assert f"U+{ord(name[1]):04X}" in str(refused.value) and refused.value.fix


@pytest.mark.parametrize(
    ("ids", "names", "said"),
    [
        (("a", "b"), ("cat\ndog", "bird"), r"label 1, 'cat\\ndog', .* U\+000A"),
        (("a", "b\r"), ("cat", "bird"), r"label 2, .* U\+000D"),
        (("a", "b"), ("cat", "caf\udce9"), "label 2, .* not UTF-8"),
        (("a", ""), ("cat", "dog"), "label 2, '', .* empty"),
    ],
)
def test_names_from_python_are_held_to_the_same(ids, names, said):
    with pytest.raises(UserError, match=said):
        Labels(ids, names)


def test_an_id_is_found_in_whichever_way_its_accent_is_written(tmp_path):
    path = written(tmp_path / "labels.txt", "cafe\u0301\nStra\u00dfe\n".encode())

    assert Labels.read(path).ids == ("caf\u00e9", "Stra\u00dfe")
    assert Labels(("cafe\u0301",), ("x",)).outputs() == {"caf\u00e9": 0}


@settings(max_examples=examples(200, 30_000))
@given(st.binary(max_size=40))
@example(b"")
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\t\n")
def test_any_bytes_are_labels_that_can_be_written_or_a_named_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    try:
        read = Labels.read(path)
    except UserError as error:
        assert "label" in str(error) or "any.txt" in str(error)
    else:
        assert "\n".join(read.names).encode().decode().splitlines() == [*read.names]


@settings(max_examples=examples(200, 30_000))
@given(
    st.lists(
        st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1).filter(str.strip),
        unique=True,
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(sorted(ENCODINGS)),
)
def test_any_names_are_read_as_they_were_written(tmp_path_factory, names, encoding):
    path = tmp_path_factory.getbasetemp() / "names.txt"
    path.write_bytes(ENCODINGS[encoding]("\n".join(names)))
    wanted = tuple(label_file.same(name) for name in names)
    if len(set(wanted)) == len(wanted):
        assert Labels.read(path).names == wanted
