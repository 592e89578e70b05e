"""Which of our files tflite-runtime 2.14 runs. It lives in an environment of its own: NumPy 1."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from export.parity import snr_db
from export.recipes import RECIPES
from export.runtime import Runtime

PYTHON = Path(__file__).resolve().parents[2] / ".venv-tflite-runtime" / "bin" / "python"
RUN_ONE = """
import sys, numpy as np
from tflite_runtime.interpreter import Interpreter
interpreter = Interpreter(model_content=open(sys.argv[1], "rb").read())
interpreter.allocate_tensors()
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.load(sys.argv[2]))
interpreter.invoke()
np.save(sys.argv[3], interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
"""
# What the README's table says, with the dB to today's answers. Its int8 kernels round otherwise,
# and a seeded network carries that on: as far from today's int8 as that is from float32.
RUNS = {"float32": 90, "float16": 40, "weight_only_wi8_afp32": 40, "static_wi8_ai8": 10}


def run_there(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([PYTHON, "-c", *arguments], capture_output=True)  # noqa: S603


def has_old_runtime() -> bool:
    return PYTHON.exists() and run_there("import tflite_runtime").returncode == 0


@pytest.mark.skipif(
    not has_old_runtime(), reason="tflite-runtime 2.14 has no wheel for this Python"
)
@pytest.mark.parametrize("recipe", RUNS)
def test_runtime_of_2023_gives_the_answers_of_todays(files, fresh_images, recipe, tmp_path):
    assert recipe in RECIPES
    image = fresh_images[:1]
    (tmp_path / "model.tflite").write_bytes(files[recipe])
    np.save(tmp_path / "image.npy", image)
    paths = [tmp_path / name for name in ("model.tflite", "image.npy", "logits.npy")]

    done = run_there(RUN_ONE, *paths)

    assert done.returncode == 0, done.stderr.decode()
    today = Runtime(files[recipe]).run(image)
    assert snr_db(today, np.load(tmp_path / "logits.npy")) > RUNS[recipe]
