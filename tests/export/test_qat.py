"""Fine-tuning for int8: what is trained is what the int8 file computes, and it gets better."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from ghosts import images, micro, micro_int8, micro_ranges
from keras import layers
from test_kept import coloured

import ghostnet_tf as gn
from export import calibrate, verify
from export.flatbuffer import Flatbuffer
from export.from_keras import to_float32
from export.jobs import is_sound
from export.parity import snr_db
from export.qat import finetune as training
from export.qat import formulas, simulation
from export.qat.batches import Batches
from export.qat.finetune import Learned, finetune
from export.qat.simulation import Layer, Simulation, in_steps
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import read_record

INT8 = "static_wi8_ai8"


def of_micro() -> Simulation:
    return Simulation(Flatbuffer(micro()), Flatbuffer(micro_int8()))


def rounded_db(simulated: Simulation) -> float:
    """How well what is trained agrees with the int8 file itself."""
    ours = simulated.rounded([images()])[0].numpy()
    return snr_db(np.asarray(Runtime(micro_int8()).run(images())), ours)


# ---------------------------------------------------------------------------- the function


def test_what_is_trained_is_the_file_and_rounded_its_int8_file():
    simulated = of_micro()

    plain = np.asarray(Runtime(micro()).run(images()))
    assert snr_db(plain, simulated.original([images()])[0].numpy()) > 110
    assert snr_db(plain, np.asarray(Runtime(micro_int8()).run(images()))) < 40
    assert rounded_db(simulated) > 100


def test_every_operator_computes_what_the_runtime_does():
    keras.utils.set_random_seed(0)
    x = image = keras.Input((12, 10, 3), batch_size=1)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6")(x)
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="tanh")(x)
    x = x * keras.ops.relu6(x + 3.0) / 6.0 - keras.ops.tanh(x)
    gate = layers.Dense(16, activation="sigmoid")(keras.ops.mean(x, (1, 2), keepdims=True))
    x = layers.LeakyReLU(0.1)(x * gate)
    sides = [layers.MaxPooling2D(2, 1, "same")(x), layers.AveragePooling2D(2, 1)(x)]
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.ZeroPadding2D(1)(sides[1]))
    outputs = [layers.Softmax()(layers.Dense(5)(layers.Flatten()(x))), layers.Flatten()(sides[0])]
    file = Flatbuffer(to_float32(keras.Model(image, outputs), None))
    stood = {op.name for op in file.graph.ops}

    Simulation(file, file)  # which refuses another function

    assert {"RESIZE_BILINEAR", "LEAKY_RELU", "SOFTMAX", "MAX_POOL_2D", "LOGISTIC"} <= stood


def test_a_function_that_is_not_the_file_is_refused(monkeypatch):
    monkeypatch.setitem(formulas.OPERATORS, "MEAN", lambda op, x, axes: x[:, 0, 0])

    with pytest.raises(UserError, match=r"agrees with its file to -?\d+ dB only") as refused:
        of_micro()
    assert "--qat" in refused.value.fix or "qat" in refused.value.fix


def test_an_operator_that_nothing_trains_through_is_named(monkeypatch):
    monkeypatch.delitem(formulas.OPERATORS, "CONCATENATION")

    with pytest.raises(UserError, match="through its CONCATENATION 'ghost1_concat'"):
        of_micro()


@pytest.mark.parametrize(
    "bug", ["bias in other steps", "kernel by one step", "limits of a neighbour"]
)
def test_rounding_elsewhere_than_the_file_is_seen(monkeypatch, bug):
    if bug == "bias in other steps":
        monkeypatch.setattr(
            simulation, "in_steps", lambda v, s: in_steps(v, 99 * s if v.shape.rank == 1 else s)
        )
    elif bug == "kernel by one step":
        by_channel = Layer.rounded
        monkeypatch.setattr(
            Layer,
            "rounded",
            lambda one: by_channel(replace(one, within=(*range(len(one.within) + 1),))),
        )
    else:
        found = simulation.limits_of
        monkeypatch.setattr(
            simulation,
            "limits_of",
            lambda *graphs: dict(
                zip(found(*graphs), [*found(*graphs).values()][::-1], strict=True)
            ),
        )

    assert rounded_db(of_micro()) < 60


def test_sides_of_a_concatenation_share_their_limits():
    simulated = of_micro()
    concats = [op for op in simulated.graph.ops if op.name == "CONCATENATION"]

    for op in concats:
        assert len({id(simulated.limits[tensor]) for tensor in (*op.inputs, *op.outputs)}) == 1
    pool = next(op for op in simulated.graph.ops if op.name == "MEAN")
    assert simulated.limits[pool.inputs[0]] is not simulated.limits[pool.outputs[0]]


# ---------------------------------------------------------------------------- the training


def narrow(span: tuple[float, float]) -> tuple[float, float]:
    """Limits that cut off what they should not, so that there is something to learn at once."""
    return 0.6 * span[0], 0.6 * span[1]


def trained(steps: int = 40) -> Learned:
    ranges = micro_ranges()
    ranges = replace(ranges, spans={name: narrow(span) for name, span in ranges.spans.items()})
    rows = [(image,) for image in images(64)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "LEARNING_RATE", 1e-3)
        return finetune(micro(), ranges, Batches(rows, None), steps)


@pytest.fixture(scope="module")
def learned() -> Learned:
    return trained()


def test_the_int8_file_agrees_better_and_still_shares_its_scales(learned):
    assert learned.is_better and learned.db_after > learned.db_before + 3
    assert learned.photos == 56  # one in eight judges

    after = quantize(learned.float32, INT8, learned.ranges)
    before = Flatbuffer(micro_int8()).graph.counts()
    assert after.graph.counts() == before  # no QUANTIZE before a concatenation
    fresh = images(8)
    plain = np.asarray(Runtime(micro()).run(fresh))
    assert snr_db(plain, np.asarray(Runtime(after).run(fresh))) > learned.db_before


def test_the_same_steps_give_the_same_bytes(learned):
    again = trained()

    assert bytes(again.float32) == bytes(learned.float32)
    assert again.ranges == learned.ranges


def test_every_weight_and_limit_learns():
    simulated = of_micro()
    step = training.training_step(simulated, 10, is_logits=True)
    for _ in range(10):
        step([images()])

    weights = [w for layer in simulated.layers.values() for w in (layer.kernel, layer.bias) if w]
    assert all(np.abs(w.learned.numpy()).max() > 0 for w in weights)
    learned = [np.abs(one.factors.numpy()).max() > 0 for one in simulated.limits.values()]
    assert any(learned)  # those that something lies beyond


# ---------------------------------------------------------------------------- the export


@pytest.fixture(scope="module")
def mine():
    keras.utils.set_random_seed(0)
    x = image = keras.Input((8, 8, 3))
    for i in range(4):
        x = layers.Conv2D(6, 3, padding="same", activation="relu6", name=f"conv_{i}")(x)
    return keras.Model(image, layers.Dense(4)(layers.Flatten()(x)), name="mine")


@pytest.fixture
def ask(tmp_path):
    return {
        "out": tmp_path / "build",
        "photos": coloured(tmp_path / "photos", 40),
        "preprocessing": gn.Preprocessing(8, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3),
    }


def test_an_export_says_what_fine_tuning_gave(mine, ask, tmp_path, monkeypatch):
    monkeypatch.setattr(calibrate, "METHODS", {"mse": lambda seen: narrow(calibrate.mse(seen))})
    monkeypatch.setattr(training, "LEARNING_RATE", 1e-3)
    recipes = ["float32", INT8, "static_wi8_ai16"]
    plain = gn.export(mine, recipes=recipes, **ask | {"out": tmp_path / "plain"})

    files = gn.export(mine, recipes=recipes, qat=40, **ask)

    same = [a.read_bytes() == b.read_bytes() for a, b in zip(plain, files, strict=True)]
    assert same == [True, False, True]
    record = read_record(files[1])
    assert record.finetuned is not None and read_record(files[0]).finetuned is None
    assert (record.finetuned.steps, record.finetuned.photos) == (40, 35)
    assert record.finetuned.parity_db_without == pytest.approx(read_record(plain[1]).parity_db)
    assert record.parity_db > record.finetuned.parity_db_without
    assert verify.main([str(files[1])]) == 0
    assert not is_sound(files[1])  # for a suite, which has its networks as they are

    with pytest.raises(UserError, match="in 40 steps, asked: not at all"):
        gn.export(mine, recipes=INT8, **ask)
    with pytest.raises(UserError, match="in 40 steps, asked: in 7 steps"):
        gn.export(mine, recipes=INT8, qat=7, **ask)


def test_what_brings_nothing_is_left_out_and_said(mine, ask, monkeypatch, capsys):
    monkeypatch.setattr(training, "LEARNING_RATE", 10.0)

    (file,) = gn.export(mine, recipes=INT8, qat=3, **ask)

    assert read_record(file).finetuned is None
    assert "fine-tuning brought nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"recipes": "float32", "qat": 5}, "for full int8, and only float32"),
        ({"recipes": INT8, "qat": -1}, "-1 steps"),
        ({"recipes": INT8, "qat": 5, "photos": None}, "none are given"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(mine, ask, said, why):
    with pytest.raises(UserError, match=why):
        gn.export(mine, **ask | said)
    assert not list(ask["out"].glob("*"))
