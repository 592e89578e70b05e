"""What is heard of a recording, and what is said of one that is unsound."""

import struct
import sys
import types

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import sound as module
from ghostnet_tf.data.sound import Sound, open_sound, read_sound, windowed
from tests.counts import examples
from tests.ghostnet_tf.data.waves import chunk, tone, wav

LEFT, RIGHT = tone(hertz=440), tone(hertz=1000) / 2
STEREO = np.stack([LEFT, RIGHT], axis=1)
# The largest error of a sample: half a step of the integers, and of float32.
STEPS = {8: 2.0**-8, 16: 2.0**-16, 24: 2.0**-24, 32: 2.0**-24}


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", STEPS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_integers_of_every_width_are_heard(rate, bits, extensible):
    heard = open_sound(wav(LEFT, rate, bits, extensible=extensible), "a.wav")

    assert heard.rate == rate and heard.samples.dtype == np.float32
    assert np.abs(heard.samples - LEFT).max() <= STEPS[bits] + 2.0**-25


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_heard(bits, extensible):
    heard = open_sound(wav(LEFT, bits=bits, is_float=True, extensible=extensible), "a.wav")

    assert np.array_equal(heard.samples, LEFT.astype(np.float32))


@pytest.mark.parametrize("bits", STEPS)
def test_of_several_channels_the_mean_is_heard(bits):
    """And not one channel after the other, twice as long."""
    for channels, wanted in ((STEREO, STEREO.mean(1)), (STEREO[:, [0, 1, 1]], None)):
        heard = open_sound(wav(channels, bits=bits), "a.wav")

        assert heard.seconds == 0.5
        wanted = channels.mean(1) if wanted is None else wanted
        assert np.abs(heard.samples - wanted).max() <= STEPS[bits] + 2.0**-24


def test_full_scale_is_one_and_its_share_is_said():
    loud = np.clip(4 * tone(), -1, 1)

    heard = open_sound(wav(loud), "a.wav")

    assert heard.samples.min() == -1 and heard.samples.max() == 1 - 2.0**-15
    assert 0.5 < heard.clipped < 0.8 and open_sound(wav(LEFT), "a.wav").clipped == 0


@pytest.mark.parametrize(
    ("said_in_all", "said"),
    [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF024, 0x7FFFF000), (0x80000024, 0x80000000)],
)
def test_a_size_that_nobody_filled_in_is_no_damage(said_in_all, said):
    """As recorders leave it that were killed, and as ffmpeg, sox and arecord write into a pipe."""
    data = wav(LEFT, said=said, said_in_all=said_in_all)

    assert open_sound(data, "a.wav").seconds == 0.5


def test_where_sizes_are_filled_in_none_is_none():
    after = chunk(b"LIST", b"INFO" + b"x" * 5000)

    with pytest.raises(UserError, match="holds no samples"):
        open_sound(wav(LEFT[:0], after=after), "a.wav")


def test_other_chunks_are_passed_over():
    odd = chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0", None) + chunk(b"fact", b"\0\0\0\0")

    heard = open_sound(wav(LEFT, before=odd, after=chunk(b"id3 ", b"abc")), "a.wav")

    assert np.abs(heard.samples - LEFT).max() <= STEPS[16] + 2.0**-25


@pytest.mark.parametrize("to", [8_000, 16_000, 22_050])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_a_tone_is_the_same_at_another_rate(rate, to):
    heard = open_sound(wav(tone(rate=rate), rate, 32), "a.wav").at(to)

    wanted = tone(len(heard.samples) / to, rate=to)
    assert heard.rate == to and abs(len(wanted) - to / 2) <= 1
    inside = slice(to // 20, -to // 20)  # the ends ring
    error = heard.samples[inside] - wanted[inside]
    assert 10 * np.log10((wanted[inside] ** 2).sum() / (error**2).sum()) > 50


def test_what_the_lower_rate_cannot_carry_is_gone():
    high = tone(rate=48_000, hertz=6_000)

    assert np.abs(Sound(high.astype(np.float32), 48_000).at(8_000).samples[400:-400]).max() < 0.005


WHOLE = wav(LEFT)


def lasting(seconds: int) -> bytes:
    """Silence in the fewest bytes."""
    n = seconds * 8000
    return wav(LEFT[:0], 8000, 8, said=n) + b"\x80" * n


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty: 0 bytes"),
        (WHOLE[:30], "cut off: it does not say how its samples lie"),
        (WHOLE[:36], "cut off: it holds no samples"),
        (WHOLE[:44], "cut off: 0 of 16,000 bytes"),
        (WHOLE[:5000], "cut off: 4,956 of 16,000 bytes"),
        (WHOLE[:5001], "cut off: 4,957 of 16,000 bytes"),
        (wav(LEFT[:0]), "holds no samples"),  # of 44 bytes, as a recorder leaves it that was killed
        (wav(LEFT[:100]), r"lasts 6\.2 ms: too short for any word"),
        (lasting(61), "lasts 61 s; 60 are read"),
        (wav(LEFT, 4000), "4,000 samples a second; 8,000 to 48,000 are read"),
        (wav(LEFT, 0), "0 samples a second"),
        (wav(LEFT, 2**31), "2,147,483,648 samples a second"),
        (wav(LEFT, tag=2), "compressed inside of its WAV: ADPCM"),
        (wav(LEFT, tag=7, bits=8), "compressed inside of its WAV: mu-law"),
        (wav(LEFT, tag=0x55), "compressed inside of its WAV: MP3"),
        (wav(LEFT, tag=0x1234), "compressed inside of its WAV: an unknown format, 0x1234"),
        (wav(np.zeros((800, 9))), "says that it has 9 channels"),
        (b"RIFX" + WHOLE[4:], "big-endian WAV"),
        (b"RF64" + WHOLE[4:], "64-bit WAV"),
        (b"ID3\4" + WHOLE[4:], "its content is no WAV, FLAC or OGG"),
        (wav(LEFT * 65535, is_float=True, bits=32), r"float samples up to 32767\.\d; full scale"),
        (wav(LEFT, said=15_999)[:-1], "no whole number of samples of 2 bytes"),
        (
            b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\0" * 99) + chunk(b"fmt ", b"\0" * 16),
            "has samples before it says how they lie",
        ),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(data, said):
    with pytest.raises(UserError, match=f"^sound 'a.wav'.*{said}") as refused:
        open_sound(data, "a.wav")

    assert refused.value.fix


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 17, 7_999])
@pytest.mark.parametrize("bits", [32, 64])
def test_a_sample_that_is_no_number_is_named(value, at, bits):
    samples = LEFT.copy()
    samples[at] = value

    with pytest.raises(UserError, match=f"'a.wav' has NaN or infinity at sample {at:,}$"):
        open_sound(wav(samples, is_float=True, bits=bits), "a.wav")


def test_an_hour_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(module.wav, "decoded", None)

    with pytest.raises(UserError, match=r"lasts 3,600 s; 60 are read"):
        open_sound(lasting(3600), "a.wav")


def test_a_file_that_is_not_there_is_a_sound(tmp_path):
    with pytest.raises(UserError, match=r"^sound '.*a\.wav' is not there"):
        read_sound(tmp_path / "a.wav")


@given(at=st.integers(0, len(WHOLE) - 1), to=st.integers(0, 255), cut=st.integers(0, len(WHOLE)))
@settings(max_examples=examples(200, 10_000))
@example(at=22, to=0, cut=len(WHOLE))  # no channels
@example(at=32, to=0, cut=len(WHOLE))  # samples of no bytes
@example(at=34, to=0, cut=len(WHOLE))  # of no bits
@example(at=43, to=255, cut=len(WHOLE))  # more than there is
@example(at=16, to=255, cut=len(WHOLE))  # a format that goes on into the samples
def test_damage_is_heard_as_it_is_or_named(at, to, cut):
    data = bytearray(WHOLE[:cut])
    if at < len(data):
        data[at] = to
    try:
        heard = open_sound(bytes(data), "a.wav")
    except UserError as error:
        assert "'a.wav'" in str(error) and error.fix
    else:
        assert heard.samples.ndim == 1 and np.isfinite(heard.samples).all()
        assert cut == len(WHOLE)  # nothing that was cut off passes for a shorter recording


@given(data=st.binary(max_size=200))
@settings(max_examples=examples(200, 10_000))
def test_any_bytes_behind_the_first_ones_are_named(data):
    try:
        open_sound(b"RIFF\0\0\0\0WAVE" + data, "a.wav")
    except UserError as error:
        assert "'a.wav'" in str(error) and error.fix


@pytest.mark.parametrize(("start", "kind"), [(b"fLaC", "FLAC"), (b"OggS", "OGG")])
def test_what_soundfile_reads_says_how_to_get_it(start, kind, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    with pytest.raises(UserError, match=f"'a' is {kind}, which the package soundfile") as refused:
        open_sound(start + b"...", "a")

    assert refused.value.fix == f"{sys.executable} -m pip install soundfile"


class SoundFile:
    """As soundfile's, of 0.5 s in stereo; `there` samples of it can be read."""

    samplerate, frames, there = 48_000, 24_000, 24_000

    def __init__(self, file):
        if file.read(8) == b"OggSgone":
            raise RuntimeError("Error opening: unspecified internal error")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, dtype, always_2d):
        assert dtype == "float32" and always_2d
        return np.tile(np.float32([0.25, 0.75]), (self.there, 1))


@pytest.fixture
def soundfile(monkeypatch):
    fake = types.ModuleType("soundfile")
    fake.SoundFile = SoundFile
    monkeypatch.setitem(sys.modules, "soundfile", fake)
    monkeypatch.setattr(module, "find_spec", lambda name: True)


def test_flac_and_ogg_are_heard_through_soundfile(soundfile):
    for start in (b"fLaC", b"OggS"):
        heard = open_sound(start, "a")

        assert heard.seconds == 0.5 and (heard.samples == 0.5).all()


def test_what_soundfile_cannot_read_is_named(soundfile, monkeypatch):
    with pytest.raises(UserError, match=r"^sound 'a' cannot be read: Error opening"):
        open_sound(b"OggSgone", "a")
    monkeypatch.setattr(SoundFile, "there", 20_000)
    with pytest.raises(UserError, match=r"cut off: 20,000 of 24,000 samples"):
        open_sound(b"OggS", "a")
    monkeypatch.setattr(SoundFile, "frames", 48_000 * 61)
    with pytest.raises(UserError, match="lasts 61 s"):
        open_sound(b"OggS", "a")


def test_a_short_recording_lies_in_the_middle_of_silence():
    assert windowed(np.float32([1, 2, 3]), 6).tolist() == [0, 1, 2, 3, 0, 0]
    assert windowed(np.float32([1, 2]), 2).tolist() == [1, 2]


def test_of_a_long_recording_the_loudest_part_is_heard():
    samples = np.float32([1, 0, 0, 3, -4, 1, 0])

    assert windowed(samples, 3).tolist() == [3, -4, 1]
    assert windowed(np.ones(5, np.float32), 2).tolist() == [1, 1]


def test_the_layout_that_a_header_says_is_the_layout_that_is_read():
    """Of 24 bits in four bytes: a layout that is not read, and no noise."""
    data = bytearray(wav(LEFT, bits=24))
    data[32:34] = struct.pack("<H", 4)

    with pytest.raises(UserError, match="samples of 24 bits, 4 bytes for 1 channels"):
        open_sound(bytes(data), "a.wav")
