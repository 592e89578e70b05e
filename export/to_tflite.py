"""A network becomes verified `.tflite` files.

python export/to_tflite.py [--model NAME] [--weights NAME|PATH] [--recipe RECIPE...] [--json]
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import UserError, pick, run
from ghostnet_tf.base.record import artifact_name, ghostop_path, load
from ghostnet_tf.base.suites import SUITES, Member
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo

from .ghost_op import Made, lines, make_twin
from .ghostop.options import VERSION
from .recipes import DEFAULT_RECIPES, OPERATOR_RECIPES, RECIPES

if TYPE_CHECKING:
    from ghostnet_tf.base.progress import Stages

    from .network import Network
    from .pipeline import Result


def parser() -> argparse.ArgumentParser:
    parse = argparse.ArgumentParser(description="A network becomes verified .tflite files.")
    parse.add_argument(
        "--model",
        help=f"{', '.join(zoo.MODELS)}; default: what the weights say that they are of, "
        "or else ghostnet_050",
    )
    parse.add_argument(
        "--weights",
        help="tinyimagenet (bundled), seeded (random: cost only), imagenet, timm, paddle or "
        "paddle_ssld (published, downloaded once), or a .safetensors, .weights.h5, .keras, .pth "
        "or .pdparams file or a TensorFlow checkpoint",
    )
    parse.add_argument(
        "--suite", help=f"in place of --model: {', '.join(SUITES)}; a file already there is kept"
    )
    add_export_options(parse)
    return parse


def add_export_options(parse: argparse.ArgumentParser) -> None:
    """What can be said of an export, wherever the network comes from."""
    parse.add_argument(
        "--recipe",
        nargs="+",
        metavar="RECIPE",
        help=f"of {', '.join(RECIPES)}; default: {', '.join(DEFAULT_RECIPES)}",
    )
    parse.add_argument("--photos", metavar="DIR|ZIP", help="to calibrate static recipes on")
    parse.add_argument(
        "--labelled", metavar="DIR|ZIP", help="photos in class folders, to measure accuracy on"
    )
    parse.add_argument("--labels", metavar="NAME|FILE", help="class names of weights without them")
    parse.add_argument("--size", type=int, metavar="PIXELS", help="of the image's side")
    parse.add_argument(
        "--ghostop",
        action="store_true",
        default=None,
        help="also each file with Ghost operators, as FILE_ghostop.tflite, where they fit",
    )
    parse.add_argument("--out", type=Path, default=Path("build"), metavar="DIR")
    parse.add_argument("--json", action="store_true", help="one JSON document on stdout")


@dataclass(frozen=True)
class Job:
    """One network to be exported."""

    model: str | None  # None: what the weights say that they are of
    weights: str | None  # None: the bundled ones
    size: int | None
    recipes: tuple[str, ...]


def main(argv: list[str] | None = None, stages: "Stages | None" = None) -> int:
    """`stages` remembers how long each took."""
    args = parser().parse_args(argv)
    jobs = jobs_of_suite(args) if args.suite else [job_of(args)]
    photos = Photos.open(args.photos) if args.photos else None
    labelled = Photos.open(args.labelled) if args.labelled else None
    refuse_unwritable(args.out)

    os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one that can export
    from ghostnet_tf.base.progress import Stages

    stages = stages or Stages()
    with stages.stage("start TensorFlow"):
        from .network import BUNDLED, from_zoo
        from .pipeline import export
    results = []
    for job in jobs:
        with stages.stage(f"build {job.model or 'the network'}"):
            network = from_zoo(job.model, job.weights or BUNDLED, job.size, args.labels)
        if network.dialect:
            print(f"weights read as {network.dialect}", file=sys.stderr)
        results.append(export(network, job.recipes, photos, labelled, args.out, stages))
        if not args.json:
            print(table(network, results[-1]), flush=True)
    plain = [file.path for one in results for file in one.files]
    twins = []
    for path in lacking_twins(args) if args.suite else plain if args.ghostop else []:
        with stages.stage(f"Ghost operators into {path.name}"):
            if args.suite or path.stem.endswith(OPERATOR_RECIPES):
                twins.append(make_twin(path, photos))
    if args.json:
        print(json.dumps(document(results, twins), indent=1))
    elif twins:
        print("\n".join(line for twin in twins for line in lines(twin)))
    elif not jobs:
        print(f"every file of the suite is in {str(args.out)!r}, as its record describes it")
    return 0


def job_of(args: argparse.Namespace) -> Job:
    """What the command line asks for, as far as that can be checked without TensorFlow."""
    if args.model:
        zoo.parse_model(args.model)
    return Job(args.model, args.weights, args.size, recipes_of(args))


def recipes_of(args: argparse.Namespace) -> tuple[str, ...]:
    """The recipes that were asked for, if they and the size exist."""
    if args.size is not None and not 32 <= args.size <= 2048:
        raise UserError(f"--size is {args.size} pixels", fix="choose 32 to 2048")
    recipes = tuple(args.recipe or DEFAULT_RECIPES)
    for recipe in recipes:
        pick(recipe, RECIPES, "recipe")
    return recipes


def jobs_of_suite(args: argparse.Namespace) -> list[Job]:
    """The networks of a suite, without the files that are there and sound already."""
    suite = pick(args.suite, SUITES, "suite")
    for name in ("model", "weights", "recipe", "photos", "labelled", "labels", "size", "ghostop"):
        if getattr(args, name) is not None:
            raise UserError(f"a suite decides about --{name} itself", fix=f"leave --{name} out")
    jobs = []
    for member in suite.members:
        lacking = tuple(r for r in suite.recipes if not is_sound(plain_file(args.out, member, r)))
        if lacking:
            jobs.append(Job(member.model, member.weights, member.size, lacking))
    return jobs


def plain_file(out: Path, member: Member, recipe: str) -> Path:
    return out / artifact_name(member.model, member.weights, member.size, recipe)


def is_sound(path: Path) -> bool:
    """Whether the file is there, as its record describes it."""
    try:
        load(path)
    except UserError:
        return False
    return True


def lacking_twins(args: argparse.Namespace) -> list[Path]:
    """The plain files of a suite whose twins with operators are not there, or of other files, or of
    an older version of the operators."""
    suite = SUITES[args.suite]
    lacking = []
    for member in suite.members:
        for recipe in suite.recipes if member.has_operators else ():
            plain = plain_file(args.out, member, recipe)
            try:
                operators = load(ghostop_path(plain))[1].operators
                made_of = operators and (operators.plain_sha256, operators.version)
                is_made = made_of == (load(plain)[1].sha256, VERSION)
            except UserError:
                is_made = False
            if not is_made:
                lacking.append(plain)
    return lacking


def refuse_unwritable(out: Path) -> None:
    """Say now, not after a minute's work, that nothing can be written there."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UserError(f"{str(there)!r} is no folder that can be written to", fix="--out DIR")


def document(
    results: Sequence["Result"], twins: Sequence[Made] = (), original: str = "keras"
) -> dict[str, Any]:
    """The facts of the tables for machines; `original` is what the networks come from."""
    made = [file for result in results for file in result.files]
    scored = results[0].original if results else None  # for a single network only
    return {
        "files": [
            {"path": str(file.path), **asdict(file.record)}
            for file in (*made, *twins)
            if file.record
        ],
        original: asdict(scored) if scored else None,
    }


def table(network: "Network", result: "Result") -> str:
    """What was made, how big, how faithful; and what to type next."""
    first = result.files[0].record
    title = f"{network.name}  {network.weights}  {network.preprocessing.size} px"
    lines = [f"{title:60}{first.parameters / 1e6:6.2f} M parameters"]
    if result.original:
        lines.append(f"  {network.original:24}{'':39}top-1 {result.original.top1:.2%}")
    for file in result.files:
        lines.append("  " + row(file.record, result))
    paths = [str(file.path) for file in result.files]
    lines += [f"wrote {paths[0]}", *(f"      {path}" for path in paths[1:])]
    judged = f"dB and agreement with {network.original} on {first.parity_on}"
    if first.accuracy and not result.original:
        judged += f"; top-1 as published, measured on these bytes with {first.accuracy.n:,} photos"
    lines.append(judged)
    if network.is_seeded:
        lines.append("weights are random: these files measure cost, never accuracy")
    elif network.labels:
        lines.append(f"next: python export/predict.py {paths[-1]} photo.jpg")
    else:
        lines.append(f"next: python export/verify.py {paths[-1]}")
    return "\n".join(lines)


def row(record: Any, result: "Result") -> str:
    """One file: size, fidelity, agreement, partitions, accuracy."""
    partitions = f"{record.partitions} partition{'s' * (record.partitions != 1)}"
    line = f"{record.recipe:24}{record.size_bytes / 1e6:5.1f} MB {record.parity_db:6.1f} dB"
    if agree := record.top1_agreement:
        line += f"  same {agree.same}/{agree.photos}"
    line += f"  {partitions:13}"
    if record.accuracy:
        line += f"  top-1 {record.accuracy.top1:.2%}"
        if result.original:
            line += f" ({100 * (record.accuracy.top1 - result.original.top1):+.2f} points)"
    return line.rstrip()


if __name__ == "__main__":
    run(main)
