"""Weights into a model: all of them, exactly, or none."""

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import safetensors.numpy
from keras import layers
from small import scrambled, small_net, values

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.nets import zoo
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights import source as source_module
from ghostnet_tf.weights.checkpoint import CheckpointInfo

QUIET: Any = 0  # Keras annotates `verbose` as text
# Keras 3.15 saves TensorFlow's variables in a way that NumPy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
INFO = CheckpointInfo("small", ("a", "b", "c"), IMAGENET.at(96))


def saved(model: keras.Model, folder: Path, kind: str, **changes) -> Path:
    """`model` in a file of that kind; `changes` replace tensors, None removes one."""
    path = folder / f"mine{kind}"
    if kind == ".keras":
        model.save(path)
    elif kind == ".weights.h5":
        model.save_weights(path)
    else:
        tensors = {**values(model), **changes}
        checkpoint.save(path, {k: v for k, v in tensors.items() if v is not None}, INFO.to_dict())
    return path


def refuse(model: keras.Model, path: Path, said: str, new_head: bool = False) -> UserError:
    """Loading fails with two useful lines and leaves the model as it was."""
    before = values(model)
    with pytest.raises(UserError, match=said) as error:
        weights.load(model, str(path), new_head)
    after = values(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert path.name in str(error.value) and "\n" not in str(error.value)
    return error.value


KINDS = [".safetensors", ".weights.h5", ".keras"]


@pytest.mark.parametrize("kind", KINDS)
def test_weights_load_back_exactly(kind, source, target, tmp_path):
    found = weights.load(target, str(saved(source, tmp_path, kind)))

    expected = values(source)
    assert all(np.array_equal(expected[path], value) for path, value in values(target).items())
    assert found.name == "mine" and len(found.sha256) == 64
    assert (found.info == INFO) if kind == ".safetensors" else (found.info is None)


@pytest.mark.parametrize(
    "name",
    ["ghostnet_010", "mobilenetv3_small_035_delegable", "mobilenetv2_035"],
)
def test_keras_files_of_every_family_load_back_exactly(name, tmp_path):
    model, fresh = (zoo.parse_model(name).build(classes=5) for _ in range(2))
    expected = scrambled(model)

    for kind in (".weights.h5", ".keras"):
        scrambled(fresh, seed=3)
        weights.load(fresh, str(saved(model, tmp_path, kind)))
        for path, value in values(fresh).items():
            assert np.array_equal(value, expected[path]), (kind, path)


def test_a_trained_model_with_its_optimizer_loads_back(source, target, tmp_path):
    trained = small_net()
    trained.compile("adam", "mse", metrics=["accuracy"])
    trained.fit(np.zeros((2, 32, 32, 3)), np.zeros((2, 3)), verbose=QUIET)

    for kind in (".weights.h5", ".keras"):
        weights.load(target, str(saved(trained, tmp_path, kind)))
        expected = values(trained)
        assert all(np.array_equal(expected[path], v) for path, v in values(target).items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_of_another_width_is_refused_with_a_tensor_named(kind, target, tmp_path):
    path = saved(small_net(width=12), tmp_path, kind)

    error = refuse(target, path, r"'stem/conv/kernel' has shape \(3, 3, 3, 12\), .* \(3, 3, 3, 8\)")

    assert "width" in error.fix


@pytest.mark.parametrize("kind", KINDS)
def test_other_classes_are_refused_unless_a_new_head_is_asked_for(kind, target, tmp_path):
    other = small_net(classes=7)
    expected = scrambled(other)
    path = saved(other, tmp_path, kind)
    head = {name: v for name, v in values(target).items() if name.startswith("classifier/")}

    refuse(target, path, "'classifier/")
    weights.load(target, str(path), new_head=True)

    loaded = values(target)
    assert len(head) == 2 and all(np.array_equal(v, loaded[name]) for name, v in head.items())
    assert all(np.array_equal(v, expected[n]) for n, v in loaded.items() if n not in head)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_head_excuses_no_other_width(kind, target, tmp_path):
    path = saved(small_net(width=12, classes=7), tmp_path, kind)

    refuse(target, path, "'stem/conv/kernel'", new_head=True)


def test_a_network_of_another_kind_is_refused(target, tmp_path):
    image = keras.Input((None, None, 3))
    other = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(image)))

    for kind in (".weights.h5", ".keras"):
        refuse(
            target, saved(other, tmp_path, kind), r"it lacks \d+ tensors, the first is 'block_00/"
        )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("stem/norm/gamma", None, "it lacks 1 tensors, the first is 'stem/norm/gamma'"),
        ("more/bias", np.zeros(3, np.float32), "1 tensors have no place .* 'more/bias'"),
        ("stem/norm/gamma", np.full(8, np.nan, np.float32), "'stem/norm/gamma' .* not finite"),
        ("stem/norm/gamma", np.full(8, np.inf, np.float32), "'stem/norm/gamma' .* not finite"),
        ("stem/norm/gamma", np.ones(8, np.int8), "'stem/norm/gamma' holds int8 numbers"),
        ("stem/norm/gamma", np.ones((8, 1), np.float32), r"'stem/norm/gamma' has shape \(8, 1\)"),
    ],
    ids=["missing", "extra", "nan", "infinite", "int8", "shape"],
)
def test_one_wrong_tensor_is_named_and_nothing_is_loaded(
    name, value, said, source, target, tmp_path
):
    error = refuse(target, saved(source, tmp_path, ".safetensors", **{name: value}), said)

    assert error.fix


def test_nan_in_a_keras_file_is_named(target, tmp_path):
    sick = small_net()
    sick.get_layer("stem").norm.gamma.assign([np.nan] * 8)

    for kind in (".weights.h5", ".keras"):
        refuse(target, saved(sick, tmp_path, kind), "'stem/norm/gamma' .* not finite")


class Hostile:
    def __reduce__(self):
        return pytest.fail, ("code of the file was run",)


IMPOSTORS = {
    "empty": (b"", "is empty"),
    "web page": (b"\n<!DOCTYPE html><html>404</html>", "is a web page"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "is a Git LFS pointer"),
    "pickle": (pickle.dumps(Hostile()), "is a Python pickle"),
    "noise": (bytes(range(200, 256)) * 40, "no readable safetensors|Keras file .* cannot be read"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("impostor", IMPOSTORS)
def test_what_is_no_checkpoint_is_named_for_what_it_is(impostor, kind, target, tmp_path):
    data, said = IMPOSTORS[impostor]
    path = tmp_path / f"mine{kind}"
    path.write_bytes(data)

    assert refuse(target, path, said).fix


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file_is_refused(share, kind, source, target, tmp_path):
    path = saved(source, tmp_path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])

    refuse(target, path, "no (readable|Keras)|does not fit")


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_is_no_file_of_weights(kind, target, tmp_path):
    (tmp_path / f"mine{kind}").mkdir()

    refuse(target, tmp_path / f"mine{kind}", "is a folder")


def test_an_unknown_kind_of_file_is_refused(target, tmp_path):
    (tmp_path / "mine.pkl").write_bytes(pickle.dumps(Hostile()))

    assert ".safetensors" in refuse(target, tmp_path / "mine.pkl", "no known kind").fix


def test_a_missing_file_is_answered_with_what_there_is(target):
    with pytest.raises(UserError, match="no weights 'imagnet' for small") as error:
        weights.load(target, "imagnet")
    assert "seeded" in error.value.fix and ".weights.h5" in error.value.fix


def test_a_file_too_large_for_weights_is_refused(source, target, tmp_path, monkeypatch):
    path = saved(source, tmp_path, ".safetensors")
    monkeypatch.setattr(source_module, "MAX_BYTES", 1000)

    refuse(target, path, "larger than 1,000 bytes")


def rewritten(path: Path, **files: bytes) -> Path:
    """A `.keras` archive with other files in it."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()} | files
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_the_layers_that_a_keras_file_describes_are_never_built(source, target, tmp_path):
    hostile = {"module": "builtins", "class_name": "exec", "config": {"code": "raise SystemExit"}}
    path = rewritten(
        saved(source, tmp_path, ".keras"), **{"config.json": json.dumps(hostile).encode()}
    )

    weights.load(target, str(path))

    assert np.array_equal(values(target)["stem/conv/kernel"], values(source)["stem/conv/kernel"])


def test_a_lambda_layer_in_a_keras_file_is_not_run(target, tmp_path):
    image = keras.Input((4,))
    model = keras.Model(image, layers.Lambda(lambda x: pytest.fail("it ran") if 0 else x)(image))

    refuse(target, saved(model, tmp_path, ".keras"), "it lacks")


def test_a_keras_archive_without_weights_is_refused(target, tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.keras", "w") as archive:
        archive.writestr("config.json", "{}")

    refuse(target, tmp_path / "mine.keras", "no 'model.weights.h5'")


def linked(kind: str, file: h5py.File, name: str, elsewhere: Path) -> None:
    """Put a way to other data under `name`."""
    shape = (8,)
    del file[name]
    if kind == "soft link":
        file[name] = h5py.SoftLink("/secret")
    elif kind == "external link":
        file[name] = h5py.ExternalLink(str(elsewhere), "secret")
    elif kind == "external data":
        file.create_dataset(name, shape, "f4", external=[(str(elsewhere), 0, 32)])
    else:
        layout = h5py.VirtualLayout(shape, "f4")
        layout[:] = h5py.VirtualSource(str(elsewhere), "secret", shape)
        file.create_virtual_dataset(name, layout)


@pytest.mark.parametrize("way", ["soft link", "external link", "external data", "virtual data"])
def test_an_hdf5_file_that_reaches_for_other_files_is_refused(way, source, target, tmp_path):
    elsewhere = tmp_path / "elsewhere.h5"
    with h5py.File(elsewhere, "w") as file:
        file["secret"] = np.ones(8, np.float32)
    path = saved(source, tmp_path, ".weights.h5")
    with h5py.File(path, "r+") as file:
        found: list[str] = []
        file.visititems(
            lambda name, item: found.append(name) if getattr(item, "shape", None) == (8,) else None
        )
        linked(way, file, found[0], elsewhere)

    refuse(target, path, "is refused: .* (is a link|lies in another file)")


def test_an_array_that_declares_more_than_it_holds_is_refused(source, target, tmp_path):
    path = saved(source, tmp_path, ".weights.h5")
    with h5py.File(path, "r+") as file:
        file.create_dataset("bomb", (10**6, 10**6), "f4", chunks=(64, 64), fillvalue=0)

    refuse(target, path, f"exceed {100 * path.stat().st_size:,} bytes")


def test_a_safetensors_file_of_someone_else_says_nothing_of_itself(source, tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(safetensors.numpy.save(values(source)))

    assert weights.find(str(path), "small").info is None


@pytest.mark.parametrize(
    "header",
    [
        {"model": "small"},
        {**INFO.to_dict(), "classes": 3},
        {**INFO.to_dict(), "preprocessing": "imagenet"},
        {**INFO.to_dict(), "preprocessing": {**IMAGENET.to_dict(), "size": "large"}},
        {**INFO.to_dict(), "preprocessing": {**IMAGENET.to_dict(), "more": 1}},
    ],
)
def test_a_damaged_info_is_refused_with_the_file_named(header, source, tmp_path):
    checkpoint.save(tmp_path / "mine.safetensors", values(source), header)

    with pytest.raises(UserError, match=r"mine\.safetensors' does not say"):
        _ = weights.find(str(tmp_path / "mine.safetensors"), "small").info


@pytest.mark.parametrize("text", ["[1]", "{", '"text"'])
def test_a_header_that_is_no_record_is_refused(text, source, target, tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(safetensors.numpy.save(values(source), {checkpoint.KEY: text}))

    refuse(target, path, "damaged header|no readable")


def test_bundled_weights_are_found_by_name_and_serve_the_delegable_twin(
    source, tmp_path, monkeypatch
):
    monkeypatch.setattr(source_module, "BUNDLED", tmp_path)
    saved(source, tmp_path, ".safetensors").rename(tmp_path / "small_tinyimagenet.safetensors")

    for model in ("small", "small_delegable"):
        found = weights.find("tinyimagenet", model)
        assert found.name == "tinyimagenet" and found.info == INFO
    (tmp_path / "small_det_cells.safetensors").write_bytes(b"")  # of the detector on it
    with pytest.raises(UserError) as error:
        weights.find("det_cells", "small")
    assert "give tinyimagenet or seeded" in error.value.fix
    assert weights.names_for("small_det") == ("cells",)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mine.safetensors", "mine"),
        ("runs/mine/best.safetensors", "mine"),
        ("runs/lr 0.1/best.safetensors", "lr 0.1"),
        ("runs/mine/bested.safetensors", "bested"),
    ],
)
def test_the_best_of_a_training_is_called_after_its_folder(file, name, tmp_path, monkeypatch):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    saved(small_net(), tmp_path, ".safetensors").rename(path)

    assert weights.find(str(path), "small").name == name
    monkeypatch.chdir(path.parent)
    assert weights.find(path.name, "small").name == name
