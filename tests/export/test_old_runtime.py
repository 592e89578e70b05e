"""Which of our files tflite-runtime 2.14 runs. It lives in an environment of its own: NumPy 1."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from export.parity import snr_db
from export.recipes import RECIPES
from export.runtime import Runtime, dequantized, quantized

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
RUNS = {
    "float32": 90,
    "float16": 40,
    "weight_only_wi8_afp32": 40,
    "static_wi8_ai8": 10,
    "static_wi8_ai8_int8io": 10,
    "static_wi8_ai16": 40,
}
WRONG = "dynamic_wi8_afp32"  # loads, runs, and answers something else, without a word


def run_there(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([PYTHON, "-c", *arguments], capture_output=True)  # noqa: S603


def has_old_runtime() -> bool:
    return PYTHON.exists() and run_there("import tflite_runtime").returncode == 0


def answer_there(data: bytes, image: np.ndarray, folder: Path) -> np.ndarray:
    """(1, H, W, 3) float32 -> (1, classes) float32, from the old runtime."""
    today = Runtime(data)
    (folder / "model.tflite").write_bytes(data)
    np.save(folder / "image.npy", quantized(image, today.input))
    paths = [folder / name for name in ("model.tflite", "image.npy", "logits.npy")]
    done = run_there(RUN_ONE, *paths)
    assert done.returncode == 0, done.stderr.decode()
    return dequantized(np.load(paths[-1]), today.outputs[0])


needs_old_runtime = pytest.mark.skipif(
    not has_old_runtime(), reason="tflite-runtime 2.14 has no wheel for this Python"
)


@needs_old_runtime
@pytest.mark.parametrize("recipe", RUNS)
def test_runtime_of_2023_gives_the_answers_of_todays(files, fresh_images, recipe, tmp_path):
    image = fresh_images[:1]

    there = answer_there(files[recipe], image, tmp_path)

    assert snr_db(Runtime(files[recipe]).run(image), there) > RUNS[recipe]


@needs_old_runtime
def test_runtime_of_2023_is_wrong_on_dynamic_files(files, fresh_images, tmp_path):
    """So the README warns of it."""
    image = fresh_images[:1]

    there = answer_there(files[WRONG], image, tmp_path)

    assert snr_db(Runtime(files[WRONG]).run(image), there) < 3


def test_every_recipe_was_tried():
    assert {*RUNS, WRONG} == RECIPES.keys()
