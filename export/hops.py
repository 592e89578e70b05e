"""A file that hears hop by hop: it is called for new samples, and keeps what it knew."""

from collections.abc import Iterable, Mapping

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import StreamingFields

from .graph import Graph
from .runtime import Runtime, dequantized
from .tensors import tensors_of

MADE_AGAIN = "copy the file and its record again as a pair, or export them again"


class Hops:
    """Between two calls its states are here; at first they are those of silence."""

    def __init__(
        self, runtime: Runtime, graph: Graph, says: StreamingFields, length: int, title: str
    ):
        """`says`: what its record does; `length`: samples of the window. UserError where the file
        has other inputs or outputs than that."""
        self.hop, self._runtime, self._states = says["hop"], runtime, says["states"]
        given, made = tensors_of(graph, graph.inputs), tensors_of(graph, graph.outputs)
        self._inputs, self._outputs = [t.name for t in given], [t.name for t in made]
        shapes = {one.name: one.shape[1:] for one in given}
        following = {one.name: one.shape[1:] for one in made}
        new = [name for name in self._inputs if name not in self._states]
        if (
            len(new) != 1
            or shapes[new[0]] != (self.hop,)
            or len(made) != len(given)
            or self._outputs[0] in self._states.values()
            or any(shapes.get(i) != following.get(o, ()) for i, o in self._states.items())
        ):
            raise UserError(
                f"{title} is not called as its record says: it has the inputs "
                f"{', '.join(self._inputs)} and the outputs {', '.join(self._outputs)}",
                fix=MADE_AGAIN,
            )
        self._new, self._calls = new[0], -(-length // self.hop)  # calls that fill a window
        self._known: Mapping[str, np.ndarray] = {
            name: np.zeros(shapes[name], np.float32) for name in self._states
        }
        self.window(np.zeros(length, np.float32))
        self._silence = self._known

    def forget(self) -> None:
        """As if silence had been heard so far."""
        self._known = self._silence

    def call(self, samples: np.ndarray) -> np.ndarray:
        """(hop,) float32 -> (outputs,): what is heard in the window that ends with them."""
        given = {**self._known, self._new: samples}
        self._runtime.invoke(tuple(given[name] for name in self._inputs))
        made = {
            name: dequantized(self._runtime.tensor(detail["index"]), detail)[0]
            for name, detail in zip(self._outputs, self._runtime.outputs, strict=True)
        }
        self._known = {name: made[following] for name, following in self._states.items()}
        return made[self._outputs[0]]

    def window(self, samples: np.ndarray) -> np.ndarray:
        """(length,) -> (outputs,): the answer to a whole window, whatever was heard before it."""
        before = self._calls * self.hop - len(samples)
        answer = np.empty(0)
        for some in np.pad(samples, (before, 0)).reshape(self._calls, self.hop):
            answer = self.call(some)
        return answer

    def windows(self, samples: Iterable[np.ndarray]) -> np.ndarray:
        """(N, length) -> (N, outputs)."""
        return np.stack([self.window(one) for one in samples])
