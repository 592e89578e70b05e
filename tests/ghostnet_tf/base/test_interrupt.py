"""Ctrl-C while a thread works."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ghostnet_tf.base.interrupt import Interrupted, answering, keep, may_stop, whole

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def ctrl_c_raises():
    """Where the tests run in the background, Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_work_gives_its_result_or_its_error():
    def fail():
        raise ValueError("so")

    assert answering(lambda: 3) == 3 and answering(threading.current_thread).name == "work"
    with pytest.raises(ValueError, match="so"):
        answering(fail)


def test_work_stops_where_it_may_and_says_what_is_kept():
    reached = []

    def work():
        keep("two are done")
        ctrl_c()
        reached.append("goes on")
        while True:
            may_stop()

    with pytest.raises(Interrupted, match="two are done"):
        answering(work, "nothing is done")
    assert reached == ["goes on"]


def test_work_that_does_not_stop_is_left_behind(monkeypatch):
    monkeypatch.setattr("ghostnet_tf.base.interrupt.PATIENCE_S", 0.0)
    go_on, ended, written = threading.Event(), threading.Event(), []

    def work():
        try:
            ctrl_c()
            go_on.wait()
            with whole():
                written.append("afterwards")
        finally:
            ended.set()

    with pytest.raises(Interrupted, match="nothing is done"):
        answering(work, "nothing is done")
    go_on.set()
    assert ended.wait(60) and not written  # whoever was left behind writes nothing


def test_files_that_belong_together_are_waited_for(monkeypatch):
    monkeypatch.setattr("ghostnet_tf.base.interrupt.PATIENCE_S", 0.0)
    written = []

    def work():
        with whole():
            ctrl_c()
            threading.Event().wait(0.3)  # longer than anybody's patience
            written.append("all")
            keep("all is done")

    with pytest.raises(Interrupted, match="all is done"):
        answering(work)
    assert written == ["all"]


def test_a_second_ctrl_c_waits_for_nothing():
    go_on = threading.Event()

    def work():
        with whole():
            ctrl_c()
            threading.Event().wait(0.3)
            ctrl_c()
            go_on.wait()

    with pytest.raises(Interrupted, match="so far"):
        answering(work, "so far")
    go_on.set()


def test_ctrl_c_is_not_lost_where_the_work_ends_meanwhile():
    with pytest.raises(Interrupted):
        answering(ctrl_c)


def test_outside_of_such_work_nothing_stops():
    may_stop()
    keep("nothing")
    with whole():
        may_stop()


PRESSED = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from ghostnet_tf.base import errors, interrupt
def work():
    {work}
def command():
    interrupt.answering(work, "as far as it came")
    print("done")
errors.run(command)
"""
ENDLESS = (  # Python would wait for this thread, which is no daemon
    "threading.Thread(target=threading.Event().wait, daemon=False).start(); "
    "os.kill(os.getpid(), signal.SIGINT); threading.Event().wait()"
)
TWICE = f"threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start(); {ENDLESS}"


@pytest.mark.parametrize("work", [ENDLESS, TWICE], ids=["once", "twice"])
def test_a_command_ends_although_its_work_does_not(work):
    done = command(work)

    assert done.returncode == 130 and done.stdout == ""
    assert done.stderr == "interrupted; as far as it came\n"


def command(work: str) -> subprocess.CompletedProcess[str]:
    code = PRESSED.format(work=work)
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
