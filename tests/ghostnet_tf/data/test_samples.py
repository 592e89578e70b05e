import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.data import samples as module
from ghostnet_tf.data.samples import Samples

AGES, MAPS = np.arange(6.0).reshape(3, 2), np.arange(36.0).reshape(3, 2, 6)
INPUTS = (Tensor("maps", (1, 2, 6), "float32"), Tensor("ages", (1, 2), "int32"))


def saved(folder: Path, **arrays) -> Path:
    np.savez(folder / "s.npz", **arrays)
    return folder / "s.npz"


def packed(folder: Path, name: str, data: bytes) -> Path:
    """A zip with this member, deflated."""
    with zipfile.ZipFile(folder / "s.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return folder / "s.npz"


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_samples_come_in_the_order_and_the_types_of_the_inputs(tmp_path, save, order):
    save(tmp_path / "s.npz", ages=AGES.astype(np.int64), maps=np.asarray(MAPS, order=order))

    rows = Samples.open(tmp_path / "s.npz").fitted(INPUTS)

    assert len(rows) == 3
    for i, (maps, ages) in enumerate(rows):
        assert maps.dtype == np.float32 and np.array_equal(maps, MAPS[i])
        assert ages.dtype == np.int32 and np.array_equal(ages, AGES[i])


def test_the_only_array_goes_to_the_only_input_whatever_its_name(tmp_path):
    (row,) = Samples.open(saved(tmp_path, arr_0=MAPS[:1])).fitted(INPUTS[:1])

    assert np.array_equal(row[0], MAPS[0])


def nan(at: int) -> np.ndarray:
    values = AGES.copy()
    values[at, 1] = np.nan
    return values


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"ages": np.array([{}, 1], object)}, "the array 'ages' of .* holds Python objects"),
        ({"ages": np.array(["a", "b"])}, "'ages' of .* holds no numbers, but <U1"),
        ({"ages": AGES.astype(complex)}, "'ages' of .* holds no numbers, but complex128"),
        ({"ages": np.zeros(3, [("x", "f4")])}, "'ages' of .* holds no numbers"),
        ({"ages": nan(2)}, "'ages' of .* has NaN or infinity in sample 2"),
        ({"ages": np.array([1.0, np.inf])}, "'ages' of .* has NaN or infinity in sample 1"),
        ({"ages": np.float32(3)}, r"'ages' of .* has the shape \(\): no sample"),
        ({"ages": np.zeros((0, 2))}, r"'ages' of .* has the shape \(0, 2\): no sample"),
        ({"ages": AGES, "maps": MAPS[:2]}, "of different lengths: 'ages' 3, 'maps' 2"),
        ({}, "holds no arrays"),
    ],
)
def test_an_array_that_is_no_sample_is_named(tmp_path, arrays, said):
    with pytest.raises(UserError, match=said) as refused:
        Samples.open(saved(tmp_path, **arrays))
    assert refused.value.fix


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"maps": MAPS}, "has no array 'ages'"),
        ({"maps": MAPS, "ages": AGES.astype(int), "age": AGES}, "has an array 'age', and the net"),
        ({"maps": MAPS, "ages": AGES}, "'ages' of .* is of float64"),
        ({"maps": MAPS, "ages": AGES.astype(int) - 2**40}, "'ages' of .* reaches from -1099511"),
        ({"maps": MAPS + 1e39, "ages": AGES.astype(int)}, "'maps' of .* has values beyond float32"),
        ({"maps": MAPS.swapaxes(1, 2), "ages": AGES.astype(int)}, r"'maps' of .* shape \(6, 2\)"),
    ],
)
def test_an_array_that_does_not_fit_is_named_and_what_would_fit_is_said(tmp_path, arrays, said):
    found = Samples.open(saved(tmp_path, **arrays))

    with pytest.raises(UserError, match=said) as refused:
        found.fitted(INPUTS)
    assert "'maps' (2, 6) float32, 'ages' (2,) int32" in refused.value.fix


def test_bytes_that_are_no_archive_or_no_array_are_refused(tmp_path):
    (tmp_path / "no.npz").write_bytes(b"no zip at all")
    cut = npy(AGES)[:-8]
    huge = npy(np.zeros(1)).replace(b"(1,), }", b"(10**9,), }"[:7])
    claims = npy(AGES).replace(b"(3, 2)", b"(9, 9)")

    for path in (tmp_path / "no.npz", tmp_path / "absent.npz", tmp_path):
        with pytest.raises(UserError, match=r"cannot be read|there is no file"):
            Samples.open(path)
    no_size = npy(np.zeros(0)).replace(b"<f8", b"<U0")
    for data in (b"", b"\x93NUMPY", cut, claims, huge, no_size, npy(AGES).replace(b"<f8", b"<fx")):
        with pytest.raises(UserError, match="the array 'ages' of"):
            Samples.open(packed(tmp_path, "ages.npy", data))


def test_a_bomb_is_refused_by_its_list_and_while_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 10_000)
    bomb = packed(tmp_path, "ages.npy", npy(np.zeros((100, 100))))

    with pytest.raises(UserError, match="unpacks to 80,128 bytes; 10,000 are read"):
        Samples.open(bomb)

    # The list says 100 bytes, and there are more of them.
    data = bytearray(bomb.read_bytes())
    place = data.index((80_128).to_bytes(4, "little"), data.index(b"PK\1\2"))
    data[place : place + 4] = (100).to_bytes(4, "little")
    bomb.write_bytes(data)
    with pytest.raises(UserError, match=r"'ages\.npy' .*(cannot be read|more than)"):
        Samples.open(bomb)
