"""Data flows one way, and commands answer before TensorFlow is imported."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {  # each room, and the other rooms it may use: lower ones only
    "ghostnet_tf/base": set(),
    "ghostnet_tf/data": {"ghostnet_tf.base"},
    "ghostnet_tf/weights": {"ghostnet_tf.base", "ghostnet_tf.data"},
    "ghostnet_tf/nets": {"ghostnet_tf.base", "ghostnet_tf.data", "ghostnet_tf.weights"},
    "ghostnet_tf/tasks": {
        "ghostnet_tf.base",
        "ghostnet_tf.data",
        "ghostnet_tf.weights",
        "ghostnet_tf.nets",
    },
    "ghostnet_tf/train": {
        "ghostnet_tf.base",
        "ghostnet_tf.data",
        "ghostnet_tf.weights",
        "ghostnet_tf.nets",
        "ghostnet_tf.tasks",
    },
    "export": {
        "ghostnet_tf.base",
        "ghostnet_tf.data",
        "ghostnet_tf.weights",
        "ghostnet_tf.nets",
        "ghostnet_tf.tasks",
        "ghostnet_tf.train",
    },
    "ghostnet_tf/front": {  # of the front door, for Python; it asks base.rooms for the others
        "ghostnet_tf.base",
        "ghostnet_tf.data",
        "ghostnet_tf.weights",
        "ghostnet_tf.nets",
        "ghostnet_tf.tasks",
        "ghostnet_tf.train",
    },
    "benchmark": {"ghostnet_tf.base"},
    "kernels": {"ghostnet_tf.base"},
    "web_demo": {"ghostnet_tf.base"},
}
DOOR = {"__init__", "__main__", "old_names", "describe"}  # they reach every room; none imports them
OURS = ("ghostnet_tf", "export", "benchmark", "kernels", "web_demo")
HEAVY = {"tensorflow", "keras", "numpy", "PIL", "matplotlib", "rich", "ai_edge_litert", "pooch"}
COMMANDS = [
    ("export/to_tflite.py",),
    ("export/from_onnx.py",),
    ("export/predict.py",),
    ("export/verify.py",),
    ("export/evaluate.py",),
    ("export/compare.py",),
    ("export/ghost_op.py",),
    ("export/tune.py",),
    ("export/bundle.py",),
    ("benchmark/operators.py",),
    ("benchmark/run.py",),
    ("benchmark/saved.py",),
    ("benchmark/benchmark_model.py",),
    ("kernels/loop_cycles.py",),
    ("web_demo/models.py",),
    ("web_demo/serve.py",),
    ("web_demo/website.py",),
    ("-m", "ghostnet_tf.train"),
    ("-m", "ghostnet_tf.describe"),
]


def imported(file: str, source: str) -> set[str]:
    """Every module that a file names in an import, wherever it stands, by its whole name."""
    package = list(Path(file).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*inside, *([node.module] if node.module else [])])
            # A name may be a module of its own: `from ghostnet_tf import nets`.
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def misplaced(file: str, source: str) -> list[str]:
    """The modules of other rooms that a file must not import."""
    room = next(room for room in MAY_IMPORT if file.startswith(f"{room}/"))
    allowed = MAY_IMPORT[room] | {room.replace("/", ".")}
    ours = sorted(m for m in imported(file, source) if m.split(".")[0] in OURS)
    return [m for m in ours if not any(f"{m}.".startswith(f"{a}.") for a in allowed)]


def files_of(room: str) -> list[Path]:
    """What `python -m` starts is a door, and reaches every room."""
    return [f for f in sorted((ROOT / room).rglob("*.py")) if f.name != "__main__.py"]


def test_data_flows_one_way():
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for room in MAY_IMPORT
        for file in files_of(room)
        for module in misplaced(str(file.relative_to(ROOT)), file.read_text())
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("file", "source", "wrong"),
    [
        ("ghostnet_tf/nets/a.py", "def f():\n    from export.quantize import quantize", True),
        ("ghostnet_tf/base/a.py", "from ghostnet_tf.data import labels", True),
        ("ghostnet_tf/weights/a.py", "from ghostnet_tf import nets", True),
        ("ghostnet_tf/weights/a.py", "from ..nets import zoo", True),
        ("ghostnet_tf/data/a.py", "from ghostnet_tf import __version__", True),
        ("ghostnet_tf/train/a.py", "import ghostnet_tf as gn", True),
        ("ghostnet_tf/tasks/classify/a.py", "from ghostnet_tf.train import schedule", True),
        ("ghostnet_tf/tasks/classify/a.py", "from ghostnet_tf.nets import zoo", False),
        ("ghostnet_tf/nets/a.py", "from ghostnet_tf.tasks import task", True),
        ("ghostnet_tf/nets/a.py", "from ghostnet_tf.front import models", True),
        ("ghostnet_tf/train/a.py", "from ghostnet_tf.__main__ import main", True),
        ("export/a.py", "from ghostnet_tf import create_model", True),
        ("export/a.py", "from ghostnet_tf.front.keras_export import export", True),
        ("benchmark/a.py", "from ghostnet_tf.old_names import predict", True),
        ("ghostnet_tf/front/a.py", "from export.pipeline import export", True),
        ("ghostnet_tf/front/a.py", "from ghostnet_tf.nets import zoo", False),
        ("benchmark/targets/a.py", "import export.from_keras", True),
        ("benchmark/targets/a.py", "from ..plan import orders", False),
        ("export/onnx/a.py", "from ..flatbuffer import Graph", False),
        ("export/onnx/a.py", "from ...benchmark import plan", True),
        ("ghostnet_tf/train/a.py", "from ghostnet_tf.weights import checkpoint", False),
    ],
)
def test_an_arrow_backwards_would_be_seen(file, source, wrong):
    assert bool(misplaced(file, source)) == wrong


def test_every_file_of_the_package_is_in_a_room_or_is_the_front_door():
    package = ROOT / "ghostnet_tf"
    rooms = {
        f"ghostnet_tf/{folder.name}" for folder in package.iterdir() if any(folder.glob("*.py"))
    }

    assert rooms <= MAY_IMPORT.keys()
    assert {file.stem for file in package.glob("*.py")} == DOOR


def test_rooms_that_a_wheel_renames_import_themselves_relatively():
    wrong = [
        f"{file.relative_to(ROOT)} imports {node.module}"
        for room in ("export", "benchmark")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and not node.level
        if (node.module or "").split(".")[0] == room
    ]

    assert not wrong, "\n".join(wrong)


def test_no_command_imports_a_command():
    names = {".".join(Path(c[0]).with_suffix("").parts) for c in COMMANDS if len(c) == 1}
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for room in ("export", "benchmark", "web_demo")
        for file in (ROOT / room).rglob("*.py")
        for module in imported(str(file.relative_to(ROOT)), file.read_text())
        if any(f"{module}.".startswith(f"{name}.") for name in names)
    ]

    assert not wrong, "\n".join(wrong)


def test_the_ground_floor_imports_nothing_heavy():
    modules = sorted(f"ghostnet_tf.base.{f.stem}" for f in (ROOT / "ghostnet_tf/base").glob("*.py"))
    code = f"import sys, {', '.join(modules)}; print({HEAVY} & {{*sys.modules}})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)  # noqa: S603

    assert done.stdout == "set()\n", done.stderr


def test_tasks_are_asked_before_anything_heavy_is_there():
    """A command finds its task, and the task its photos, before TensorFlow is started."""
    code = (
        "import sys; from ghostnet_tf.tasks.task import TASKS, task; [task(name) for name in TASKS]"
        "; print({'tensorflow', 'keras', 'matplotlib'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)  # noqa: S603

    assert done.stdout == "set()\n", done.stderr


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


def test_no_two_modules_share_a_name():
    """A name in an error or in a search then means one file."""
    doors = {"__init__", "__main__", "describe"}  # `describe`: the old name of a command
    files = [f for room in OURS for f in sorted((ROOT / room).rglob("*.py"))]
    names = [f.stem for f in files if "node_modules" not in f.parts and f.stem not in doors]

    assert sorted({name for name in names if names.count(name) > 1}) == []
