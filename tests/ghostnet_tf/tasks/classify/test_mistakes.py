"""The report of a finished run, and its pictures."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ghostnet_tf.tasks.classify.mistakes import Report
from ghostnet_tf.tasks.classify.one_class import CURVES
from ghostnet_tf.train.curves import plot

FIVE = ("ant", "bee", "cow", "dog", "eel")


def report(labels, answers, classes=FIVE) -> Report:
    logits = np.eye(len(classes), dtype=np.float32)[answers]
    names = [f"{i}.jpg" for i in range(len(labels))]
    return Report.of(logits, np.array(labels), names, classes)


@pytest.fixture
def drawn(monkeypatch) -> list[Axes]:
    """The axes of every picture that is drawn."""
    found = []

    def savefig(figure, data, **_):
        found.extend(figure.axes)
        data.write(b"picture")

    monkeypatch.setattr(Figure, "savefig", savefig)
    return found


def test_only_classes_that_were_scored_have_a_row(drawn, tmp_path):
    made = report([0, 0, 2, 2, 2], [0, 1, 2, 2, 4])

    made.files(tmp_path)

    axes = drawn[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["ant", "cow"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == [*FIVE]
    (image,) = axes.images
    rows = [[0.5, 0.5, 0, 0, 0], [0, 0, 2 / 3, 0, 1 / 3]]
    assert np.allclose(np.array(image.get_array()), rows)
    placed = {text.get_position(): text.get_text() for text in axes.texts}
    assert placed == {(0, 0): "1", (1, 0): "1", (2, 1): "2", (4, 1): "1"}
    assert axes.get_title().split("\n") == [
        "held-out photos: 3 of 5 right",
        "3 classes without one have no row",
    ]


@pytest.mark.parametrize(
    ("labels", "answers", "guessed", "is_useful"),
    [
        ([0, 0, 0, 1], [0, 0, 0, 0], 3, False),  # the most frequent class, every time
        ([0, 0, 0, 1], [0, 0, 1, 1], 3, False),  # as many right, and no better
        ([0, 0, 0, 1], [0, 0, 0, 1], 3, True),
        ([0, 1, 2, 3], [0, 1, 4, 4], 1, True),
        ([0, 1, 2, 3], [4, 4, 4, 3], 1, False),
    ],
)
def test_useful_is_what_is_right_more_often_than_guessing(labels, answers, guessed, is_useful):
    made = report(labels, answers)

    assert made.by_guessing == guessed == made.to_dict()["right_by_guessing"]
    assert made.is_useful == is_useful


@pytest.mark.parametrize("epochs", [1, 2, 5, 40])
def test_epochs_are_whole_numbers_on_the_axis(epochs, drawn, tmp_path):
    keys = ("loss", "accuracy", "held_out_top1", "held_out_ema_top1", "held_out_loss")
    history = [{"epoch": n + 1, **dict.fromkeys(keys, 0.5)} for n in range(epochs)]
    history[0].pop("held_out_loss")  # as in a run of an older version

    plot(history, tmp_path / "curves.png", CURVES)

    for axes in drawn:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks and all(tick == round(tick) for tick in ticks) and 0 < low <= 1
        (first, *_) = axes.lines
        assert first.get_xdata().tolist() == [row["epoch"] for row in history]
        assert (first.get_marker() == ".") == (epochs < 30)  # a line of one point is none
    assert len(drawn[0].lines[1].get_xdata()) == epochs - 1
