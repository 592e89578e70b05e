"""Accuracy of networks that take no photo, on samples that say what they are."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import ghostnet_tf as gn
from export import compare, evaluate, predict, verify
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Accuracy, load
from ghostnet_tf.data.samples import Samples

NAMES = ["rest", "wälk", "run", "jump", "fall", "swim"]
N, WRONG = 24, 6  # samples, and those that the network takes for another class
RIGHT_IS = 1 - WRONG / N


def two_inputs() -> keras.Model:
    """Whose sum is largest at the true class."""
    one, other = keras.Input((6,), name="one"), keras.Input((6,), name="other")
    eye = keras.initializers.Identity()
    both = layers.Concatenate()([one, other])
    dense = layers.Dense(6, kernel_initializer="zeros", name="sum")
    network = keras.Model([one, other], dense(both), name="motion")
    dense.set_weights([np.concatenate([eye((6, 6))] * 2), np.zeros(6)])
    return network


def drawn(seed: int = 0) -> dict[str, Any]:
    """Samples, of which the last `WRONG` are of the class after the one that they look like."""
    rng = np.random.default_rng(seed)
    looks = np.arange(N) % 6
    truth = np.where(np.arange(N) < N - WRONG, looks, (looks + 1) % 6)
    noise = rng.uniform(0, 0.2, (2, N, 6))
    return {"other": noise[0] + 0.5 * np.eye(6)[looks], "one": noise[1] + 0.5 * np.eye(6)[looks],
            "true_class": truth}  # fmt: skip


def saved(path: Path, **changes: Any) -> str:
    arrays = {**drawn(), **changes}
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    return str(path)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, str]:
    """With labels, and measured on labelled samples in the export itself."""
    folder = tmp_path_factory.mktemp("labelled")
    network, recipes = two_inputs(), ["float32", "static_wi8_ai8"]
    calibration = {k: v for k, v in drawn(seed=1).items() if k != "true_class"}
    files = gn.export(network, folder, recipes, photos=calibration, labelled=drawn(), labels=NAMES)
    return dict(zip(recipes, map(str, files), strict=True))


def scored(capsys, *argv: str) -> list[dict[str, Any]]:
    assert evaluate.main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["files"]


def test_export_measures_accuracy_on_labelled_samples(exported):
    for path in exported.values():
        assert load(Path(path))[1].accuracy == Accuracy(RIGHT_IS, 1.0, N)
    assert verify.main([*exported.values()]) == 0


@pytest.mark.parametrize("kind", ["numbers", "labels", "a column", "uint8", "another order"])
def test_evaluate_counts_the_right_answers(kind, exported, tmp_path, capsys):
    truth, turn = drawn()["true_class"], slice(None, None, -1)
    given = {
        "numbers": {},
        "labels": {"true_class": np.array(NAMES)[truth]},
        "a column": {"true_class": truth[:, None]},
        "uint8": {"true_class": truth.astype(np.uint8)},
        "another order": {name: values[turn] for name, values in drawn().items()},
    }
    samples = saved(tmp_path / "samples.npz", **given[kind])

    for row in scored(capsys, *exported.values(), "--labelled", samples):
        assert (row["top1"], row["top5"], row["n"], row["classes"]) == (RIGHT_IS, 1.0, N, 6)


def test_a_limit_meets_every_class_and_the_table_says_samples(exported, tmp_path, capsys):
    samples = saved(tmp_path / "samples.npz")

    (row,) = scored(capsys, exported["float32"], "--labelled", samples, "--limit", "6")
    evaluate.main([*exported.values(), "--labelled", samples])

    assert row["n"] == 6
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["top-1", "top-5", "samples"] and first.endswith(f"{N:7}")
    assert second.endswith("right for the same samples as the first")


def test_classes_without_samples_are_noted(exported, tmp_path, capsys):
    some = {name: values[:2] for name, values in drawn().items()}

    evaluate.main([exported["float32"], "--labelled", saved(tmp_path / "samples.npz", **some)])

    assert "4 of its classes have no samples here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("truth", "what", "fix"),
    [
        (None, "has no array 'true_class'", "true_class=classes"),
        (np.arange(5), "of different lengths", "the first axis is that of the samples"),
        (np.eye(6)[drawn()["true_class"]], r"has the shape \(24, 6\)", "np.argmax"),
        (np.full(N, 1.0), "is of float64", r".astype(int)"),
        (np.full(N, np.nan), "has NaN", ""),
        (np.arange(N) % 7, "has a class 6, and the network has 6 classes", "from 0 to 5"),
        (np.arange(N) - 1, "has a class -1", "from 0 to 5"),
        (np.array(["run", "hop"] * (N // 2)), "has a label 'hop'", "such as 'rest'"),
        (np.array([b"run"] * N), "holds no numbers", ""),
        (np.zeros((0,), int), "no sample", ""),
        (np.array([0x110000] * N, "<u4").view("<U1"), "cannot be read", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_classes_that_cannot_be_meant_are_refused(truth, what, fix, exported, tmp_path):
    with pytest.raises(UserError, match=what) as refused:
        evaluate.main(
            [exported["float32"], "--labelled", saved(tmp_path / "s.npz", true_class=truth)]
        )
    assert fix in refused.value.fix


def test_the_classes_are_no_input_for_any_other_command(exported, tmp_path, capsys):
    samples = saved(tmp_path / "samples.npz", true_class=np.array(NAMES * (N // 6)))

    assert predict.main([exported["float32"], samples]) == 0
    assert compare.main([exported["static_wi8_ai8"], "--photos", samples]) == 0
    assert "true_class" not in capsys.readouterr().out


def table(outputs: int, ending: str | None) -> keras.Model:
    dense = layers.Dense(outputs, activation=ending, name="dense")
    network = keras.Sequential([keras.Input((outputs,), name="x"), dense], name="table")
    dense.set_weights([np.eye(outputs), np.zeros(outputs)])
    return network


@pytest.mark.parametrize("ending", ["sigmoid", None, "tanh"])
def test_one_output_tells_two_classes_apart_and_needs_no_labels(ending, tmp_path, capsys):
    """From 0 (of a sigmoid from a half) on it is the second class."""
    (file,) = gn.export(table(1, ending), tmp_path, "float32", photos={"x": np.ones((3, 1))})
    x, truth = np.array([[-2.0], [-0.1], [0.1], [2.0], [3.0]]), np.array([0, 0, 1, 1, 0])
    np.savez(tmp_path / "samples.npz", of_any_name=x, true_class=truth)

    (row,) = scored(capsys, str(file), "--labelled", str(tmp_path / "samples.npz"))

    assert (row["top1"], row["classes"]) == (0.8, 2)


def test_labels_need_a_network_that_has_them(tmp_path):
    (file,) = gn.export(table(3, None), tmp_path, "float32", photos={"x": np.ones((3, 3))})
    np.savez(tmp_path / "samples.npz", x=np.eye(3), true_class=NAMES[:3])

    with pytest.raises(UserError, match="the network has none") as refused:
        evaluate.main([str(file), "--labelled", str(tmp_path / "samples.npz")])
    assert "numbers" in refused.value.fix


def test_networks_without_one_class_a_sample_are_refused(tmp_path):
    x = keras.Input((3,), name="x")
    networks = {
        "accuracy is that of one output": keras.Model(x, [layers.Dense(2)(x), layers.Dense(2)(x)]),
        r"gives \(1, 3, 1\)": keras.Model(x, layers.Reshape((3, 1))(x)),
        "answers each class for itself": keras.Model(x, layers.Dense(3, "sigmoid")(x)),
    }
    labelled = {"x": np.eye(3), "true_class": np.arange(3)}
    for said, network in networks.items():
        with pytest.raises(UserError, match=said):
            gn.export(network, tmp_path, "float32", labelled=labelled, photos={"x": -np.eye(3)})
        assert not list(tmp_path.iterdir())


def test_an_input_called_like_the_classes_stays_an_input(tmp_path):
    x = keras.Input((3,), name="true_class")
    samples = {"true_class": np.eye(3)}

    (file,) = gn.export(keras.Model(x, layers.Dense(2)(x)), tmp_path, "float32", photos=samples)

    np.savez(tmp_path / "samples.npz", **samples)
    assert predict.main([str(file), str(tmp_path / "samples.npz")]) == 0
    with pytest.raises(UserError, match="has an input 'true_class'"):
        evaluate.main([str(file), "--labelled", str(tmp_path / "samples.npz")])


def test_samples_that_calibrate_are_not_those_that_are_scored(tmp_path):
    rows = drawn()
    calibration = {name: values[3:4] for name, values in rows.items() if name != "true_class"}

    with pytest.raises(UserError, match="1 of the calibration samples are also among") as refused:
        gn.export(two_inputs(), tmp_path, photos=calibration, labelled=rows)
    assert "calibrate on other samples" in refused.value.fix


def test_weights_are_evaluated_on_photos(tmp_path):
    with pytest.raises(UserError, match=r"'tinyimagenet' is no \.tflite file"):
        evaluate.main(["tinyimagenet", "--labelled", saved(tmp_path / "samples.npz")])


def test_digests_tell_samples_apart_and_not_their_classes():
    one = Samples.of({"a": np.eye(2), "b": np.ones((2, 3))})
    same = Samples.of({"b": np.ones((2, 3)), "true_class": np.arange(2), "a": np.eye(2)})

    assert [*one.digests().values()] == [*same.digests().values()]
    assert len({*one.digests().values()}) == 2
