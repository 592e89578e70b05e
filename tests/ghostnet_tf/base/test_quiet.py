"""Keras as our commands need it, whatever a person's own keras.json says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostnet_tf.base import quiet
from ghostnet_tf.base.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
THEIRS = {
    "floatx": "float16",
    "image_data_format": "channels_first",
    "backend": "torch",
    "epsilon": 0.1,
}


def test_a_command_takes_nothing_from_a_persons_keras_json(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(THEIRS))
    environment = {name: v for name, v in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"KERAS_HOME": str(tmp_path)}
    code = (
        "from ghostnet_tf.base.quiet import start_keras; start_keras();"
        "import keras; from ghostnet_tf.nets import describe;"
        "config = keras.config; print(config.backend(), config.floatx(), config.epsilon(),"
        " config.image_data_format(), config.dtype_policy().name);"
        "describe.main(['ghostnet_100', '--json'])"
    )

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr[-2000:]
    config, said = done.stdout.split("\n", 1)
    assert config == "tensorflow float32 1e-07 channels_last float32"
    assert json.loads(said)["macs"] == 141_150_512  # as published


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_a_backend_that_is_not_installed_is_named_with_its_install_line(backend, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr(quiet, "find_spec", lambda name: None)

    with pytest.raises(UserError, match=f"KERAS_BACKEND is '{backend}', which is not") as error:
        quiet.start_keras()
    assert error.value.fix.startswith(f"pip install {backend}")


@pytest.mark.parametrize("backend", ["theano", "numpy", "Jax"])
def test_what_is_no_backend_is_answered_with_those_that_are(backend, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", backend)

    with pytest.raises(UserError, match=f"no backend of Keras '{backend}'") as error:
        quiet.start_keras()
    assert "jax" in error.value.fix
