"""Ctrl-C during training."""

import os
import signal

import pytest

from ghostnet_tf.train.interrupt import ctrl_c_waits


@pytest.fixture(autouse=True)
def ctrl_c_raises():
    """Where the tests run in the background, Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_waits_until_it_may_raise():
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits() as raise_if_waiting:
        raise_if_waiting()
        ctrl_c()
        reached = True
        raise_if_waiting()
        reached = False

    assert reached


def test_a_ctrl_c_that_nobody_asked_for_raises_at_the_end():
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        ctrl_c()
        reached = True

    assert reached


def test_the_second_ctrl_c_raises_at_once():
    reached = False
    with pytest.raises(KeyboardInterrupt), ctrl_c_waits():
        ctrl_c()
        ctrl_c()
        reached = True

    assert not reached


def test_ctrl_c_works_as_before_afterwards():
    with ctrl_c_waits():
        pass

    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
