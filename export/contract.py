"""What every exported graph must look like: a table of promises, and what breaks them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ghostnet_tf.base.errors import pick
from ghostnet_tf.base.libraries import OPERATOR_NAME

from .detector_graph import POSTPROCESS
from .flatbuffer import Flatbuffer
from .graph import Graph
from .layout import undone
from .op import WEIGHTED, Op
from .runtime import Delegation, Runtime

# GhostNet with its head, symmetric padding, float32, at any width: 175 operators. Promised where
# both sides are multiples of 32 from 64 on. Where a strided layer meets an odd side, symmetric
# padding is TFLite's SAME and its PAD goes; below 64 px the last maps are 1x1 and need no MEAN.
GHOSTNET_OPS = {
    "PAD": 9, "CONV_2D": 54, "DEPTHWISE_CONV_2D": 41, "CONCATENATION": 32,
    "ADD": 16, "MEAN": 8, "MUL": 14, "FULLY_CONNECTED": 1,
}  # fmt: skip
# The gate of each of 14 blocks: three convolutions and its pool, and every pixel and row twice.
GHOSTNETV2_OPS = {
    **GHOSTNET_OPS, "CONV_2D": 68, "DEPTHWISE_CONV_2D": 83, "CONCATENATION": 60,
    "LOGISTIC": 14, "RESHAPE": 28, "MUL": 28,
}  # fmt: skip
# For each side of an odd number of 32s, the last maps of four blocks have a row or column more.
GHOSTNETV2_ODD = {"STRIDED_SLICE": 4, "CONCATENATION": 4}
REPGHOST_OPS = {op: n for op, n in GHOSTNET_OPS.items() if op != "CONCATENATION"}
VARIABLE_OPS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}


@dataclass(frozen=True)
class Family:
    """Networks that share their promises."""

    is_delegable: bool  # every operator is one that XNNPACK takes, in int8 too
    ops: Mapping[str, int] | None = None  # of the float32 file
    odd: Mapping[str, int] = field(default_factory=dict)  # more, for a side of an odd number of 32s


@dataclass(frozen=True)
class Precision:
    """What a recipe makes of a graph."""

    is_delegable: bool  # XNNPACK has kernels for it
    bytes_per_weight: int


@dataclass(frozen=True)
class Promise:
    """What one file must be. None: reported, not promised."""

    partitions: int | None = None
    ops: Mapping[str, int] | None = None  # holds for regular sizes
    odd: Mapping[str, int] = field(default_factory=dict)  # see `Family`
    min_bytes: int = 0  # below it the weights are not in the file
    ghost_ops: int = 0


@dataclass(frozen=True)
class Facts:
    """What one file is."""

    ops: Counter[str]
    size_bytes: int
    delegation: Delegation
    sides: tuple[int, ...]  # height and width of the image
    custom: tuple[str, ...] = ()  # operators outside the built-in set
    dynamic: tuple[str, ...] = ()  # tensors without a static shape
    undone: tuple[str, ...] = ()  # permutations of maps that cancel: see `layout.undone`
    unfolded: tuple[str, ...] = ()  # "OP layer" of what folding a BatchNorm should have removed


# fmt: off
FAMILIES = {
    "ghostnet":   Family(is_delegable=True, ops=GHOSTNET_OPS),
    "ghostnetv2": Family(is_delegable=True, ops=GHOSTNETV2_OPS, odd=GHOSTNETV2_ODD),  # and V3
    "repghost":   Family(is_delegable=True, ops=REPGHOST_OPS),
    "delegable":  Family(is_delegable=True),  # MobileNetV2, delegable MobileNetV3, other Ghost nets
    "stock":      Family(is_delegable=False),  # MobileNetV3 as Keras has it, anybody's own network
}
PRECISIONS = {
    "float32":               Precision(is_delegable=True,  bytes_per_weight=4),
    "float16":               Precision(is_delegable=True,  bytes_per_weight=2),
    "weight_only_wi8_afp32": Precision(is_delegable=True,  bytes_per_weight=1),
    "dynamic_wi8_afp32":     Precision(is_delegable=False, bytes_per_weight=1),
    "static_wi8_ai8":        Precision(is_delegable=True,  bytes_per_weight=1),
    "static_wi8_ai8_int8io": Precision(is_delegable=True,  bytes_per_weight=1),
    "static_wi8_ai16":       Precision(is_delegable=False, bytes_per_weight=1),
}
# fmt: on


def promise(
    recipe: str,
    family: str,
    n_parameters: int = 0,
    ghost_ops: int = 0,
    is_tuned: bool = False,
    is_mixed: bool = False,
    is_postprocessed: bool = False,
) -> Promise:
    """What a file of `recipe` must be for a network of `family` with `n_parameters`.

    Each of its Ghost operators ends a partition, and stands for several operators. A tuned file has
    other operators than the network's own, and runs as well. One that is mixed keeps layers in
    float32 that the recipe would make integers of, and what lies between may end a partition.
    The operator of a postprocessed one is left out of it.
    """
    precision, network = pick(recipe, PRECISIONS, "recipe"), pick(family, FAMILIES, "family")
    is_cut = ghost_ops or is_mixed or is_postprocessed
    is_whole = precision.is_delegable and network.is_delegable and not is_cut
    return Promise(
        partitions=1 if is_whole else None,
        ops=network.ops if recipe == "float32" and not ghost_ops and not is_tuned else None,
        odd=network.odd,
        # BatchNorm's statistics fold away; nothing else does.
        min_bytes=n_parameters * precision.bytes_per_weight * 9 // 10,
        ghost_ops=ghost_ops,
    )


def facts(data: bytes) -> Facts:
    """Load a file as a phone would and look at its graph."""
    graph = Flatbuffer(data).graph
    tensors = range(len(graph.names))
    known = {op for op in graph.ops if op.is_ghost or op.name == POSTPROCESS}
    custom = tuple(sorted({op.name for op in graph.ops if op.is_custom and op not in known}))
    nothing = Delegation(0, len(graph.ops), ())
    return Facts(
        ops=graph.counts(),
        size_bytes=len(data),
        delegation=nothing if custom else Runtime(data).delegation(),
        sides=graph.shape(graph.inputs[0])[1:3] if graph.inputs else (),
        custom=custom,
        dynamic=tuple(graph.names[tensor] for tensor in tensors if graph.is_dynamic(tensor)),
        undone=tuple(undone(graph)),
        unfolded=tuple(unfolded(graph)),
    )


def unfolded(graph: Graph) -> list[str]:
    """Per-channel arithmetic that belongs in the kernel before it; statistics still computed."""

    def is_left_over(op: Op) -> bool:
        if op.name == "RSQRT":  # of a vector: 1 / sqrt(variance + epsilon)
            return len(graph.shape(op.outputs[0])) == 1
        if op.name not in ("MUL", "ADD", "SUB", "DIV"):
            return False
        values = [graph.constant(tensor) for tensor in op.inputs]
        before = [graph.writer(t) for t in op.inputs if graph.readers(t) == (op,)]
        return any(v is not None and v.size > 1 for v in values) and any(
            b is not None and b.name in WEIGHTED and b.activation == "NONE" for b in before
        )

    return [f"{op.name} {graph.names[op.outputs[0]]}" for op in graph.ops if is_left_over(op)]


def broken_promises(promise: Promise, facts: Facts) -> list[str]:
    """Everything that keeps this file from what was promised for it."""
    broken, ops, delegation = [], facts.ops, facts.delegation
    if facts.custom:
        broken.append(f"operators outside the built-in set: {', '.join(facts.custom)}")
    if ops[OPERATOR_NAME] != promise.ghost_ops:
        broken.append(f"{ops[OPERATOR_NAME]} Ghost operators instead of {promise.ghost_ops}")
    if facts.dynamic or ops["SHAPE"]:
        where = some(facts.dynamic) or f"{ops['SHAPE']} SHAPE"
        broken.append(f"shapes are not static ({where}): fix the batch at 1")
    if variables := sorted(ops.keys() & VARIABLE_OPS):
        broken.append(f"weights are still variables ({', '.join(variables)}): freeze the model")
    if facts.size_bytes < promise.min_bytes:
        broken.append(
            f"{facts.size_bytes} bytes instead of {promise.min_bytes} or more: weights are missing"
        )
    if facts.undone:
        broken.append(f"TRANSPOSE {some(facts.undone)}: something upstream is channels-first")
    if facts.unfolded:
        broken.append(f"BatchNorm is not folded: {some(facts.unfolded)}")
    if promise.ops is not None and all(side % 32 == 0 and side >= 64 for side in facts.sides):
        promised = Counter(promise.ops)
        for _ in (side for side in facts.sides if side % 64):
            promised.update(promise.odd)
        for op in sorted(promised.keys() | ops.keys()):
            if ops[op] != promised[op]:
                broken.append(f"{ops[op]} {op} instead of {promised[op]}")
    if promise.partitions is not None and (
        delegation.partitions != promise.partitions or delegation.left_out
    ):
        outside = f"; outside: {some(delegation.left_out)}" if delegation.left_out else ""
        broken.append(f"{delegation.partitions} partitions, {promise.partitions} promised{outside}")
    return broken


def some(names: tuple[str, ...], limit: int = 3) -> str:
    """The first few of `names`, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
