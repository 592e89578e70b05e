"""Files are UTF-8 and nothing ends in a traceback, whatever the shell says of its letters."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from colours import RGB, photo, saved
from test_architecture import OURS, ROOT

CAFE = "caf\u00e9"
# Shells whose terminal, or whose file names too, know ASCII alone.
SHELLS = {
    "ASCII terminal": {"PYTHONIOENCODING": "ascii"},
    "LANG=C": {"LANG": "C", "LC_ALL": "C"},
    "C without UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def leaves_encoding_open(source: str) -> list[int]:
    """Lines of calls that read or write text in the encoding of the locale."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        options = {option.arg for option in call.keywords}
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        mode = next((a.value for a in call.args if isinstance(a, ast.Constant)), "r")
        is_text = name in ("read_text", "write_text") or (
            isinstance(call.func, ast.Name) and name == "open" and "b" not in str(mode)
        )
        if (is_text and "encoding" not in options) or options & {"text", "universal_newlines"}:
            found.append(call.lineno)
    return found


@pytest.mark.parametrize(
    ("source", "is_open"),
    [
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("subprocess.run(line, text=True)", True),
        ("open(path, 'rb')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("subprocess.run(line, encoding='utf-8')", False),
        ("zipfile.open(name)", False),
    ],
)
def test_the_rule_knows_what_it_looks_for(source, is_open):
    assert bool(leaves_encoding_open(source)) == is_open


def test_every_text_is_read_and_written_in_an_encoding_that_is_said():
    files = [f for room in (*OURS, "docs") for f in (ROOT / room).rglob("*.py")]
    wrong = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in files
        if "node_modules" not in file.parts
        for line in leaves_encoding_open(file.read_text(encoding="utf-8"))
    ]

    assert files and not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A classifier whose classes are called cafe with an accent and so on, and photos of them."""
    folder = tmp_path_factory.mktemp("names")
    names = tuple(f"{CAFE} {name}" for name in RGB)
    saved(folder, labels=names, label_ids=names).rename(folder / "net.tflite")
    next(folder.glob("*.json")).rename(folder / "net.json")
    for name, colour in zip(names, RGB, strict=True):
        photo(folder / "p" / name / f"{CAFE}.png", colour)
    (folder / "p" / names[0] / "\u732b.jpg").write_bytes(b"no photo")
    return folder


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_read_and_show_names_of_every_language(shell, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}

    def command(verb: str, *args: str) -> subprocess.CompletedProcess:
        line = [sys.executable, str(ROOT / "ghostnet_tf" / "__main__.py"), verb, *args]
        return subprocess.run(  # noqa: S603
            line, cwd=folder, env={**env, **SHELLS[shell]}, capture_output=True
        )

    told = command("predict", "net.tflite", "p")
    scored = command("evaluate", "net.tflite", "--labelled", "p", "--json")
    verified = command("verify", "net.tflite")

    assert (told.returncode, scored.returncode, verified.returncode) == (1, 0, 0), told.stderr
    assert b"Traceback" not in told.stderr + scored.stderr + verified.stderr
    row = json.loads(scored.stdout)["files"][0]
    assert (row["n"], row["top1"]) == (6, 1.0)  # folders and labels are one name
    cafe = CAFE if shell == "LANG=C" else r"caf\xe9"  # Python makes UTF-8 of C by itself
    assert f"{cafe} red".encode() in told.stdout
    assert (b"\xe7\x8c\xab.jpg" if shell == "LANG=C" else rb"\u732b.jpg") in told.stderr
