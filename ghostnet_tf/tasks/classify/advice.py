"""What to try where a run has learned nothing that guessing would not give."""

import math
from pathlib import Path
from typing import Any

from ghostnet_tf.nets.pretrained import BUNDLED
from ghostnet_tf.tasks.classify.mistakes import Report
from ghostnet_tf.tasks.task import Settings
from ghostnet_tf.weights import DEFAULT_MODEL

SMALLER = 10.0  # times, of a learning rate that led nowhere
LONGER = 3  # times as many epochs


def remedy(
    report: Report,
    history: list[dict[str, Any]],
    schedule: Settings,
    model: str,
    is_from_weights: bool,
    out: Path,
) -> tuple[str, list[str]]:
    """What is most likely wrong, a clause, and the options that the same command lacks.

    `is_from_weights`: the run began with trained weights, not from nothing.
    """
    other = ["--out", str(_free(out))]
    guessed = report.by_guessing / int(report.confusion.sum())
    first, last = history[0], history[-1]
    # The loss of someone who knows nothing and says so, and of whoever gets no better.
    if last["loss"] > min(first["loss"], math.log(len(report.classes))) and len(history) > 1:
        rate = schedule.learning_rate / SMALLER
        return "the loss does not fall", ["--learning-rate", f"{rate:g}", *other]
    if not is_from_weights and model == DEFAULT_MODEL:
        return "it began from nothing", ["--weights", BUNDLED, *other]
    if last["accuracy"] > guessed + (1 - guessed) / 2:
        of = report.kinds
        knows = f"it knows its training {of} and no others: more {of} of each class would help"
        if is_from_weights and not schedule.freeze:
            return knows, ["--freeze", *other]
        return knows, ["--learning-rate", f"{schedule.learning_rate / SMALLER:g}", *other]
    return "it has not trained for long", ["--epochs", str(LONGER * schedule.epochs)]


def _free(out: Path) -> Path:
    """The next folder of that name that does not exist."""
    n = 2
    while (found := out.with_name(f"{out.name}_{n}")).exists():
        n += 1
    return found
