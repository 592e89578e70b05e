"""Answers to overlapping seconds of sound become words that are each said once: defined here.

`smoothing.js` of the page and `Smoothing.kt` in `android_demo/core` give the same bits.

1. An answer in which a probability is no number is none.
2. Answers are kept for `seconds`: at `t`, those of more than `t - seconds`.
3. The mean of a class is the sum of its probabilities, the oldest first, divided by their number,
   all in float64; the word is the first of the largest means.
4. It is announced unless that mean is below `score`, the word is silence or unknown, or the last
   one was announced less than `rest` seconds ago, whichever it was.
5. Nor is it announced while it stays: a word said once is in the window for longer than `rest`.
   What was announced stays until another word is the largest, or its mean falls below `score`.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

SECONDS, SCORE, REST = 0.5, 0.6, 1.0  # where a record says nothing else
NO_WORDS = ("silence", "unknown", "_silence_", "_unknown_")  # labels of what is none


class Smoothing:
    """The answers of the last while, and when the last word was announced.

    smoothing = Smoothing(["yes", "no", "silence"])
    smoothing.heard([0.9, 0.1, 0.0], 1.0)                            # 0
    """

    def __init__(
        self,
        labels: Sequence[str],
        seconds: float = SECONDS,
        score: float = SCORE,
        rest: float = REST,
    ):
        self.labels, self.seconds, self.score, self.rest = labels, seconds, score, rest
        self.means = np.zeros(len(labels))  # of every class, after the last answer
        self._answers: deque[tuple[float, np.ndarray]] = deque()
        self._last = -np.inf  # when a word was announced
        self._stays: int | None = None  # that word, as long as it is heard without a break

    def heard(self, probabilities: ArrayLike, t: float) -> int | None:
        """The class that is announced at `t` seconds, or None; (classes,) from 0 to 1."""
        answer = np.asarray(probabilities, np.float64)
        if not np.isnan(answer).any():
            self._answers.append((t, answer))
        while self._answers and self._answers[0][0] <= t - self.seconds:
            self._answers.popleft()
        self.means = np.zeros(len(self.labels))
        if not self._answers:
            return None
        for _, answer in self._answers:  # one by one, or NumPy would choose the order
            self.means += answer
        self.means /= len(self._answers)
        top = int(self.means.argmax())
        is_word = self.means[top] >= self.score and self.labels[top] not in NO_WORDS
        if not is_word or top != self._stays:
            self._stays = None
        if not is_word or top == self._stays or t - self._last < self.rest:
            return None
        self._last, self._stays = t, top
        return top
