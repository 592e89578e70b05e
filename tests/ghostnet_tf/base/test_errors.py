import errno

import pytest

from ghostnet_tf.base.errors import CheckFailed, UserError, pick, run


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


@pytest.mark.parametrize("bug", [OSError(errno.EIO, "I/O error"), ValueError("bug"), KeyError("k")])
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
