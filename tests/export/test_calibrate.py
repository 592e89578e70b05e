import numpy as np
import pytest
from calibrated import measure

from export.calibrate import (
    METHODS,
    Histogram,
    check_images,
    choose,
    mean_snr_db,
    minmax,
    mse,
    percentile,
    steps_of,
)
from export.graph import Graph
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError


def histogram(values: np.ndarray) -> Histogram:
    """Of (images, values)."""
    seen = Histogram(float(values.min()), float(values.max()))
    for image in np.atleast_2d(values):
        seen.add(image)
    return seen


def squared_error(values: np.ndarray, low: float, high: float) -> float:
    step = (high - low) / 255
    rounded = np.clip(np.rint((values - low) / step), 0, 255) * step + low
    return float(np.square(values - rounded).mean())


@pytest.fixture(scope="module")
def with_outlier():
    """(60 images, 20,000): normal values, and a single one far outside."""
    values = np.random.default_rng(0).normal(size=(60, 20_000))
    values[7, 7] = 12.0
    return values


def test_minmax_covers_everything(with_outlier):
    assert minmax(histogram(with_outlier)) == (with_outlier.min(), 12.0)


def test_percentile_drops_only_the_rarest(with_outlier):
    low, high = percentile(histogram(with_outlier))

    outside = np.mean((with_outlier < low) | (with_outlier > high))
    assert 0 < outside < 3e-4


def test_mse_errs_least(with_outlier):
    seen = histogram(with_outlier)

    errors = {name: squared_error(with_outlier, *method(seen)) for name, method in METHODS.items()}

    assert min(errors, key=errors.__getitem__) == "mse"
    assert errors["mse"] < errors["minmax"] / 2


def test_mse_keeps_zero_inside_for_one_sided_values():
    low, high = mse(histogram(np.abs(np.random.default_rng(0).normal(size=5000)) + 2))

    assert low == 0.0
    assert high > 2.0


def test_a_tensor_that_never_changes_keeps_its_value():
    assert {method(histogram(np.zeros(10))) for method in METHODS.values()} == {(0.0, 0.0)}


def test_measured_extremes_are_those_of_the_keras_model(seeded, float32, images, plain_ranges):
    logits = seeded(images, training=False).numpy()

    assert plain_ranges.spans["image"] == (images.min(), images.max())
    assert plain_ranges.spans["classifier"] == pytest.approx((logits.min(), logits.max()), rel=1e-3)
    graph = Graph(float32)
    assert plain_ranges.spans.keys() == {graph.names[tensor] for tensor in graph.activations()}


def test_the_record_holds_count_and_hash_of_the_photos(small_float32):
    photos = np.random.default_rng(0).normal(size=(9, 16, 16, 3)).astype(np.float32)

    first, second = (measure(small_float32, photos, "mse") for _ in range(2))
    other = measure(small_float32, photos[::-1], "mse")

    assert first == second
    assert first.n_photos == 9
    assert first.sha256 != other.sha256


def test_progress_reaches_its_end(small_float32):
    photos = np.random.default_rng(0).normal(size=(8, 16, 16, 3)).astype(np.float32)
    steps = []

    choose(small_float32, photos, lambda n=1, said="": steps.append(n))

    assert steps == [1] * 24 and steps_of(8) == 24


def test_the_choice_is_the_best_on_photos_it_was_not_measured_on(
    float32, images, fresh_images, plain_ranges
):
    ranges, scores = choose(float32, images[:24])

    reference = Runtime(float32).run(fresh_images)
    chosen_db, plain_db = (
        mean_snr_db(reference, Runtime(quantize(float32, "static_wi8_ai8", r)).run(fresh_images))
        for r in (ranges, plain_ranges)
    )
    assert len(scores) == 6
    assert max(scores, key=scores.__getitem__).startswith(ranges.method)
    assert chosen_db > plain_db + 0.5


GOOD = np.random.default_rng(0).uniform(-2, 2, (10, 8, 8, 3)).astype(np.float32)


def planted(index, value) -> np.ndarray:
    images = GOOD.copy()
    images[index] = value
    return images


def test_good_images_pass():
    check_images(GOOD, (-2.1, 2.6))


@pytest.mark.parametrize(("images", "words"), [
    (GOOD[:0],                   "0 different calibration photos"),
    (GOOD[:1],                   "1 different calibration photos"),
    (np.repeat(GOOD[:1], 20, 0), "1 different calibration photos"),
    (planted(3, 0.5),            "image 3 is one constant colour"),
    (planted((4, 0, 0), np.nan), "image 4 contains NaN"),
    (GOOD * 128,                 "normalised photos of this network in -2.1 to 2.6"),
    (np.abs(GOOD) / 2,           "normalised photos of this network in -2.1 to 2.6"),
])  # fmt: skip
def test_images_that_cannot_calibrate_are_refused(images, words):
    with pytest.raises(UserError, match=words):
        check_images(images, (-2.1, 2.6))


def test_an_unknown_method_is_refused(small_float32):
    with pytest.raises(UserError, match="no method 'median'"):
        measure(small_float32, GOOD, "median")
