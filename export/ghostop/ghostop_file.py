"""A finished `.tflite` with Ghost operators in place of what they compute, and the proof of it."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.record import MAX_PARITY_DB

from ..flatbuffer import Graph
from ..metadata import with_files_of
from ..parity import as_list, snr_db
from ..runtime import Runtime
from .interpreter import PLAIN_TWIN
from .options import MAX_NODES, NAME
from .patterns import Found, Site, find

MIN_SNR_DB = 110.0  # of float32: the same sums in another order; measured 120 and more
PROBED_IMAGES = 2  # on which every operator's own output is compared, too
PROBED_SNR_DB = 100.0  # there, in float32: maps deep inside are less even than logits


@dataclass(frozen=True)
class Twin:
    """The file with operators, and how its equality was shown."""

    data: bytes
    found: Found
    images: int
    snr_db: float | None  # of the outputs; None: every byte is equal


def make(plain: bytes, name: str, images: np.ndarray) -> Twin:
    """The twin of the file `name`, after it gave the same outputs for `images`, (N, H, W, C).

    CheckFailed where it did not, UserError where no operator fits.
    """
    found = find(Graph(plain))
    if not found.sites:
        why = f"; {found.left[0]}" if found.left else ""
        raise UserError(
            f"no Ghost operator fits into {name!r}{why}",
            fix="the plain file is all there is; nothing was written",
        )
    if len(found.sites) > MAX_NODES:
        raise UserError(f"{name!r} has room for {len(found.sites)} operators of {MAX_NODES}")
    data = with_operators(plain, name)
    prove_operators(plain, name, images[:PROBED_IMAGES])
    least = None if is_exact(found) else MIN_SNR_DB
    measured = compare(outputs_of(plain, images), outputs_of(data, images), least)
    if measured.broken:
        raise CheckFailed(
            f"{name!r} with operators is not the same function: {measured.broken}",
            fix="nothing was written; the plain file is as good as ever",
        )
    return Twin(data, found, len(images), measured.snr_db)


def with_operators(plain: bytes, name: str) -> bytes:
    """The file with an operator wherever one fits; whether they are equal is not asked here."""
    graph = Graph(plain)
    return fused(graph, find(graph).sites, plain, name)


def fused(graph: Graph, sites: Sequence[Site], plain: bytes, name: str) -> bytes:
    """`graph` with operators at these of its places, as the twin of the file `name`."""
    for i, site in enumerate(sites):
        graph.fuse(list(site.ops), NAME % i, site.options.pack(), list(site.inputs), site.output)
    graph.drop_unused()
    entry, buffer = schema.MetadataT(), schema.BufferT()
    says = {"plain": name, "sha256": sha256(plain), "operators": len(sites)}
    entry.name, entry.buffer = PLAIN_TWIN, len(graph.model.buffers)  # type: ignore[assignment]
    buffer.data = np.frombuffer(json.dumps(says).encode(), np.uint8)  # type: ignore[assignment]
    graph.model.metadata = [*(graph.model.metadata or []), entry]
    graph.model.buffers.append(buffer)
    return with_files_of(plain, graph.to_bytes())


def is_exact(found: Found) -> bool:
    """Integers are equal or wrong."""
    return all(site.options.is_int8 for site in found.sites)


# ---------------------------------------------------------------------------- the proof


@dataclass(frozen=True)
class Comparison:
    snr_db: float | None
    broken: str  # empty: equal enough


def compare(plain: np.ndarray, ours: np.ndarray, min_snr_db: float | None) -> Comparison:
    """What one output of the plain file and of its twin have in common; None: every byte."""
    if min_snr_db is None:
        differing = int((plain.view(np.uint8) != ours.view(np.uint8)).sum())
        broken = f"{differing} of {plain.nbytes} bytes differ" if differing else ""
        return Comparison(None, broken)
    agree = min(snr_db(plain, ours), MAX_PARITY_DB)
    is_equal = agree >= min_snr_db
    broken = "" if is_equal else f"they agree to {agree:.1f} dB, {min_snr_db:.0f} are needed"
    return Comparison(agree, broken)


def outputs_of(data: bytes, images: np.ndarray) -> np.ndarray:
    """All outputs for all images as one array."""
    return np.concatenate([out.reshape(-1) for out in as_list(Runtime(data).run(images))])


def prove_operators(plain: bytes, name: str, images: np.ndarray) -> None:
    """Compare what each operator writes with what the plain file has in the same place.

    An error may vanish on the way to the outputs, behind a ReLU or a rounding; here it cannot.
    """
    graph = Graph(plain)
    sites = [site for site in find(graph).sites if site.output not in graph.outputs]
    if not sites:
        return
    probed = with_outputs(plain, [site.output for site in sites])
    before, after = (
        as_list(Runtime(data).run(images))[-len(sites) :]
        for data in (probed, with_operators(probed, name))
    )
    broken = [
        f"{site.name}: {why}"
        for site, a, b in zip(sites, before, after, strict=True)
        if (why := compare(a, b, None if site.options.is_int8 else PROBED_SNR_DB).broken)
    ]
    if broken:
        more = f"; and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise CheckFailed(
            f"{name!r} with operators is not the same function: {broken[0]}{more}",
            fix="nothing was written; the plain file is as good as ever",
        )


def with_outputs(data: bytes, tensors: Sequence[int]) -> bytes:
    """The same file with more outputs, behind its own."""
    graph = Graph(data)
    add_outputs(graph, tensors)
    return graph.to_bytes()


def add_outputs(graph: Graph, tensors: Sequence[int]) -> None:
    graph.subgraph.outputs = [*graph.outputs, *tensors]
    for signature in graph.model.signatureDefs or []:
        for tensor in tensors:
            end: Any = copy.copy(signature.outputs[0])
            # A name of its own: a tensor's may be that of an output, whatever lies between them.
            end.name, end.tensorIndex = f"probe_{tensor}".encode(), tensor
            signature.outputs.append(end)
