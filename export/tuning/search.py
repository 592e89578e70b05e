"""The cheapest rewrites of every block, found with few measurements.

Costs of blocks add up, so each rewrite is measured in one block at a time; in a block that gains, a
second one is tried on top of the best, and so on while it helps. What was found block by block is
measured as a whole, beside each rewrite in every block. From the cheapest whole that is taken away
which gains nothing by itself, as far as the whole gets cheaper by that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..ghostop.patterns import Unfit
from .candidate import Candidate, Change, Plain, Plan
from .cost import Benchmark, Cost
from .rewrites import Choice

EVERY, BEST, TRIMMED = "every block", "best of each block", "without what gains nothing"
WHOLES = (EVERY, BEST, TRIMMED)
TAKEN, PARTLY = "taken", "taken with another"
TOGETHER = "no gain alone, but taken with the others it is one"
CHEAPER, DEARER, SAME = "cheaper", "dearer", "cannot be told apart"
UNFIT, UNEQUAL = "does not fit", "not equal: refused"
Advance = Callable[[int], object]  # is told how many measurements were just done with


@dataclass(frozen=True)
class Trial:
    """One plan that was tried, and what came of it."""

    where: str  # a block, or one of WHOLES
    plan: Plan
    verdict: str
    why: str = ""  # of a refusal
    cost: Cost | None = None  # None: refused
    like: str | None = None  # the block that was measured instead: the same shapes change there
    snr_db: float | None = None  # of the outputs; None: every byte is equal

    @property
    def rewrites(self) -> tuple[Choice, ...]:
        """Of its block; of several blocks, all that occur."""
        return tuple(sorted({choice for chosen in self.plan.values() for choice in chosen}))

    @property
    def is_cheaper(self) -> bool:
        return self.cost is not None and self.cost.is_cheaper


@dataclass(frozen=True)
class Round:
    """Plans that are tried one after the other, and do not depend on one another."""

    title: str
    plans: tuple[tuple[str, tuple[Plan, ...]], ...]  # of one place each, which are tried together


class Search:
    def __init__(self, plain: Plain, benchmark: Benchmark, choices: Sequence[Choice]):
        self.plain, self.benchmark, self.choices = plain, benchmark, choices
        self.trials: list[Trial] = []
        self.taken: Trial | None = None  # the cheapest whole; None: the plain file is
        self._untold: list[Trial] = []  # of several rewrites that do not fit together
        self._measured: dict[Change, tuple[str, Cost]] = {}

    def rounds(self, is_deep: bool) -> Iterator[Round]:
        """Each to be tried before the next is asked for; `taken` is known after the last one.

        `is_deep`: also several rewrites in one block.
        """
        yield self._alone()
        while is_deep and (more := self._on_top()).plans:
            yield more
        yield from self._wholes()

    def count(self, one: Round) -> int:
        """How many measurements a round takes at most: what shapes it changes is known before."""
        changes = set()
        for _, plans in one.plans:
            for plan in plans:
                try:
                    changes.add(self.plain.rewritten(plan).change)
                except Unfit:
                    continue
        return len(changes - self._measured.keys())

    def begun(self, one: Round) -> Round:
        """Try place by place until something was measured; what is then left of the round."""
        plans = list(one.plans)
        while plans and self.benchmark.seconds_each is None:
            self._attempt(*plans.pop(0), advance=lambda n: None)
        return replace(one, plans=tuple(plans))

    # ------------------------------------------------------------------ block by block

    def _alone(self) -> Round:
        """Each rewrite alone in each block."""
        plans = (
            (block, tuple({block: (choice,)} for choice in self._choices_of(block)))
            for block in self.plain.blocks
        )
        return Round("each rewrite alone", tuple(plans))

    def _choices_of(self, block: str) -> list[Choice]:
        return [c for c in self.choices if self.plain.may_have(block, c.rewrite)]

    def _on_top(self) -> Round:
        """A rewrite more in each block where the last one helped."""
        plans = ((block, self._one_more(block)) for block in self.plain.blocks)
        title = "one rewrite more where one helped"
        return Round(title, tuple((block, more) for block, more in plans if more))

    def _one_more(self, block: str) -> tuple[Plan, ...]:
        """A rewrite on top of the best ones of a block; nothing where the last has not helped."""
        best = self.best_of(block)
        if best is None:
            return ()
        tried: dict[int, list[Trial]] = {}  # number of rewrites -> what was measured
        for t in self.trials:
            if t.where == block and t.cost:
                tried.setdefault(len(t.rewrites), []).append(t)
        depth = max(tried)
        if len(best.rewrites) < depth:
            return ()
        # In the first round also those that fit only on top of another; in later ones what has
        # made the round before cheaper.
        extra = set(self.choices)
        if depth > 1:
            bar = min(map(_ratio, tried[depth - 1]))
            extra = {c for t in tried[depth] if _ratio(t) < bar for c in t.rewrites}
        more = [
            {*best.rewrites, choice}
            for choice in self.choices
            if choice in extra and not any(choice.excludes(other) for other in best.rewrites)
        ]
        plans = [{block: tuple(c for c in self.choices if c in chosen)} for chosen in more]
        known = [t.plan for t in (*self.trials, *self._untold)]
        return tuple(plan for plan in plans if plan not in known)

    def best_of(self, block: str) -> Trial | None:
        """The cheapest trial in a block that is cheaper than the plain file.

        A rewrite more must be cheaper beyond doubt than what is there without it.
        """
        best: Trial | None = None
        found = [t for t in self.trials if t.where == block and t.is_cheaper]
        for trial in sorted(found, key=lambda t: (len(t.rewrites), _ratio(t))):
            if best is None or _is_surely_cheaper(trial, best):
                best = trial
        return best

    # ------------------------------------------------------------------ as a whole

    def _wholes(self) -> Iterator[Round]:
        """What was found, and each rewrite in every block; the cheapest, trimmed, is taken."""
        found = [t for t in map(self.best_of, self.plain.blocks) if t is not None]
        while found:
            yield Round("as a whole", ((BEST, ({t.where: t.rewrites for t in found},)),))
            if self.trials[-1].is_cheaper:
                break
            # Where blocks do not add up, those that gain least are left plain.
            found = sorted(found, key=_ratio)[: len(found) // 2]
        tried = [t.plan for t in self.trials]
        plans = [plan for plan in self._everywhere() if plan and plan not in tried]
        yield Round("in every block", ((EVERY, tuple(plans)),))
        wholes = [t for t in self.trials if t.where in WHOLES and t.is_cheaper]
        self.taken = min(wholes, key=_ratio, default=None)
        if self.taken:
            yield from self._trimmed(self.taken)

    def _everywhere(self) -> list[Plan]:
        """Each choice in every block that it fits into, and all operators together."""
        operators = tuple(c for c in self.choices if c.rewrite == "operator")
        sets: list[tuple[Choice, ...]] = [(choice,) for choice in self.choices]
        sets += [operators] if len(operators) > 1 else []
        plans = (
            {b: tuple(c for c in chosen if self._fits(b, c)) for b in self.plain.blocks}
            for chosen in sets
        )
        return [{block: chosen for block, chosen in plan.items() if chosen} for plan in plans]

    def _fits(self, block: str, choice: Choice) -> bool:
        return any(t.where == block and t.rewrites == (choice,) and t.cost for t in self.trials)

    def _trimmed(self, whole: Trial) -> Iterator[Round]:
        """The whole without what gains nothing in its block, all of it and one by one.

        A rewrite that is dearer by itself may well be a gain among others: with one operator more
        a delegate may be left once less. Only measuring the whole can tell.
        """
        weak = [
            (block, choice)
            for block, chosen in whole.plan.items()
            for choice in chosen
            if not self._gains(block, choice)
        ]
        if not weak:
            return
        less = [_without(whole.plan, weak)]
        less += [_without(whole.plan, [one]) for one in weak] if len(weak) > 1 else []
        yield from self._tried_instead(whole, [plan for plan in less if plan])
        # Those whose absence helped, together.
        useless = [
            one
            for one in weak
            if any(
                t.plan == _without(whole.plan, [one]) and _is_surely_cheaper(t, whole)
                for t in self.trials
            )
        ]
        if 1 < len(useless) < len(weak):
            yield from self._tried_instead(whole, [_without(whole.plan, useless)])

    def _tried_instead(self, whole: Trial, plans: Sequence[Plan]) -> Iterator[Round]:
        """Take the cheapest of these plans if that is cheaper beyond doubt than the whole."""
        yield Round("without what gains nothing", ((TRIMMED, tuple(plans)),))
        for trial in sorted((t for t in self.trials if t.where == TRIMMED), key=_ratio)[:1]:
            if trial.is_cheaper and _is_surely_cheaper(trial, whole):
                self.taken = trial

    def _gains(self, block: str, choice: Choice) -> bool:
        return any(t.where == block and choice in t.rewrites and t.is_cheaper for t in self.trials)

    def file_of(self, trial: Trial) -> Candidate:
        return self.plain.rewritten(trial.plan)

    def judged(self) -> list[Trial]:
        """All trials, with the ones that are in the file marked."""
        return [replace(t, verdict=_verdict(t, self.taken)) for t in self.trials]

    # ------------------------------------------------------------------ one trial

    def attempt(self, one: Round, advance: Advance = lambda n: None) -> None:
        """Build, prove and measure; what changes the same shapes as another is not measured."""
        for where, plans in one.plans:
            self._attempt(where, plans, advance)

    def _attempt(self, where: str, plans: Sequence[Plan], advance: Advance) -> None:
        proven = [self._proven(where, plan) for plan in plans]
        new: dict[Change, Candidate] = {}
        for _, candidate in proven:
            if candidate and candidate.change not in self._measured:
                new.setdefault(candidate.change, candidate)
        costs = self.benchmark.costs([candidate.data for candidate in new.values()], advance)
        self._measured |= {change: (where, cost) for change, cost in zip(new, costs, strict=True)}
        for trial, candidate in proven:
            if candidate:
                like, cost = self._measured[candidate.change]
                verdict = CHEAPER if cost.is_cheaper else DEARER if cost.is_dearer else SAME
                like = None if new.get(candidate.change) is candidate else like
                trial = replace(trial, verdict=verdict, cost=cost, like=like)
            # That a rewrite does not fit into a block is told once, of the rewrite alone.
            is_told = trial.verdict != UNFIT or where in WHOLES or len(trial.rewrites) == 1
            (self.trials if is_told else self._untold).append(trial)

    def _proven(self, where: str, plan: Plan) -> tuple[Trial, Candidate | None]:
        """A trial without its cost, and the candidate unless it is refused."""
        try:
            candidate = self.plain.rewritten(plan)
        except Unfit as reason:
            return Trial(where, plan, UNFIT, str(reason)), None
        proof = self.plain.prove(candidate)
        if proof.broken:
            return Trial(where, plan, UNEQUAL, proof.broken), None
        return Trial(where, plan, "", snr_db=proof.snr_db), candidate


def _without(plan: Plan, less: Sequence[tuple[str, Choice]]) -> Plan:
    kept = {b: tuple(c for c in chosen if (b, c) not in less) for b, chosen in plan.items()}
    return {block: chosen for block, chosen in kept.items() if chosen}


def _verdict(trial: Trial, taken: Trial | None) -> str:
    if taken is None or trial.cost is None or trial.where in WHOLES:
        return TAKEN if trial is taken and taken else trial.verdict
    inside = set(taken.plan.get(trial.where, ()))
    if not set(trial.rewrites) <= inside:
        return trial.verdict
    if not trial.is_cheaper:
        return TOGETHER
    return TAKEN if set(trial.rewrites) == inside else PARTLY


def _is_surely_cheaper(trial: Trial, other: Trial) -> bool:
    return trial.cost is not None and trial.cost.high < _ratio(other)


def _ratio(trial: Trial) -> float:
    return trial.cost.ratio if trial.cost else float("inf")
