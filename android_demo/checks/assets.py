"""Puts the bundled models into the app: those that the page has, as the page lists them.

python android_demo/checks/assets.py        what `make android-assets` does first
"""

import subprocess
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from web_demo.models import BUNDLED, RECIPES, ROOT, WEIGHTS

MODELS = ROOT / "android_demo" / "app" / "src" / "main" / "assets" / "models"
WITH_OPERATORS = ("ghostnet_050",)  # the first one: the app shows both files of it


def commands(weights: Path = WEIGHTS) -> list[list[str]]:
    """One export for each model whose weights are there."""
    export = (sys.executable, str(ROOT / "export" / "to_tflite.py"), "--overwrite")
    return [
        [
            *export,
            *("--model", one.model, "--weights", one.weights, "--recipe", *RECIPES),
            *("--out", str(MODELS)),
            *(["--ghostop"] if one.model in WITH_OPERATORS else []),
        ]
        for one in BUNDLED
        if (weights / one.card).exists()
    ]


if __name__ == "__main__":
    for command in commands():
        subprocess.run(command, check=True)  # noqa: S603
