"""Where the time goes, operator by operator: `ghostnet operators A.tflite [B.tflite]`.

Every file is run with the runtime's profiler on, in a pass of its own, on this machine or, with
--target phone, on a phone. The profiler counts whole microseconds and costs some itself: read
shares from it, never latencies.
"""

import argparse
import io
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Protocol

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "benchmark"

from ghostnet_tf.base import doors, terminal
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path, write_atomic

from .measurement import Kind, Settings
from .model import Model, open_all
from .operator_blocks import blocks_of, class_of
from .targets.phone import open_phones
from .targets.runner import Report


class Profiler(Protocol):
    kind: Kind
    name: str

    def prepare(self, models: Sequence[Model]) -> None: ...

    def profile(self, model: Model, settings: Settings, runs: int) -> Report: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operator class, or one block: its time per inference, the median over the runs."""

    name: str
    us: float
    share: float  # of the sum over all rows
    ops: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    model: str
    runs: int
    latency_us: float  # median of as many runs that nobody profiled
    by_class: list[Row]  # the most expensive first
    by_block: list[Row] | None  # in the order of the network; None where they cannot be told


def profile_of(model: Model, report: Report) -> Profile:
    classes = [[class_of(event) for event in one] for one in report.profile]
    blocks = [blocks_of(report.graph, one) for one in report.profile]
    by_class = sorted(_rows(report, classes), key=lambda row: -row.us)
    by_block = None if None in blocks else _rows(report, [b for b in blocks if b is not None])
    latency_us = 1000 * median(report.latency_ms)
    return Profile(
        model=model.title,
        runs=len(report.profile),
        latency_us=latency_us,
        by_class=by_class,
        by_block=by_block,
    )


def _rows(report: Report, names: Sequence[Sequence[str]]) -> list[Row]:
    """`names` has the group of every event of every run."""
    times: dict[str, list[int]] = defaultdict(lambda: [0] * len(report.profile))
    for i, (events, groups) in enumerate(zip(report.profile, names, strict=True)):
        for event, group in zip(events, groups, strict=True):
            times[group][i] += event.us
    middle = {name: median(us) for name, us in times.items()}
    total = sum(middle.values()) or 1.0
    return [
        Row(name=name, us=us, share=us / total, ops=list(names[0]).count(name))
        for name, us in middle.items()
    ]


# ---------------------------------------------------------------------------- the command


def main(argv: list[str] | None = None) -> None:
    parser = doors.Parser(
        prog="ghostnet operators",
        description="Where the time goes, by operator class and by block of the network.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="one .tflite, or two to compare")
    where = parser.add_argument_group("where")
    where.add_argument(
        "--target", choices=["host", "phone"], default="host", help="default: %(default)s"
    )
    where.add_argument(
        "--phone", metavar="SERIAL", help="which one (default: the only one that adb knows)"
    )
    where.add_argument("--core", metavar="CORE", help="of the phone (default: its fastest)")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--runs",
        type=int,
        default=50,
        metavar="N",
        help="profiled runs of each (default: %(default)s)",
    )
    how.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    result = parser.add_argument_group("what becomes of it")
    result.add_argument("--plot", type=user_path, metavar="FILE", help="draw it, as .svg or .png")
    result.add_argument("--json", action="store_true", help="the same as one JSON document")
    args = parser.parse_args(argv)
    if len(args.files) > 2:
        raise UserError(f"{len(args.files)} files; this compares two at most")
    if not 1 <= args.runs <= 10_000:
        raise UserError(f"--runs {args.runs} is not between 1 and 10000")
    if not 1 <= args.threads <= 64:
        raise UserError(f"--threads {args.threads} is not between 1 and 64")
    if args.plot and args.plot.suffix not in (".svg", ".png"):
        raise UserError(f"--plot {str(args.plot)!r} does not end in .svg or .png")
    if (args.phone or args.core) and args.target != "phone":
        raise UserError("--phone and --core need --target phone")

    models = open_all(args.files)
    target = open_target(args)
    settings = Settings(threads=args.threads, min_runs=args.runs, min_seconds=0.0)
    try:
        target.prepare(models)
        profiles = [profile_of(m, target.profile(m, settings, args.runs)) for m in models]
    finally:
        target.close()
    if args.plot:
        draw(profiles, target.name, args.plot)
    if args.json:
        terminal.document(document(profiles, target))
    else:
        show(profiles, target.name)


def open_target(args: argparse.Namespace) -> Profiler:
    if args.target == "host":
        from .targets.host import HostTarget

        return HostTarget()
    found = open_phones(args.phone, args.core, 0.0, threads=args.threads)
    if len(found) > 1:
        raise UserError(f"{len(found)} phones or cores at once", fix="name one of them")
    return found[0]


def document(profiles: list[Profile], target: Profiler) -> dict[str, Any]:
    def rows(found: list[Row] | None) -> list[dict] | None:
        return None if found is None else [vars(row) for row in found]

    return {
        "kind": target.kind,
        "target": target.name,
        "profiles": [
            vars(p) | {"by_class": rows(p.by_class), "by_block": rows(p.by_block)} for p in profiles
        ],
    }


def show(profiles: list[Profile], target: str) -> None:
    terminal.out(f"{target}; median of {profiles[0].runs} profiled runs")
    for profile in profiles:  # a profile takes time itself, most of it at what is not delegated
        whole = sum(row.us for row in profile.by_class)
        terminal.out(
            f"{profile.model}: {whole:.0f} µs by operator, {profile.latency_us:.0f} µs unprofiled"
        )
    for title, tables in (
        ("operator class", [p.by_class for p in profiles]),
        ("block", [p.by_block for p in profiles]),
    ):
        names = dict.fromkeys(row.name for rows in tables for row in rows or ())
        if any(tables):
            terminal.table(
                ["", *((profile.model, "ops    µs  share") for profile in profiles)],
                [[name, *(_cell(rows, name) for rows in tables)] for name in names],
                right=range(1, 1 + len(profiles)),
                wraps=range(1 + len(profiles)),
                title=f"by {title}",
                is_framed=True,
            )
        for profile, rows in zip(profiles, tables, strict=True):
            if rows is None:
                terminal.note(f"{profile.model}: what ran cannot be matched with blocks")


def _cell(rows: list[Row] | None, name: str) -> str:
    found = [row for row in rows or () if row.name == name]
    return f"{found[0].ops:3} {found[0].us:6.0f}  {found[0].share:4.0%}" if found else ""


def draw(profiles: list[Profile], target: str, path: Path) -> None:
    """Two rows of bars: by operator class, and by block."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 1, figsize=(10, 9), layout="constrained")
    for axis, tables in zip(
        axes, ([p.by_class for p in profiles], [p.by_block for p in profiles]), strict=True
    ):
        names = list(dict.fromkeys(row.name for rows in tables for row in rows or ()))
        for i, (profile, rows) in enumerate(zip(profiles, tables, strict=True)):
            us = {row.name: row.us for row in rows or ()}
            places = [k + (i - (len(profiles) - 1) / 2) * 0.4 for k in range(len(names))]
            axis.bar(places, [us.get(n, 0.0) for n in names], 0.4, label=profile.model)
        axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axis.set_ylabel("µs, profiled")
    axes[0].set_title(target)
    axes[0].legend()
    image = io.BytesIO()
    figure.savefig(image, format=path.suffix[1:])
    pyplot.close(figure)
    write_atomic(path, image.getvalue())


if __name__ == "__main__":
    run(main)
