"""A target that needs no machine: latencies from a simulated phone, counts from a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.measurement import Counts, Delegation, Kind, Settings, Visit
from benchmark.model import Model, open_model
from ghostnet_tf.base.record import Accuracy, Operators, Record, save
from tests.fakes.simulated_phone import noise

WHOLE = Delegation(delegated_ops=121, total_ops=121, partitions=1, left_out={})
IN_PIECES = Delegation(delegated_ops=100, total_ops=121, partitions=22, left_out={"HARD_SWISH": 21})


class ScriptedTarget:
    """Takes `cost[model name]` ms, or counts so many instructions; `trouble` may interfere."""

    def __init__(
        self,
        cost: Mapping[str, float],
        kind: Kind = "host_latency",
        trouble: Callable[[int], None] = lambda visit: None,
        description: Mapping[str, Any] | None = None,
    ):
        self.cost, self.kind, self.trouble = cost, kind, trouble
        self.name = {"emulated_counts": "emulated: cortex-a76"}.get(kind, f"{kind} of a script")
        self.visits: list[str] = []  # titles of the models, in the order of the visits
        self.is_closed = False
        self.runtime_sha256 = "a" * 64
        self._description = dict(description or {"core": "cortex-a76"})

    def description(self) -> dict[str, Any]:
        return self._description

    def prepare(self, models: Sequence[Model]) -> None:
        self.trouble(-1)

    def visit(self, model: Model, settings: Settings) -> Visit | Counts:
        self.trouble(len(self.visits))
        self.visits.append(model.title)
        cost = self.cost[model.record.model if model.record else model.path.stem]
        if model.record and model.record.recipe == "static_wi8_ai8":
            cost /= 2
        if model.has_operators:
            cost *= 0.7 if model.title.startswith("ghostnet") else 0.9
        if self.kind == "emulated_counts":
            n = round(cost)
            classes = {"sdot": n // 4, "load": n // 4, "branch": n - 2 * (n // 4)}
            return Counts(
                instructions=n,
                classes=classes,
                loaded_bytes=8 * n,
                stored_bytes=n,
                l1_misses=n // 50,
                l2_misses=n // 900,
                output_sha256="0" * 64,
            )
        rng = np.random.default_rng(len(self.visits))
        ms = cost * np.exp(noise(rng, (settings.min_runs,)))
        took = WHOLE
        if "v3" in model.title and "delegable" not in model.title and "ai8" in model.title:
            took = IN_PIECES
        return Visit(
            model_sha256=model.sha256,
            latency_ms=tuple(ms.tolist()),
            warmup_ms=(cost,),
            load_ms=1.0,
            init_ms=10.0,
            peak_memory_bytes=30_000_000,
            output_sha256="0" * 64,
            delegation=took,
            clock_resolution_ns=1,
            runtime_version="2.1.6",
            runtime_sha256=self.runtime_sha256,
            class_us={"depthwise convolution": int(300 * cost), "add": int(90 * cost)},
        )

    def conditions(self) -> dict[str, Any]:
        if self.kind != "phone_latency":
            return {}
        return {"temperature_c": 25 + 0.02 * len(self.visits), "thermal_status": 0}

    def close(self) -> None:
        self.is_closed = True


RECORD = Record(
    model="ghostnet_100",
    weights="seeded",
    weights_sha256="0" * 64,
    recipe="float32",
    family="ghostnet",
    parameters=5_000_000,
    preprocessing={
        "size": 224,
        "crop": 0.875,
        "resample": "bicubic",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
    },
    labels=(),
    label_ids=(),
    ops={"CONV_2D": 121},
    partitions=1,
    delegated_ops=121,
    total_ops=121,
)


def model_file(
    folder: Path,
    model: str,
    recipe: str = "float32",
    weights: str = "seeded",
    top1: float | None = None,
    photos: int = 10_000,
    plain: Model | None = None,
    size: int = 224,
    labels: tuple[str, ...] = ("cat", "dog"),
) -> Model:
    """A file that no runtime would take, with a record as the export writes it.

    With `plain`, the Ghost-operator file of that plain file.
    """
    record = replace(
        RECORD,
        model=model,
        recipe=recipe,
        weights=weights,
        preprocessing=RECORD.preprocessing | {"size": size},
        labels=() if weights == "seeded" else labels,
        accuracy=None if top1 is None else Accuracy(top1, 0.9, photos),
        operators=plain
        and Operators(
            plain=plain.path.name,
            plain_sha256=plain.sha256,
            count=80,
            version=2,
            images=16,
            images_from="photos",
            snr_db=None,
        ),
    )
    says = f"{model} {recipe} {weights} {'ghostnet.op.000' * bool(plain)}"
    path, _ = save(folder, record, f"\0\0\0\0TFL3 {says}".encode())
    return open_model(path)
