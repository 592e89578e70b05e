"""Which layer of an int8 file loses its float32 file, and what is said of its range."""

import json

import keras
import numpy as np
import pytest
from colours import colour_record, labelled, saved
from conftest import seed_weights, smooth_images
from keras import layers

from export.compare import main
from export.comparison import Comparison, compare, scales
from export.equalize import STEPS, Channels, equalize
from export.flatbuffer import Flatbuffer
from export.from_keras import to_float32
from export.parity import snr_db
from export.quantize import quantize
from export.ranges import Ranges
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.ghostnet import GhostNet
from tests.calibrated import measure

SIDE = 32
IMAGES = smooth_images(12, SIDE)


def chain() -> keras.Model:
    x = inputs = keras.Input((SIDE, SIDE, 3))
    for i in range(5):
        x = layers.Conv2D(12, 3, activation="relu", name=f"conv_{i}")(x)
    return keras.Model(inputs, layers.Dense(5, name="logits")(layers.GlobalMaxPooling2D()(x)))


def residual() -> keras.Model:
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(12, 3, strides=2, activation="relu", name="stem")(inputs)
    for i in range(3):
        y = layers.Conv2D(16, 1, activation="relu", name=f"expand_{i}")(x)
        y = layers.DepthwiseConv2D(3, padding="same", activation="relu", name=f"dw_{i}")(y)
        x = layers.Add(name=f"add_{i}")([x, layers.Conv2D(12, 1, name=f"project_{i}")(y)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(5, name="logits")(x))


def ghost() -> keras.Model:
    model = GhostNet(0.5, input_shape=(SIDE, SIDE, 3), classes=10)
    seed_weights(model, IMAGES)
    return model


# The layers that get a large channel, and too narrow a range, in each network: early and late ones.
# (All sides of a concatenation share the widest range; there it cannot be too narrow.)
NETS = {
    "chain": (chain, "conv_2", "conv_1"),
    "residual": (residual, "dw_1", "expand_2"),
    "ghost": (ghost, "block_08/ghost1/primary/act", "stem/act"),
}


@pytest.fixture(scope="module", params=NETS)
def net(request) -> tuple[bytes, str, str]:
    keras.utils.set_random_seed(0)
    build, large, narrow = NETS[request.param]
    return to_float32(build(), SIDE), large, narrow


def spoilt(float32: bytes, name: str) -> bytes:
    """The same function, with one channel of this layer a thousand times as large."""
    graph = Flatbuffer(float32).graph
    channels, tensor = Channels(graph), graph.names.index(name)
    own = np.arange(channels.width(tensor)) + channels.first[tensor]
    (alone, *_) = np.flatnonzero(channels.classes(tensor) == own)
    exponents = np.zeros(channels.width(tensor), int)
    exponents[alone] = 10 * STEPS
    return equalize(float32, {name: tuple(exponents.tolist())})


def test_the_planted_layer_is_found_by_name(net):
    float32, name, _ = net
    bad = spoilt(float32, name)

    good = compare(
        float32, quantize(float32, "static_wi8_ai8", measure(float32, IMAGES, "minmax")), IMAGES
    )
    found = compare(bad, quantize(bad, "static_wi8_ai8", measure(bad, IMAGES, "minmax")), IMAGES)

    assert good.fallen is None, good.fallen
    fallen = found.fallen
    assert fallen is not None and fallen.name == name
    assert fallen.range is not None and fallen.range.others < 0.02
    assert f"channel {fallen.range.widest_channel} takes the range" in fallen.reasons[0]


def test_of_two_that_fall_the_first_is_named(net):
    float32, large, narrow = net
    names = [layer.name for layer in compare(float32, float32, IMAGES[:1]).layers]
    first, second = sorted((large, narrow), key=names.index)
    bad = spoilt(spoilt(float32, first), second)

    found = compare(bad, quantize(bad, "static_wi8_ai8", measure(bad, IMAGES, "minmax")), IMAGES)

    assert found.fallen is not None and found.fallen.name == first


def test_a_range_that_the_photos_leave_is_found_by_name(net):
    float32, _, name = net
    ranges = measure(float32, IMAGES, "minmax")
    low, high = ranges.spans[name]
    spans = {**ranges.spans, name: (low / 8, high / 8)}
    narrow = Ranges("minmax", spans, ranges.extremes, {}, len(IMAGES), "0" * 64)

    found = compare(float32, quantize(float32, "static_wi8_ai8", narrow), IMAGES)

    layer = by_name(found)[name]
    assert layer.range is not None and layer.range.highest == pytest.approx(high / 8, rel=0.02)
    assert layer.range.max == pytest.approx(high) and layer.range.clipped > 0.01
    assert any("calibrate on photos like these" in reason for reason in layer.reasons)
    assert found.fallen is not None and found.fallen.name == name


def by_name(found: Comparison) -> dict:
    return {layer.name: layer for layer in found.layers}


def test_decibels_and_ranges_are_those_of_the_tensors(net):
    float32, *_ = net
    int8 = quantize(float32, "static_wi8_ai8", measure(float32, IMAGES, "mse"))
    graph = Flatbuffer(float32).graph

    found = compare(float32, int8, IMAGES)

    plain, ours = (Runtime(data, keep_all=True).run(IMAGES) for data in (float32, int8))
    last = by_name(found)[graph.names[graph.outputs[0]]]
    assert last.snr_db == pytest.approx(snr_db(plain, ours), abs=1e-6)
    assert last.range is not None
    assert (last.range.min, last.range.max) == pytest.approx((np.min(plain), np.max(plain)))
    assert last.range.highest - last.range.lowest == pytest.approx(255 * last.range.scale)
    assert len(found.layers) == len(graph.written()) and found.unshared == 0


def test_the_same_file_is_equal_everywhere(net):
    float32, *_ = net

    found = compare(float32, float32, IMAGES[:2])

    assert {layer.snr_db for layer in found.layers} == {200.0} and found.fallen is None


def test_how_a_file_was_equalized_is_read_from_its_kernels(net):
    """Without that, whatever was scaled would seem to have fallen."""
    float32, name, _ = net
    graph = Flatbuffer(float32).graph
    channels, tensor = Channels(graph), graph.names.index(name)
    own = np.arange(channels.width(tensor)) + channels.first[tensor]
    is_own = channels.classes(tensor) == own
    exponents = np.where(is_own, np.arange(len(own)) % 9 - 4, 0)
    ranges = measure(equalize(float32, {name: tuple(exponents.tolist())}), IMAGES, "minmax")
    ranges = Ranges(
        "minmax", ranges.spans, ranges.extremes, {name: tuple(exponents.tolist())}, 12, "0" * 64
    )
    int8 = Flatbuffer(quantize(float32, "static_wi8_ai8", ranges))

    factors, _ = scales(graph, int8.graph)

    assert np.array_equal(factors[tensor][is_own], 2 ** (exponents[is_own] / STEPS))
    assert compare(float32, int8, IMAGES[:4]).fallen is None


def test_files_of_different_weights_are_no_pair():
    files = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        files.append(to_float32(chain(), SIDE))
    int8 = quantize(files[1], "static_wi8_ai8", measure(files[1], IMAGES, "minmax"))

    with pytest.raises(UserError, match="different weights"):
        compare(files[0], int8, IMAGES)
    with pytest.raises(UserError, match="not in float32"):
        compare(int8, files[1], IMAGES)


# ---------------------------------------------------------------------------- the command


@pytest.fixture
def pair(tmp_path):
    float32 = saved(tmp_path)
    images = smooth_images(8, 8)
    int8 = quantize(
        float32.read_bytes(), "static_wi8_ai8", measure(float32.read_bytes(), images, "minmax")
    )
    return saved(tmp_path, int8, recipe="static_wi8_ai8"), labelled(tmp_path / "photos")


def test_the_command_prints_every_layer_and_draws_them(pair, capsys):
    file, photos = pair

    assert main([str(file), "--photos", str(photos)]) == 0
    text = capsys.readouterr().out
    overlay = ["--node-data", str(file.with_name("overlay.json"))]
    assert main([str(file), "--photos", str(photos), "--json", "--limit", "6", *overlay]) == 0
    told = json.loads(capsys.readouterr().out)

    shown = json.loads(file.with_name("overlay.json").read_bytes())["main"]["results"]
    assert shown == {layer["name"]: {"value": layer["snr_db"]} for layer in told["layers"]}
    picture = file.with_name(f"{file.stem}_compared.png")
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" and str(picture) == told["picture"]
    assert told["with"] == str(file).replace("static_wi8_ai8", "float32") and told["photos"] == 6
    assert all(layer["name"] in text for layer in told["layers"]) and len(told["layers"]) >= 3
    assert "can hold" in text and "photos had" in text


def test_a_bad_photo_is_left_out_and_counted(pair, capsys):
    file, photos = pair
    (photos / "c0" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")

    assert main([str(file), "--photos", str(photos), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["photos"] == 12 and told["skipped"] == 1 and "torn.jpg" in told["unreadable"][0]


def test_what_is_no_pair_is_refused_with_a_way_out(pair, tmp_path):
    file, photos = pair
    float32 = file.with_name(file.name.replace("static_wi8_ai8", "float32"))
    ask = ["--photos", str(photos)]

    with pytest.raises(UserError, match="is the float32 file"):
        main([str(float32), *ask])
    with pytest.raises(UserError, match="not in float32"):
        main([str(file), "--with", str(file), *ask])
    other = saved(tmp_path / "other", weights_sha256="1" * 64)
    with pytest.raises(UserError, match="different weights"):
        main([str(file), "--with", str(other), *ask])
    with pytest.raises(UserError, match="'colours' is no network of ours"):
        main([str(file), "--with", "tinyimagenet", *ask])
    with pytest.raises(UserError, match=r"there is no file 'none\.keras'"):
        main([str(file), "--with", "none.keras", *ask])
    float32.unlink()
    with pytest.raises(UserError, match="no float32 file beside") as refused:
        main([str(file), *ask])
    assert "--with" in refused.value.fix
    assert colour_record().file_name == float32.name
