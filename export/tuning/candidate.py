"""A plain file with other forms in some of its blocks, and the proof that it computes the same."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME

from ..ghostop.ghostop_file import (
    MIN_SNR_DB,
    PROBED_IMAGES,
    PROBED_SNR_DB,
    Comparison,
    add_outputs,
    compare,
    fused,
    outputs_of,
)
from ..ghostop.options import MAX_NODES
from ..ghostop.patterns import Unfit
from ..graph import Graph
from ..metadata import with_files_of
from ..op import WEIGHTED, Op
from ..parity import as_list
from ..runtime import Runtime
from .rewrites import FORMS, Choice, ghost_operator
from .rewrites.block_graph import Draft

Plan = Mapping[str, tuple[Choice, ...]]  # block -> its forms; a block that is left out stays plain
# What an operator costs, as far as its place in a graph decides: its kind, shapes and options.
Shape = tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    plan: Plan
    data: bytes
    graph: Graph  # of the data
    n_operators: int
    change: tuple[frozenset, frozenset]  # what it has and the plain file has not; the other way


class Plain:
    """The finished file that is tuned, and what it answers to the images of the proof."""

    def __init__(self, data: bytes, name: str, images: np.ndarray):
        self.data, self.name, self.images = data, name, images
        self.graph = Graph(data)
        _refuse_others(self.graph, name)
        draft = Draft(data)
        self.blocks, self.ghost_blocks = draft.weighted_blocks(), draft.ghost_blocks()
        if not self.ghost_blocks:
            raise UserError(
                f"there is no Ghost module in {name!r}", fix="tune a GhostNet; nothing was written"
            )
        self.is_exact = any(
            self.graph.dtype(t) == "INT8" for op in self.graph.ops for t in op.outputs
        )
        self.outputs = outputs_of(data, images)
        maps = _maps(draft.graph)
        self.block_of = {name: draft.block_of[tensor] for name, tensor in maps.items()}
        self.maps = dict(zip(maps, _values(draft.graph, [*maps.values()], images), strict=True))

    def may_have(self, block: str, form: str) -> bool:
        """Most forms are of Ghost modules; stem, head and classifier have none."""
        return block in self.ghost_blocks or not FORMS[form].is_of_modules

    def with_forms(self, plan: Plan) -> Candidate:
        """The same file with these forms, unproven; Unfit where one does not fit."""
        draft = Draft(self.data)
        for form, how in FORMS.items():
            for block in self.blocks:
                for choice in plan.get(block, ()):
                    if choice.form == form:
                        if not self.may_have(block, form):
                            raise Unfit("it has no Ghost module")
                        how.rewrite(draft, block, choice.variant)
        sites = ghost_operator.chosen(draft)
        if len(sites) > MAX_NODES:
            raise Unfit(f"{len(sites)} operators; a file has room for {MAX_NODES}")
        if sites:
            data = fused(draft.graph, sites, self.data, self.name)
        else:
            draft.graph.drop_unused()
            data = with_files_of(self.data, draft.graph.to_bytes())
        before, after = _shapes(self.graph), _shapes(draft.graph)
        change = frozenset((after - before).items()), frozenset((before - after).items())
        return Candidate(plan, data, draft.graph, len(sites), change)

    def prove(self, candidate: Candidate) -> Comparison:
        """Compare the outputs, and every tensor that both files have in the blocks that changed.

        An error may vanish on the way to the outputs; next to where it was made it cannot.
        """
        min_db, probed_db = (None, None) if self.is_exact else (MIN_SNR_DB, PROBED_SNR_DB)
        for name, a, b in self._probes(candidate):
            if why := compare(a, b, probed_db).broken:
                return Comparison(None, f"{name}: {why}")
        return compare(self.outputs, outputs_of(candidate.data, self.images), min_db)

    def _probes(self, candidate: Candidate) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """What both files have under one name in the changed blocks, (PROBED_IMAGES, ...) each."""
        theirs = _maps(candidate.graph)
        names = [
            name
            for name, values in self.maps.items()
            if self.block_of[name] in candidate.plan
            and name in theirs
            and values.shape[1:] == candidate.graph.shape(theirs[name])[1:]
        ]
        found = _values(candidate.graph, [theirs[name] for name in names], self.images)
        return [(name, self.maps[name], b) for name, b in zip(names, found, strict=True)]


def _refuse_others(graph: Graph, name: str) -> None:
    if any(op.is_ghost for op in graph.ops):
        raise UserError(f"{name!r} has Ghost operators already", fix="tune its plain twin")
    for op in graph.ops:
        if op.name not in WEIGHTED:
            continue
        types = graph.dtype(op.inputs[0]), graph.dtype(op.inputs[1])
        is_constant = graph.constant(op.inputs[1]) is not None
        if not is_constant or types not in {("FLOAT32", "FLOAT32"), ("INT8", "INT8")}:
            raise UserError(
                f"{name!r} is neither float32 nor full int8: {graph.names[op.outputs[0]]} has "
                f"{types[1] if is_constant else 'unpacked'} weights for a {types[0]} image",
                fix="export it with --recipe float32 or static_wi8_ai8",
            )


def _maps(graph: Graph) -> dict[str, int]:
    """What operators write, by names that occur once, without the outputs of the model."""
    n = Counter(graph.names)
    written = [t for op in graph.ops for t in op.outputs if t not in graph.outputs]
    return {graph.names[t]: t for t in written if n[graph.names[t]] == 1}


def _values(graph: Graph, tensors: Sequence[int], images: np.ndarray) -> list[np.ndarray]:
    """Of some maps for the first images; the graph has more outputs then."""
    if not tensors:
        return []
    add_outputs(graph, tensors)
    return as_list(Runtime(graph.to_bytes()).run(images[:PROBED_IMAGES]))[-len(tensors) :]


def _shapes(graph: Graph) -> Counter[Shape]:
    return Counter(_shape(graph, op) for op in graph.ops)


def _shape(graph: Graph, op: Op) -> Shape:
    told: Any = op.record.customOptions
    options = len(told) if op.is_ghost else sorted(vars(op.options or object).items(), key=str)
    tensors = [(graph.dtype(t), graph.shape(t)) for t in (*op.inputs, *op.outputs) if t >= 0]
    return OPERATOR_NAME if op.is_ghost else op.name, str(options), str(tensors)
