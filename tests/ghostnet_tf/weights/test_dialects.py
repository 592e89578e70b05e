"""Foreign GhostNets of every dialect into ours: names, arithmetic, and what must be refused."""

import hashlib
import pickle
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import safetensors.numpy

from export.parity import snr_db
from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.weights import dialects, foreign
from ghostnet_tf.weights import translate as conversion
from ghostnet_tf.weights.translate import Foreign, convert
from tests.ghostnet_tf import torch_writer
from tests.ghostnet_tf.dialect_forward import B, C, early_as_paddle
from tests.published_files import NAMINGS, Tensors, file_of, network, shapes
from tests.seeded_tensors import images

GOLDENS = Path(__file__).parents[1] / "goldens"
SIZE = 64
MODELS = ("ghostnet_050", "ghostnet_100", "ghostnet_130")


def loaded(tensors: Tensors, model: str, pad_mode: str = "symmetric") -> keras.Model:
    found = foreign.recognised(tensors)
    assert found is not None
    target = network(model, pad_mode)
    for path, value in convert(found, shapes(model)).items():
        next(v for v in target.weights if v.path == path).assign(value)
    return target


def logits(model: keras.Model) -> np.ndarray:
    return np.asarray(model(images(2, SIZE), training=False))


# ------------------------------------------------------------------------------------- names

# SHA-256 of the sorted lines "name shape" of every tensor that the published file holds, without
# counters. Computed from lists that were read off the authors' classes and files, not from our
# tables: a name or shape that we invented or forgot changes it.
PUBLISHED_LISTS = {
    ("official", "050"): "08d01787b50144013903b08f4bccb4e4a4b414820b2e6541c9cf54a64b1a29a2",
    ("official", "100"): "46005e526227f4ef5808f8e25f81a47e5ff4592115634c376e2e7918eb2db6ca",
    ("official", "130"): "4f7a9246855729835d328cac6c4b3a0a8ed1e4b0a089ab54bd69892b0dc58387",
    ("paddle", "050"): "4a5251409c0d311f41aa3671dbaf0c2c3da9439bf9123ffdc2718603ad2df4dc",
    ("paddle", "100"): "1801b292b8dcd8991491aaa9b592f4a87ea7ce76c6936bbb197a44abde38f28f",
    ("paddle", "130"): "fa564fffe5dcab49fde424e56e0bf87c8299963ffe90cbf8aa8c57096506b9a3",
    ("early", "100"): "9114448aa72313365f8f610050b336c615d95970d97b1309c84fc5e5592773d4",
    ("tensorflow", "100"): "eeb466fe74925fe0aef3104ed6a81bb015460515a4cf9bd54d6411d002c061db",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "width"), PUBLISHED_LISTS)
def test_every_tensor_of_the_published_file_has_its_place(kind, width):
    places = conversion.places(NAMINGS[kind], shapes(f"ghostnet_{width}"))

    lines = sorted(f"{place.name} {list(place.in_file)}\n" for place in places)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert len({place.name for place in places}) == len(places)
    assert digest == PUBLISHED_LISTS[kind, width]


@pytest.mark.parametrize("kind", NAMINGS)
def test_the_dialect_is_told_by_the_names_and_named(kind):
    found = foreign.recognised(file_of(kind, "ghostnet_050"))

    assert found is not None and found.naming is NAMINGS[kind]
    origin = {"official": "A (official PyTorch or timm)", "early": "B (early PyTorch release)",
              "paddle": "B (PaddleClas)", "tensorflow": "C (official TensorFlow)"}  # fmt: skip
    assert str(found) == f"dialect {origin[kind]}"


# -------------------------------------------------------------------------------- arithmetic


@pytest.mark.parametrize("model", MODELS)
def test_timms_own_network_gives_the_same_logits(model):
    """The logits are timm's, in float64; goldens/make_timm.py made them."""
    expected = np.load(GOLDENS / "timm_logits.npz")[model.removeprefix("ghostnet_")]

    assert snr_db(expected, logits(loaded(file_of("official", model), model))) >= 100


@pytest.mark.skipif(
    find_spec("torch") is None or find_spec("timm") is None,
    reason="torch and timm are not installed; the goldens stand for them",
)
def test_timm_still_gives_the_golden_logits(monkeypatch):
    import sys

    from tests.ghostnet_tf.goldens import make_timm

    monkeypatch.setattr(sys, "meta_path", [make_timm.NoTorchvision(), *sys.meta_path])
    for width, expected in np.load(GOLDENS / "timm_logits.npz").items():
        assert snr_db(expected, make_timm.logits(f"ghostnet_{width}")) >= 130


@pytest.mark.parametrize("model", MODELS)
def test_paddle_weights_give_paddles_logits(model):
    tensors = file_of("paddle", model)

    assert snr_db(B(tensors).logits(images(2, SIZE)), logits(loaded(tensors, model))) >= 100


def test_early_weights_give_the_early_networks_logits():
    tensors = file_of("early", "ghostnet_050")

    expected = B(early_as_paddle(tensors)).logits(images(2, SIZE))
    assert snr_db(expected, logits(loaded(tensors, "ghostnet_050"))) >= 100


@pytest.mark.parametrize("model", MODELS[:2])
def test_tensorflow_weights_give_tensorflows_logits(model):
    tensors = file_of("tensorflow", model)

    ours = logits(loaded(tensors, model, pad_mode="same"))
    assert snr_db(C(tensors).logits(images(2, SIZE)), ours) >= 100


def test_the_gates_of_the_references_clip_at_both_ends():
    """Or the three tests above would see no difference between the gates."""
    seen: list[np.ndarray] = []

    class Watched(B):
        def gate(self, block, mean):
            gate = super().gate(block, mean)
            if gate is not None:
                seen.append(gate)
            return gate

    Watched(file_of("paddle", "ghostnet_050")).logits(images(2, SIZE))

    gates = np.concatenate([gate.ravel() for gate in seen])
    assert (gates == 0).mean() > 0.02 and (gates == 1).mean() > 0.02
    assert ((gates > 0) & (gates < 1)).mean() > 0.3


# -------------------------------------------------------------------- what is taken all the same


def nested(tensors: Tensors, key: str) -> Any:
    return {"epoch": 3, key: tensors, "optimizer": {"state": {0: {"step": 5}}}}


TAKEN: dict[str, tuple[Callable[[Tensors], Any], str]] = {
    "as it is": (lambda t: t, ""),
    "with counters": (lambda t: t | {"bn1.num_batches_tracked": np.array(5)}, ""),
    "float64 that is float32": (lambda t: {k: v.astype(np.float64) for k, v in t.items()}, ""),
    "module.": (
        lambda t: {f"module.{k}": v for k, v in t.items()},
        "; the prefix 'module.' was taken off",
    ),
    "two prefixes": (
        lambda t: {f"ema.module.{k}": v for k, v in t.items()},
        "; the prefix 'ema.module.' was taken off",
    ),
    "state_dict": (lambda t: nested(t, "state_dict"), "; its 'state_dict' was read"),
    "nested and prefixed": (
        lambda t: nested({f"model.{k}": v for k, v in t.items()}, "model"),
        "; its 'model' was read; the prefix 'model.' was taken off",
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_certain_is_taken_and_said(case):
    change, said = TAKEN[case]
    tensors = file_of("official", "ghostnet_050")

    found = foreign.recognised(*foreign.state_dict(change(tensors)))

    assert found is not None
    assert str(found) == f"dialect A (official PyTorch or timm){said}"
    expected = convert(Foreign(dialects.OFFICIAL, tensors), shapes("ghostnet_050"))
    ours = convert(found, shapes("ghostnet_050"))
    assert all(np.array_equal(ours[path], value) for path, value in expected.items())


def test_a_new_head_takes_any_number_of_classes_from_any_dialect():
    for kind in NAMINGS:
        tensors = file_of(kind, "ghostnet_050")
        kernel, bias = NAMINGS[kind].layers["classifier"]
        tensors |= {kernel: np.ones((7, 7), np.float32), bias: np.ones(7, np.float32)}

        ours = convert(Foreign(NAMINGS[kind], tensors), shapes("ghostnet_050"), new_head=True)

        expected = {p for p in shapes("ghostnet_050") if not p.startswith("classifier/")}
        assert ours.keys() == expected


def test_a_network_without_its_top_takes_a_whole_checkpoint(tmp_path):
    backbone = GhostNet(0.5, include_top=False, name="ghostnet_050")
    before = {v.path: np.array(v.value) for v in backbone.weights}

    for kind in ("official", "early", "paddle"):
        tensors = file_of(kind, "ghostnet_050")
        path = tmp_path / f"{kind}.safetensors"
        path.write_bytes(safetensors.numpy.save(tensors))
        weights.load(backbone, str(path))

        expected = convert(Foreign(NAMINGS[kind], tensors), shapes("ghostnet_050"))
        for variable in backbone.weights:
            assert np.array_equal(variable.value, expected[variable.path]), (kind, variable.path)
            assert not np.array_equal(variable.value, before[variable.path])

    ours = tmp_path / "ours.safetensors"  # and from a checkpoint of our own names
    whole = {v.path: np.array(v.value) for v in loaded(tensors, "ghostnet_050").weights}
    ours.write_bytes(safetensors.numpy.save({k: v * 2 for k, v in whole.items()}))
    weights.load(backbone, str(ours))
    assert np.array_equal(backbone.weights[0].value, whole[backbone.weights[0].path] * 2)


# ----------------------------------------------------------------------------------- files


def test_files_of_every_kind_reach_the_model(tmp_path):
    """Suffix -> the same tensors in that file."""
    official, paddle = file_of("official", "ghostnet_050"), file_of("paddle", "ghostnet_050")
    files = {
        "zip.pth": torch_writer.as_zip(official),
        "old.pth": torch_writer.as_legacy(official),
        "timm.safetensors": safetensors.numpy.save(official),
        "paddle.pdparams": pickle.dumps({**paddle, "StructuredToParameterName@@": {"a": "b"}}, 2),
    }
    target = network("ghostnet_050")

    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        target.set_weights([np.zeros(v.shape) for v in target.weights])
        found = weights.load(target, str(tmp_path / name))

        tensors = paddle if "paddle" in name else official
        expected = convert(foreign.recognised(tensors), shapes("ghostnet_050"))  # type: ignore
        assert all(np.array_equal(v.value, expected[v.path]) for v in target.weights)
        assert found.name == name.split(".")[0] and found.header == {}
        assert found.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow writes the file")
def test_a_tensorflow_checkpoint_is_read_by_any_of_its_names(tmp_path):
    import tensorflow as tf

    tensors = file_of("tensorflow", "ghostnet_050")
    prefix = str(tmp_path / "ghostnet_checkpoint")
    names, values = zip(*tensors.items(), strict=True)
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )

    for end in ("", ".index", ".data-00000-of-00001"):
        found = weights.find(prefix + end, "ghostnet_050")
        assert found.name == "ghostnet_checkpoint" and found.foreign
        assert found.foreign.naming is dialects.TENSORFLOW
        assert all(np.array_equal(found.foreign.tensors[n], v) for n, v in tensors.items())
    data = Path(f"{prefix}.data-00000-of-00001")
    assert found.sha256 == hashlib.sha256(data.read_bytes()).hexdigest()

    with pytest.raises(UserError, match=r"C \(official TensorFlow\) needs pad_mode='same', and"):
        weights.load(network("ghostnet_050"), found)
    weights.load(network("ghostnet_050", "same"), found)

    whole = data.read_bytes()
    data.write_bytes(whole[:-100])
    with pytest.raises(UserError, match=r"its index declares .* has [\d,]+"):
        weights.find(prefix, "ghostnet_050")
    data.unlink()
    with pytest.raises(UserError, match="half of a TensorFlow checkpoint, is not there") as error:
        weights.find(prefix, "ghostnet_050")
    assert "ghostnet_checkpoint.index and ghostnet_checkpoint.data-" in error.value.fix
    Path(f"{prefix}.index").write_bytes(b"x" * 1000)
    data.write_bytes(whole)
    with pytest.raises(UserError, match="the TensorFlow checkpoint cannot be read: "):
        weights.find(prefix, "ghostnet_050")


# ----------------------------------------------------------------------------------- faults

STEM, GATE, HEAD = "conv_stem.weight", "blocks.3.0.se.conv_reduce.weight", "classifier.weight"


def without(tensors: Tensors, name: str) -> Tensors:
    return {k: v for k, v in tensors.items() if k != name}


def with_first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """The array with another first number."""

    def change(array: np.ndarray) -> np.ndarray:
        changed = array.copy()
        changed.flat[0] = value
        return changed

    return change


ANOTHER = {"ghostnet_050": "ghostnet_100", "ghostnet_100": "ghostnet_130",
           "ghostnet_130": "ghostnet_050"}  # fmt: skip
# fault -> (what it does to the tensors, the message with {} for two shapes, the fix)
FAULTS: dict[str, tuple[Callable[[Tensors], Tensors], str, str]] = {
    "missing": (
        lambda t: without(t, GATE),
        "it lacks 1 tensors, the first is 'blocks.3.0.se.conv_reduce.weight'",
        conversion.ANOTHER_NETWORK,
    ),
    "extra": (
        lambda t: t | {"blocks.2.0.ghost1.short_conv.weight": t[STEM]},
        "1 tensors have no place in the model, the first is 'blocks.2.0.ghost1.short_conv.weight'",
        conversion.ANOTHER_NETWORK,
    ),
    "duplicated": (
        lambda t: t | {f"module.{STEM}": t[STEM]},
        "1 tensors have no place in the model, the first is 'module.conv_stem.weight'",
        conversion.ANOTHER_NETWORK,
    ),
    "prefix on some": (
        lambda t: without(t, STEM) | {f"module.{STEM}": t[STEM]},
        "it lacks 1 tensors, the first is 'conv_stem.weight'",
        conversion.ANOTHER_NETWORK,
    ),
    "transposed": (
        lambda t: t | {GATE: t[GATE].transpose(1, 0, 2, 3)},
        "'blocks.3.0.se.conv_reduce.weight' has shape {got}, the model needs {needed}",
        conversion.ANOTHER_ORDER,
    ),
    "nan": (
        lambda t: t | {GATE: with_first(np.nan)(t[GATE])},
        "'blocks.3.0.se.conv_reduce.weight' holds values that are not finite numbers",
        conversion.DIVERGED,
    ),
    "infinite": (
        lambda t: t | {HEAD: with_first(np.inf)(t[HEAD])},
        "'classifier.weight' holds values that are not finite numbers",
        conversion.DIVERGED,
    ),
    "float64": (
        lambda t: t | {GATE: t[GATE].astype(np.float64) + 1e-12},
        "'blocks.3.0.se.conv_reduce.weight' holds float64 numbers that float32 cannot hold exactly",
        "save the weights as float32",
    ),
    "float64 beyond float32": (
        lambda t: t | {GATE: with_first(1e300)(t[GATE].astype(np.float64))},
        "'blocks.3.0.se.conv_reduce.weight' holds float64 numbers that float32 cannot hold exactly",
        "save the weights as float32",
    ),
    "int8": (
        lambda t: t | {GATE: t[GATE].astype(np.int8)},
        "'blocks.3.0.se.conv_reduce.weight' holds int8 numbers",
        "save the weights as float32",
    ),
    "negative variance": (
        lambda t: t | {"bn1.running_var": -t["bn1.running_var"]},
        "'bn1.running_var' holds a variance below 0",
        "download it again?",
    ),
}


def refusal(tensors: Tensors, model: str) -> UserError:
    found = foreign.recognised(tensors)
    assert found is not None
    with pytest.raises(UserError) as error:
        convert(found, shapes(model))
    return error.value


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_checkpoint_is_refused_with_the_tensor_named(fault, model):
    change, said, fix = FAULTS[fault]
    healthy = file_of("official", model)
    faulty = change(healthy)

    error = refusal(faulty, model)

    if "{got}" in said:
        said = said.format(got=faulty[GATE].shape, needed=healthy[GATE].shape)
    assert (str(error), error.fix) == (said, fix)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", NAMINGS)
def test_another_width_is_refused_with_the_tensor_named(kind, model):
    name = NAMINGS[kind].layers["stem"][0]
    tensors = file_of(kind, ANOTHER[model])

    error = refusal(tensors, model)

    # the three widths differ in their very first tensor
    got, needed = tensors[name].shape, file_of(kind, model)[name].shape
    assert str(error) == f"{name!r} has shape {got}, the model needs {needed}"
    assert error.fix == conversion.ANOTHER_WIDTH


def test_a_refused_file_is_named_and_changes_nothing(tmp_path):
    target = network("ghostnet_050")
    before = [np.array(v.value) for v in target.weights]
    path = tmp_path / "theirs.pth"
    path.write_bytes(torch_writer.as_zip(without(file_of("official", "ghostnet_050"), HEAD)))

    with pytest.raises(
        UserError, match=rf"^'{path}' does not fit ghostnet_050: it lacks 1 tensors"
    ):
        weights.load(target, str(path))

    assert all(np.array_equal(a, v.value) for a, v in zip(before, target.weights, strict=True))


def test_what_is_no_ghostnet_is_refused(tmp_path):
    tensors = file_of("official", "ghostnet_050")
    path = tmp_path / "x.pth"
    path.write_bytes(torch_writer.as_zip(tensors))
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="classifier")])
    with pytest.raises(UserError, match=r"it holds a GhostNet, dialect A .* is another network"):
        weights.load(other, weights.find(str(path), "other"))

    path.write_bytes(torch_writer.as_zip({"features.0.weight": np.ones(3, np.float32)}))
    with pytest.raises(UserError, match="are named as in no GhostNet that is known") as error:
        weights.find(str(path), "ghostnet_050")
    assert "PaddleClas" in error.value.fix


NO_STATE_DICTS = {
    "two sets": (
        lambda t: {"state_dict": t, "state_dict_ema": t},
        "it holds 2 sets of tensors: 'state_dict', 'state_dict_ema'",
    ),
    "a list": (lambda t: list(t), "it holds a list, no tensors"),
    "nothing": (lambda t: {"epoch": 3}, "it holds no tensors"),
    "a number among them": (lambda t: t | {"epoch": 3}, "'epoch' is a int, no tensor"),
    "a numbered tensor": (lambda t: t | {7: t[STEM]}, "7 is a ndarray, no tensor"),
}


@pytest.mark.parametrize("case", NO_STATE_DICTS)
def test_what_is_no_state_dict_is_refused(case, tmp_path):
    change, said = NO_STATE_DICTS[case]
    path = tmp_path / "x.pdparams"
    path.write_bytes(pickle.dumps(change({STEM: np.ones(3, np.float32)}), 4))

    with pytest.raises(UserError, match=rf"x\.pdparams' is refused: {re.escape(said)}$"):
        weights.find(str(path), "ghostnet_050")


def test_a_width_whose_gates_are_too_narrow_for_dialect_b_is_refused():
    narrow = dict(shapes("ghostnet_050"))
    narrow["block_03/se/reduce/bias"] = (8,)

    with pytest.raises(UserError, match="'block_03/se' has 8 squeezed channels, too few for the 9"):
        conversion.places(dialects.PADDLE, narrow)
