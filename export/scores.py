"""What the outputs of a classifier are, seen at a graph's last operator, and what they mean.

Everyone else reads it in the record. `web_demo/js/answers.js` and `android_demo/core`'s `Scores.kt`
have the same arithmetic.
"""

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.record import NEXT, STATE, UNKNOWN
from ghostnet_tf.data.labels import Labels

from .detector_graph import behind_convolutions, finds, is_detector, n_classes
from .graph import Graph
from .op import Op
from .segmenter_graph import is_segmenter

PROBABILITIES = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid"}  # operator -> what it makes
SAME_VALUES = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
ROUNDING = 0.01  # of probabilities in integers


def endings(graph: Graph) -> list[Op]:
    """The operators that make probabilities of a network's last values, one an output or none.

    Of a detector all that make boxes and scores of its maps.
    """
    if is_detector(graph):
        return behind_convolutions(graph)
    found = (_ending(graph, output) for output in graph.outputs)
    return [op for op in found if op is not None]


def scores_of(graph: Graph) -> str:
    """Of a network with one output what it is, as `record.SCORES` has it.

    A tanh bounds its values at -1 and 1. A softmax of those would name no class with more than
    e^2 times the share of another, whatever the photo: they are no logits, and what else nobody
    says.
    """
    answers = answers_of(graph)
    last = _last(graph, answers[0]) if len(answers) == 1 else None
    if last is not None and last.name == "TANH":
        return UNKNOWN
    return PROBABILITIES.get(last.name, "logits") if last is not None else "logits"


def answers_of(graph: Graph) -> list[int]:
    """The outputs that answer. Of a network that hears hop by hop it is the first: the others come
    in again at the next call."""
    first, *others = graph.outputs
    given = {graph.called(tensor) for tensor in graph.inputs}
    names = [graph.called(tensor) for tensor in others]
    come_again = [n.endswith(NEXT) and n.removesuffix(NEXT) + STATE in given for n in names]
    return [first] if all(come_again) else [first, *others]


def _ending(graph: Graph, output: int) -> Op | None:
    op = _last(graph, output)
    return op if op is not None and op.name in PROBABILITIES else None


def _last(graph: Graph, output: int) -> Op | None:
    """The operator that makes the values of an output."""
    op = graph.writer(output)
    for _ in graph.ops:  # a damaged file may have operators that read what they write
        if op is None or op.name not in SAME_VALUES:
            break
        op = graph.writer(op.inputs[0])
    return op


def checked_labels(labels: Labels, graph: Graph, scores: str) -> Labels:
    """`labels`, if they name what the graph gives; UserError otherwise."""
    shapes = [graph.shape(output) for output in answers_of(graph)]
    if finds(graph):
        return labels.expect(n_classes(graph))
    if is_segmenter(graph):
        return labels.expect(shapes[0][-1])
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise UserError(
            f"labels name the classes of one output (1, classes); this network gives {shapes}",
            fix="leave the labels out",
        )
    if shapes[0][1] == 1 and scores == "softmax":
        raise UserError(
            "the network ends in a softmax over one output, which is 1 for every photo",
            fix="let it end in a sigmoid, or in two outputs",
        )
    return labels.expect(shapes[0][1])


def by_class(outputs: np.ndarray, n_labels: int, scores: str) -> np.ndarray:
    """(N, outputs) -> (N, labels): one output that stands for two classes becomes two.

    It is of the second class, as Keras counts class folders: its logit against 0, or its
    probability against the rest; of unknown ones its value against the opposite one.
    """
    if outputs.shape[-1] != 1 or n_labels != 2:
        return outputs
    first = {"logits": np.zeros_like(outputs), UNKNOWN: -outputs}.get(scores, 1 - outputs)
    return np.concatenate([first, outputs], axis=-1)


def shares(row: np.ndarray, scores: str) -> np.ndarray:
    """(labels,) as `by_class` makes them -> probabilities, from 0 to 1; unknown ones as they are.

    UserError where `scores` says that they are that, and they are not.
    """
    if scores == UNKNOWN:
        return row
    if scores != "logits":
        refuse_no_probabilities(row, scores)
        return row
    if len(row) == 1:  # of one class alone: it is there or not
        return softmax(np.append(row, np.zeros_like(row)))[:1]
    return softmax(row)


def refuse_no_probabilities(outputs: np.ndarray, scores: str) -> None:
    """UserError where outputs that are said to be a softmax's or a sigmoid's are none."""
    if outputs.min() < -ROUNDING or outputs.max() > 1 + ROUNDING:
        raise UserError(
            f"the outputs are said to be probabilities ({scores}), and reach from "
            f"{outputs.min():.4g} to {outputs.max():.4g}",
            fix=f"export the network without {option('scores', scores)}: its record, or what it is "
            "exported with, is wrong",
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()
