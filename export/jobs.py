"""Which networks and recipes a command line asks for, before TensorFlow is started."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.record import artifact_name, load
from ghostnet_tf.base.sides import Size
from ghostnet_tf.base.suites import SUITES, Member
from ghostnet_tf.nets import zoo

from .arguments import recipes_of, refuse_unchosen

DECIDED = (
    "model", "weights", "recipe", "photos", "labelled", "labels", "size", "ghostop", "keep_float",
    "qat", "mask_stride", "postprocess",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Job:
    """One network to be exported."""

    model: str | None  # None: what the weights say that they are of
    weights: str | None  # None: the bundled ones
    size: Size | None
    recipes: tuple[str, ...]


def jobs_of(args: argparse.Namespace) -> list[Job]:
    """What is to be done, as far as that can be checked without TensorFlow."""
    if args.suite:
        return jobs_of_suite(args)
    recipes = recipes_of(args)
    if args.model:
        refuse_unchosen(args, recipes, args.model, zoo.parse_model(args.model).task)
    return [Job(model=args.model, weights=args.weights, size=args.size, recipes=recipes)]


def jobs_of_suite(args: argparse.Namespace) -> list[Job]:
    """The networks of a suite, without the files that are there and sound already."""
    suite = pick(args.suite, SUITES, "suite")
    for name in DECIDED:
        if getattr(args, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise UserError(f"a suite decides about {option} itself", fix=f"leave {option} out")
    jobs = []
    for member in suite.members:
        lacking = tuple(r for r in suite.recipes if not is_sound(plain_file(args.out, member, r)))
        if lacking:
            of = {"model": member.model, "weights": member.weights, "size": member.size}
            jobs.append(Job(**of, recipes=lacking))
    return jobs


def plain_files_with_operators(suite: str, out: Path) -> list[Path]:
    """Those of a suite beside which a Ghost-operator file must stand."""
    recipes = SUITES[suite].recipes
    members = [member for member in SUITES[suite].members if member.has_operators]
    return [plain_file(out, member, recipe) for member in members for recipe in recipes]


def plain_file(out: Path, member: Member, recipe: str) -> Path:
    return out / artifact_name(member.model, member.weights, member.size, recipe)


def is_sound(path: Path) -> bool:
    """Whether the file is there, as its record describes it and as a suite has it."""
    try:
        record = load(path)[1]
        return record.kept_float is None and record.finetuned is None
    except UserError:
        return False
