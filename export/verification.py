"""What a `.tflite` file is checked for against its record, and what speaks against it.

A hash shows that file and record belong together and arrived whole, not who made them.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import beside, sha256, user_path
from ghostnet_tf.base.record import UNKNOWN, Record, read_model, read_record
from ghostnet_tf.data.labels import Labels

from .flatbuffer import Flatbuffer

PASSED, FAILED, NOT_MADE = "passed", "FAILED", "not made"


class Evidence:
    """One file and what stands beside it; each part is read when a check first asks for it."""

    def __init__(self, path: Path):
        self.path = path
        self.data = Flatbuffer(read_model(path))

    @cached_property
    def record(self) -> Record:
        try:
            return read_record(self.path)
        except UserError as error:
            raise NotMade(str(error), error.fix) from None

    @cached_property
    def _refused(self) -> UserError | None:
        """Why it does not run, found out where a file that ends its process ends no other."""
        from .trial import survives

        try:
            survives(self.data, repr(self.path.name))
        except UserError as error:
            return error
        return None

    @property
    def sound(self) -> Flatbuffer:
        """Its bytes, if they run; whoever looks into them or runs them asks for these."""
        if self._refused:
            raise self._refused
        return self.data

    @cached_property
    def runtime(self):
        from .runtime import Runtime

        return Runtime(self.sound)

    @cached_property
    def facts(self):
        from .contract import facts

        return facts(self.sound)


class NotMade(UserError):
    """A check cannot be made."""


@dataclass(frozen=True)
class Check:
    """What was claimed of the file, and what speaks against it."""

    claim: str
    result: str
    why: list[str]
    fix: str = ""  # of a check that was not made


def hash_complaints(e: Evidence) -> list[str]:
    found, told = sha256(e.data), e.record.sha256
    return [] if found == told else [f"its SHA-256 is {found}, the record says {told}"]


def runtime_complaints(e: Evidence) -> list[str]:
    floats = [output for output in e.runtime.rehearse() if output.dtype.kind == "f"]
    is_finite = all(np.isfinite(output).all() for output in floats)
    return [] if is_finite else ["it answers a grey image with NaN or infinity"]


def contract_complaints(e: Evidence) -> list[str]:
    from .contract import broken_promises, promise

    record = e.record
    n_operators = record.operators.count if record.operators else 0
    promised = promise(
        record.recipe,
        record.family,
        record.parameters,
        n_operators,
        is_tuned=record.tuning is not None,
        is_mixed=record.kept_float is not None,
        is_postprocessed=record.postprocess is not None,
    )
    return broken_promises(promised, e.facts)


def graph_complaints(e: Evidence) -> list[str]:
    from .scores import scores_of
    from .tensors import tensors_of

    record = e.record  # without one the graph is nobody's
    delegation = e.facts.delegation
    pairs = {
        "operators": (dict(e.facts.ops), record.ops),
        "partitions": (delegation.partitions, record.partitions),
        "delegated operators": (delegation.n_delegated, record.delegated_ops),
        "operators in all": (delegation.n_ops, record.total_ops),
        "bytes": (len(e.data), record.size_bytes),
    }
    graph = e.sound.graph
    for what, ends in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if said := getattr(e.record, what):  # old records do not say
            pairs[what] = (tensors_of(graph, ends), said)
    ending, told = scores_of(graph), record.scores
    if not {"logits", UNKNOWN} & {ending, told}:  # seen by nobody, and said by no record of before
        pairs["scores"] = (ending, told)
    return [*_differences(pairs), *_no_longer_kept(e)]


def _no_longer_kept(e: Evidence) -> list[str]:
    """Layers that the record says are in float32, and that are something else in the file.

    What a Ghost operator or a rewritten block took in is not there under its name.
    """
    if (kept := e.record.kept_float) is None:
        return []
    graph, may_lack = e.sound.graph, e.record.operators or e.record.tuning
    kinds = {name: graph.dtype(tensor) for tensor, name in enumerate(graph.names)}
    found = {name: kinds.get(name, "FLOAT32" if may_lack else "missing") for name in kept.layers}
    return [
        f"{name!r} is {kind} in the file, and kept in float32 in the record"
        for name, kind in found.items()
        if kind != "FLOAT32"
    ]


def label_complaints(e: Evidence) -> list[str]:
    if e.record.labels:
        from .classifier import scores_in
        from .scores import checked_labels

        labels, graph = Labels(e.record.label_ids, e.record.labels), e.sound.graph
        checked_labels(labels, graph, scores_in(e.record, graph))
    return []


def preprocessing_complaints(e: Evidence) -> list[str]:
    from .classifier import checked_preprocessing
    from .listening import window_of

    if hearing := window_of(e.record):
        wanted, shape = (1, hearing.length), e.runtime.input_shape
        return [] if shape == wanted else [f"it takes {shape}, and hears {wanted}"]
    if e.record.preprocessing is None:
        return []
    checked_preprocessing(e.record.preprocessing, e.path.name, e.runtime.input_shape)
    return []


def metadata_complaints(e: Evidence) -> list[str]:
    from .metadata import metadata_of, read_metadata

    inside = read_metadata(e.sound)
    wanted = asdict(metadata_of(e.record))
    if inside is None:
        return ["there is none"]
    return _differences({key: (value, wanted[key]) for key, value in asdict(inside).items()})


def plain_file_complaints(e: Evidence) -> list[str]:
    """Of a file with Ghost operators, or with one that chooses boxes: not every runtime has them,
    so it is of no use without the plain one."""
    if (made := e.record.operators or e.record.postprocess) is None:
        return []
    plain = beside(e.path, made.plain)
    if not plain.is_file():
        return [f"{made.plain} is not beside it, for whoever has no operators"]
    if sha256(read_model(plain)) != made.plain_sha256:
        return [f"{made.plain} is another file than the one it was made from"]
    return []


def _differences(pairs: dict[str, tuple]) -> list[str]:
    return [
        f"{what}: {_short(found)} in the file, {_short(told)} in the record"
        for what, (found, told) in pairs.items()
        if found != told
    ]


def _short(value: object, limit: int = 60) -> str:
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


CHECKS: dict[str, Callable[[Evidence], list[str]]] = {
    "the bytes are those that the record describes": hash_complaints,
    "it loads and runs": runtime_complaints,
    "it keeps the promises of its recipe": contract_complaints,
    "its graph is the one in the record": graph_complaints,
    "it has one label for every output": label_complaints,
    "its preprocessing makes what its input takes": preprocessing_complaints,
    "its metadata can be read and contradicts nothing": metadata_complaints,
    "its plain file, if it needs one, stands beside it": plain_file_complaints,
}


def verify(path: str | Path) -> Iterator[Check]:
    """Make every check that can be made, one after the other, as they are asked for."""
    evidence = Evidence(user_path(path))
    return (_check(claim, complaints, evidence) for claim, complaints in CHECKS.items())


def _check(claim: str, complaints: Callable[[Evidence], list[str]], evidence: Evidence) -> Check:
    try:
        found = complaints(evidence)
    except NotMade as error:
        return Check(claim, NOT_MADE, [str(error)], error.fix)
    except UserError as error:
        found = [str(error)]
    return Check(claim, FAILED if found else PASSED, found)
