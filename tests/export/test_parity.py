import math
from types import SimpleNamespace

import numpy as np
import pytest

from export.parity import (
    EQUAL,
    GATES,
    LEAST_DB,
    MARGIN_DB,
    Parity,
    asked_db,
    asked_of_unsteady,
    broken_gate,
    parity,
    snr_db,
    unsteady_db,
)
from export.pipeline import db_asked_of
from export.recipes import RECIPES
from export.runtime import Runtime
from tests.planted import BUGS


@pytest.fixture(scope="module")
def reference(seeded, fresh_images):
    return seeded(fresh_images, training=False).numpy()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_healthy_file_passes_its_gate(recipe, files, reference, fresh_images):
    measured = parity(reference, Runtime(files[recipe]).run(fresh_images))

    assert broken_gate(recipe, measured) == []


@pytest.mark.parametrize("bug", BUGS)
def test_the_float32_gate_catches(bug, seeded, reference, fresh_images):
    with BUGS[bug](seeded):
        measured = parity(reference, seeded(fresh_images, training=False).numpy())

    assert measured.snr_db is not None and measured.snr_db < GATES["float32"].any_db - 30
    assert broken_gate("float32", measured)


def test_a_planted_bug_leaves_the_model_well(seeded, reference, fresh_images):
    for bug in BUGS.values():
        with bug(seeded):
            pass

    assert np.array_equal(seeded(fresh_images, training=False).numpy(), reference)


def test_every_recipe_has_a_gate():
    assert GATES.keys() == EQUAL.keys() == RECIPES.keys()


@pytest.mark.parametrize("recipe", RECIPES)
def test_bundled_weights_are_held_to_what_was_measured_of_them(recipe):
    gate = GATES[recipe]
    between = Parity((gate.any_db + gate.bundled_db) / 2, None, 1)

    assert broken_gate(recipe, between) == []
    (said,) = broken_gate(recipe, between, is_bundled=True)
    assert f"{recipe} needs {gate.bundled_db:.0f}" in said


def test_snr_is_the_ratio_of_signal_and_error_power_in_db():
    assert snr_db(np.full(4, 10.0), np.full(4, 11.0)) == pytest.approx(20.0)


def test_equal_outputs_are_infinitely_faithful_and_nan_not_at_all():
    values = np.ones((2, 3))

    assert snr_db(values, values) == math.inf
    assert snr_db(values, np.where(values > 0, np.nan, 0)) == -math.inf
    assert broken_gate("static_wi8_ai8", parity(values, values * np.nan))


def test_the_worst_of_several_outputs_counts():
    good, bad = np.ones((2, 4, 4, 3)), np.ones((2, 2, 2, 3))

    measured = parity([good, bad], [good, 0.9 * bad])

    assert measured.snr_db == pytest.approx(20.0)
    assert measured.top1_same is None


def test_top1_counts_images_with_the_same_first_class():
    measured = parity(np.eye(3), np.eye(3)[[0, 1, 1]])

    assert (measured.top1_same, measured.n) == (2, 3)


def test_integers_are_compared_for_equality_and_never_in_decibels():
    classes = np.arange(20).reshape(4, 5)
    places = np.where(classes == 7, 0, classes)

    equal, unequal = parity(classes, classes.astype(np.float32)), parity(classes, places)

    assert (equal.snr_db, equal.equal, equal.top1_same) == (None, 1, None)
    assert (unequal.snr_db, unequal.equal) == (None, 0.95)
    assert parity(classes * 0, classes * 0).equal == 1  # nothing but zeros is no signal in dB
    assert parity(classes > 3, places > 3).equal == 0.95
    mixed = parity([classes / 3, classes], [classes / 3, places])
    assert (mixed.snr_db, mixed.equal) == (math.inf, 0.95)


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_asks_for_a_share_of_equal_integers(recipe):
    asked = EQUAL[recipe]

    assert broken_gate(recipe, Parity(None, None, 32, asked)) == []
    (said,) = broken_gate(recipe, Parity(None, None, 32, asked - 0.01), "ONNX")
    assert f"of the integers are those of the ONNX model; {recipe} needs {asked:.1%}" in said
    assert len(broken_gate(recipe, Parity(-3, None, 32, 0))) == 2


# ---------------------------------------------------------------------------- who rounds a lot


LOTS = np.random.default_rng(1).normal(0, 1, (8, 6, 6, 3)).astype(np.float32)


def steady(images: np.ndarray) -> np.ndarray:
    return images.mean((1, 2))


def unsteady(images: np.ndarray) -> np.ndarray:
    """A gate that tells thousandths of what it gets apart by nothing else."""
    return np.sin(3e4 * images.mean((1, 2)))


def test_a_network_is_asked_no_more_than_it_agrees_with_itself():
    of_steady, of_unsteady = unsteady_db(steady, LOTS), unsteady_db(unsteady, LOTS)

    assert of_steady is not None and of_steady > 130 and asked_of_unsteady(90, of_steady) == 90
    assert of_unsteady is not None and 50 < of_unsteady < 105
    assert asked_of_unsteady(90, of_unsteady) == max(of_unsteady - MARGIN_DB, LEAST_DB) < 90
    assert asked_of_unsteady(90, 20.0) == LEAST_DB  # what planted bugs reach is never enough
    assert asked_of_unsteady(90, None) == 90


def test_samples_are_moved_by_their_last_bit_as_images_are():
    """Floats alone: there is no number between two words."""

    def both(rows: list) -> np.ndarray:
        assert all(words.dtype == np.int64 and (words == 7).all() for words, _ in rows)
        return unsteady(np.stack([image for _, image in rows]))

    rows = [(np.full(3, 7), image) for image in LOTS]
    found = unsteady_db(both, rows)

    assert found is not None and 50 < found < 105
    assert unsteady_db(lambda rows: np.stack(rows), [(np.full(3, 7),)] * 4) is None


@pytest.mark.parametrize(
    ("run", "recipe", "reached", "accuracies", "is_less"),
    [
        (unsteady, "float32", 80, {}, True),
        (unsteady, "float32", 95, {}, False),  # it has not missed its gate
        (unsteady, "float16", 20, {}, False),
        (steady, "float32", 80, {}, False),
        (unsteady, "float32", 80, {"0" * 64: {}}, False),  # published: held to what was measured
    ],
)
def test_less_is_asked_of_the_float32_file_of_an_unsteady_network(
    run, recipe, reached, accuracies, is_less, capsys
):
    wild = SimpleNamespace(name="wild", accuracies=accuracies, is_bundled_ghostnet=False)
    converted = SimpleNamespace(run=run)

    asked = db_asked_of(recipe, wild, Parity(reached, None, 8), converted, LOTS)  # type: ignore[arg-type]

    assert (asked < asked_db(recipe)) == is_less and asked >= min(LEAST_DB, asked_db(recipe))
    assert ("are its weights trained?" in capsys.readouterr().err) == is_less


@pytest.mark.parametrize("asked", [72.0, 50.0])
def test_what_is_asked_in_place_of_a_gate_is_what_is_needed(asked):
    assert broken_gate("float32", Parity(asked + 0.1, None, 1), asked=asked) == []
    (said,) = broken_gate("float32", Parity(asked - 0.1, None, 1), asked=asked)
    assert f"float32 needs {asked:.0f}" in said
