"""A recording in blocks is the recording; what is wrong with it is said as of a short one."""

import io
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import long_sound, sound
from ghostnet_tf.data.long_sound import sound_blocks
from ghostnet_tf.data.sound import open_sound
from tests.ghostnet_tf.data.waves import tone, wav


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    monkeypatch.setattr(long_sound, "BLOCK_S", 0.1)


def noise(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(round(seconds * rate))
    return rng.uniform(-0.5, 0.5, (round(seconds * rate), channels))


@pytest.mark.parametrize("own", [8000, 11_025, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("rate", [8000, 16_000])
def test_blocks_put_together_are_the_recording(own, rate, tmp_path):
    """Stereo that is read as mono would be twice as long."""
    data = wav(noise(0.7321, own, 2), own)
    (tmp_path / "x.wav").write_bytes(data)

    blocks = list(sound_blocks(tmp_path / "x.wav", rate))

    wanted = open_sound(data, "x").at(rate).samples
    found = np.concatenate(blocks)
    assert len(blocks) >= 7 and found.dtype == np.float32 and found.shape == wanted.shape
    assert np.abs(found - wanted).max() < 1e-6


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_so_are_those_of_coded_sound(kind, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    held = io.BytesIO()
    soundfile.write(held, noise(0.5, 16_000, 2), 16_000, format=kind)
    (tmp_path / "x").write_bytes(held.getvalue())

    found = np.concatenate(list(sound_blocks(tmp_path / "x", 8000)))

    assert np.abs(found - open_sound(held.getvalue(), "x").at(8000).samples).max() < 1e-6


def test_of_an_hour_a_few_seconds_are_in_memory(tmp_path, monkeypatch):
    """3,601 s, more than a recording of one word may have; the file is sparse: all zeros."""
    rate, n = 8000, 3601 * 8000
    head = wav(np.zeros(1), rate)[:-2]
    sized = head[:40] + (2 * n).to_bytes(4, "little")
    with (tmp_path / "x.wav").open("wb") as file:
        file.write(sized)
        file.truncate(len(sized) + 2 * n)
    monkeypatch.setattr(long_sound, "BLOCK_S", 60.0)

    sizes = [len(block) for block in sound_blocks(tmp_path / "x.wav", rate)]

    assert sum(sizes) == n and max(sizes) == 60 * rate
    with pytest.raises(UserError, match="lasts 3,601 s; 60 are read"):
        open_sound((tmp_path / "x.wav").read_bytes(), "x")


def broken(at: int) -> np.ndarray:
    samples = tone(0.5)
    samples[at] = np.nan
    return samples


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: 0 bytes"),
        (wav(tone())[:-7], "is cut off"),
        (wav(tone())[:44], "is cut off"),
        (b"RIFF" + bytes(4) + b"WAVE", "it holds no format"),
        (b"%PDF-1.4 and more", "its content is no WAV"),
        (wav(tone(0.01)), "too short for any word"),
        (wav(tone(), rate=4000), "4,000 samples a second"),
        (wav(tone(), tag=0x0055), "compressed inside of its WAV: MP3"),
        (wav(broken(5000), bits=32, is_float=True), "NaN or infinity at sample 5,000"),
        (wav(100 * tone(), bits=32, is_float=True), "float samples up to 50"),
    ],
)
def test_what_is_wrong_is_said_as_of_a_short_recording(data, said, tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(data)

    with pytest.raises(UserError, match=said) as blocks:
        list(sound_blocks(path, 8000))
    with pytest.raises(UserError, match=said) as whole:
        sound.read_sound(path)
    assert str(blocks.value) == str(whole.value)


@pytest.mark.parametrize(("name", "said"), [("gone.wav", "is not there"), (".", "is no file")])
def test_what_is_no_file_is_named(name, said, tmp_path):
    with pytest.raises(UserError, match=said):
        list(sound_blocks(tmp_path / name, 8000))


def test_a_file_that_shrinks_meanwhile_is_named(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(wav(tone(0.5)))
    blocks = sound_blocks(path, 16_000)
    next(blocks)
    path.write_bytes(path.read_bytes()[:200])

    with pytest.raises(UserError, match="wav' is cut off"):
        for _ in range(9):
            next(blocks)


def test_more_than_two_hours_are_no_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(long_sound, "LONGEST_S", 0.4)
    path = Path(tmp_path / "x.wav")
    path.write_bytes(wav(tone(0.5)))

    with pytest.raises(UserError, match="lasts 0 s; 0 are read"):
        list(sound_blocks(path, 8000))
