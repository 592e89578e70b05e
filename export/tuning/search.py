"""The cheapest forms of every block, found with few measurements.

Costs of blocks add up, so each form is measured in one block at a time; in a block that gains, a
second one is tried on top of the best, and so on while it helps. What was found block by block is
measured as a whole, beside each form in every block; the cheapest whole is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..ghostop.patterns import Unfit
from .candidate import Candidate, Plain, Plan
from .cost import Benchmark, Cost
from .rewrites import Choice

EVERY, BEST = "every block", "best of each block"
TAKEN, PARTLY = "taken", "taken with another"
CHEAPER, DEARER, SAME = "cheaper", "dearer", "cannot be told apart"
UNFIT, UNEQUAL = "does not fit", "not equal: refused"
Advance = Callable[[int], object]


@dataclass(frozen=True)
class Trial:
    """One plan that was tried, and what came of it."""

    where: str  # a block, or EVERY or BEST
    plan: Plan
    verdict: str
    why: str = ""  # of a refusal
    cost: Cost | None = None  # None: refused
    like: str | None = None  # the block that was measured instead: the same shapes change there
    snr_db: float | None = None  # of the outputs; None: every byte is equal

    @property
    def forms(self) -> tuple[Choice, ...]:
        """Of its block; of several blocks, all that occur."""
        return tuple(sorted({choice for forms in self.plan.values() for choice in forms}))

    @property
    def is_cheaper(self) -> bool:
        return self.cost is not None and self.cost.is_cheaper


class Search:
    def __init__(self, plain: Plain, benchmark: Benchmark, choices: Sequence[Choice]):
        self.plain, self.benchmark, self.choices = plain, benchmark, choices
        self.trials: list[Trial] = []
        self._measured: dict[tuple[frozenset, frozenset], tuple[str, Cost]] = {}

    # ------------------------------------------------------------------ block by block

    def one_by_one(self, advance: Advance) -> None:
        """Each form alone in each block."""
        for block in self.plain.blocks:
            choices = [c for c in self.choices if self.plain.may_have(block, c.form)]
            self._try(block, [{block: (choice,)} for choice in choices])
            advance(1)

    def on_top(self, advance: Advance) -> bool:
        """A form more in each block where the last one helped; whether it helped anywhere."""
        helped = False
        for block in self.plain.blocks:
            best = self.best_of(block)
            if best is not None:
                helped |= self._one_more(block, best)
            advance(1)
        return helped

    def _one_more(self, block: str, best: Trial) -> bool:
        """Whether a form on top of the best ones of a block made it cheaper."""
        tried: dict[int, list[Trial]] = {}  # number of forms -> what was measured
        for t in self.trials:
            if t.where == block and t.cost:
                tried.setdefault(len(t.forms), []).append(t)
        depth = max(tried)
        if len(best.forms) < depth:  # the last round has not helped here
            return False
        # In the first round also those that fit only on top of another; in later ones what has
        # made the round before cheaper.
        extra = set(self.choices)
        if depth > 1:
            bar = min(map(_ratio, tried[depth - 1]))
            extra = {c for t in tried[depth] if _ratio(t) < bar for c in t.forms}
        more = [
            {*best.forms, choice}
            for choice in self.choices
            if choice in extra and not any(choice.excludes(other) for other in best.forms)
        ]
        plans = [{block: tuple(c for c in self.choices if c in forms)} for forms in more]
        self._try(block, plans)
        return self.best_of(block) is not best

    def best_of(self, block: str) -> Trial | None:
        """The cheapest trial in a block that is cheaper than the plain file.

        A form more must be cheaper beyond doubt than what is there without it.
        """
        best: Trial | None = None
        found = [t for t in self.trials if t.where == block and t.is_cheaper]
        for trial in sorted(found, key=lambda t: (len(t.forms), _ratio(t))):
            if best is None or _high(trial) < _ratio(best):
                best = trial
        return best

    # ------------------------------------------------------------------ as a whole

    def whole(self, advance: Advance) -> Trial | None:
        """Measure what was found, and each form in every block; the cheapest, or None: plain is."""
        found = [t for t in map(self.best_of, self.plain.blocks) if t is not None]
        while found:
            (trial,) = self._try(BEST, [{t.where: t.forms for t in found}])
            if trial.is_cheaper:
                break
            # Where blocks do not add up, those that gain least are left plain.
            found = sorted(found, key=_ratio)[: len(found) // 2]
        advance(1)
        plans = [
            {b: tuple(c for c in choices if self._fits(b, c)) for b in self.plain.blocks}
            for choices in self._everywhere()
        ]
        plans = [{block: forms for block, forms in plan.items() if forms} for plan in plans]
        tried = [t.plan for t in self.trials]
        self._try(EVERY, [plan for plan in plans if plan and plan not in tried])
        advance(1)
        wholes = [t for t in self.trials if t.where in (EVERY, BEST) and t.is_cheaper]
        return min(wholes, key=_ratio, default=None)

    def _everywhere(self) -> list[tuple[Choice, ...]]:
        operators = tuple(c for c in self.choices if c.form == "operator")
        alone: list[tuple[Choice, ...]] = [(choice,) for choice in self.choices]
        return alone + ([operators] if len(operators) > 1 else [])

    def _fits(self, block: str, choice: Choice) -> bool:
        return any(t.where == block and t.forms == (choice,) and t.cost for t in self.trials)

    def file_of(self, trial: Trial) -> Candidate:
        return self.plain.with_forms(trial.plan)

    def judged(self, taken: Trial | None) -> list[Trial]:
        """All trials, with the ones that are in the file marked."""
        return [replace(t, verdict=_verdict(t, taken)) for t in self.trials]

    # ------------------------------------------------------------------ one trial

    def _try(self, where: str, plans: Sequence[Plan]) -> list[Trial]:
        """Build, prove and measure; what changes the same shapes as another is not measured."""
        proven = [self._proven(where, plan) for plan in plans]
        new: dict[tuple[frozenset, frozenset], Candidate] = {}
        for _, candidate in proven:
            if candidate and candidate.change not in self._measured:
                new.setdefault(candidate.change, candidate)
        costs = self.benchmark.costs([candidate.data for candidate in new.values()])
        self._measured |= {change: (where, cost) for change, cost in zip(new, costs, strict=True)}
        trials = []
        for trial, candidate in proven:
            if candidate:
                like, cost = self._measured[candidate.change]
                verdict = CHEAPER if cost.is_cheaper else DEARER if cost.is_dearer else SAME
                like = None if new.get(candidate.change) is candidate else like
                trial = replace(trial, verdict=verdict, cost=cost, like=like)
            trials.append(trial)
        # That a form does not fit into a block is told once, of the form alone.
        is_told = where in (EVERY, BEST)
        self.trials += [t for t in trials if t.verdict != UNFIT or is_told or len(t.forms) == 1]
        return trials

    def _proven(self, where: str, plan: Plan) -> tuple[Trial, Candidate | None]:
        """A trial without its cost, and the candidate unless it is refused."""
        try:
            candidate = self.plain.with_forms(plan)
        except Unfit as reason:
            return Trial(where, plan, UNFIT, str(reason)), None
        proof = self.plain.prove(candidate)
        if proof.broken:
            return Trial(where, plan, UNEQUAL, proof.broken), None
        return Trial(where, plan, "", snr_db=proof.snr_db), candidate


def _verdict(trial: Trial, taken: Trial | None) -> str:
    if taken is None or trial.cost is None or trial.where in (EVERY, BEST):
        return TAKEN if trial is taken and taken else trial.verdict
    inside = set(taken.plan.get(trial.where, ()))
    if set(trial.forms) == inside:
        return TAKEN
    return PARTLY if set(trial.forms) < inside else trial.verdict


def _high(trial: Trial) -> float:
    return trial.cost.high if trial.cost else float("inf")


def _ratio(trial: Trial) -> float:
    return trial.cost.ratio if trial.cost else float("inf")
