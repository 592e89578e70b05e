"""Equal rewrites of a finished GhostNet `.tflite`, block by block; the cheapest for one core:

python export/tune.py FILE.tflite [--target emulated|host|phone] [--core CORE] [--phone SERIAL]
    [--rewrites late_concat,split_consumer,channel_padding,operator] [--photos DIR|ZIP]
    [--effort quick|standard|strict] [--out DIR] [--resume] [--json]

It becomes FILE_tuned_CORE.tflite with a record, or FILE_tuned_CORE_ghostop.tflite where Ghost
operators are in it, beside the plain file and the table of all that was tried. Float32, full int8.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.doors import next_line
from ghostnet_tf.base.effort import EFFORTS, TARGETS
from ghostnet_tf.base.errors import UserError, pick, run
from ghostnet_tf.base.files import (
    refuse_unwritable,
    sha256,
    user_path,
    write_atomic,
    write_together,
)
from ghostnet_tf.base.record import (
    Operators,
    Record,
    Tuning,
    ghostop_path,
    read_model,
    record_path,
    tuned_path,
)
from ghostnet_tf.base.terminal import document, note, out
from ghostnet_tf.data.given import opened_at
from ghostnet_tf.data.skipped import Skips

from . import arguments

if TYPE_CHECKING:
    from .tuning.candidate import Candidate
    from .tuning.cost import Benchmark
    from .tuning.search import Search, Trial

# The keys of `tuning.rewrites.REWRITES`, which would load TensorFlow Lite for a --help.
REWRITES = ("late_concat", "split_consumer", "channel_padding", "operator")
CORE = "cortex-a76"  # the emulated one that is meant where none is named


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What came of one file."""

    plain: Path
    target: str
    unit: str
    trials: "list[Trial]"
    taken: "Trial | None"  # None: the plain file is the cheapest
    path: Path | None
    record: Record | None  # None where the plain file has none
    table: Path
    proof: str  # on what equality was shown
    skipped: Skips  # photos that could not be read


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = doors.Parser(
        description="Tries equal rewrites of each block of a finished GhostNet .tflite and keeps "
        "the cheapest for one core."
    )
    parser.add_argument("file", metavar="FILE.tflite", type=user_path)
    parser.add_argument("--target", choices=TARGETS, default="emulated", help="default: emulated")
    parser.add_argument(
        "--core", metavar="CORE", help=f"emulated: a name, such as {CORE}; host, phone: a number"
    )
    parser.add_argument("--phone", metavar="SERIAL", help="which one, where adb knows several")
    parser.add_argument(
        "--rewrites",
        "--forms",  # as it was called
        metavar="NAME,...",
        default=",".join(REWRITES),
        help=f"of {', '.join(REWRITES)}; default: all",
    )
    parser.add_argument("--photos", metavar="DIR|ZIP", help="to prove it on; default: generated")
    parser.add_argument(
        "--effort",
        choices=EFFORTS,
        default="standard",
        help="quick: each rewrite alone; otherwise also together. On host and phone also how long "
        "each is measured",
    )
    parser.add_argument(
        "--out", type=user_path, metavar="DIR", help="the plain file is copied there"
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)
    args.rewrites = tuple(name.strip() for name in args.rewrites.split(","))
    for name in args.rewrites:
        pick(name, dict.fromkeys(REWRITES), "rewrite")
    if args.phone and args.target != "phone":
        parser.error("--phone needs --target phone")
    if args.core and (args.core == "each" or "," in args.core):
        parser.error(f"--core is {args.core}: a file is tuned for one core")
    if args.target == "emulated":
        args.core = args.core or CORE
    return args


def main(argv: list[str] | None = None) -> int:
    args = parse(argv)
    tuned = tune(args)
    if args.json:
        document(as_json(tuned))
    else:
        show(tuned)
    return 0


def tune(args: argparse.Namespace) -> Tuned:
    from .ghostop.making import proof_images

    folder = args.out or args.file.parent
    refuse_unwritable(folder)
    photos = opened_at(args.photos) if args.photos else None

    from .tensors import origin_of
    from .trusted import trusted

    data, record = trusted(args.file)

    from .tuning.candidate import Plain
    from .tuning.cost import Benchmark, Place
    from .tuning.rewrites import choices
    from .tuning.search import Search

    images = proof_images(data, record, photos, args.file.name)
    shown_on = len(images), origin_of(images, photos)
    # A count is the same at every effort, so a later run can go on from a quick one.
    effort = "standard" if args.target == "emulated" else args.effort
    place = Place(args.target, args.core, args.phone, effort)
    path = tuned_path(folder / args.file.name, place.name)
    measured = path.with_suffix(".measured.json")
    with alone(measured, f"tuning {args.file.name!r} for {place.name} in {str(folder)!r}"):
        benchmark = Benchmark(place, data, measured, args.resume)
        plain = Plain(data, args.file.name, images, record is not None)
        search = Search(plain, benchmark, choices(args.rewrites))
        _search(search, benchmark, is_deep=args.effort != "quick")
        taken, table, written = search.taken, path.with_suffix(".md"), (None, None)
        if taken:
            file = search.file_of(taken)
            written = _write(args.file, path, file, taken, record, benchmark, shown_on)
        tuned = Tuned(
            plain=args.file,
            target=benchmark.target,
            unit=place.unit,
            trials=search.judged(),
            taken=taken,
            path=written[0],
            record=written[1],
            table=table,
            proof=" ".join(map(str, shown_on)),
            skipped=arguments.skips_of(photos),
        )
        write_atomic(table, page(tuned).encode())
        return tuned


def _search(search: "Search", benchmark: "Benchmark", is_deep: bool) -> None:
    """Round by round; what was measured before an interruption is said to be kept."""
    from ghostnet_tf.base.progress import Stages

    stages = Stages()
    try:
        with stages.stage("the plain file"):
            benchmark.open()
        for one in search.rounds(is_deep):
            if benchmark.seconds_each is None:
                with stages.stage("the first measurement"):
                    one = search.begun(one)
            with stages.stage(f"{one.title}: what fits"):
                steps = search.count(one)
            note(_estimate(one.title, steps, benchmark.seconds_each))
            with stages.stage(one.title, steps) as advance:
                search.attempt(one, advance)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(benchmark)) from None
    except UserError as error:
        if not benchmark.saved.costs:
            raise
        raise type(error)(f"{error}; {_kept(benchmark)}", fix=error.fix) from error


def _estimate(title: str, n: int, seconds_each: float | None) -> str:
    """How many measurements a round takes at most, and how long, as far as one was made."""
    if not n or seconds_each is None:
        return f"{title}: nothing new to measure"
    seconds = n * seconds_each
    time = f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
    return f"{title}: at most {n} measurements of {seconds_each:.1f} s each, about {time}"


def _kept(benchmark: "Benchmark") -> str:
    n = len(benchmark.saved.costs)
    return f"{n} costs are in {benchmark.path}: --resume goes on from there" if n else "no cost yet"


def _write(
    plain: Path,
    path: Path,
    candidate: "Candidate",
    taken: "Trial",
    record: Record | None,
    benchmark: "Benchmark",
    shown_on: tuple[int, str],
) -> tuple[Path, Record | None]:
    """The tuned file and its record, beside the plain one."""
    from .ghostop.making import beside, described
    from .ghostop.options import VERSION

    data = read_model(plain)
    images, images_from = shown_on
    proof: dict[str, Any] = {
        "plain": plain.name,
        "plain_sha256": sha256(data),
        "images": images,
        "images_from": images_from,
        "snr_db": taken.snr_db,
    }
    operators = None
    if candidate.n_operators:
        path = ghostop_path(path)
        operators = Operators(count=candidate.n_operators, version=VERSION, **proof)
    files: dict[Path, bytes] = {path: candidate.data}
    if record is not None and taken.cost:
        tuning = Tuning(
            core=benchmark.place.name,
            target=benchmark.target,
            forms={block: tuple(map(str, chosen)) for block, chosen in taken.plan.items()},
            unit=benchmark.place.unit,
            cost_before=taken.cost.before,
            cost_after=taken.cost.after,
            **proof,
        )
        record = described(replace(record, tuning=tuning), operators, candidate.data)
        files[record_path(path)] = record.to_json().encode()
    write_together(files | beside(plain, path.parent))
    return path, record


# ---------------------------------------------------------------------------- what is said


def page(tuned: Tuned) -> str:
    from .tuning.table import counted, markdown

    notes = [f"{tuned.target}; {counted(tuned.trials)}.", verdict(tuned)]
    return markdown(f"{tuned.plain.name}, tuned", notes, tuned.trials, tuned.unit)


def verdict(tuned: Tuned) -> str:
    """One sentence that a reader may quote."""
    if tuned.taken is None or tuned.taken.cost is None:
        return f"No rewrite is cheaper beyond doubt: {tuned.plain.name} stays as it is."
    cost, db = tuned.taken.cost, tuned.taken.snr_db
    equal = "every byte is equal" if db is None else f"{db:.1f} dB"
    before, after = (
        f"{value:,.0f}" if tuned.unit == "instructions" else f"{value:.2f}"
        for value in (cost.before, cost.after)
    )
    return (
        f"{before} -> {after} {tuned.unit} ({cost.ratio - 1:+.1%}); against the plain file on "
        f"{tuned.proof}: {equal}."
    )


def show(tuned: Tuned) -> None:
    from .tuning import table

    out(f"{tuned.plain.name} on {tuned.target}")
    table.show(tuned.trials, tuned.unit)
    out(table.counted(tuned.trials), verdict(tuned))
    if tuned.path:
        runs = ", which runs only where the operators are" if "_ghostop" in tuned.path.stem else ""
        out(f"wrote {tuned.path}{runs}")
        if tuned.record is None:
            out("      no record: the plain file has none")
    out(f"{'      ' if tuned.path else 'wrote '}{tuned.table}: all that was tried")
    if tuned.path and tuned.record:
        out(next_line("verify", tuned.path))


def as_json(tuned: Tuned) -> dict[str, Any]:
    """The same for machines."""
    from .tuning import table

    return {
        "plain": str(tuned.plain),
        "target": tuned.target,
        "unit": tuned.unit,
        "path": str(tuned.path) if tuned.path else None,
        "table": str(tuned.table),
        "trials": table.as_json(tuned.trials),
        "record": tuned.record.as_json() if tuned.record else None,
        **tuned.skipped.as_json(),
    }


if __name__ == "__main__":
    run(main)
