"""The files of a suite of `base/suites.py`; the paper's are those of the claim audit."""

from collections.abc import Collection
from pathlib import Path

from ghostnet_tf.base.doors import typed
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import artifact_name, ghostop_path
from ghostnet_tf.base.suites import SUITES, Suite

from .model import Model, open_model

BUILD = Path("build")
PAPER = SUITES["paper"]


def of_suite(name: str, build: Path = BUILD) -> list[Model]:
    """The files of this suite, then whatever else in `build` has a measured accuracy in its task.

    UserError where one of its own is missing.
    """
    suite = SUITES[name]
    paths = files(build, suite)
    if missing := [path for path in paths if not path.exists()]:
        raise UserError(
            f"{len(missing)} of the suite's {len(paths)} files are missing, "
            f"first {str(missing[0])!r}",
            fix=typed("export", "--suite", name),
        )
    return [open_model(path) for path in paths] + measured(build, suite, known=paths)


def files(build: Path, suite: Suite = PAPER) -> list[Path]:
    """By precision: the plain files, then those with operators."""
    paths = []
    for recipe in suite.recipes:
        plain = {
            m: build / artifact_name(m.model, m.weights, m.size, recipe) for m in suite.members
        }
        paths += plain.values()
        paths += [ghostop_path(path) for member, path in plain.items() if member.has_operators]
    return paths


def measured(build: Path, suite: Suite, known: Collection[Path]) -> list[Model]:
    """The files in `build` with a measured accuracy, in the suite's precisions, but the known."""
    names = (f"*_{recipe}{end}.tflite" for recipe in suite.recipes for end in ("", "_ghostop"))
    paths = (path for name in names for path in sorted(build.glob(name)) if path not in known)
    models = (open_model(path) for path in paths if path.with_suffix(".json").exists())
    return [
        model
        for model in models
        if model.record and model.record.accuracy is not None and model.record.task == suite.task
    ]
