import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ghostnet_tf.base import doors, errors
from ghostnet_tf.base.errors import CheckFailed, UserError, option, pick, reading, run


def outcome(capsys, error) -> tuple[int, list[str]]:
    def command():
        if isinstance(error, BaseException):
            raise error
        return error

    with pytest.raises(SystemExit) as left:
        run(command)
    assert isinstance(left.value.code, int)
    return left.value.code, capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_the_exit_code(returned, code, capsys):
    assert outcome(capsys, returned) == (code, [])


def test_an_error_of_the_user_is_two_lines_and_2(capsys):
    error = UserError("there is no 'x'", fix="try 'y'")

    assert outcome(capsys, error) == (2, ["error: there is no 'x'", "  fix: try 'y'"])


def test_a_broken_promise_is_1(capsys):
    assert outcome(capsys, CheckFailed("it differs")) == (1, ["error: it differs"])


def test_a_line_break_in_an_error_does_not_break_the_line(capsys):
    assert outcome(capsys, UserError("a\nb", fix="c\nd")) == (2, ["error: a b", "  fix: c d"])


def test_an_interruption_is_130_and_says_what_was_kept(capsys):
    assert outcome(capsys, KeyboardInterrupt()) == (
        130,
        ["interrupted; files already finished were kept"],
    )
    assert outcome(capsys, KeyboardInterrupt("epoch 3 is kept")) == (
        130,
        ["interrupted; epoch 3 is kept"],
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOTDIR])
def test_a_full_or_forbidden_place_is_2(number, capsys):
    code, lines = outcome(capsys, OSError(number, "No way", "/there"))

    assert code == 2 and lines[0] == "error: No way: /there" and "old files are intact" in lines[1]


BUGS = [
    OSError(errno.EIO, "I/O error"),
    ValueError("bug"),
    KeyError("k"),
    BrokenPipeError(errno.EPIPE, "of a subprocess, say"),
]


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_keeps_its_traceback(bug):
    def command():
        raise bug

    with pytest.raises(type(bug)):
        run(command)


def test_pick_suggests_what_is_close_or_lists_everything():
    known = {"float32": 1, "float16": 2, "static": 3}

    assert pick("static", known, "recipe") == 3
    with pytest.raises(UserError, match="no recipe 'flaot16'") as close:
        pick("flaot16", known, "recipe")
    assert close.value.fix.startswith("try float16")
    with pytest.raises(UserError) as far:
        pick("zzz", known, "recipe")
    assert far.value.fix == "try float16 or float32 or static"


def test_pick_puts_the_nearest_name_first():
    known = {"float16": 1, "float32": 2, "int8": 3, "zoo": 4}

    with pytest.raises(UserError) as close:
        pick("flot32", known, "recipe")
    assert close.value.fix == "try float32 or float16"
    with pytest.raises(UserError) as upper:
        pick("INT8", known, "recipe")
    assert upper.value.fix == "try int8"
    with pytest.raises(UserError) as far:
        pick("ghost", {"alexnet": 1, "ghostnet_050": 2}, "model")
    assert far.value.fix == "try ghostnet_050 or alexnet"


CLOSED = """
import sys
from ghostnet_tf.base.errors import UserError, run
def command():
    for i in range({lines}):
        print("line", i, file=sys.{stream})
    {then}
run(command)
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("then", ["return 0", "raise SystemExit(0)"])
@pytest.mark.parametrize("lines", [1, 100_000])
@pytest.mark.parametrize("options", [[], ["-u"]])
def test_a_reader_that_has_seen_enough_is_no_error(stream, then, lines, options):
    code = CLOSED.format(stream=stream, then=then, lines=lines)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}  # unless -u says otherwise
    with subprocess.Popen(  # noqa: S603
        [sys.executable, *options, "-c", code], **pipes, env=buffered, cwd=Path(__file__).parents[3]
    ) as process:
        closed, other = (process.stdout, process.stderr)[:: 1 if stream == "stdout" else -1]
        closed.close()  # type: ignore[union-attr]
        said = other.read()  # type: ignore[union-attr]

    assert (process.returncode, said) == (141, b"")


def test_what_a_terminal_cannot_show_is_escaped():
    code = "from ghostnet_tf.base.errors import run; run(lambda: print('Größe \u5927'))"
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)  # noqa: S603

    assert (done.returncode, done.stdout) == (0, "Gr\\xf6\\xdfe \\u5927\n"), done.stderr


def test_escapes_in_an_error_do_not_reach_the_terminal(capsys):
    error = UserError("there is no 'a\x1b]0;b\x07'", fix="\u202etry\x9b1m")

    assert outcome(capsys, error) == (
        2,
        [r"error: there is no 'a\x1b]0;b\x07'", r"  fix: \u202etry\x9b1m"],
    )


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (SystemError("NULL result\nand more"), "'a.h5' cannot be read: NULL result"),
        (RecursionError(), "'a.h5' cannot be read: RecursionError"),
        (PermissionError(errno.EACCES, "No way", "a"), "'a.h5' cannot be read: No way"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a"), "'a.h5' is not there"),
        (MemoryError(), "'a.h5' needs more memory than there is"),
        (UserError("it is too large"), "it is too large"),
    ],
)  # fmt: skip
def test_whatever_a_reader_raises_is_one_error(raised, said):
    with pytest.raises(UserError, match=f"^{re.escape(said)}$") as error, reading("'a.h5'"):
        raise raised

    assert error.value.__cause__ is raised or error.value is raised


def test_an_interruption_of_a_reader_stays_one():
    with pytest.raises(KeyboardInterrupt), reading("'a.h5'"):
        raise KeyboardInterrupt


def test_debug_shows_what_an_error_was_made_of(capsys, monkeypatch):
    monkeypatch.setattr(errors, "debug", False)
    doors.parser("export", "").parse_args(["--debug"])

    def command():
        with reading("'a.h5'"):
            raise SystemError("NULL result")

    with pytest.raises(SystemExit):
        run(command)
    assert "in command" in (told := capsys.readouterr().err) and told.endswith(
        "SystemError: NULL result\nerror: 'a.h5' cannot be read: NULL result\n"
    )


@pytest.mark.parametrize(
    ("given", "typed", "in_python"),
    [
        (("photos", "DIR"), "--photos DIR", "photos=DIR"),
        (("held-out", 12), "--held-out 12", "held_out=12"),
        (("overwrite", True), "--overwrite", "overwrite=True"),
        (("size",), "--size", "size="),
        (
            ("weights", "my runs/best.pth"),
            "--weights 'my runs/best.pth'",
            "weights='my runs/best.pth'",
        ),
        (("set ema", "VALUE"), "--set ema=VALUE", "ema=VALUE"),
    ],
)
def test_a_way_out_is_worded_for_the_door_that_a_person_came_through(
    given, typed, in_python, capsys
):
    error = UserError("no", fix=f"try {option(*given)}, or not")

    assert outcome(capsys, error)[1] == ["error: no", f"  fix: try {typed}, or not"]
    assert str(error.fix) == f"try {in_python}, or not"


@pytest.mark.parametrize("given", [("out", "DIR"), ("freeze", True)])
def test_a_way_out_that_is_passed_on_stays_one_for_both(given, capsys):
    first = UserError("no", fix=option(*given))
    sent = UserError(*json.loads(json.dumps([str(first), first.fix.marked])))

    for again in (UserError("a: no", fix=first.fix), sent):
        assert again.fix == first.fix and again.fix.typed == first.fix.typed
        assert again.fix.typed.startswith("--") and "--" not in again.fix
