"""What holds for predict, verify and evaluate alike."""

import subprocess
import sys

import pytest
from colours import labelled, photo, saved
from hypothesis import example, given
from hypothesis import strategies as st

from export import evaluate, predict, verify
from ghostnet_tf.base.errors import UserError

DOORS = {"predict": predict.main, "verify": verify.main, "evaluate": evaluate.main}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doors")
    good = saved(folder)
    labelled(folder / "photos", each=1)
    photo(folder / "red.png", "red")
    (folder / "torn.tflite").write_bytes(good.read_bytes()[:900])
    (folder / "page.tflite").write_text("<!DOCTYPE html>")
    good.rename(folder / "good.tflite")
    good.with_suffix(".json").rename(folder / "good.json")
    return folder


FILES = ["good.tflite", "torn.tflite", "page.tflite", "none.tflite", "good.json", "a" * 300]
WORDS = [
    *("photos", "red.png", "", ".", "/", "--json", "--top=3", "--limit=2", "--labelled=photos"),
    *("-", "--", "--top", "--limit=-1", "--labelled=none", "--limit=1e9", *FILES),
]


@pytest.mark.parametrize("door", DOORS)
@given(st.sampled_from(FILES), st.lists(st.sampled_from(WORDS), max_size=4))
@example("a" * 300, ["--labelled=photos"])
@example("a\0b", ["--labelled=photos"])
@example("\ud800", ["--labelled=a\0b"])
def test_no_command_line_ends_in_a_traceback(door, folder, file, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            assert DOORS[door]([file, *words]) in (0, 1)
        except UserError as error:
            assert error.exit_code in (1, 2)
            assert str(error)
        except SystemExit as ended:  # argparse
            assert ended.code == 2


def test_arguments_are_parsed_before_a_runtime_is_loaded():
    code = (
        "import sys, export.predict, export.verify, export.evaluate;"
        "print({'ai_edge_litert', 'tensorflow', 'keras'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "set()\n"
