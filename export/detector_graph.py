"""What the graph of a detector is like, whatever network it comes from."""

from .graph import Graph
from .op import WEIGHTED, Op

BOXES, SCORES = OUTPUTS = ("boxes", "scores")  # as the signature calls them
POSTPROCESS = "TFLite_Detection_PostProcess"  # an operator of TensorFlow Lite that chooses boxes
# Its outputs, as MediaPipe's metadata call them.
POSTPROCESSED = ("location", "category", "score", "number of detections")


def is_detector(graph: Graph) -> bool:
    """Whether its outputs are boxes (1, N, 4) and scores (1, N, classes), by name and shape."""
    shapes = {graph.names[tensor]: graph.shape(tensor) for tensor in graph.outputs}
    if tuple(shapes) != OUTPUTS or any(len(shape) != 3 for shape in shapes.values()):
        return False
    return shapes[BOXES][:2] == shapes[SCORES][:2] and shapes[BOXES][2] == 4


def is_postprocessed(graph: Graph) -> bool:
    """Whether its outputs are those of an operator that has chosen among the boxes."""
    last = graph.ops[-1] if graph.ops else None
    return last is not None and last.name == POSTPROCESS and [*last.outputs] == graph.outputs


def finds(graph: Graph) -> bool:
    """Whether it finds things, in either form."""
    return is_detector(graph) or is_postprocessed(graph)


def n_classes(graph: Graph) -> int:
    """Of a graph that finds things, how many kinds of them it tells apart."""
    scores = graph.ops[-1].inputs[1] if is_postprocessed(graph) else graph.outputs[1]
    return graph.shape(scores)[-1]


def behind_convolutions(graph: Graph) -> list[Op]:
    """The operators that no convolution comes after: in a detector, what makes boxes of its maps.

    In integers they would cost what they are for: a place has to be told in finer steps than 1/256,
    and a softmax in int8 ends the partition.
    """
    before: set[int] = set()  # tensors that a convolution needs
    found = []
    for op in reversed(graph.ops):
        if op.name in WEIGHTED or any(tensor in before for tensor in op.outputs):
            before.update(op.inputs)
        else:
            found.append(op)
    return found[::-1]
