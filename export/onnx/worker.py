"""ONNX -> float32 `.tflite` in a process of its own:

python -m export.onnx.worker FILE FOLDER SIZE|samples|-

onnx2tf changes Keras, TensorFlow and Python for the whole process, ends it when it fails, looks for
a file in the working folder and else on the network; and ONNX's own libraries can crash. So all of
that happens here, in FOLDER, which is made for it. What it leaves there: the model with all of its
data (`ORIGINAL`), the same simplified, and `FLOAT32`; or `REFUSED`, two lines for the user.
"""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.sides import size_named

from . import onnx_file
from .inlining import decomposed, opset, store_constants
from .inputs import Inputs, inputs_of

ORIGINAL, FLOAT32, SIGNATURE, REFUSED = "original.onnx", "out/model_float32.tflite", "says", "no"
SAMPLES, UNSAID = "samples", "-"  # in place of a size: it takes no photo; the size is its own
# onnx2tf downloads this file unless it is there, and tries its layouts on the images in it.
TILES, TILES_SHAPE = "calibration_image_sample_data_20x128x128x3_float32.npy", (20, 128, 128, 3)


def main(argv: list[str]) -> int:
    path, folder = (user_path(place).absolute() for place in argv[:2])
    takes = argv[2]
    os.chdir(folder)
    try:
        model = onnx_file.read(path)
        if takes == SAMPLES:
            says = inputs_of(model, onnx_file.n_parameters(model))
        else:
            says = onnx_file.signature(model, size_named(takes) if takes != UNSAID else None)
        simplified = simplify(model, says)
        Path(ORIGINAL).write_bytes(model.SerializeToString())
        Path(SIGNATURE).write_text(json.dumps(asdict(says)), encoding="utf-8")
        convert(simplified, says.kept)
    except UserError as error:
        Path(REFUSED).write_text(json.dumps([str(error), error.fix.marked]), encoding="utf-8")
        return error.exit_code
    return 0


def simplify(model: Any, says: onnx_file.Signature | Inputs) -> Any:
    """Constants folded, shapes static, batch 1. onnx2tf cannot read a GhostNet before that.

    PyTorch writes the slice of a Ghost module, `[:, :oup]`, with ends computed in the graph.
    """
    import onnxsim

    model = decomposed(model, known_operators().__contains__)
    shapes = says.shapes
    for was in says.channels_last:
        model, name = channels_first(model, was, shapes[was])
        shapes[name] = shapes.pop(was)
    try:
        simplified, _ = onnxsim.simplify(model, overwrite_input_shapes=shapes)
    except Exception as error:  # whatever its C++ throws
        raise UserError(
            f"onnxsim cannot simplify the network: {onnx_file.one_line(error)}",
            fix=onnx_file.EXPORT_AGAIN,
        ) from None
    store_constants(simplified)
    onnx_file.refuse_open_shapes(simplified)
    name_whole_averages(simplified)
    spell_hard_sigmoids(simplified)
    return simplified


def channels_first(model: Any, was: str, shape: list[int]) -> tuple[Any, str]:
    """A copy of a network whose input `was` is (1, H, W, C), which takes `shape`, (1, C, H, W).

    And the input's new name.

    onnx2tf takes every input for (N, C, H, W) and makes (N, H, W, C) of it. The permutation that
    tf2onnx puts before the first convolution and the one added here cancel in `simplify`.
    """
    from onnx import ModelProto, helper

    new = ModelProto()
    new.CopyFrom(model)
    names = {value for node in new.graph.node for value in (*node.input, *node.output)}
    name = was
    while name in names:
        name += "_"
    turned = helper.make_node("Transpose", [name], [was], f"{name}/nhwc", perm=[0, 2, 3, 1])
    new.graph.node.insert(0, turned)
    (old,) = (value for value in new.graph.input if value.name == was)
    kind = old.type.tensor_type.elem_type
    old.CopyFrom(helper.make_tensor_value_info(name, kind, shape))
    return new, name


def name_whole_averages(simplified: Any) -> None:
    """An average over the whole map is called one: XNNPACK takes MEAN in int8, and no pooling."""
    import onnx

    values = onnx.shape_inference.infer_shapes(simplified).graph
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*values.value_info, *values.input)
    }
    for node in simplified.graph.node:
        if node.op_type != "AveragePool":
            continue
        says = {a.name: list(a.ints) for a in node.attribute}
        if says["kernel_shape"] == shapes[node.input[0]][2:] and not any(says.get("pads", [])):
            node.op_type = "GlobalAveragePool"
            del node.attribute[:]


def spell_hard_sigmoids(simplified: Any) -> None:
    """max(0, min(1, a x + b)) = relu6(6 a x + 6 b) / 6: what XNNPACK takes, also in int8.

    onnx2tf makes RELU_0_TO_1 of it, and every gate of a GhostNet begins a new partition.
    """
    import numpy as np
    from onnx import helper, numpy_helper

    if min(o.version for o in simplified.opset_import if o.domain in onnx_file.STANDARD) < 11:
        return  # there a Clip has its limits as attributes, and HardSigmoids are rare
    nodes, numbers = [], {}
    for number, node in enumerate(simplified.graph.node):
        if node.op_type != "HardSigmoid":
            nodes.append(node)
            continue
        says = {"alpha": 0.2, "beta": 0.5, **{a.name: a.f for a in node.attribute}}  # ONNX's own
        name = f"{node.output[0]}/{number}"
        numbers |= {f"{name}/slope": 6 * says["alpha"], f"{name}/offset": 6 * says["beta"]}
        numbers |= {f"{name}/0": 0.0, f"{name}/6": 6.0, f"{name}/sixth": 1 / 6}
        x = node.input[0]
        if abs(6 * says["alpha"] - 1) > 1e-6:
            nodes.append(helper.make_node("Mul", [x, f"{name}/slope"], [f"{name}/scaled"]))
            x = f"{name}/scaled"
        nodes += [
            helper.make_node("Add", [x, f"{name}/offset"], [f"{name}/sum"]),
            helper.make_node("Clip", [f"{name}/sum", f"{name}/0", f"{name}/6"], [f"{name}/clip"]),
            helper.make_node("Mul", [f"{name}/clip", f"{name}/sixth"], list(node.output)),
        ]
    del simplified.graph.node[:]
    simplified.graph.node.extend(nodes)
    simplified.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in numbers.items()
    )


def convert(simplified: Any, kept: Sequence[str] = ()) -> None:
    """Leave `FLOAT32`, or say which node onnx2tf cannot convert; `kept`: inputs as they lie."""
    import numpy as np

    refuse_unknown_operators(simplified)
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    np.save(TILES, np.random.default_rng(0).random(TILES_SHAPE, np.float32))
    log = io.StringIO()
    try:
        with contextlib.redirect_stdout(log):
            from onnx2tf import convert as onnx2tf

            onnx2tf(
                onnx_graph=simplified,
                output_folder_path=str(Path(FLOAT32).parent),
                not_use_onnxsim=True,  # it would be run a second time
                keep_shape_absolutely_input_names=[*kept] or None,
            )
    except (Exception, SystemExit) as error:  # it ends the process where it gives up
        reached = re.findall(r"onnx_op_type: (\S+) onnx_op_name: (\S+)", plain(log.getvalue()))
        op, name = reached[-1] if reached else ("?", "before the first")
        raise UserError(
            f"onnx2tf fails at node {name!r} ({op}): {onnx_file.one_line(error)}",
            fix="replace that operator by simpler ones before you export to ONNX",
        ) from None


def known_operators() -> set[str]:
    """Those that onnx2tf has a file for."""
    package = find_spec("onnx2tf")
    assert package is not None and package.submodule_search_locations
    folder = user_path(package.submodule_search_locations[0]) / "ops"
    return {file.stem for file in folder.glob("*")}


def refuse_unknown_operators(simplified: Any) -> None:
    known = known_operators()
    for node in simplified.graph.node:
        if node.op_type not in known:
            raise UserError(
                f"onnx2tf does not know the operator of node {onnx_file.called(node)}, "
                f"opset {opset(simplified)}",
                fix="replace that operator by simpler ones before you export to ONNX",
            )


def plain(text: str) -> str:
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
