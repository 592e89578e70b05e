"""What the graph of a segmenter is like, whatever network it comes from."""

from .graph import Graph

LOGITS = "logits"  # its output, as the signature calls it
STRIDES = (1, 8)


def is_segmenter(graph: Graph) -> bool:
    """Whether it takes one image and gives logits of its pixels, by name and shape."""
    return stride_of(graph) is not None


def stride_of(graph: Graph) -> int | None:
    """How many pixels of the image lie from one pixel of the logits to the next, each way."""
    if [*map(graph.called, graph.outputs)] != [LOGITS] or len(graph.inputs) != 1:
        return None
    image, logits = graph.shape(graph.inputs[0]), graph.shape(graph.outputs[0])
    if len(image) != 4 or len(logits) != 4:
        return None
    fitting = (s for s in STRIDES if logits[1:3] == tuple(-(-side // s) for side in image[1:3]))
    return next(fitting, None)
