"""What ran -> which class of operator, and which block of the network it belongs to.

XNNPACK reports its own operators by its own names, in order, without saying which of the file's
they came from. It fuses some (a PAD into its convolution) and adds some (a conversion), but makes
exactly one of each operator in `KINDS`, in the order of the file: the third convolution that ran is
the file's third. Where the numbers do not agree, nothing is guessed.
"""

from collections import defaultdict
from collections.abc import Sequence

from ghostnet_tf.base.blocks import block_names

from .events import CUSTOM, Event, Op, class_of

KINDS = {  # class -> the codes of which each makes one operator of that class
    "depthwise convolution": {4},
    "matrix": {3, 9},  # CONV_2D and FULLY_CONNECTED, by either of two kernels
    "concat and copy": {2},
    "add": {0},
    "multiply": {18},
    "mean": {40},
}
MATRIX = {"convolution", "pointwise and dense"}
LEFT_OUT = {0: "ADD", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D",
            9: "FULLY_CONNECTED", 18: "MUL", 40: "MEAN", 117: "HARD_SWISH"}  # fmt: skip


def kinds_of(graph: Sequence[Op], events: Sequence[Event]) -> list[str]:
    """The class of every event; of a Ghost operator, what the file tells it to do."""
    return [
        f"Ghost {graph[event.index].ghost}"
        if _is_ghost_of(graph, event) and graph[event.index].ghost
        else class_of(event)
        for event in events
    ]


def blocks_of(graph: Sequence[Op], events: Sequence[Event]) -> list[str] | None:
    """The block of every event, or None where they cannot be told apart."""
    names = block_names([op.output for op in graph])
    places = places_of(graph, events)
    return None if places is None else [names[place] for place in places]


def places_of(graph: Sequence[Op], events: Sequence[Event]) -> list[int] | None:
    """The operator of the file that every event belongs to: what was added, to the one behind it.

    None where they cannot be told apart.
    """
    waiting: dict[str, list[int]] = defaultdict(list)  # kind -> the file's operators, in order
    taken_by_tflite = [event.name for event in events if not event.delegated]
    for i, op in enumerate(graph):
        if LEFT_OUT.get(op.code) in taken_by_tflite:
            waiting[LEFT_OUT[op.code]].append(i)
        for kind, codes in KINDS.items():
            if op.code in codes:
                waiting[kind].append(i)
    places: list[int | None] = []
    for event in events:
        if _is_ghost_of(graph, event):
            places.append(event.index)
            continue
        kind = class_of(event) if event.delegated else event.name
        kind = "matrix" if kind in MATRIX else kind
        if kind not in waiting:
            places.append(None)  # of what comes next
        elif waiting[kind]:
            places.append(waiting[kind].pop(0))
        else:
            return None
    if any(waiting.values()):
        return None
    following, found = len(graph) - 1, []
    for place in reversed(places):
        following = following if place is None else place
        found.append(following)
    return found[::-1]


def _is_ghost_of(graph: Sequence[Op], event: Event) -> bool:
    return event.is_ghost and event.index < len(graph) and graph[event.index].code == CUSTOM
