"""Files that are damaged, or small and costly: loaded, or refused with a sentence, and soon."""

import random
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest
from small import scrambled, small_net
from small_but_costly import COSTLY, LAUGHING, NETWORKS, program, write
from sound_files import damaged, sound_files

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.image_model import load_model
from ghostnet_tf.weights import foreign, keras_file
from tests.counts import examples
from tests.ghostnet_tf import torch_writer

# Keras 3.15 saves TensorFlow's variables in a way that NumPy 2.4 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning"),
]
DAMAGED = examples(66, 3_500)  # each kind of file in turn
PARTS = 6
MISFITS = ("it lacks", "another network", "needs pad_mode")


@pytest.fixture(scope="module")
def target() -> Iterator[keras.Model]:
    """One network for all: what is refused leaves it as it was."""
    model = small_net()
    scrambled(model)
    places = keras_file._path_of_arrays(model)  # takes longer than all the rest of a load
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keras_file, "_path_of_arrays", lambda model: places)
        yield model


@pytest.fixture(scope="module")
def sound(source, tmp_path_factory) -> dict[str, dict[str, bytes]]:
    return sound_files(source, tmp_path_factory.mktemp("sound"))


def placed(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / next(iter(files))


def tried(path: Path, target) -> str:
    """Whatever can be done with a file of weights: "", or what was said of it."""
    said = ""
    try:
        found = weights.load(target, str(path))
        _ = found.info
    except UserError as error:
        said = str(error)
    if path.suffix == ".keras":
        try:
            load_model(path)
        except UserError as error:
            said = said or str(error)
    return said


def test_a_sound_file_of_every_kind_is_read(sound, target, tmp_path):
    said = {kind: tried(placed(files, tmp_path / kind), target) for kind, files in sound.items()}

    ours = {"ours.safetensors", "whole.keras", "arrays.weights.h5"}
    assert {kind for kind, what in said.items() if not what} == ours
    # The others hold other networks: they are read, and then do not fit.
    for kind in said.keys() - ours:
        assert any(what in said[kind] for what in MISFITS), said[kind]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_file_is_read_or_refused_with_a_sentence(part, sound, target, tmp_path):
    kinds = sorted(sound)
    refused = 0
    for number in range(part, DAMAGED, PARTS):
        files = damaged(sound[kinds[number % len(kinds)]], random.Random(number))  # noqa: S311
        said = tried(placed(files, tmp_path / str(number)), target)
        refused += bool(said)
        assert "\n" not in said
    assert refused > DAMAGED / PARTS / 2


@pytest.mark.parametrize("case", COSTLY)
def test_a_small_file_that_would_take_minutes_is_refused(case, target, tmp_path):
    path = write(COSTLY[case], tmp_path)

    with pytest.raises(UserError, match=COSTLY[case][2]):
        found = weights.find(str(path))
        assert found.info is None
        weights.load(target, found)


@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_that_would_take_minutes_is_refused(case, tmp_path):
    with pytest.raises(UserError, match=NETWORKS[case][2]):
        load_model(write(NETWORKS[case], tmp_path))


@pytest.mark.parametrize("kind", ["x.pdparams", "x.pth"])
@pytest.mark.parametrize("place", LAUGHING)
def test_what_nests_in_itself_is_never_compared_or_shown(place, kind, tmp_path):
    data = program(LAUGHING[place])
    if kind == "x.pth":
        data = torch_writer.archive({"net/data.pkl": data, "net/data/0": bytes(16)})
    (tmp_path / kind).write_bytes(data)

    with pytest.raises(UserError) as error:
        foreign._tree(tmp_path / kind, data, 1_000_000, kind)
    assert len(str(error.value)) < 300
