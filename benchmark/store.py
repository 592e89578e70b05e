"""results.json: what one target has measured so far. Whole after every round."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import CheckFailed, UserError, reason
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.schema import Mismatch, short, typed

from .measurement import Counts, Kind, Seen, Settings, Summary, Target, Visit
from .model import Model
from .plausible import Implausible, plausible_round

SCHEMA = 2
OTHER = "give another --out, or leave out --resume: the old results are then set aside"
MAX_BYTES = 512 << 20  # a hundred models with a million runs each have less
LISTS = ("doubts", "remedies_on")  # the facts that are lists
SHAPES = {"runner": Visit, "benchmark_model": Summary}


@dataclass(frozen=True)
class Round:
    """One visit to every model, with the phone's state on both sides of it."""

    visits: dict[str, Seen]  # SHA-256 of the model -> what was seen, in order of time
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Round:
    visits: dict[str, dict]
    before: dict
    after: dict


@dataclass(frozen=True, kw_only=True)
class _Document:
    """A file of results without its schema; visits are read once it is known of what shape."""

    kind: str
    target: str
    effort: str
    settings: Settings
    models: dict[str, str]
    facts: dict
    rounds: tuple[_Round, ...]
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that one run on one target knows. Two with another `plan` must never be mixed."""

    kind: Kind
    target: str
    effort: str
    settings: Settings
    models: dict[str, str]  # SHA-256 -> file name
    facts: dict[str, Any]  # the target's description
    rounds: list[Round] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # SHA-256 -> why it has no number

    @property
    def plan(self) -> dict[str, Any]:
        """Everything that must be the same before a round may join."""
        return {
            "kind": self.kind,
            "target": self.target,
            "effort": self.effort,
            "settings": asdict(self.settings),
            "models": sorted(self.models),
        }

    def of(self, model: Model) -> list[Seen]:
        """What was seen of one model, round after round."""
        return [done.visits[model.sha256] for done in self.rounds]

    def leave_out(self, model: Model, error: UserError) -> None:
        """A model that cannot be measured; UserError, its own, if no other is left."""
        self.failed[model.sha256] = str(error)
        if self.failed.keys() >= self.models.keys():
            raise error
        for done in self.rounds:
            done.visits.pop(model.sha256, None)

    def add(self, done: Round) -> None:
        """One more round, if it ran on the runtime of the others."""
        seen = {
            v.runtime_sha256
            for old in [*self.rounds, done]
            for v in old.visits.values()
            if not isinstance(v, Counts)
        }
        if len(seen) > 1:
            raise UserError(
                f"the runtime has changed since the first round: its SHA-256 began "
                f"{' and now begins '.join(sha[:12] for sha in sorted(seen))}",
                fix=OTHER,
            )
        self.rounds.append(done)

    def save(self, path: Path) -> None:
        document = {"schema": SCHEMA, **asdict(self)}
        write_atomic(path, (json.dumps(document, allow_nan=False) + "\n").encode())


def begin(target: Target, effort: Effort, settings: Settings, models: Sequence[Model]) -> Results:
    """Those of a target that is prepared, without any round."""
    return Results(
        kind=target.kind,
        target=target.name,
        effort=effort.name,
        settings=settings,
        models={model.sha256: model.path.name for model in models},
        facts=target.description(),
    )


def resume(path: Path, fresh: Results) -> Results:
    """The rounds in `path`, if they were measured by the plan of `fresh`."""
    old = read(path)
    if odd := [key for key, value in fresh.plan.items() if old.plan[key] != value]:
        key = odd[0]
        raise UserError(
            f"{str(path)!r} cannot be resumed, for its {key} is another: "
            f"{_short(old.plan[key])} there, {_short(fresh.plan[key])} now",
            fix=OTHER,
        )
    if any(done.visits.keys() != old.models.keys() - old.failed.keys() for done in old.rounds):
        raise UserError(f"{str(path)!r} cannot be resumed: a round in it is not whole", fix=OTHER)
    fresh.rounds.extend(old.rounds)
    fresh.failed.update(old.failed)
    return fresh


def results_path(folder: Path, *names: str) -> Path:
    """results-<name>....json; a phone may call itself anything."""
    return folder / f"results-{'-'.join(map(slug, names))}.json"


def slug(name: str) -> str:
    """A file name for any target, whatever its phone is called."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "target"


def read(path: Path) -> Results:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Mismatch(f"it has more than {MAX_BYTES:,} bytes")
        return _results(json.loads(data.decode()))
    except FileNotFoundError:
        raise UserError(f"there are no results {str(path)!r}", fix="leave out --resume") from None
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}", fix=OTHER) from None
    except Implausible as wrong:
        raise CheckFailed(f"the results in {str(path)!r} are not whole: {wrong}", OTHER) from None
    except (ValueError, Mismatch, RecursionError) as wrong:
        raise UserError(
            f"{str(path)!r} cannot be read as results: {reason(wrong)}", fix=OTHER
        ) from None


def _results(content: Any) -> Results:
    """What a file of results says, every value of its type; Mismatch where it is not so."""
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise Mismatch(f"its schema is {short(repr(schema))}, this version reads {SCHEMA}")
    said = typed(_Document, {k: v for k, v in content.items() if k != "schema"}, "results")
    if said.kind not in get_args(Kind) or said.settings.tool not in SHAPES:
        raise Mismatch(f"its kind is {short(said.kind)!r} by {short(said.settings.tool)!r}")
    for name in LISTS:
        typed(list[str], said.facts.get(name, []), f"facts.{name}")
    shape = Counts if said.kind == "emulated_counts" else SHAPES[said.settings.tool]
    rounds = []
    for one in said.rounds:
        visits = {sha: typed(shape, v, f"visits.{sha}") for sha, v in one.visits.items()}
        plausible_round(visits.values(), one.before, one.after)
        rounds.append(Round(visits, one.before, one.after))
    return Results(**{**vars(said), "rounds": rounds})


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 120 else f"{len(value)} of them"
