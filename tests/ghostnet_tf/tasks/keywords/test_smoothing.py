import base64
import json
from pathlib import Path

import numpy as np
import pytest

from android_demo.checks import goldens
from ghostnet_tf.tasks.keywords import smoothing
from ghostnet_tf.tasks.keywords.smoothing import Smoothing

FIXTURES = json.loads(goldens.FILE.read_text())["smoothing"]


def numbers(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f8")


def failures(kind) -> list[int]:
    """The numbers of the fixtures that a class does not reproduce to the last bit."""
    found = []
    for i, case in enumerate(FIXTURES):
        one = kind(case["labels"], case["seconds"], case["score"], case["rest"])
        rows = numbers(case["probabilities"]).reshape(-1, len(case["labels"]))
        announced, means = [], []
        for t, row in zip(numbers(case["times"]).tolist(), rows, strict=True):
            label = one.heard(row, t)
            announced.append(-1 if label is None else label)
            means.append(one.means)
        is_same = announced == case["announced"]
        if not (is_same and np.array(means).tobytes() == numbers(case["means"]).tobytes()):
            found.append(i)
    return found


def said(seconds_apart: float, rows, **settings) -> list[int | None]:
    one = Smoothing(["yes", "no", "silence", "_unknown_"], **settings)
    return [one.heard(row, i * seconds_apart) for i, row in enumerate(rows)]


def test_the_fixtures_of_other_languages_are_what_python_says_today():
    """The app's and the page's tests give the same bits as these."""
    assert json.loads(json.dumps(goldens.smoothing())) == FIXTURES
    assert failures(Smoothing) == []
    assert sum(label >= 0 for case in FIXTURES for label in case["announced"]) > 20


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("<= t - self.seconds", "< t - self.seconds"),
        ("in self._answers:", "in reversed(self._answers):"),
        (">= self.score", "> self.score"),
        (" and self.labels[top] not in NO_WORDS", ""),
        ('"silence", "unknown", "_silence_", "_unknown_"', '"silence", "unknown"'),
        ("t - self._last < self.rest", "t - self._last <= self.rest"),
        ("self._last, self._stays = t, top\n", "self._stays = top\n"),
        ("self._last, self._stays = t, top\n", "self._last = t\n"),
        ("if not is_word or top != self._stays:", "if not is_word:"),
        ("if not is_word or top != self._stays:", "if top != self._stays:"),
        ("self._answers.append((t, answer))", "self._answers.append((t, np.float32(answer)))"),
        ("self.means.argmax()", "len(self.means) - 1 - self.means[::-1].argmax()"),
        ("self.means /= len(self._answers)", "self.means *= 1 / len(self._answers)"),
    ],
)
def test_the_fixtures_catch_another_definition(there, instead):
    source = Path(smoothing.__file__).read_text()
    assert source.count(there) == 1
    planted = {"__name__": smoothing.__name__}
    exec(compile(source.replace(there, instead), smoothing.__file__, "exec"), planted)  # noqa: S102

    assert failures(planted["Smoothing"]) != []


def test_a_word_is_announced_once_its_mean_is_sure_and_after_a_rest():
    yes, no = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]

    assert said(0.25, [no, yes, yes, yes, yes]) == [1, None, None, None, 0]
    assert said(0.5, [yes, yes, yes, yes]) == [0, None, None, None]  # it is the same one
    silence = [0.0, 0.0, 1.0, 0.0]
    assert said(0.5, [yes, yes, silence, yes]) == [0, None, None, 0]
    assert said(0.5, [yes, no, yes], seconds=0.1) == [0, None, 0]  # another one between
    assert said(0.25, [[0.5, 0.5, 0, 0], yes, no, no], rest=0) == [None, 0, None, 1]


def test_silence_and_unknown_are_no_words():
    rows = np.eye(4)[[2, 2, 3, 3, 0]]

    assert said(1.0, rows) == [None, None, None, None, 0]


def test_an_answer_that_is_no_number_is_none():
    one = Smoothing(["yes", "no"])

    assert one.heard([np.nan, 1.0], 0.0) is None and one.means.tolist() == [0, 0]
    assert one.heard([0.25, 0.75], 0.1) == 1 and one.means.tolist() == [0.25, 0.75]
