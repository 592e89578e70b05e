"""What the demo app's own benchmark measured, out of the JSON that it writes and shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import CheckFailed, UserError, pick
from ghostnet_tf.base.schema import Mismatch, document, typed

from .measurement import Delegation, Visit
from .model import Model
from .plan import settings_of
from .plausible import plausible_round, texts
from .store import Results, Round

SCHEMA = 2  # of what the app writes
INSTALL = "make android-assets, then in android_demo: ./gradlew :app:installMeasure"


@dataclass(frozen=True)
class Place:
    """Where the measuring thread was at one moment."""

    core: int | None
    frequency_khz: int | None  # of that core; many phones keep it from apps


@dataclass(frozen=True)
class Conditions:
    temperature_c: float | None  # of the battery
    thermal_status: int | None  # 0 is cool
    is_saving_power: bool | None
    is_charging: bool | None

    def numbers(self) -> dict[str, Any]:
        """What every target's rounds say."""
        return {"temperature_c": self.temperature_c, "thermal_status": self.thermal_status}


@dataclass(frozen=True, kw_only=True)
class AppVisit:
    """What the app says of one visit to one model."""

    latency_ms: tuple[float, ...]
    warmup_ms: tuple[float, ...]
    load_ms: float  # the compiled model out of its file, in one step
    peak_memory_bytes: int  # of the app, so far
    output_sha256: str  # of the outputs, for the runner's own input
    before: Place
    after: Place
    conditions: Conditions  # at its start
    paused_ms: int  # before it, because the phone was hot or slowed down


@dataclass(frozen=True)
class AppRound:
    visits: dict[str, AppVisit]  # by the SHA-256 of the model
    before: Conditions
    after: Conditions


@dataclass(frozen=True, kw_only=True)
class Document:
    """The JSON that the app writes, and shares."""

    app: int  # the schema
    target: str
    effort: str
    facts: dict[str, str]  # the phone's description; nothing is computed from it
    models: dict[str, str]  # SHA-256 -> file name
    clock_resolution_ns: int
    runtime_version: str
    runtime_sha256: str
    rounds: tuple[AppRound, ...]
    failed: dict[str, str]  # SHA-256 -> why it is in no round


def open_results(path: Path, models: Sequence[Model]) -> Results:
    """Results that somebody shared out of the app."""
    try:
        return read(path.read_bytes(), models)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from None


def read(data: bytes, models: Sequence[Model]) -> Results:
    """The app's JSON as results like any others; the models must be those of the app."""
    try:
        said = typed(Document, document(data), "results")
        if said.app != SCHEMA:
            raise Mismatch(f"results.app is {said.app}, this version reads {SCHEMA}")
        effort = pick(said.effort, EFFORTS, "effort")
        measured = said.models.keys() - said.failed.keys()
        if not said.rounds or any(r.visits.keys() != measured for r in said.rounds):
            raise Mismatch("a round is not whole")
        if not measured or said.failed.keys() - said.models.keys():
            raise Mismatch("what failed is not some of its models")
    except Mismatch as wrong:
        raise _unusable(wrong) from None
    known = {model.sha256: model for model in models}
    if odd := sorted(said.models.keys() ^ known.keys()):
        where = "in the app" if odd[0] in said.models else "here"
        name = said.models.get(odd[0]) or known[odd[0]].path.name
        raise UserError(
            f"the models in the app and here are not the same: {name!r} is only {where}",
            fix=f"build both from the same files: {INSTALL}",
        )
    rounds = [
        Round(
            {sha: visit(said, known[sha], seen) for sha, seen in one.visits.items()},
            one.before.numbers(),
            one.after.numbers(),
        )
        for one in said.rounds
    ]
    try:
        texts(said.target, *said.facts.values(), *said.failed.values())
        for one in rounds:
            plausible_round(one.visits.values(), one.before, one.after)
    except Mismatch as wrong:
        raise _unusable(wrong) from None
    return Results(
        kind="app_latency",
        target=said.target,
        effort=effort.name,
        settings=settings_of(effort),
        models={sha: model.path.name for sha, model in known.items()},
        facts={**said.facts, "doubts": doubts(said)},
        rounds=rounds,
        failed={sha: f"{said.models[sha]}: {why}" for sha, why in said.failed.items()},
    )


def doubts(said: Document) -> list[str]:
    """What the app itself knows against its numbers, each with what to do about it."""
    visits = [visit for one in said.rounds for visit in one.visits.values()]
    places = [place for v in visits for place in (v.before, v.after)]
    cores = {place.core for place in places if place.core is not None}
    found = []
    if said.facts.get("debuggable") != "no":
        found.append("the app is a debuggable build: install the build type measure")
    if len(cores) > 1:
        names = ", ".join(map(str, sorted(cores)))
        found.append(f"it ran on cores {names}: close what else runs, and measure again")
    if any(v.conditions.is_saving_power for v in visits):
        found.append("the battery saver was on: switch it off, and measure again")
    if any(v.conditions.is_charging for v in visits):
        found.append("the phone was charging, which warms it: take it off the charger")
    return found


def _unusable(wrong: Mismatch) -> CheckFailed:
    return CheckFailed(
        f"the app's results cannot be used: {wrong}", fix="run it again; no number was kept"
    )


def visit(said: Document, model: Model, seen: AppVisit) -> Visit:
    record = model.record
    return Visit(
        model_sha256=model.sha256,
        latency_ms=seen.latency_ms,
        warmup_ms=seen.warmup_ms,
        load_ms=0.0,  # the app reads and compiles in one step
        init_ms=seen.load_ms,
        peak_memory_bytes=seen.peak_memory_bytes,
        output_sha256=seen.output_sha256,
        # As the record has it: the app does not ask.
        delegation=Delegation(
            delegated_ops=record.delegated_ops,
            total_ops=record.total_ops,
            partitions=record.partitions,
            left_out={},
        )
        if record
        else None,
        clock_resolution_ns=said.clock_resolution_ns,
        runtime_version=said.runtime_version,
        runtime_sha256=said.runtime_sha256,
        class_us={},  # nor where its time goes
    )
