"""What holds for predict, verify, evaluate and compare alike."""

import os
import subprocess
import sys
from importlib import import_module
from itertools import islice
from pathlib import Path

import pytest
from colours import labelled, photo, saved
from hypothesis import example, given
from hypothesis import strategies as st

from export import compare, evaluate, predict, verify
from export.recipes import ALIASES, RECIPES
from ghostnet_tf.__main__ import VERBS as VERBS_OF_THE_HOUSE
from ghostnet_tf.base.errors import UserError

ROOT = Path(__file__).parents[2]
DOORS = {
    "predict": predict.main,
    "verify": verify.main,
    "evaluate": evaluate.main,
    "compare": compare.main,
}


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


WALK = os.walk


def not_through_the_system(top, **options):
    """`predict FILE /` looks into every folder there is; here into the first."""
    folders = WALK(top, **options)
    return islice(folders, 1) if str(top) == "/" else folders


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
@example("good.tflite", ["--photos=photos", "--with=torn.tflite"])
@example("good.tflite", ["--photos=photos", "--with=good.tflite", "--limit=2"])
def test_no_command_line_ends_in_a_traceback(door, folder, file, words):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(os, "walk", not_through_the_system)
        try:
            assert DOORS[door]([file, *words]) in (0, 1)
        except UserError as error:
            assert error.exit_code in (1, 2)
            assert str(error)
        except SystemExit as ended:  # argparse
            assert ended.code == 2


def test_arguments_are_parsed_before_a_runtime_is_loaded():
    code = (
        "import sys, export.predict, export.verify, export.evaluate, export.compare;"
        "print({'ai_edge_litert', 'tensorflow', 'keras'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "set()\n"


VERBS = {  # of this folder -> options of which a default is shown, and the groups of its help
    "to_tflite": (["default: build", "default: float32 float16"], ["what:", "how:", "photos:"]),
    "from_onnx": (["default: build"], ["how a photo becomes its input:", "how:", "output:"]),
    "ghost_op": (["default: generated images", "default: beside the plain"], ["proof:", "output:"]),
    "predict": (["default: 5"], ["output:"]),
    "verify": ([], ["output:"]),
    "evaluate": (["default: all"], ["weights:", "photos:", "output:"]),
    "compare": (["default: 32", "default: beside the file"], ["photos:", "output:"]),
}


@pytest.mark.parametrize("command", VERBS)
def test_help_groups_its_options_shows_defaults_and_names_the_verb(command):
    parser = import_module(f"export.{command}").parser()
    said = " ".join(parser.format_help().split())
    defaults, groups = VERBS[command]

    assert all(default in said for default in defaults), said
    assert all(group in said for group in groups), said
    assert "default: None" not in said and "default: False" not in said
    verb = command.replace("to_tflite", "export").replace("_", "-")
    assert said.startswith(f"usage: ghostnet {verb} ") and verb in VERBS_OF_THE_HOUSE


@pytest.mark.parametrize("command", ["to_tflite", "from_onnx"])
def test_help_says_when_to_choose_each_recipe_and_its_short_names(command):
    said = import_module(f"export.{command}").parser().format_help()

    lines = said.split("recipes, and when to choose them:\n")[1].splitlines()
    for line, (name, recipe) in zip(lines, RECIPES.items(), strict=True):
        names, when = line.strip().split("  ", 1)
        short = [alias for alias, long in ALIASES.items() if long == name]
        assert (names, when.strip()) == (", ".join([name, *short]), recipe.when)
