"""The proof that a file with Ghost operators, or any rewritten one, computes what the plain file
does: the same images through both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ghostnet_tf.base.errors import CheckFailed
from ghostnet_tf.base.record import MAX_PARITY_DB
from ghostnet_tf.data.samples import Images

from ..flatbuffer import Flatbuffer
from ..graph import Graph
from ..parity import as_list, snr_db
from ..runtime import Runtime
from ..trial import survives
from .patterns import Site

MIN_SNR_DB = 110.0  # of float32: the same sums in another order; measured 120 and more
PROBED_IMAGES = 2  # on which every operator's own output is compared, too
PROBED_SNR_DB = 100.0  # there, in float32: maps deep inside are less even than logits


@dataclass(frozen=True)
class Comparison:
    snr_db: float | None  # None: every byte was compared
    broken: str  # empty: equal enough


def compare(plain: np.ndarray, ours: np.ndarray, min_snr_db: float | None) -> Comparison:
    """What an output of both files has in common; without a least, every byte must be equal."""
    if plain.shape != ours.shape:  # a file may say other shapes than its operators have
        return Comparison(None, f"they are of shapes {plain.shape} and {ours.shape}")
    if min_snr_db is None:
        differing = int((plain.view(np.uint8) != ours.view(np.uint8)).sum())
        broken = f"{differing} of {plain.nbytes} bytes differ" if differing else ""
        return Comparison(None, broken)
    agree = min(snr_db(plain, ours), MAX_PARITY_DB)
    is_equal = agree >= min_snr_db
    broken = "" if is_equal else f"they agree to {agree:.1f} dB, {min_snr_db:.0f} are needed"
    return Comparison(agree, broken)


def outputs_of(data: bytes, images: Images) -> np.ndarray:
    """All outputs for all images as one array."""
    return np.concatenate([out.reshape(-1) for out in as_list(Runtime(data).run(images))])


def prove_operators(
    name: str, sites: Sequence[Site], plain: bytes, ours: bytes, images: Images
) -> None:
    """CheckFailed where an operator does not write what the plain file has in the same place.

    Both files end in an output more for each of the `sites`. An error may vanish on the way to the
    model's own outputs, behind a ReLU or a rounding; here it cannot.
    """
    if not sites:
        return
    before, after = (as_list(Runtime(data).run(images))[-len(sites) :] for data in (plain, ours))
    broken = [
        f"{site.name}: {why}"
        for site, a, b in zip(sites, before, after, strict=True)
        if (why := compare(a, b, None if site.options.is_int8 else PROBED_SNR_DB).broken)
    ]
    if broken:
        more = f"; and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise unequal(name, f"{broken[0]}{more}")


def unequal(name: str, why: str) -> CheckFailed:
    return CheckFailed(
        f"{name!r} with operators is not the same function: {why}",
        fix="nothing was written; the plain file is as good as ever",
    )


def values_of(
    graph: Graph, tensors: Sequence[int], images: Images, is_ours: bool = True
) -> list[np.ndarray]:
    """What some tensors of a graph hold, (N, ...) each, for the images."""
    if not tensors:
        return []
    probed = with_outputs(graph, tensors)
    refuse_deadly(is_ours, probed)
    return as_list(Runtime(probed).run(images))[-len(tensors) :]


def refuse_deadly(is_ours: bool, *rewritten: bytes) -> None:
    """A file of somebody else may run, and end its process once it is rewritten."""
    if not is_ours:
        for data in rewritten:
            survives(data, "the file, rewritten,")


def with_outputs(graph: Graph, tensors: Sequence[int]) -> Flatbuffer:
    """The file of a graph with more outputs, behind its own."""
    probed = graph.copy()
    probed.add_outputs(tensors)
    return Flatbuffer(probed.to_bytes())
