"""A plain file with some of its blocks rewritten, and the proof that it computes the same."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.data.samples import Images

from ..flatbuffer import Flatbuffer
from ..ghostop.ghostop_file import put_operators
from ..ghostop.options import MAX_NODES
from ..ghostop.patterns import Unfit
from ..ghostop.proof import (
    MIN_SNR_DB,
    PROBED_IMAGES,
    PROBED_SNR_DB,
    Comparison,
    compare,
    outputs_of,
    refuse_deadly,
    values_of,
)
from ..graph import Graph
from ..metadata import with_files_of
from ..op import WEIGHTED, Op
from .rewrites import REWRITES, Choice, ghost_operator
from .rewrites.block_graph import BlockGraph

Plan = Mapping[str, tuple[Choice, ...]]  # block -> its rewrites; one that is left out stays plain
# What an operator costs, as far as its place in a graph decides: its kind, shapes and options.
Shape = tuple[str, ...]
Change = tuple[frozenset, frozenset]  # what a file has and the plain one has not; the other way


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The plain file with a plan carried out, unproven."""

    plan: Plan
    plain: bytes
    graph: Graph
    n_operators: int
    change: Change

    @cached_property
    def data(self) -> Flatbuffer:
        """The file; packed when it is asked for, since many candidates are like one another."""
        return with_files_of(self.plain, self.graph.to_bytes())


class Plain:
    """The finished file that is tuned, and what it answers to the images of the proof."""

    def __init__(self, data: bytes, name: str, images: Images, is_ours: bool = True):
        """Not `is_ours`: nobody vouches for the file, so what is made of it is tried first."""
        self.is_ours = is_ours
        self.data, self.name, self.images = Flatbuffer(data), name, images
        graph = self.data.graph
        _refuse_others(graph, name)
        parts = BlockGraph(self.data)
        self.blocks, self.ghost_blocks = parts.weighted_blocks(), parts.ghost_blocks()
        if not self.ghost_blocks:
            raise UserError(
                f"there is no Ghost module in {name!r}", fix="tune a GhostNet; nothing was written"
            )
        self.is_exact = any(graph.dtype(t) == "INT8" for op in graph.ops for t in op.outputs)
        self.outputs = outputs_of(data, images)
        maps = _maps(graph)
        self.block_of = {name: parts.block_of[tensor] for name, tensor in maps.items()}
        values = values_of(graph, [*maps.values()], images[:PROBED_IMAGES], is_ours)
        self.maps = dict(zip(maps, values, strict=True))

    def may_have(self, block: str, rewrite: str) -> bool:
        """Most rewrites are of Ghost modules; stem, head and classifier have none."""
        return block in self.ghost_blocks or not REWRITES[rewrite].is_of_modules

    def rewritten(self, plan: Plan) -> Candidate:
        """The same file with a plan carried out, unproven; Unfit where a rewrite does not fit."""
        parts = BlockGraph(self.data)
        for name, how in REWRITES.items():
            for block in self.blocks:
                for choice in plan.get(block, ()):
                    if choice.rewrite == name:
                        if not self.may_have(block, name):
                            raise Unfit("it has no Ghost module")
                        how.apply(parts, block, choice.variant)
        sites, graph = ghost_operator.chosen(parts), parts.graph
        if len(sites) > MAX_NODES:
            raise Unfit(f"{len(sites)} operators; a file has room for {MAX_NODES}")
        if sites:
            put_operators(graph, sites, self.data, self.name)
        else:
            graph.drop_unused()
        before, after = self._shapes, _shapes(graph)
        change = frozenset((after - before).items()), frozenset((before - after).items())
        return Candidate(
            plan=plan, plain=self.data, graph=graph, n_operators=len(sites), change=change
        )

    def prove(self, candidate: Candidate) -> Comparison:
        """Compare the outputs, and every tensor that both files have in the blocks that changed.

        An error may vanish on the way to the outputs; next to where it was made it cannot.
        """
        refuse_deadly(self.is_ours, candidate.data)
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
        tensors = [theirs[name] for name in names]
        found = values_of(candidate.graph, tensors, self.images[:PROBED_IMAGES], self.is_ours)
        return [(name, self.maps[name], b) for name, b in zip(names, found, strict=True)]

    @cached_property
    def _shapes(self) -> Counter[Shape]:
        return _shapes(self.data.graph)


def _refuse_others(graph: Graph, name: str) -> None:
    if any(op.is_ghost for op in graph.ops):
        raise UserError(f"{name!r} has Ghost operators already", fix="tune the plain file")
    if len(graph.model.subgraphs) > 1 or not all(op.outputs for op in graph.ops):
        raise UserError(
            f"{name!r} has loops or variables", fix="tune a GhostNet; nothing was written"
        )
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


def _shapes(graph: Graph) -> Counter[Shape]:
    return Counter(_shape(graph, op) for op in graph.ops)


def _shape(graph: Graph, op: Op) -> Shape:
    told: Any = op.record.customOptions
    options = len(told) if op.is_ghost else sorted(vars(op.options or object).items(), key=str)
    tensors = [(graph.dtype(t), graph.shape(t)) for t in (*op.inputs, *op.outputs) if t >= 0]
    return OPERATOR_NAME if op.is_ghost else op.name, str(options), str(tensors)
