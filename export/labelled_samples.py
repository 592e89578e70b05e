"""Accuracy on samples that say what they are, as `evaluation` has it of photos in class folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.samples import TRUE_CLASS, Images, Samples
from ghostnet_tf.tasks.classify.ranks import ranks_of

from .classifier import scores_in
from .evaluation import BATCH, Evaluation, refuse_each_for_itself
from .graph import Graph
from .metadata import read_metadata
from .parity import Outputs, as_list
from .runtime import Runtime
from .scores import by_class, checked_labels, scores_of
from .tensors import asked_of
from .trusted import trusted


@dataclass(frozen=True)
class Judged:
    """What stands between a sample and a class: a file, or the network that it comes from."""

    title: str
    run: Callable[[Images], Outputs]
    inputs: tuple[Tensor, ...]
    labels: Labels | None  # None: its classes have numbers alone
    n_outputs: int
    scores: str  # what they are: one of record.SCORES
    model: str = ""
    weights_sha256: str = ""

    @property
    def n_classes(self) -> int:
        """One output tells two classes apart."""
        return max(2, self.n_outputs)

    def by_class(self, rows: Images) -> np.ndarray:
        """(N, classes), the larger the likelier."""
        return by_class(as_list(self.run(rows))[0], self.n_classes, self.scores)


def judged(
    title: str, run: Callable[[Images], Outputs], graph: Graph, labels: Labels | None, scores: str
) -> Judged:
    """A network whose answers can be right or wrong; UserError where they cannot."""
    shapes = [graph.shape(output) for output in graph.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise UserError(
            f"{title} gives {', '.join(map(str, shapes))}: accuracy is that of one output "
            "(1, classes)",
            fix="export the network with that output alone, or leave the labelled samples out",
        )
    if labels is not None:
        checked_labels(labels, graph, scores)
    n_outputs = shapes[0][1]
    if (labels is not None and len(labels) == 1) or (n_outputs > 1 and scores == "sigmoid"):
        refuse_each_for_itself(title)
    inputs = asked_of(graph)
    if any(one.name == TRUE_CLASS for one in inputs):
        raise UserError(
            f"{title} has an input {TRUE_CLASS!r}, which is what the classes are called",
            fix="export the network with another name of that input",
        )
    return Judged(title, run, inputs, labels, n_outputs, scores)


def open_judged(path: str | Path) -> Judged:
    """A `.tflite` file, with the labels of its record or of the metadata inside, if it has any."""
    path = user_path(path)
    data, record = trusted(path)
    says = record or read_metadata(data)
    labels = Labels(says.label_ids, says.labels) if says and says.labels else None
    scores = scores_in(says, data.graph) if says else scores_of(data.graph)
    found = judged(path.name, Runtime(data).run, data.graph, labels, scores)
    if record is None:
        return found
    return replace(found, model=record.model, weights_sha256=record.weights_sha256)


def evaluate_samples(
    those: Sequence[Judged],
    samples: Samples,
    limit: int | None = None,
    advance: Advance = silent,
) -> Evaluation:
    """Show the same samples to all. `limit` takes them evenly from all classes."""
    truths = [true_classes(samples, one) for one in those]
    rows = [samples.fitted(one.inputs) for one in those]
    by_true_class = np.argsort(truths[0], kind="stable")
    n = min(limit or len(samples), len(samples))
    chosen = by_true_class[np.arange(n) * len(samples) // n]
    ranks = []
    for start in range(0, n, BATCH):
        some = chosen[start : start + BATCH]
        ranks.append(
            [
                ranks_of(one.by_class([fitted[i] for i in some]), truth[some])
                for one, fitted, truth in zip(those, rows, truths, strict=True)
            ]
        )
        advance(len(some))
    return Evaluation(np.concatenate(ranks, axis=1))


def true_classes(samples: Samples, one: Judged) -> np.ndarray:
    """The output that stands for each sample's class, (samples,) int."""
    return samples.true_classes(one.n_classes, one.labels.ids if one.labels else ())
