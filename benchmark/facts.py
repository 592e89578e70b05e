"""The same facts as the page, for a machine to read."""

from collections.abc import Sequence
from typing import Any

from .audit import closing, comparisons, kernels_alone, unmeasured
from .rows import ACCURACIES, Table
from .verdict import Verdict

SCHEMA = 1


def document(tables: Sequence[Table], is_suite: bool) -> dict[str, Any]:
    """JSON; one kind per document, because one command measures one kind."""
    return {
        "schema": SCHEMA,
        "kind": tables[0].results.kind,
        "targets": [_target(table, is_suite) for table in tables],
    }


def _target(table: Table, is_suite: bool) -> dict[str, Any]:
    facts = table.results.facts
    target = {
        "target": table.results.target,
        "facts": facts,
        "effort": table.results.effort,
        "threads": table.results.settings.threads,
        "fp16": table.results.settings.fp16,
        "tool": table.tool,
        "rows": [{"core": facts.get("core"), **row.facts()} for row in table.rows],
        "doubts": table.doubts,
        "verdicts": [_verdict(v) for v in table.verdicts()],
        "kernels_alone": [_verdict(v) for v in kernels_alone(table)],
    }
    if is_suite:
        target["equal_accuracy"] = [
            {
                "recipe": c.recipe,
                "form": c.form,
                "differs": c.differs,
                "accuracy": c.accuracy,
                **vars(c.equal),
                "high": _finite(c.equal.high),
                "winner": c.equal.winner,
            }
            for accuracy in ACCURACIES
            for c in comparisons(table, accuracy)
        ]
        target["closing"] = [*closing(table), *unmeasured(table)]
    return target


def _verdict(v: Verdict) -> dict[str, Any]:
    return {
        "name": v.name,
        "reference": v.reference,
        "recipe": v.recipe,
        "ratio": v.ratio,
        "low": _finite(v.low),
        "high": _finite(v.high),
        "winner": v.winner,
        "sentence": v.sentence,
    }


def _finite(value: float) -> float | None:
    """JSON knows no infinity; unknown is null."""
    return value if 0 < value < float("inf") else None
