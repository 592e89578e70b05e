"""One way out to the terminal, one to the disk, one from text to a path: nobody goes round them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("ghostnet_tf", "export", "benchmark", "web_demo")
BASE = "ghostnet_tf/base"
# Where a stream is taken for something else than to print on it.
STREAMS = {
    f"{BASE}/terminal.py": "prints",
    f"{BASE}/progress.py": "moves its bars",
    f"{BASE}/errors.py": "closes them",
    f"{BASE}/quiet.py": "silences them",
    "web_demo/models.py": "a command of ours prints there itself",
}
# What becomes a file that stays goes through `files.write_together`; these write elsewhere.
WRITERS = {
    f"{BASE}/files.py": "is the way",
    f"{BASE}/parts.py": "is the way",
    f"{BASE}/alone.py": "a lock",
    f"{BASE}/programs.py": "a lock",
    f"{BASE}/quiet.py": "/dev/null",
    "export/onnx/worker.py": "into a scratch folder",
    "export/tuning/cost.py": "into a scratch folder",
    "ghostnet_tf/weights/download.py": "under a temporary name",
    "benchmark/emulator/soc.py": "a link to the system's libraries",
    "web_demo/models.py": "removes what an earlier call left",
    "web_demo/website.py": "removes what an earlier call left",
    "web_demo/certificate.py": "a folder that is nobody else's",
    "web_demo/packages.py": "dates what npm has made",
    "web_demo/draw_samples.py": "made once, by hand",
}
WRITES = {
    "write_text", "write_bytes", "touch", "unlink", "rename", "replace", "rmdir", "mkdir",
    "makedirs", "symlink_to", "hardlink_to", "link", "symlink", "remove", "savefig", "rmtree",
}  # fmt: skip
OF_OS = {"replace", "remove", "link"}  # also what others can do
MADE_BY_US = {"__file__"}  # besides literals and constants


def called(node: ast.Call) -> str:
    """The last part of what is called: "write" of `a.b.write(...)`."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def round_the_terminal(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            if any(name.split(".")[0] == "rich" for name in names):
                yield f"line {node.lineno} imports {names}"
        elif isinstance(node, ast.Call) and called(node) in ("print", "pprint"):
            yield f"line {node.lineno} prints"
        elif isinstance(node, ast.Call) and called(node) == "ArgumentParser":
            yield f"line {node.lineno} makes a parser that repeats what was typed: doors.Parser"
        elif isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr", "__stdout__"):
            if isinstance(node.value, ast.Name) and node.value.id == "sys":
                yield f"line {node.lineno} takes sys.{node.attr}"


def round_the_disk(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        of = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in OF_OS and not (isinstance(of, ast.Name) and of.id == "os"):
            continue  # of text, of a list, of a dataclass
        if name in ("TemporaryDirectory", "mkdtemp", "mkstemp", "NamedTemporaryFile"):
            yield f"line {node.lineno} makes a temporary file: files.scratch"
        if name in WRITES and of is not None and not is_memory(node, source):
            yield f"line {node.lineno} calls {name}"
        modes = [a.value for a in [*node.args[:2], *(k.value for k in node.keywords)]
                 if isinstance(a, ast.Constant) and isinstance(a.value, str)]  # fmt: skip
        if name == "open" and any(set(mode) <= set("rwxabt+") - {"r"} for mode in modes if mode):
            yield f"line {node.lineno} opens a file to write"


def is_memory(node: ast.Call, source: str) -> bool:
    """`figure.savefig(image, ...)`, into an `io.BytesIO`."""
    return called(node) == "savefig" and f"{ast.unparse(node.args[0])} = io.BytesIO()" in source


def round_the_paths(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) == "Path" and node.args:
            (given,) = node.args
            name = getattr(given, "id", "")
            if not (isinstance(given, ast.Constant) or name in MADE_BY_US or name.isupper()):
                yield f"line {node.lineno} makes a path of {ast.unparse(given)}: files.user_path"
        elif isinstance(node, ast.keyword) and node.arg == "type":
            if isinstance(node.value, ast.Name) and node.value.id == "Path":
                yield f"line {node.value.lineno} makes a path of an argument: files.user_path"


WAYS = {
    round_the_terminal: {*STREAMS, f"{BASE}/doors.py"},
    round_the_disk: {*WRITERS},
    # The ground floor has the paths of the system; the server looks behind the links of its own.
    round_the_paths: {f"{BASE}/{name}.py" for name in ("files", "doors", "rooms")}
    | {"web_demo/served.py"},
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nobody_goes_round(way):
    files = [
        (name, file)
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        if "node_modules" not in file.parts
        if (name := str(file.relative_to(ROOT))) not in WAYS[way]
    ]
    wrong = [f"{name} {why}" for name, file in files for why in way(file.read_text())]

    assert len(files) > 150 and not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("way", "source", "is_seen"),
    [
        (round_the_terminal, "print(label)", True),
        (round_the_terminal, "console.print(label)", True),
        (round_the_terminal, "from rich.table import Table", True),
        (round_the_terminal, "def f():\n    import rich.console", True),
        (round_the_terminal, "sys.stderr.write(label)", True),
        (round_the_terminal, "argparse.ArgumentParser()", True),
        (round_the_terminal, "out(label)\nnote(label)\ndone.stderr", False),
        (round_the_disk, "path.write_text(label)", True),
        (round_the_disk, "open(path, 'wb')", True),
        (round_the_disk, "path.open(mode='a')", True),
        (round_the_disk, "os.replace(a, b)", True),
        (round_the_disk, "figure.savefig(path)", True),
        (round_the_disk, "image = io.BytesIO()\nfigure.savefig(image)", False),
        (round_the_disk, "tempfile.TemporaryDirectory()", True),
        (round_the_disk, "open(path)\nopen(path, 'rb')\na.replace('b', 'c')", False),
        (round_the_paths, "Path(args.out)", True),
        (round_the_paths, "Path(record['plain'])", True),
        (round_the_paths, "add_argument('--out', type=Path)", True),
        (round_the_paths, "Path('build')\nPath(__file__)\nPath(FLOAT32)\nuser_path(a)", False),
    ],
)  # fmt: skip
def test_who_goes_round_would_be_seen(way, source, is_seen):
    assert bool([*way(source)]) == is_seen
