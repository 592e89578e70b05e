"""The files of the claim audit: GhostNet's paper and its rival, in two precisions."""

from pathlib import Path

from benchmark.model import Model, open_model
from export.artifact import artifact_name, twin_path
from export.suites import SUITES
from ghostnet_tf.errors import UserError

BUILD = Path("build")
PAPER = SUITES["paper"]
COMMAND = "python export/to_tflite.py --suite paper"


def paper(build: Path = BUILD) -> list[Model]:
    """The paper's graphs with random weights, then whatever has a measured accuracy."""
    paths = []
    for recipe in PAPER.recipes:
        plain = {
            model: build / artifact_name(model, PAPER.weights, PAPER.size, recipe)
            for model in PAPER.models
        }
        paths += [*plain.values(), *(twin_path(plain[m]) for m in PAPER.with_operators)]
    if missing := [path for path in paths if not path.exists()]:
        raise UserError(
            f"{len(missing)} of the suite's {len(paths)} files are missing, "
            f"first {str(missing[0])!r}",
            fix=COMMAND,
        )
    return [open_model(path) for path in paths] + measured(build)


def measured(build: Path) -> list[Model]:
    """The files in `build` with a measured accuracy, in the suite's precisions."""
    names = (f"*_{recipe}{twin}.tflite" for recipe in PAPER.recipes for twin in ("", "_ghostop"))
    paths = (path for name in names for path in sorted(build.glob(name)))
    models = (open_model(path) for path in paths if path.with_suffix(".json").exists())
    return [model for model in models if model.record and model.record.accuracy is not None]
