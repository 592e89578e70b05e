"""A finished `.tflite` with Ghost operators in place of what they compute."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.record import ALL_KINDS
from ghostnet_tf.data.samples import Images

from ..flatbuffer import Flatbuffer
from ..graph import Graph
from ..metadata import with_files_of
from .interpreter import PLAIN_FILE
from .options import INNER_INPUT, INNER_OUTPUT, INNER_RESIDUAL, MAX_NODES, NAME
from .patterns import Found, Site, find
from .proof import (
    MIN_SNR_DB,
    PROBED_IMAGES,
    compare,
    outputs_of,
    prove_operators,
    refuse_deadly,
    unequal,
    with_outputs,
)


@dataclass(frozen=True, kw_only=True)
class GhostopFile:
    """The file with operators, and how its equality was shown."""

    data: Flatbuffer
    found: Found
    images: int
    snr_db: float | None  # of the outputs; None: every byte is equal


def make(
    plain: bytes, name: str, images: Images, is_ours: bool = True, kinds: str = ALL_KINDS
) -> GhostopFile:
    """The plain file `name` with operators, after both gave the same for `images`, (N, H, W, C).

    Not `is_ours`: nobody vouches for the file, so what is made of it is tried before it is run.
    CheckFailed where they did not, UserError where no operator fits.
    """
    plain = Flatbuffer(plain)
    if any(op.is_ghost for op in plain.graph.ops):
        raise UserError(
            f"{name!r} has Ghost operators already", fix="give the plain file; nothing was written"
        )
    found = find(plain.graph, kinds)
    if not found.sites:
        why = f"; {found.left[0]}" if found.left else ""
        raise UserError(
            f"no Ghost operator fits into {name!r}{why}",
            fix="the plain file is all there is; nothing was written",
        )
    if len(found.sites) > MAX_NODES:
        raise UserError(f"{name!r} has room for {len(found.sites)} operators of {MAX_NODES}")
    data = with_operators(plain, name, kinds)
    inside = [site for site in found.sites if site.output not in plain.graph.outputs]
    probed = with_outputs(plain.graph, [site.output for site in inside])
    ours = with_operators(probed, name, kinds)
    refuse_deadly(is_ours, probed, ours, data)
    prove_operators(name, inside, probed, ours, images[:PROBED_IMAGES])
    least = None if is_exact(found) else MIN_SNR_DB
    measured = compare(outputs_of(plain, images), outputs_of(data, images), least)
    if measured.broken:
        raise unequal(name, measured.broken)
    return GhostopFile(data=data, found=found, images=len(images), snr_db=measured.snr_db)


def with_operators(plain: bytes, name: str, kinds: str = ALL_KINDS) -> Flatbuffer:
    """The file with an operator wherever one fits; whether they are equal is not asked here."""
    graph = Flatbuffer(plain).graph.copy()
    put_operators(graph, find(graph, kinds).sites, plain, name)
    return with_files_of(plain, graph.to_bytes())


def put_operators(graph: Graph, sites: Sequence[Site], plain: bytes, name: str) -> None:
    """Operators at these places of `graph`, which then names the plain file it was made from."""
    inner = inner_tensors(graph, sites)
    for i, site in enumerate(sites):
        options = replace(site.options, inner=_inner_of(site, inner))
        graph.fuse(list(site.ops), NAME % i, options.pack(), list(site.inputs), site.output)
    graph.drop_unused()
    says = {"plain": name, "sha256": sha256(plain), "operators": len(sites)}
    graph.set_metadata(PLAIN_FILE, json.dumps(says).encode())


def inner_tensors(graph: Graph, sites: Sequence[Site]) -> set[int]:
    """The float32 tensors that operators at these places write, and nobody else reads."""
    ours = {op for site in sites for op in site.ops}
    others = {tensor for op in graph.ops if op not in ours for tensor in op.inputs}
    written = {site.output for site in sites if not site.options.is_int8}
    return written - others - set(graph.outputs)


def _inner_of(site: Site, inner: set[int]) -> int:
    bits = zip((INNER_INPUT, INNER_RESIDUAL), site.inputs, strict=False)
    marked = sum(bit for bit, tensor in bits if tensor in inner)
    return marked + (INNER_OUTPUT if site.output in inner else 0)


def is_exact(found: Found) -> bool:
    """Integers are equal or wrong."""
    return all(site.options.is_int8 for site in found.sites)
