"""What goes into a graph and what comes out of it, and inputs for whoever has no samples."""

from collections.abc import Iterable

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.data.generated import generated_images
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.samples import Images, Sample, Samples

from .graph import Graph

TOKENS = 2  # generated integers lie below: whatever they count or number, there are two of it


def tensors_of(graph: Graph, tensors: Iterable[int]) -> tuple[Tensor, ...]:
    """Inputs or outputs, as a record has them."""
    return tuple(Tensor(graph.called(t), graph.shape(t), graph.dtype(t).lower()) for t in tensors)


def asked_of(graph: Graph) -> tuple[Tensor, ...]:
    """Its inputs as `Runtime` takes them: what the file quantizes, in float32."""
    given = tensors_of(graph, graph.inputs)
    return tuple(
        one if graph.quantization(t) is None else Tensor(one.name, one.shape, "float32")
        for t, one in zip(graph.inputs, given, strict=True)
    )


def samples_for(graph: Graph, samples: Samples | None, n: int, seed: int) -> list[Sample]:
    """The samples as the graph takes them, `n` evenly from all; without any, generated ones."""
    inputs = asked_of(graph)
    if samples is None:
        return list(
            zip(*(generated(one, n, seed + i) for i, one in enumerate(inputs)), strict=True)
        )
    rows = samples.fitted(inputs)
    n = min(n, len(rows))
    return [rows[i * len(rows) // n] for i in range(n)]


def origin_of(images: Images, given: Given | None) -> str:
    """Where the images came from that a file was run on: one of record.PARITY_ON."""
    if given is not None:
        return "photos" if isinstance(given, Photos) else "samples"
    return "generated images" if isinstance(images, np.ndarray) else "generated inputs"


def generated(one: Tensor, n: int, seed: int) -> np.ndarray:
    """(n, ...) out of a random generator: of maps coloured tiles, of vectors normal numbers."""
    shape, to = one.shape[1:], np.dtype(one.dtype)
    if not all(side > 0 for side in one.shape) or one.shape[:1] != (1,):
        raise UserError(
            f"the input {one.name!r} has the shape {one.shape}; (1, ...) without open or empty "
            "sides is expected",
            fix="export the network with static shapes",
        )
    if to.kind != "f":
        return np.random.default_rng(seed).integers(0, TOKENS, (n, *shape)).astype(to)
    if len(shape) == 3:
        return generated_images(n, shape[:2], seed, shape[2]).astype(to)
    return np.random.default_rng(seed).normal(0, 1, (n, *shape)).astype(to)
