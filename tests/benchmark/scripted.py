"""What several tests measure where no machine is: scripted runs, and the files of the suite."""

from pathlib import Path

from benchmark import suite_files
from benchmark.plan import settings_of
from benchmark.session import measure
from ghostnet_tf.base.effort import EFFORTS
from tests.fakes.scripted_target import model_file

QUICK = EFFORTS["quick"]
COST = {"ghostnet_100": 10.0, "mobilenetv3_large_100": 12.0}


def run(target, models, path, is_resumed=False, effort=QUICK):
    settings = settings_of(effort)
    return measure(target, models, effort, settings, path, is_resumed=is_resumed)


def files_of_suite(build: Path, top1: dict[str, float] | None = None) -> Path:
    """All files of the suite; of the bundled networks, `top1` has the accuracies that are known."""
    for member in suite_files.PAPER.members:
        known = (top1 or {}).get(member.model) if member.weights != "seeded" else None
        for recipe in suite_files.PAPER.recipes:
            given = (build, member.model, recipe, member.weights, known)
            plain = model_file(*given, size=member.size)
            if member.has_operators:
                model_file(*given, size=member.size, plain=plain)
    return build


MEASURED = {
    "ghostnet_050": 0.55,
    "mobilenetv3_large_035": 0.56,
    "mobilenetv3_large_035_delegable": 0.56,
}
