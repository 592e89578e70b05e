"""Which of these `.tflite` files is faster on one core, and can the number be trusted?

ghostnet benchmark FILE.tflite... | --suite paper|detect|segment|keywords
    [--target host|emulated|phone] [--phone SERIAL|all] [--core CORE] [--threads N] [--fp16]
    [--tool runner|benchmark_model] [--binary FILE]
    [--effort quick|standard|strict] [--resume] [--out DIR] [--json] [--clean]
ghostnet benchmark --app [FILE.tflite...] [--results JSON] [--phone SERIAL|all]
    [--effort quick|standard|strict] [--out DIR] [--json]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "benchmark"

from ghostnet_tf.base import doors
from ghostnet_tf.base.effort import EFFORTS, TARGETS, Effort
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.suites import SUITES
from ghostnet_tf.base.terminal import note

from .measurement import TOOLS, Target
from .model import Model, open_all
from .plan import settings_of
from .store import Results

OUT = Path("build/benchmark")
EMULATED = "cortex-a53,cortex-a76"  # a small core and a large one
APP_MODELS = Path("android_demo/app/src/main/assets/models")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = doors.Parser(
        prog="ghostnet benchmark",
        description="Times .tflite files on one core of a phone or of this machine, or counts "
        "their instructions on an emulated Arm core, and says what can be concluded.",
    )
    what = parser.add_argument_group("what is measured")
    what.add_argument("files", metavar="FILE.tflite", nargs="*")
    what.add_argument(
        "--suite",
        choices=SUITES,
        help="paper: the paper's networks, out of build/; detect: detectors on them",
    )
    what.add_argument(
        "--app",
        action="store_true",
        help=f"the benchmark inside the demo app, on a phone (default files: {APP_MODELS})",
    )
    what.add_argument(
        "--results",
        type=user_path,
        metavar="JSON",
        help="with --app: what somebody shared out of it",
    )
    where = parser.add_argument_group("where")
    where.add_argument("--target", choices=TARGETS, default="host", help="default: %(default)s")
    where.add_argument(
        "--phone", metavar="SERIAL|all", help="which one (default: the only one that adb knows)"
    )
    where.add_argument(
        "--core",
        metavar="CORE",
        help="phone: a number, or `each` for one core of each kind (default: its fastest); host: a "
        f"number (default: any); emulated: names (default: {EMULATED})",
    )
    where.add_argument("--clean", action="store_true", help="remove the phone's cache afterwards")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--effort",
        choices=EFFORTS,
        default="standard",
        help="how much is measured: quick for a first look, strict for a number to quote "
        "(default: %(default)s)",
    )
    how.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    how.add_argument("--fp16", action="store_true", help="arithmetic in half precision")
    how.add_argument(
        "--tool",
        choices=TOOLS,
        default="runner",
        help="ours, or TensorFlow Lite's own (default: %(default)s)",
    )
    how.add_argument("--binary", type=user_path, metavar="FILE", help="the benchmark_model to use")
    how.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    result = parser.add_argument_group("what becomes of it")
    result.add_argument("--out", type=user_path, metavar="DIR", help=f"default: {OUT}/TARGET")
    result.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)
    if args.app:
        complain_about_app(parser, args)
    elif args.results:
        parser.error("--results needs --app")
    if bool(args.files) == bool(args.suite) and not (args.clean and not args.files):
        parser.error(f"name some files, or --suite {' or '.join(SUITES)}")
    if args.threads < 1:
        parser.error(f"--threads is {args.threads}; it must be 1 or more")
    if args.core and args.threads > 1:
        parser.error("--core pins one thread: leave it or --threads out")
    if (args.tool == "benchmark_model") != (args.binary is not None):
        parser.error("--tool benchmark_model and --binary FILE need one another")
    if args.binary and args.target == "emulated":
        parser.error("--tool benchmark_model prints times, and an emulated core has none")
    if args.binary and args.fp16:
        parser.error("--fp16 is for --tool runner only")
    if args.phone and args.target not in ("phone", "app"):
        parser.error("--phone needs --target phone, or --app")
    if args.clean and args.target != "phone":
        parser.error("--clean needs --target phone: nothing is kept anywhere else")
    return args


def complain_about_app(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """The app decides about the rest by itself; without files, its own models are meant."""
    if args.core or args.threads != 1 or args.fp16 or args.resume or args.clean or args.suite:
        parser.error("--app takes FILES, --phone, --results, --effort, --out and --json alone")
    args.target = "app"
    args.files = args.files or sorted(map(str, APP_MODELS.glob("*.tflite")))
    if not args.files:
        parser.error(f"there is no model in {APP_MODELS}: make android-assets")


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    from .findings import findings_of
    from .fleet import Fleet
    from .rows import tabulate
    from .views import show

    if args.clean and not args.files and not args.suite:
        return clean(args)
    models = open_models(args)
    effort = EFFORTS[args.effort]
    out = args.out or OUT / args.target
    settings = settings_of(effort, args.threads, args.fp16, args.tool)
    fleet = Fleet(models, effort, settings, out, is_resumed=args.resume)
    measured = from_app(args, models) if args.app else fleet.measure(targets(args, effort))
    found = [findings_of(tabulate(one, models), args.suite == "paper") for one in measured]
    show(found, out, args.json)
    return fleet.errors[0].exit_code if fleet.errors else 0


def from_app(args: argparse.Namespace, models: Sequence[Model]) -> list[Results]:
    from .app_results import open_results
    from .targets.app import measure_all

    if args.results:
        return [open_results(args.results, models)]
    return measure_all(args.phone, models, EFFORTS[args.effort], args.out or OUT / args.target)


def open_models(args: argparse.Namespace) -> list[Model]:
    from . import suite_files

    return suite_files.of_suite(args.suite) if args.suite else open_all(args.files)


def targets(args: argparse.Namespace, effort: Effort) -> Sequence[Target]:
    tool = None
    if args.binary:
        from .targets.tflite_tool import open_binary

        tool = open_binary(args.binary)
    if args.target == "host":
        from .targets.host import HostTarget, pin

        return [HostTarget(tool=tool, core=pin(args.core) if args.core else None)]
    if args.target == "emulated":
        from .targets.emulated import EmulatedTarget

        return [EmulatedTarget(core) for core in (args.core or EMULATED).split(",")]
    from .targets.phone import open_phones
    from .targets.tool import find_tool

    return open_phones(
        args.phone,
        args.core,
        effort.cooldown_s,
        is_cleaned=args.clean,
        tool=(lambda: tool) if tool else find_tool,
        threads=args.threads,
    )


def clean(args: argparse.Namespace) -> int:
    from .targets.phone import clean_phones

    for name in clean_phones(args.phone):
        note(f"removed the cache of {name}")
    return 0


if __name__ == "__main__":
    run(main)
