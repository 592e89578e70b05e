"""Results -> the rows of one table: one target, one kind, one row per model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any

from ghostnet_tf.base.record import ALL_KINDS
from ghostnet_tf.base.sides import Size, sides, size_of
from ghostnet_tf.base.terminal import shown

from .averages import Averages
from .doubts import OF_PHONES, Doubt, doubts, hot, left_out
from .latency import Latency
from .measurement import UNKNOWN_RUNTIME, Counts, Delegation, Seen, Summary, Visit
from .model import Model
from .paper_accuracy import top1_of
from .store import Results
from .verdict import Verdict, compare, compare_counts

ACCURACIES = ("published", "measured")  # never both in one comparison: they are of other photos


@dataclass(frozen=True)
class Row:
    """One model on one target."""

    model: Model
    seen: list[Seen]  # one per round, all of one shape
    on: frozenset[str]  # the remedies that were on, or cannot be

    @property
    def name(self) -> str:
        """What tells it from the other rows of its recipe."""
        record = self.model.record
        if record is None:
            return shown(self.model.named(self.model.path.stem))
        model = f"{record.model}{self.suffix}"
        return shown(self.model.named(model if self.is_graph_only else f"{model} {record.weights}"))

    @property
    def label(self) -> str:
        """What tells it from every other row."""
        return shown(f"{self.name} {self.recipe or ''}".strip())

    @property
    def suffix(self) -> str:
        """What tells a file from the plain one of its model."""
        record = self.model.record
        tuned = f"_tuned_{record.tuning.core}" if record and record.tuning else ""
        made = record.operators if record else None
        kinds = "" if made is None or made.kinds == ALL_KINDS else f"_{made.kinds}"
        return f"{tuned}{kinds}" + "_ghostop" * self.has_operators

    @property
    def has_operators(self) -> bool:
        return self.model.has_operators

    @property
    def recipe(self) -> str | None:
        return self.model.record.recipe if self.model.record else None

    @property
    def size(self) -> Size | None:
        """Pixels of the input's side, or (height, width) where they differ."""
        how = self.model.record.preprocessing if self.model.record else None
        return size_of(*sides(how["size"])) if how else None

    @property
    def is_graph_only(self) -> bool:
        """Random weights: the cost is real, and no accuracy belongs to this file."""
        return self.model.record is not None and self.model.record.weights == "seeded"

    @property
    def published_top1(self) -> float | None:
        """In %, of the network that this graph is, trained on ImageNet by its authors."""
        record = self.model.record
        return top1_of(record.model) if record and self.is_graph_only else None

    @property
    def measured_top1(self) -> float | None:
        """In %, of exactly this file."""
        record = self.model.record
        return 100 * record.accuracy.top1 if record and record.accuracy else None

    @property
    def is_unscored(self) -> bool:
        """Weights of its own, and nobody knows how good they are."""
        return not self.is_graph_only and self.measured_top1 is None

    @property
    def has_labels(self) -> bool:
        """Only then can it be scored."""
        return self.model.record is not None and bool(self.model.record.labels)

    @property
    def is_ghostnet(self) -> bool:
        return self.model.record is not None and self.model.record.model.startswith("ghostnet")

    def photos(self, accuracy: str) -> tuple[Any, ...]:
        """What the accuracy belongs to: only where this is the same may two be compared."""
        record = self.model.record
        if accuracy == "published" or record is None or record.accuracy is None:
            return ("ImageNet", self.size)
        return (*record.labels, record.accuracy.n, self.size)

    def top1(self, accuracy: str) -> float | None:
        """By the name of where it comes from, one of `ACCURACIES`."""
        return self.published_top1 if accuracy == "published" else self.measured_top1

    @cached_property
    def counts(self) -> Counts:
        return [seen for seen in self.seen if isinstance(seen, Counts)][-1]

    @cached_property
    def visits(self) -> list[Visit]:
        """Empty where another tool than the runner was asked."""
        return [seen for seen in self.seen if isinstance(seen, Visit)]

    @cached_property
    def latency(self) -> Latency | Averages:
        if not self.visits:
            return Averages([seen for seen in self.seen if isinstance(seen, Summary)])
        steps = max(visit.clock_resolution_ns for visit in self.visits)
        return Latency([visit.latency_ms for visit in self.visits], steps)

    @property
    def class_us(self) -> dict[str, float]:
        """Operator class -> its time in a profiled run, the middle one of the rounds."""
        names = {name: None for visit in self.visits for name in visit.class_us}
        return {name: median(v.class_us.get(name, 0) for v in self.visits) for name in names}

    @property
    def is_counted(self) -> bool:
        return isinstance(self.seen[0], Counts)

    @property
    def cost(self) -> tuple[float, ...]:
        """One per round in ms, or the one exact count of instructions."""
        if self.is_counted:
            return (float(self.counts.instructions),)
        return tuple(self.latency.per_round.tolist())

    @property
    def delegation(self) -> Delegation | None:
        last = self.seen[-1]
        return None if isinstance(last, Counts) else last.delegation

    @cached_property
    def doubts(self) -> list[Doubt]:
        if self.is_counted:
            return _open_batch(self.seen)
        return [
            *_open_batch(self.seen),
            *doubts(self.latency, self.on),
            *left_out(self.delegation),
            *_odd_outputs(self.visits),
            *_unknown_runtime(self.visits),
        ]


@dataclass(frozen=True)
class Table:
    """One target's rows, in the order in which the files were named."""

    results: Results
    rows: list[Row]

    @property
    def is_counted(self) -> bool:
        return self.results.kind == "emulated_counts"

    @property
    def tool(self) -> str:
        return self.results.settings.tool

    @property
    def cost(self) -> str:
        return "instructions" if self.is_counted else "time"

    @cached_property
    def doubts(self) -> list[str]:
        """About all of its rows."""
        states = [state for done in self.results.rounds for state in (done.before, done.after)]
        about_phone = hot(states, self.rows[0].on)
        failed = [f"not measured: {why}" for why in self.results.failed.values()]
        return [*failed, *self.results.facts.get("doubts", ()), *map(str, about_phone)]

    def by_recipe(self) -> Iterator[tuple[str | None, list[Row]]]:
        for recipe in dict.fromkeys(row.recipe for row in self.rows):
            yield recipe, [row for row in self.rows if row.recipe == recipe]

    def compare(self, row: Row, first: Row) -> Verdict:
        same = row.recipe == first.recipe
        name, other = (r.name if same else r.model.title for r in (row, first))
        if self.is_counted:
            a, b = row.counts.instructions, first.counts.instructions
            verdict = compare_counts(name, a, other, b)
        else:
            verdict = compare(name, row.latency, other, first.latency)
        return replace(verdict, recipe=row.recipe) if same else verdict


def tabulate(results: Results, models: Sequence[Model]) -> Table:
    on = frozenset(results.facts.get("remedies_on", ()))
    if results.effort == "strict":
        on |= {"strict", "cooldown"}
    if results.settings.threads == 1:
        on |= {"one_thread"}
    if results.kind == "host_latency":
        on |= OF_PHONES
    measured = [model for model in models if model.sha256 not in results.failed]
    return Table(results, [Row(model, results.of(model), on) for model in measured])


def _open_batch(seen: Sequence[Seen]) -> list[Doubt]:
    if not getattr(seen[-1], "resized", 0):
        return []
    return [
        Doubt(
            "batch",
            "the file leaves the batch open (-1): it was set to 1 here, as an app would have to",
            "export it with a batch of 1",
        )
    ]


def _odd_outputs(visits: Sequence[Visit]) -> list[Doubt]:
    if len({visit.output_sha256 for visit in visits}) < 2:
        return []
    return [
        Doubt(
            "outputs",
            "the same input gave other outputs in another round",
            "do not use this number or this file before the reason is known",
        )
    ]


def _unknown_runtime(visits: Sequence[Visit]) -> list[Doubt]:
    if not visits or visits[-1].runtime_version != UNKNOWN_RUNTIME:
        return []
    return [
        Doubt(
            "runtime",
            f"libLiteRt.so {visits[-1].runtime_sha256[:12]} is none that this benchmark was tried "
            "with",
            "pip install ai-edge-litert==2.3.0",
        )
    ]
