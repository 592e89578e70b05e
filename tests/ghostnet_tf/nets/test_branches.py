"""Several convolutions that train beside each other are one in inference."""

import itertools
import zlib
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from export.from_keras import to_float32
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import branches, counts
from ghostnet_tf.nets.branches import BranchedConvNorm, conv_norm
from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck, GhostModule, RepGhostModule
from ghostnet_tf.nets.spec import TRAINING_FORMS, Branches
from tests.planted import changed

EVERY = Branches(more=2, scale=True, skip=True)


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def trained(layer: keras.layers.Layer) -> None:
    """Weights and statistics as after training: of every variance, around every mean."""
    for v in layer.weights:
        rng = np.random.default_rng(zlib.crc32(v.path.encode()))
        low = 0.5 if "variance" in v.path or "gamma" in v.path else -0.5
        v.assign(rng.uniform(low, low + 1, v.shape))


def both(layer: keras.layers.Layer, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(all branches and their sum, the one convolution), with the same statistics."""
    layer.trainable = False  # BatchNorm then keeps its statistics, also in training
    return np.asarray(layer(x, training=True)), np.asarray(layer(x, training=False))


def branched(filters, kernel, strides, **kwargs) -> BranchedConvNorm:
    layer = conv_norm(filters, kernel, strides, "relu", branches=EVERY, name="conv", **kwargs)
    assert isinstance(layer, BranchedConvNorm)
    layer(image(1, 8, 8, 6))
    trained(layer)
    return layer


# filters, kernel, stride, whether the input itself can be a branch
KINDS = {
    "pointwise": (6, 1, 1, True),
    "pointwise to others": (8, 1, 1, False),
    "3x3": (6, 3, 1, True),
    "3x3 at a stride": (6, 3, 2, False),
    "depthwise": (None, 3, 1, True),
    "even depthwise": (None, 2, 1, True),
    "5x5 depthwise at a stride": (None, 5, 2, False),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [8, 9])
def test_a_fold_is_exact(kind, side):
    *row, has_skip = KINDS[kind]
    layer = branched(*row)
    assert (layer.skip is not None) == has_skip

    several, one = both(layer, image(2, side, side, 6))

    assert several.shape == one.shape == layer.compute_output_shape((2, side, side, 6))
    assert snr_db(several, one) >= 100


def without_mean(norm):
    factor = norm.gamma / keras.ops.sqrt(norm.moving_variance + norm.epsilon)
    return factor, norm.beta


def in_a_corner(kernel, shape):
    return keras.ops.pad(kernel, [(0, b - s) for b, s in zip(shape, kernel.shape, strict=True)])


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("_affine", without_mean),
        ("_centred", in_a_corner),
        ("_centred", lambda kernel, shape: kernel * 0 if tuple(kernel.shape) != shape else kernel),
    ],
)
def test_a_wrong_fold_would_be_seen(part, wrong, monkeypatch):
    layer = branched(*KINDS["3x3"][:3])
    monkeypatch.setattr(branches, part, wrong)

    assert snr_db(*both(layer, image(2, 8, 8, 6))) < 100


@pytest.mark.parametrize("branch", ["more", "scale", "skip"])
def test_a_branch_that_is_not_folded_would_be_seen(branch):
    layer = branched(*KINDS["depthwise"][:3])
    several, _ = both(layer, image(2, 8, 8, 6))

    with changed([layer], **{branch: [] if branch == "more" else None}):
        assert snr_db(several, np.asarray(layer(image(2, 8, 8, 6), training=False))) < 40


def test_what_folding_leaves_is_what_a_deployed_layer_has():
    layer = branched(*KINDS["3x3"][:3])
    deployed = conv_norm(6, 3, 1, "relu", branches=EVERY, deployed=True, name="conv")
    deployed(image(1, 8, 8, 6))

    deployed.set_weights([np.asarray(value) for value in layer.folded()])

    x = image(2, 8, 8, 6)
    assert snr_db(np.asarray(layer(x)), np.asarray(deployed(x))) >= 100
    assert counts.deployed(layer) == counts.parameters(deployed)[:1] * 2 == (6 * 6 * 9 + 6,) * 2
    layer.trainable = False
    assert counts.deployed(layer) == (0, 6 * 6 * 9 + 6)


def test_padding_that_depends_on_the_image_cannot_be_folded():
    with pytest.raises(ValueError, match="cannot be folded with pad_mode='same'"):
        conv_norm(None, 3, 2, None, "same", branches=EVERY, name="conv")


def test_an_unknown_kind_of_branches_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="no kind of branches 'repghots'") as error:
        GhostModule(4, branches="repghots")
    assert "repghost" in error.value.fix


def small(deployed: bool, forms=tuple(TRAINING_FORMS), rep: bool = True) -> keras.Model:
    """A block of every training form, each with a stride, and a plain or a RepGhost module."""
    x = image_ = keras.Input((32, 32, 3), name="image")
    x = ConvNorm(8, 3, 2, "relu", name="stem")(x)
    for i, form in enumerate(forms):
        kind = "repghost" if rep and form == "repghost" else "ghost"
        x = GhostBottleneck(
            8, 8, 3, 2 if i else 1, 0.25, attention=form == "ghostnetv3", module=kind,
            branches=form, deployed=deployed, name=f"block_{i:02d}",
        )(x)  # fmt: skip
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image_, layers.Dense(5, name="classifier")(x), name="small")


def test_an_export_with_branches_is_that_of_the_network_without(tmp_path):
    model, plain = small(False), small(True)
    trained(model)

    files = [to_float32(m, 32) for m in (model, plain)]

    one, other = (list(map(str, (op.name for op in file.graph.ops))) for file in files)
    assert one == other and abs(len(files[0]) - len(files[1])) < 4096
    assert all(Runtime(bytes(file)).delegation().partitions == 1 for file in files)
    model.trainable = False
    x = image(4, 32, 32, 3)
    several = np.asarray(model(x, training=True))
    assert snr_db(several, Runtime(bytes(files[0])).run(x)) >= 100
    model.save(tmp_path / "small.keras")
    again: Any = keras.models.load_model(tmp_path / "small.keras")
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))


def test_branches_train_and_their_statistics_are_learnt():
    model = small(False)
    before = {v.path: np.array(v.value) for v in model.weights}
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)

    model.train_on_batch(image(8, 32, 32, 3), image(8, 5))

    still = [p for v in model.weights if np.array_equal(v.value, before[p := v.path])]
    assert {p for p in still if "moving" in p} == set()
    # A scale right before a BatchNorm has next to no gradient: a few kernels and gammas may rest.
    assert len(still) < 0.1 * len(before)


def test_a_repghost_module_concatenates_nothing():
    module = RepGhostModule(6)
    module(image(1, 8, 8, 4))
    trained(module)
    x = image(2, 8, 8, 4)

    primary = np.asarray(module.primary(x))
    assert np.asarray(module(x)).shape == module.compute_output_shape(x.shape) == (2, 8, 8, 6)
    np.testing.assert_array_equal(np.asarray(module(x)), np.asarray(module.cheap[0](primary)))
    assert list(itertools.chain(*(v.shape for v in module.cheap[0].conv.weights))) == [3, 3, 6, 1]
