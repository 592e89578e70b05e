import io

import pytest

from ghostnet_tf.base.progress import Stages


class Screen(io.StringIO):
    """A terminal of 120 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_terminal_that_moves(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_log_file_gets_a_line_a_minute():
    log = io.StringIO()
    now = 0.0
    stages = Stages(file=log, clock=lambda: now)
    with stages.stage("epoch 2/5", 10) as advance:
        for i in range(10):
            now += 25.0
            advance(said=f"loss {i}")

    assert log.getvalue().splitlines() == [
        "epoch 2/5  3/10  loss 2",
        "epoch 2/5  6/10  loss 5",
        "epoch 2/5  9/10  loss 8",
    ]
    assert stages.seconds == {"epoch 2/5": 250.0}


def test_several_steps_at_once_and_an_open_end_are_counted():
    log, now = io.StringIO(), 0.0
    with Stages(file=log, clock=lambda: now).stage("tune") as advance:
        now += 61.0
        advance(3)
        advance(4)
        now += 61.0
        advance(5, "block_03")

    assert log.getvalue().splitlines() == ["tune  3", "tune  12  block_03"]


def test_a_terminal_gets_a_bar_that_goes_away():
    screen = Screen()
    with Stages(file=screen).stage("epoch 2/5", 3) as advance:
        advance(said="loss 1.5 [bold]")

    assert "epoch 2/5" in screen.getvalue() and "1/3" in screen.getvalue()
    assert "loss 1.5 [bold]" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # erased


def test_a_quiet_one_shows_nothing_and_still_measures():
    screen, now = Screen(), 0.0
    stages = Stages(is_quiet=True, file=screen, clock=lambda: now)
    with stages.stage("convert", 2) as advance:
        now += 2.5
        advance(2, "done")
    with stages.stage("convert"):
        now += 1.0

    assert screen.getvalue() == "" and stages.seconds == {"convert": 3.5}


def test_a_stage_that_fails_has_its_time_too():
    now = 0.0
    stages = Stages(is_quiet=True, clock=lambda: now)
    with pytest.raises(KeyboardInterrupt), stages.stage("convert"):
        now += 2.0
        raise KeyboardInterrupt

    assert stages.seconds == {"convert": 2.0}
