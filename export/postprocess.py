"""A detector's file that ends in boxes that were chosen: `TFLite_Detection_PostProcess` behind it.

The operator is one of TensorFlow Lite's own custom ones: LiteRT's interpreter has it, and so has
MediaPipe's ObjectDetector; LiteRT.js has not. It makes boxes of encodings and anchors,
centre = encoding x side of the anchor + its centre, side = exp(encoding) x side of the anchor,
and drops what lies upon surer boxes. With one anchor, the whole image, and the logarithm of the
sides it gives the boxes that it is given.
"""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import BoxesKept, PreprocessingFields

from .detector_graph import BOXES, POSTPROCESS, POSTPROCESSED, SCORES, is_detector
from .flatbuffer import Flatbuffer
from .graph import Graph

LEAST_SIDE = 1e-6  # of a box, as a share of the image: a logarithm of 0 is none
# Rows: what is made of x1 y1 x2 y2.
CENTRES = np.array([[0, 0.5, 0, 0.5], [0.5, 0, 0.5, 0]], np.float32)  # y, x
SIDES = np.array([[0, -1, 0, 1], [-1, 0, 1, 0]], np.float32)  # height, width


MIDDLE = 0.5  # mean and deviation of a normalisation that all colours share


def uniform(how: PreprocessingFields) -> PreprocessingFields:
    """`how` if its normalisation is the same for all colours, else with another that is.

    MediaPipe has no other: "Per-channel image normalization is not available" (1.2.3).
    """
    if len({*how["mean"]}) == 1 == len({*how["std"]}):
        return how
    return {**how, "mean": [MIDDLE] * len(how["mean"]), "std": [MIDDLE] * len(how["std"])}


def with_postprocess(
    plain: bytes, how: PreprocessingFields, kept: BoxesKept, name: str
) -> Flatbuffer:
    """The file of a detector with the operator behind its boxes and scores; metadata are lost.

    `how` photos are prepared for the plain file; for the new one `uniform(how)`.
    Four outputs: boxes (1, most, 4), y1 x1 y2 x2 as shares; classes, scores (1, most); count (1,).
    UserError for what is no detector, or gives integers.
    """
    graph = Flatbuffer(plain).graph.copy()
    if not is_detector(graph):
        raise UserError(
            f"{name!r} does not give boxes and scores, so there is nothing to choose from",
            fix="give a detector's plain file",
        )
    found = dict(zip((BOXES, SCORES), graph.outputs, strict=True))
    boxes, scores = found[BOXES], found[SCORES]
    if {graph.dtype(boxes), graph.dtype(scores)} != {"FLOAT32"}:
        raise UserError(
            f"{name!r} gives integers, and boxes are chosen among floats",
            fix="export it in static_wi8_ai8, which computes in integers and answers in floats",
        )
    if uniform(how) != how:
        _normalise(graph, how)
    _, cells, _ = graph.shape(boxes)
    centres = _matrix(graph, boxes, "centres", CENTRES)
    sides = _matrix(graph, boxes, "sides", SIDES)
    half = (1, cells, 2)
    least = graph.add_tensor(boxes, "least_side", (1,), np.array([LEAST_SIDE], np.float32))
    bounded = graph.add_tensor(boxes, "bounded_sides", half)
    graph.append("MAXIMUM", [sides, least], [bounded], schema.MaximumMinimumOptionsT())
    logarithms = graph.add_tensor(boxes, "log_sides", half)
    graph.append("LOG", [bounded], [logarithms])
    encodings = graph.add_tensor(boxes, "encodings", (1, cells, 4))
    join: Any = schema.ConcatenationOptionsT()
    join.axis = 2
    graph.append("CONCATENATION", [centres, logarithms], [encodings], join)
    whole = np.tile(np.array([0, 0, 1, 1], np.float32), (cells, 1))  # y x height width
    anchors = graph.add_tensor(boxes, "anchors", whole.shape, whole)
    shapes = ((1, kept.most, 4), (1, kept.most), (1, kept.most), (1,))
    chosen = [
        graph.add_tensor(boxes, title, shape)
        for title, shape in zip(POSTPROCESSED, shapes, strict=True)
    ]
    told = options(kept, classes=graph.shape(scores)[-1])
    graph.append_custom(POSTPROCESS, [encodings, scores, anchors], chosen, told)
    graph.replace_outputs(dict(zip(POSTPROCESSED, chosen, strict=True)))
    return Flatbuffer(graph.to_bytes())


def options(kept: BoxesKept, classes: int) -> bytes:
    """What the operator is told: a flexbuffer.

    Regular NMS: class by class, as ours does. Its fast one lets a box of one class hide those of
    others.
    """
    builder: Any = flexbuffers.Builder()  # whose annotations want an int for a float
    with builder.Map():
        for key, value in {
            "max_detections": kept.most,
            "max_classes_per_detection": 1,
            "detections_per_class": kept.most,
            "num_classes": classes,
        }.items():
            builder.Int(key, value)
        builder.Bool("use_regular_nms", True)
        for key, value in {
            "nms_score_threshold": kept.score,
            "nms_iou_threshold": kept.iou,
            **dict.fromkeys(("y_scale", "x_scale", "h_scale", "w_scale"), 1.0),
        }.items():
            builder.Float(key, value)
    return bytes(builder.Finish())


def _normalise(graph: Graph, how: PreprocessingFields) -> None:
    """Let the graph take photos normalised as `uniform(how)` has it: each colour by itself."""
    (image,) = graph.inputs
    mean, std = (np.array(how[key], np.float32) for key in ("mean", "std"))
    first, shape = graph.ops[0], graph.shape(image)
    given = graph.add_tensor(image, "pixels", shape)
    scaled = graph.add_tensor(image, "pixels_scaled", shape)
    factors = graph.add_tensor(image, "colour_factors", std.shape, MIDDLE / std)
    offsets = graph.add_tensor(image, "colour_offsets", std.shape, (MIDDLE - mean) / std)
    graph.insert("MUL", [given, factors], scaled, first)
    graph.insert("ADD", [scaled, offsets], image, first)
    graph.replace_input(image, given)


def _matrix(graph: Graph, boxes: int, name: str, rows: np.ndarray) -> int:
    """(1, cells, 4) times these rows -> (1, cells, 2)."""
    weights = graph.add_tensor(boxes, f"{name}_of_corners", rows.shape, rows)
    made = graph.add_tensor(boxes, name, (*graph.shape(boxes)[:2], len(rows)))
    how: Any = schema.FullyConnectedOptionsT()
    how.keepNumDims = True
    graph.append("FULLY_CONNECTED", [boxes, weights, -1], [made], how)
    return made
