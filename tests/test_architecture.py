"""Data flows one way, and commands answer before TensorFlow is imported."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {  # each room, and the other rooms it may use
    "ghostnet_tf": set(),
    "export": {"ghostnet_tf"},
    "benchmark": {
        "export.artifact",
        "export.blocks",
        "export.ghost_library",
        "export.suites",
        "ghostnet_tf.errors",
        "ghostnet_tf.files",
        "ghostnet_tf.programs",
    },
    "web_demo": {"export.artifact", "ghostnet_tf.errors", "ghostnet_tf.files"},
}
COMMANDS = [
    ("export/to_tflite.py",),
    ("export/from_onnx.py",),
    ("export/predict.py",),
    ("export/verify.py",),
    ("export/evaluate.py",),
    ("export/ghost_op.py",),
    ("export/tune.py",),
    ("export/bundle.py",),
    ("export/timing.py",),
    ("benchmark/operators.py",),
    ("benchmark/run.py",),
    ("benchmark/saved.py",),
    ("benchmark/benchmark_model.py",),
    ("web_demo/models.py",),
    ("web_demo/serve.py",),
    ("-m", "ghostnet_tf.train"),
    ("-m", "ghostnet_tf.describe"),
]


def imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    return plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}


def misplaced(folder: str, source: str) -> list[str]:
    """The modules of other rooms that a file in `folder` must not import."""
    allowed = MAY_IMPORT[folder] | {folder}
    ours = (m for m in imported(source) if m.split(".")[0] in MAY_IMPORT)
    return [m for m in sorted(ours) if not any(f"{m}.".startswith(f"{a}.") for a in allowed)]


def test_data_flows_one_way():
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for folder in MAY_IMPORT
        for file in (ROOT / folder).rglob("*.py")
        for module in misplaced(folder, file.read_text())
    ]

    assert not wrong, "\n".join(wrong)


def test_an_arrow_backwards_would_be_seen():
    assert misplaced("ghostnet_tf", "def f():\n    from export.quantize import quantize") == [
        "export.quantize"
    ]
    assert misplaced("benchmark", "import export.convert, export.artifact") == ["export.convert"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[-1])
def test_help_needs_no_tensorflow(command, tmp_path):
    (tmp_path / "tensorflow").mkdir()
    poison = "raise SystemExit('TensorFlow was imported')"
    (tmp_path / "tensorflow" / "__init__.py").write_text(poison)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])

    done = subprocess.run(  # noqa: S603
        [sys.executable, *command, "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")
