"""The command line of the benchmark."""

import re

import pytest

from benchmark import operators
from benchmark import run as command
from benchmark.targets.host import pin
from ghostnet_tf.base.errors import UserError
from tests.benchmark.scripted import COST
from tests.fakes.scripted_target import model_file


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in COST]


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["a.tflite", "--suite", "paper"],
        ["a.tflite", "--threads", "0"],
        ["a.tflite", "--phone", "X"],
        ["a.tflite", "--clean"],
        ["a.tflite", "--effort", "heroic"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(line, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(line)

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_core_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UserError, match="no core '4096'") as caught:
        pin("4096")

    assert re.match(r"try one of \d", caught.value.fix)


def test_two_names_of_one_file_are_refused(models, tmp_path):
    again = tmp_path / "again.tflite"
    again.write_bytes(models[0].data)

    with pytest.raises(UserError, match="the same, byte for byte"):
        command.open_models(command.parse([str(models[0].path), str(again)]))


@pytest.mark.parametrize("module", [command, operators])
def test_help_names_the_verb_and_its_defaults(module, capsys):
    with pytest.raises(SystemExit):
        module.main(["--help"])

    said = capsys.readouterr().out
    assert said.startswith(f"usage: ghostnet {'benchmark' if module is command else 'operators'} ")
    assert re.search(r"--target \{[\w,]+\}\s+default: host\b", said)
    assert re.search(r"--threads N\s+default: 1\b", said)
    assert {"where:", "how:", "what becomes of it:"} <= set(said.splitlines())
    assert "None" not in said
