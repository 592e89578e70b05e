"""What training does to a recording."""

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.sound_augment import SoundAugment, noise, piece, shifted
from tests.ghostnet_tf.data.waves import tone

STILL = SoundAugment(shift_s=0, noise_share=0, gain=(0, 0))
TONE = tone(0.5).astype(np.float32)


def dice(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_same_dice_give_the_same_recording():
    both = [SoundAugment()(TONE, 16_000, dice(3)) for _ in range(2)]

    assert np.array_equal(*both) and both[0].dtype == np.float32 and len(both[0]) == len(TONE)
    assert not np.array_equal(both[0], SoundAugment()(TONE, 16_000, dice(4)))


def test_with_nothing_allowed_nothing_happens():
    assert np.array_equal(STILL(TONE, 16_000, dice()), TONE)


@pytest.mark.parametrize(
    ("later", "wanted"),
    [(0, [1, 2, 3, 4]), (1, [0, 1, 2, 3]), (-1, [2, 3, 4, 0]), (4, [0] * 4), (-4, [0] * 4)],
)
def test_what_is_shifted_leaves_silence(later, wanted):
    assert shifted(np.float32([1, 2, 3, 4]), later).tolist() == wanted


def test_a_shift_is_at_most_what_was_said_and_reaches_it_both_ways():
    click = np.zeros(1000, np.float32)
    click[500] = 1
    how = SoundAugment(shift_s=0.01, noise_share=0, gain=(0, 0))

    moved = {int(how(click, 1000, rng).argmax()) - 500 for rng in [dice()] for _ in range(500)}

    assert moved == {*range(-10, 11)}


def test_gain_and_noise_are_as_loud_as_they_say():
    louder = SoundAugment(shift_s=0, noise_share=0, gain=(6, 6))(TONE, 16_000, dice())
    assert np.allclose(louder, TONE * 10**0.3, atol=1e-6)

    how = SoundAugment(shift_s=0, noise_share=1, noise=(-40, -40), gain=(0, 0))
    for noises in ((), (TONE[:100],), (3 * np.tile(TONE, 4), TONE)):
        behind = how(TONE, 16_000, dice(), noises) - TONE
        assert 10 * np.log10(np.square(behind).mean()) == pytest.approx(-40, abs=0.01)


def test_noise_is_behind_as_many_as_was_said():
    how = SoundAugment(shift_s=0, noise_share=0.25, gain=(0, 0))
    rng = dice()

    noisy = sum(not np.array_equal(how(TONE[:64], 16_000, rng), TONE[:64]) for _ in range(400))

    assert 80 <= noisy <= 120


def test_colours_fall_as_they_should():
    for colour, slope in ((0.0, 0), (0.5, -1), (1.0, -2)):
        power = np.abs(np.fft.rfft(noise(2**15, colour, dice()))) ** 2
        bands = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 14)]
        assert np.diff(np.log2(bands)).mean() == pytest.approx(slope, abs=0.15)


def test_a_piece_of_short_noise_begins_anew():
    assert piece(np.float32([1, 2]), 5, dice()).tolist() == [1, 2, 1, 2, 1]
    starts = {piece(np.arange(5), 3, rng)[0] for rng in [dice()] for _ in range(50)}
    assert starts == {0, 1, 2}


@pytest.mark.parametrize("wrong", [{"shift_s": -1}, {"noise_share": 2}, {"gain": (1, 0)}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(UserError):
        SoundAugment(**wrong)
