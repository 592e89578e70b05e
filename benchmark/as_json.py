"""Findings as one JSON document. Its keys and values are a contract: programs read them."""

import json
from collections.abc import Sequence
from typing import Any

from .audit import Comparison
from .averages import Averages
from .findings import Findings
from .latency import Latency
from .measurement import Counts, Visit
from .rows import Row
from .verdict import Verdict

SCHEMA = 1


def text(found: Sequence[Findings]) -> str:
    return json.dumps(document(found), indent=1, allow_nan=False) + "\n"


def document(found: Sequence[Findings]) -> dict[str, Any]:
    """One kind per document, because one command measures one kind."""
    return {
        "schema": SCHEMA,
        "kind": found[0].table.results.kind,
        "targets": [_target(one) for one in found],
    }


def _target(found: Findings) -> dict[str, Any]:
    table, results = found.table, found.table.results
    target = {
        "target": results.target,
        "facts": results.facts,
        "effort": results.effort,
        "threads": results.settings.threads,
        "fp16": results.settings.fp16,
        "tool": table.tool,
        "rows": [{"core": results.facts.get("core"), **row_of(row)} for row in table.rows],
        "doubts": table.doubts,
        "verdicts": [_verdict(v) for v in found.verdicts],
        "kernels_alone": [_verdict(v) for v in found.kernels_alone],
    }
    if found.is_suite:
        target["equal_accuracy"] = [_comparison(c) for c in found.equal]
        target["closing"] = [*found.closing, *found.missing]
    return target


def _comparison(c: Comparison) -> dict[str, Any]:
    return {
        "recipe": c.recipe,
        "form": c.baseline,
        "differs": c.differs,
        "accuracy": c.accuracy,
        "name": c.equal.name,
        "top1": c.equal.top1,
        "rival": c.equal.baseline,
        "points_more": c.equal.points_more,
        "ratio": c.equal.ratio,
        "low": c.equal.low,
        "high": _finite(c.equal.high),
        "winner": c.equal.winner,
    }


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


# ---------------------------------------------------------------------------- one row


def row_of(row: Row) -> dict[str, Any]:
    """Units end the names."""
    record = row.model.record
    accuracy = record.accuracy if record else None
    return {
        "model": f"{record.model}{row.suffix}" if record else row.name,
        "weights": record.weights if record else None,
        "recipe": row.recipe,
        "file": row.model.file,
        "sha256": row.model.sha256,
        "is_graph_only": row.is_graph_only,
        "top1_published": row.published_top1,
        "top1_measured": row.measured_top1,
        "photos": accuracy.n if accuracy else None,
        **(_of_counts(row.counts) if row.is_counted else _of_latency(row)),
    }


def _of_counts(c: Counts) -> dict[str, Any]:
    return {
        "instructions": c.instructions,
        "classes": c.classes,
        "loaded_bytes": c.loaded_bytes,
        "stored_bytes": c.stored_bytes,
        "l1_misses": c.l1_misses,
        "l2_misses": c.l2_misses,
        "output_sha256": c.output_sha256,
    }


def _of_latency(row: Row) -> dict[str, Any]:
    latency, delegation = row.latency, row.delegation
    around = latency.interval_ms
    is_known = around.low > 0
    return {
        **(_of_runs(latency) if isinstance(latency, Latency) else _of_averages(latency)),
        "low_ms": around.low if is_known else None,
        "high_ms": around.high if is_known else None,
        "rounds": len(latency.per_round),
        "runs": latency.n_runs,
        **(_of_visit(row.visits[-1], row.class_us) if row.visits else {}),
        "delegated_ops": delegation.delegated_ops if delegation else None,
        "total_ops": delegation.total_ops if delegation else None,
        "partitions": delegation.partitions if delegation else None,
        "left_out": delegation.left_out if delegation else None,
        "doubts": [vars(doubt) for doubt in row.doubts],
    }


def _of_runs(latency: Latency) -> dict[str, Any]:
    return {"median_ms": latency.typical_ms, "p90_ms": latency.p90_ms}


def _of_averages(latency: Averages) -> dict[str, Any]:
    return {
        "median_ms" if latency.are_medians else "mean_ms": latency.typical_ms,
        "min_ms": min(one.min_ms for one in latency.rounds),
        "max_ms": max(one.max_ms for one in latency.rounds),
    }


def _of_visit(last: Visit, class_us: dict[str, float]) -> dict[str, Any]:
    return {
        "load_ms": last.load_ms,
        "init_ms": last.init_ms,
        "peak_memory_bytes": last.peak_memory_bytes,
        "output_sha256": last.output_sha256,
        "class_us": class_us,
    }
