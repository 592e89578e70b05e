"""What a browser measured, as tables and a page like any other results.

python benchmark/saved.py RESULTS.json [FILE.tflite...] [--out DIR] [--json]

RESULTS.json is what the web demo saves; without files, its own models are meant.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "benchmark"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import CheckFailed, UserError, run
from ghostnet_tf.base.files import user_path

from .measurement import Visit
from .model import Model, open_model
from .store import Results, read

KIND = "browser_latency"
MODELS = Path(__file__).resolve().parents[1] / "web_demo" / "models"
OUT = Path("build/benchmark/browser")


def main(argv: Sequence[str] | None = None) -> int:
    parser = doors.Parser(
        prog="python benchmark/saved.py", description="Tables of what a browser measured."
    )
    parser.add_argument("results", metavar="RESULTS.json", type=user_path)
    parser.add_argument(
        "files", metavar="FILE.tflite", nargs="*", type=user_path, help="default: the page's own"
    )
    parser.add_argument(
        "--out", type=user_path, default=OUT, metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)

    from .findings import findings_of
    from .rows import tabulate
    from .views import show

    results = sound(read(args.results), args.results)
    models = those_of(results, args.files or sorted(MODELS.glob("*.tflite")))
    show([findings_of(tabulate(results, models))], args.out, args.json)
    return 0


def sound(results: Results, path: Path) -> Results:
    """Results that somebody handed in, if numbers can be computed from them."""
    if results.kind != KIND:
        raise UserError(
            f"{str(path)!r} holds {results.kind}, not {KIND}", fix="save it from the web demo"
        )
    visits = [visit for done in results.rounds for visit in done.visits.values()]
    is_whole = results.models and all(
        done.visits.keys() == results.models.keys() for done in results.rounds
    )
    if not visits or not is_whole or not all(isinstance(v, Visit) and has_times(v) for v in visits):
        raise CheckFailed(
            f"the results in {str(path)!r} are not whole", fix="measure again in the web demo"
        )
    return results


def has_times(visit: Visit) -> bool:
    times = visit.latency_ms
    return bool(times) and min(times) >= 0 and max(times) > 0


def those_of(results: Results, files: Sequence[Path]) -> list[Model]:
    """The measured models among `files`, in the order in which they were measured."""
    known = {model.sha256: model for model in map(open_model, files)}
    for sha, name in results.models.items():
        if sha not in known:
            raise UserError(
                f"{name!r} was measured, and no such file is here (its SHA-256 begins {sha[:12]})",
                fix="name the files that the page had: benchmark/saved.py RESULTS.json FILE...",
            )
    return [known[sha] for sha in results.models]


if __name__ == "__main__":
    run(main)
