import io

from rich.console import Console

from ghostnet_tf.train.progress import progress


def test_a_log_file_gets_a_line_a_minute():
    log = io.StringIO()
    now = 0.0
    with progress("epoch 2/5", 10, Console(file=log), clock=lambda: now) as step:
        for i in range(10):
            now += 25.0
            step(f"loss {i}")

    assert log.getvalue().splitlines() == [
        "epoch 2/5  3/10  loss 2",
        "epoch 2/5  6/10  loss 5",
        "epoch 2/5  9/10  loss 8",
    ]


def test_a_terminal_gets_a_bar_that_goes_away():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with progress("epoch 2/5", 3, console) as step:
        step("loss 1.5")

    assert "epoch 2/5" in screen.getvalue() and "1/3" in screen.getvalue()
    assert "loss 1.5" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")  # erased
