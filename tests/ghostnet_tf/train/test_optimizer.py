from typing import Any

import keras
import numpy as np
import pytest
from tiny import tiny

from ghostnet_tf.train.average import as_numpy, averaged_weights
from ghostnet_tf.train.optimizer import make_optimizer
from ghostnet_tf.train.schedule import Schedule

QUIET: Any = 0  # Keras annotates `verbose` as text
SCHEDULE = Schedule(epochs=10, sizes=((0, 32),), warmup_epochs=2.0, learning_rate=0.4)


def compiled(schedule: Schedule, steps: int = 4) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = tiny()
    model.compile(make_optimizer(schedule, steps), keras.losses.CategoricalCrossentropy(True))
    model.optimizer.build(model.trainable_variables)
    return model


def weights(model) -> dict[str, np.ndarray]:
    return {v.path: as_numpy(v) for v in model.trainable_variables}


def test_the_rate_warms_up_and_then_falls_like_a_cosine_over_the_whole_run():
    steps = 5
    schedule = make_optimizer(SCHEDULE, steps)._learning_rate
    rate = [float(schedule(step)) for step in range(10 * steps + 1)]

    assert np.allclose(rate[:11], np.linspace(0, 0.4, 11), atol=1e-7)
    fall = np.arange(41) / 40
    assert np.allclose(rate[10:], 0.2 * (1 + np.cos(np.pi * fall)), atol=1e-6)


def test_a_leg_more_warms_up_again_and_falls_to_zero_at_its_end():
    first = Schedule(epochs=4, sizes=((0, 32),), warmup_epochs=1.0, learning_rate=0.4)
    on = first.taken_on(4, 10)
    rate = [float(make_optimizer(on, 2)._learning_rate(step)) for step in range(21)]

    assert rate[:8] == [float(make_optimizer(first, 2)._learning_rate(step)) for step in range(8)]
    assert np.allclose(rate[8:11], [0, 0.2, 0.4]) and rate[20] == 0
    fall = np.arange(11) / 10
    assert np.allclose(rate[10:], 0.2 * (1 + np.cos(np.pi * fall)), atol=1e-6)


def test_a_warm_up_as_long_as_a_short_run_still_makes_a_schedule():
    short = Schedule(epochs=1, sizes=((0, 32),), warmup_epochs=0.9)

    assert float(make_optimizer(short, 1)._learning_rate(1)) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_only_kernels_decay(kind):
    """With a gradient of zero, decay is all that a step does."""
    schedule = Schedule(
        epochs=2, sizes=((0, 32),), optimizer=kind, warmup_epochs=0.0, learning_rate=0.5,
        weight_decay=0.1,
    )  # fmt: skip
    model = compiled(schedule)
    for variable in model.trainable_variables:
        variable.assign(keras.ops.ones_like(variable))

    model.optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables])

    after = weights(model)
    kernels = {path for path in after if path.endswith("kernel")}
    assert all(np.allclose(after[path], 1 - 0.5 * 0.1) for path in kernels)
    assert all((after[path] == 1).all() for path in after.keys() - kernels)
    rest = {path.rsplit("/", 1)[-1] for path in after.keys() - kernels}
    assert rest == {"gamma", "beta", "bias"} and len(kernels) > 5


@pytest.fixture(scope="module")
def trained():
    """Weights after every step of two epochs of `fit`, and the model."""
    model = compiled(Schedule(epochs=2, sizes=((0, 32),), batch=8, ema=0.9, learning_rate=0.05))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(32, 32, 32, 3)).astype(np.float32), np.eye(4)[rng.integers(4, size=32)]
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda b, logs: seen.append(weights(model))
    )
    for _ in range(2):
        model.fit(x, y, batch_size=8, verbose=QUIET, callbacks=[note], shuffle=False)
    return model, seen


def test_the_average_is_the_moving_average_of_the_weights(trained):
    model, seen = trained
    expected = seen[0]
    for after_step in seen[1:]:
        expected = {path: 0.9 * expected[path] + 0.1 * value for path, value in after_step.items()}

    with averaged_weights(model, []):
        averaged = weights(model)

    assert len(seen) == 8
    for path, value in averaged.items():
        assert np.allclose(value, expected[path], rtol=1e-5, atol=1e-6), path
    assert any(not np.allclose(averaged[path], seen[-1][path], rtol=1e-3) for path in averaged)


def test_the_average_of_a_short_run_forgets_its_start():
    """After t steps the decay is t / (t + 9), until it reaches the one that was set."""
    schedule = Schedule(epochs=2, sizes=((0, 32),), ema=0.4, ema_grows=True, learning_rate=0.05)
    model = compiled(schedule)
    rng, seen, expected = np.random.default_rng(0), [], None
    for step in range(9):
        gradients = [rng.normal(size=v.shape).astype(np.float32) for v in model.trainable_variables]
        model.optimizer.apply(gradients)
        seen = [as_numpy(v) for v in model.trainable_variables]
        kept = min(0.4, step / (step + 9))
        before = expected or seen
        expected = [kept * a + (1 - kept) * b for a, b in zip(before, seen, strict=True)]

    averages = [as_numpy(v) for v in model.optimizer._model_variables_moving_average]
    assert expected and all(map(lambda a, b: np.allclose(a, b, atol=1e-5), averages, expected))
    assert any(not np.allclose(a, b, rtol=1e-2) for a, b in zip(averages, seen, strict=True))


def test_fit_leaves_the_weights_and_not_their_average(trained):
    model, seen = trained

    for path, value in weights(model).items():
        assert np.array_equal(value, seen[-1][path]), path


def test_after_an_error_the_model_carries_its_own_weights_again(trained):
    model, seen = trained
    with pytest.raises(RuntimeError), averaged_weights(model, []):
        raise RuntimeError

    assert all(np.array_equal(value, seen[-1][path]) for path, value in weights(model).items())


def test_the_average_has_statistics_of_its_own(trained):
    """The first BatchNorm sees the stem's convolution of the images under the averaged kernel."""
    model, _ = trained
    rng = np.random.default_rng(1)
    batches = [rng.normal(k, 1, size=(8, 32, 32, 3)).astype(np.float32) for k in range(3)]
    before = [as_numpy(variable) for variable in model.variables]
    stem = model.get_layer("stem")

    with averaged_weights(model, batches):
        means = [as_numpy(stem.conv(stem.pad(images))).mean((0, 1, 2)) for images in batches]
        gathered = as_numpy(stem.norm.moving_mean)
        outputs = as_numpy(model(batches[0]))

    assert np.allclose(gathered, np.mean(means, axis=0), atol=1e-4)
    assert np.isfinite(outputs).all()
    after = [as_numpy(variable) for variable in model.variables]
    assert all(map(np.array_equal, before, after))  # the seeds of dropout as well
    assert stem.norm.momentum == 0.9
