"""Every command that our commands print as `next:` works where it was printed."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export import compare, comparison, to_tflite
from export.network import Converted, Network
from export.pipeline import Exported, Result
from export.printed import table
from ghostnet_tf.base.doors import next_line, sample
from ghostnet_tf.base.record import load
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.nets import zoo
from tests.export.colours import colour_record
from tests.ghostnet_tf.train.tiny import ZOO_ROW
from tests.next_lines import typed_next

ROOT = Path(__file__).parents[1]
ROOMS = ("ghostnet_tf", "export", "benchmark", "web_demo", "docs", "kernels")
# Who prints one, and the test that types it.
TRIED = {
    "export/printed.py": "tests/test_next.py",
    "export/tune.py": "tests/export/tuning/test_tune.py",
    "ghostnet_tf/train/command.py": "tests/ghostnet_tf/train/test_command.py",
}


def test_whoever_prints_one_is_tried():
    sources = {
        str(path.relative_to(ROOT)): path.read_text()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "node_modules" not in path.parts
    }
    by_hand = [name for name, text in sources.items() if re.search(r'"next: ', text)]
    callers = {name for name, text in sources.items() if "next_line(" in text}

    assert by_hand == ["ghostnet_tf/base/doors.py"]
    assert callers - {"ghostnet_tf/base/doors.py"} == TRIED.keys()
    for test in TRIED.values():
        assert "typed_next(" in (ROOT / test).read_text()


def photos(folder: Path, names: tuple[str, ...]) -> Path:
    rng = np.random.default_rng(0)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(np.repeat(pixels, 2, axis=0)).save(folder / name)
    return folder


def exported(capsys, *argv: str) -> str:
    assert to_tflite.main([*argv, "--recipe", "float32"]) == 0
    return capsys.readouterr().out


OTHERS = tuple(f"my photos/other {i}.png" for i in range(8))  # that make a calibration


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_after_the_first_export_a_drawing_of_ours_is_named(here, capsys):
    verb, file, photo = typed_next(exported(capsys, "--out", "my files"))

    assert (verb, photo) == ("predict", sample()) and Path(file).parent == Path("my files")
    assert "school bus" in capsys.readouterr().out.splitlines()[1]


def test_after_an_export_with_photos_one_of_them_is_named(here, capsys):
    photos(here, ("my photos/a torn one.jpg", "my photos/it's.png", *OTHERS))
    (here / "my photos/a torn one.jpg").write_bytes(b"no photo")

    words = typed_next(exported(capsys, "--photos", "my photos"))

    assert words[0] == "predict" and words[2] == "my photos/it's.png"


def test_after_a_comparison_the_layers_that_fall_are_kept_and_compared_again(
    here, capsys, monkeypatch
):
    """Of seeded weights hardly any layer falls: half a decibel is enough here."""
    monkeypatch.setattr(comparison, "FALL_DB", 0.5)
    monkeypatch.setitem(zoo.KINDS, "tiny", ZOO_ROW)
    photos(here, OTHERS)
    own = ["--model", "tiny_100", "--weights", "seeded", "--size", "32", "--out", "my files"]
    assert to_tflite.main([*own, "--recipe", "float32", "int8"]) == 0
    file = "tiny_100_seeded_32_static_wi8_ai8.tflite"
    capsys.readouterr()
    assert compare.main([f"my files/{file}", "--photos", "my photos"]) == 0
    printed = capsys.readouterr().out

    verb, *words = typed_next(printed)
    again = typed_next(printed, "then")

    proposed = words[words.index("--keep-float") + 1 : words.index("--out")]
    made = here / "my files" / "kept_float" / file
    kept = load(made)[1].kept_float
    assert verb == "export" and kept and set(kept.layers) == set(proposed) != set()
    assert again[:2] == ["compare", str(made.relative_to(here))]
    assert f"kept in float32: {', '.join(kept.layers)}" in capsys.readouterr().out


def test_a_photo_in_an_archive_has_no_path(here):
    photos(here / "all", ("a.png", "b.png"))
    shutil.make_archive("photos", "zip", "all")

    assert Photos.open("photos.zip").one_file() is None
    assert Photos.open("all").one_file() == "all/a.png"


def test_classes_of_which_there_is_no_photo_are_verified():
    """The table alone: weights of such classes come from a training run, tried in its own tests."""
    assert [line for line in lines_of(("cat", "dog"), None) if "predict" in line] == []
    assert "predict" in lines_of(("cat", "dog"), "mine.jpg")[-1]
    assert "school_bus" in lines_of(("n04146614", "dog"), None)[-1]


def lines_of(ids: tuple[str, ...], photo: str | None) -> list[str]:
    record = colour_record(labels=ids, label_ids=ids)
    network = Network(
        model=Converted(float32=b"", original="Keras", run=lambda images: images, parameters=1),
        name="own",
        weights="own",
        weights_sha256="",
        preprocessing=Preprocessing.from_dict({**record.preprocessing}),
        labels=Labels.of_folders(ids),
    )
    file = Exported(Path("own.tflite"), record, asked_db=0)
    return table(network, Result((file,), None, None, "logits"), photo)


def test_a_command_is_quoted_for_a_shell():
    assert next_line("verify", "a b.tflite").endswith(" verify 'a b.tflite'")
