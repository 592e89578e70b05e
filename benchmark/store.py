"""results.json: what one target has measured so far. Whole after every round."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.schema import Mismatch, typed

from .measurement import Counts, Kind, Seen, Settings, Summary, Target, Visit
from .model import Model

SCHEMA = 2
OTHER = "give another --out, or leave out --resume: the old results are then set aside"
SHAPES = {"runner": Visit, "benchmark_model": Summary}


@dataclass(frozen=True)
class Round:
    """One visit to every model, with the phone's state on both sides of it."""

    visits: dict[str, Seen]  # SHA-256 of the model -> what was seen, in order of time
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


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
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise Mismatch(f"its schema is {content['schema']!r}, this version reads {SCHEMA}")
        settings = typed(Settings, content["settings"], "settings")
        shape = SHAPES[settings.tool] if content["kind"] != "emulated_counts" else Counts
        rounds = [
            Round(
                {sha: typed(shape, visit, f"visits.{sha}") for sha, visit in one["visits"].items()},
                one["before"],
                one["after"],
            )
            for one in content["rounds"]
        ]
        return Results(
            kind=content["kind"],
            target=content["target"],
            effort=content["effort"],
            settings=settings,
            models=content["models"],
            facts=content["facts"],
            rounds=rounds,
            failed=typed(dict[str, str], content.get("failed", {}), "failed"),
        )
    except FileNotFoundError:
        raise UserError(f"there are no results {str(path)!r}", fix="leave out --resume") from None
    except (ValueError, KeyError, TypeError, AttributeError, Mismatch, RecursionError) as wrong:
        raise UserError(f"{str(path)!r} cannot be read as results: {wrong}", fix=OTHER) from None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 120 else f"{len(value)} of them"
