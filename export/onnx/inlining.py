"""Operators that an ONNX file, or ONNX itself, defines by simpler ones are spelled in these."""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

from collections.abc import Callable
from typing import Any

from ghostnet_tf.base.errors import UserError, reading

MAX_NODES = 200_000  # of the inlined graph; functions of functions grow exponentially
MAX_ROUNDS = 8  # what replaces an operator may have to be replaced: Swish, CastLike, Cast
EXPORT_AGAIN = "export it again from the framework that it comes from"
# How a Constant spells its values -> their type; None: it is a tensor already.
STORED = {
    "value": None,
    "value_float": "float32",
    "value_floats": "float32",
    "value_int": "int64",
    "value_ints": "int64",
}


def inlined(model: Any, title: str) -> Any:
    """The model with the functions that it brings written out where they are called."""
    import onnx.inliner

    if not model.functions:
        return model
    refuse_endless(model, title)
    with reading(f"a function of {title!r}", f"{EXPORT_AGAIN}, with its functions inlined"):
        model = onnx.shape_inference.infer_shapes(model)  # converting an opset asks for types
        model = onnx.inliner.inline_local_functions(model, convert_version=True)
    if model.functions:  # of an opset that cannot be converted into the model's own
        function = model.functions[0]
        raise UserError(
            f"function {function.name!r} of {title!r} cannot be written out in the model's opset",
            fix=f"{EXPORT_AGAIN}, with its functions inlined",
        )
    return model


def refuse_endless(model: Any, title: str) -> None:
    """A function that calls itself, or so many of each other that no memory holds them."""
    functions = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def n_nodes(nodes: Any, calling: tuple[tuple[str, str], ...]) -> int:
        total = 0
        for node in nodes:
            total += 1
            for attribute in node.attribute:
                for graph in (attribute.g, *attribute.graphs):
                    total += n_nodes(graph.node, calling)
            if (key := (node.domain, node.op_type)) in functions:
                if key in calling:
                    raise UserError(
                        f"function {node.op_type!r} of {title!r} calls itself", EXPORT_AGAIN
                    )
                if key not in sizes:
                    sizes[key] = n_nodes(functions[key].node, (*calling, key))
                total += sizes[key]
        return total

    try:
        total = n_nodes(model.graph.node, ())
    except RecursionError:
        total = MAX_NODES + 1
    if total > MAX_NODES:
        raise UserError(
            f"the functions of {title!r} stand for more than {MAX_NODES:,} operators", EXPORT_AGAIN
        )


def decomposed(model: Any, is_known: Callable[[str], bool]) -> Any:
    """The model with operators that are not known spelled as ONNX itself defines them.

    Swish is x sigmoid(x), say. What ONNX has no such definition of stays.
    """
    from onnx import inliner

    for _ in range(MAX_ROUNDS):
        version = opset(model)
        asked = {node.op_type for node in model.graph.node if not is_known(node.op_type)}
        if not (wanted := sorted(name for name in asked if is_defined(name, version))):
            break
        model = typed(model)
        for node in model.graph.node:
            if node.op_type in wanted:
                tell_defaults(node, version)
        try:
            model = inliner.inline_selected_functions(
                model, [("", name) for name in wanted], inline_schema_functions=True
            )
        except Exception as error:  # its C++ asserts
            raise UserError(
                f"{wanted[0]} of opset {version} cannot be written in simpler operators: "
                f"{' '.join(str(error).split())[:200]}",
                fix="replace that operator by simpler ones before you export to ONNX",
            ) from error
        store_constants(model)
    return model


def opset(model: Any) -> int:
    """Of ONNX's own operators."""
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)


def is_defined(name: str, version: int) -> bool:
    """Whether ONNX defines this operator by simpler ones."""
    import onnx

    try:
        schema: Any = onnx.defs.get_schema(name, version, "")
    except onnx.defs.SchemaError:
        return False
    return schema.has_function or schema.has_context_dependent_function


def tell_defaults(node: Any, version: int) -> None:
    """Attributes that a node leaves out: the inliner writes a Constant of nothing for them."""
    import onnx

    told = {attribute.name for attribute in node.attribute}
    for name, attribute in onnx.defs.get_schema(node.op_type, version, "").attributes.items():
        if name not in told and attribute.default_value.type:
            node.attribute.append(attribute.default_value)


def typed(model: Any) -> Any:
    """With the type of every tensor told, constants included, as definitions depend on them."""
    import onnx

    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    told = [value for value in model.graph.value_info if value.name not in stored]
    inputs = {value.name for value in model.graph.input}
    told += [
        onnx.helper.make_tensor_value_info(name, tensor.data_type, list(tensor.dims))
        for name, tensor in stored.items()
        if name not in inputs
    ]
    del model.graph.value_info[:]
    model.graph.value_info.extend(told)
    return onnx.shape_inference.infer_shapes(model)


def store_constants(model: Any) -> None:
    """Constant nodes become stored tensors, however they spell their values."""
    import numpy as np
    from onnx import helper, numpy_helper

    kept = []
    for node in model.graph.node:
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        (name, value), *others = [*given.items()] or [("", None)]
        if node.op_type != "Constant" or others or name not in STORED:
            kept.append(node)
            continue
        kind = STORED[name]
        tensor = value if kind is None else numpy_helper.from_array(np.array(value, kind))
        tensor.name = node.output[0]
        model.graph.initializer.append(tensor)
    del model.graph.node[:]
    model.graph.node.extend(kept)
