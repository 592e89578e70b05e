"""Where the time goes, operator by operator: `ghostnet operators A.tflite [B.tflite]`.

Every file is run with the runtime's profiler on, in a pass of its own, on this machine, on a phone
(--target phone), or on an emulated core, where instructions are counted. The profiler counts whole
microseconds and costs some itself: read shares from it, never latencies.
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
from ghostnet_tf.base.files import refuse_unwritable, user_path, write_atomic
from ghostnet_tf.base.node_data import node_data

from .emulator.soc import CORES
from .events import Event
from .measurement import Kind, Settings
from .model import Model, open_all
from .operator_blocks import blocks_of, kinds_of, places_of
from .targets.phone import open_phones
from .targets.runner import Profiled

TIMED_RUNS, COUNTED_RUNS = 50, 2  # a count repeats itself once all tables are filled
EMULATED = "cortex-a76"
FILES = {  # as kernels/which_file.c decides
    "plain": "the plain file",
    "depthwise": "the file with Ghost modules and depthwise convolutions alone",
    "all": "the file with all Ghost operators",
}
WIDTH = 12  # of a number in a table
UNITS = {"us": "µs", "instructions": "instructions"}  # as JSON says it, and as it is printed


class Profiler(Protocol):
    kind: Kind
    name: str

    def prepare(self, models: Sequence[Model]) -> None: ...

    def profile(self, model: Model, settings: Settings, runs: int) -> Profiled: ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operator class, or one block: what it costs an inference, the median over the runs."""

    name: str
    cost: float
    share: float  # of the sum over all rows
    ops: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    model: str
    unit: str  # of every cost: a key of UNITS
    runs: int
    whole: float  # median of as many runs that nobody profiled
    by_class: list[Row]  # the most expensive first
    by_block: list[Row] | None  # in the order of the network; None where they cannot be told
    by_tensor: dict[str, float] | None  # output of an operator -> its cost; None likewise
    opens: str  # of a file with Ghost operators: which of the network's a program opens here


def profile_of(model: Model, profiled: Profiled) -> Profile:
    graph, runs = profiled.graph, profiled.runs
    classes = [kinds_of(graph, events) for events in runs]
    blocks = [blocks_of(graph, events) for events in runs]
    places = [places_of(graph, events) for events in runs]
    is_known = None not in blocks
    tensors = [[graph[place].output for place in one] for one in places if one is not None]
    return Profile(
        model=model.title,
        unit=profiled.unit,
        runs=len(runs),
        whole=profiled.whole,
        by_class=sorted(_rows(runs, classes), key=lambda row: -row.cost),
        by_block=_rows(runs, [b for b in blocks if b is not None]) if is_known else None,
        opens=profiled.opens,
        by_tensor={r.name: r.cost for r in _rows(runs, tensors)} if is_known else None,
    )


def _rows(runs: Sequence[Sequence[Event]], names: Sequence[Sequence[str]]) -> list[Row]:
    """`names` has the group of every event of every run."""
    costs: dict[str, list[int]] = defaultdict(lambda: [0] * len(runs))
    for i, (events, groups) in enumerate(zip(runs, names, strict=True)):
        for event, group in zip(events, groups, strict=True):
            costs[group][i] += event.us
    middle = {name: median(of_runs) for name, of_runs in costs.items()}
    total = sum(middle.values()) or 1.0
    return [
        Row(name=name, cost=cost, share=cost / total, ops=list(names[0]).count(name))
        for name, cost in middle.items()
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
        "--target",
        choices=["host", "phone", "emulated"],
        default="host",
        help="default: %(default)s; emulated counts instructions, and knows no time",
    )
    where.add_argument(
        "--phone", metavar="SERIAL", help="which one (default: the only one that adb knows)"
    )
    where.add_argument(
        "--core",
        metavar="CORE",
        help=f"of the phone (default: its fastest); emulated: {', '.join(CORES)} "
        f"(default: {EMULATED})",
    )
    how = parser.add_argument_group("how")
    how.add_argument(
        "--runs",
        type=int,
        metavar="N",
        help=f"profiled runs of each (default: {TIMED_RUNS}); counts need no more than one",
    )
    how.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    how.add_argument("--fp16", action="store_true", help="arithmetic in half precision")
    result = parser.add_argument_group("what becomes of it")
    result.add_argument("--plot", type=user_path, metavar="FILE", help="draw it, as .svg or .png")
    result.add_argument(
        "--node-data",
        type=user_path,
        metavar="FILE",
        help="of one file: every operator's number, to lay over the graph in Model Explorer",
    )
    result.add_argument("--json", action="store_true", help="the same as one JSON document")
    args = parser.parse_args(argv)
    if len(args.files) > 2:
        raise UserError(f"{len(args.files)} files; this compares two at most")
    is_counted = args.target == "emulated"
    if is_counted and args.runs is not None:
        raise UserError("counts are the same in every run", fix="leave out --runs")
    runs = (COUNTED_RUNS if is_counted else TIMED_RUNS) if args.runs is None else args.runs
    if not 1 <= runs <= 10_000:
        raise UserError(f"--runs {args.runs} is not between 1 and 10000")
    if not 1 <= args.threads <= 64:
        raise UserError(f"--threads {args.threads} is not between 1 and 64")
    if args.plot and args.plot.suffix not in (".svg", ".png"):
        raise UserError(f"--plot {str(args.plot)!r} does not end in .svg or .png")
    if (args.phone and args.target != "phone") or (args.core and args.target == "host"):
        raise UserError("--phone and --core need --target phone, --core or --target emulated")
    if args.node_data and len(args.files) > 1:
        raise UserError("--node-data is of one graph, and two files were given")
    for path in filter(None, (args.plot, args.node_data)):
        refuse_unwritable(path.parent)

    models = open_all(args.files)
    target = open_target(args)
    settings = Settings(threads=args.threads, min_runs=runs, min_seconds=0.0, fp16=args.fp16)
    try:
        target.prepare(models)
        profiles = [profile_of(m, target.profile(m, settings, runs)) for m in models]
    finally:
        target.close()
    if args.plot:
        draw(profiles, target.name, args.plot)
    if args.node_data:
        write_atomic(args.node_data, overlay(profiles[0]))
    if args.json:
        terminal.document(document(profiles, target))
    else:
        show(profiles, target.name)
        if args.node_data:
            terminal.out(f"wrote {args.node_data}, for Model Explorer's custom node data")


def overlay(profile: Profile) -> bytes:
    if profile.by_tensor is None:
        raise UserError(
            f"{profile.model}: what ran cannot be matched with the operators of its file",
            fix="leave out --node-data",
        )
    return node_data(UNITS[profile.unit], profile.by_tensor)


def open_target(args: argparse.Namespace) -> Profiler:
    if args.target == "host":
        from .targets.host import HostTarget

        return HostTarget()
    if args.target == "emulated":
        from .targets.emulated import EmulatedTarget

        return EmulatedTarget(args.core or EMULATED)
    found = open_phones(args.phone, args.core, 0.0, threads=args.threads)
    if len(found) > 1:
        raise UserError(f"{len(found)} phones or cores at once", fix="name one of them")
    return found[0]


def document(profiles: list[Profile], target: Profiler) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "target": target.name,
        "profiles": [
            {
                "model": profile.model,
                "runs": profile.runs,
                {"us": "latency_us"}.get(profile.unit, profile.unit): profile.whole,
                "opens": profile.opens,
                "by_class": _told(profile.by_class, profile.unit),
                "by_block": _told(profile.by_block, profile.unit),
            }
            for profile in profiles
        ],
    }


def _told(rows: list[Row] | None, unit: str) -> list[dict] | None:
    if rows is None:
        return None
    return [{"name": r.name, unit: r.cost, "share": r.share, "ops": r.ops} for r in rows]


def show(profiles: list[Profile], target: str) -> None:
    unit = UNITS[profiles[0].unit]
    is_timed = profiles[0].unit == "us"
    runs = f"median of {profiles[0].runs} profiled runs" if is_timed else "one inference"
    terminal.out(f"{target}; {runs}")
    for profile in profiles:  # a profile takes time itself, most of it at what is not delegated
        parts = sum(row.cost for row in profile.by_class)
        whole = f"{profile.whole:,.0f} {unit} unprofiled"
        terminal.out(f"{profile.model}: {parts:,.0f} {unit} by operator, {whole}")
        if profile.opens:
            terminal.out(f"of its network programs open here {FILES[profile.opens]}")
    head = f"ops {unit:>{WIDTH}}  share"
    for title, tables in (
        ("operator class", [p.by_class for p in profiles]),
        ("block", [p.by_block for p in profiles]),
    ):
        names = dict.fromkeys(row.name for rows in tables for row in rows or ())
        if any(tables):
            terminal.table(
                ["", *((profile.model, head) for profile in profiles)],
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
    return f"{found[0].ops:3} {found[0].cost:{WIDTH},.0f}  {found[0].share:5.1%}" if found else ""


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
            costs = {row.name: row.cost for row in rows or ()}
            places = [k + (i - (len(profiles) - 1) / 2) * 0.4 for k in range(len(names))]
            axis.bar(places, [costs.get(n, 0.0) for n in names], 0.4, label=profile.model)
        axis.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axis.set_ylabel(f"{UNITS[profiles[0].unit]}, profiled")
    axes[0].set_title(target)
    axes[0].legend()
    image = io.BytesIO()
    figure.savefig(image, format=path.suffix[1:])
    pyplot.close(figure)
    write_atomic(path, image.getvalue())


if __name__ == "__main__":
    run(main)
