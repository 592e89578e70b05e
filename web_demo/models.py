"""Puts models with their records beside the page: python web_demo/models.py [FILE.tflite...]

Without files: every file of build/ that a browser can run, after exporting the bundled networks
where they are not there yet. `manifest.json` lists the records in the page's order.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import CheckFailed, UserError, run
from ghostnet_tf.base.files import user_path, write_together
from ghostnet_tf.base.record import (
    CLASSIFY,
    KEYWORDS,
    UNKNOWN,
    PreprocessingFields,
    Record,
    load,
    record_path,
)
from ghostnet_tf.base.sides import sides
from ghostnet_tf.base.terminal import note, out

ROOT = Path(__file__).resolve().parents[1]
BUILD, INTO = ROOT / "build", ROOT / "web_demo" / "models"
WEIGHTS = ROOT / "ghostnet_tf" / "weights"
SCHEMA = 1  # of the manifest
# What the page can show, in its order; js/record.js has them too.
TASKS = (CLASSIFY, "detect", "segment", KEYWORDS)
SEEDED = "seeded"
RECIPES = ("static_wi8_ai8", "float32")  # the smaller one first: it is what the page begins with


@dataclass(frozen=True)
class Bundled:
    """Weights that come with the package, and the network that the page has of them."""

    model: str
    weights: str  # by name
    card: str  # below `WEIGHTS`; where it is not there, the weights are not


BUNDLED = (  # of MobileNetV3 the delegable one, a harder baseline
    Bundled("ghostnet_050", "tinyimagenet", "bundled/ghostnet_050_tinyimagenet.card.json"),
    Bundled(
        "mobilenetv3_large_035_delegable",
        "tinyimagenet",
        "bundled/mobilenetv3_large_035_tinyimagenet.card.json",
    ),
    Bundled("ghostnet_050_det", "bccd", "bundled/ghostnet_050_det_bccd.card.json"),
    Bundled("ghost_kws_100", "digits", "sounds/ghost_kws_100_digits.card.json"),
)


@dataclass(frozen=True)
class Published:
    """One model as it goes beside the page."""

    name: str
    data: bytes
    record: Record
    record_text: bytes

    @property
    def place(self) -> tuple[int, bool, bool, bool, str, bool, str]:
        """Its place in the list: what names photos, was measured, is a GhostNet, int8 first."""
        record = self.record
        return (
            TASKS.index(record.task),
            record.weights == SEEDED,
            record.accuracy is None,
            not record.model.startswith("ghostnet"),
            record.model,
            record.recipe != RECIPES[0],
            record.recipe,
        )


def main(argv: Sequence[str] | None = None) -> int:
    parser = doors.Parser(description="Puts models beside the web page.")
    parser.add_argument("files", metavar="FILE.tflite", nargs="*", type=user_path)
    parser.add_argument("--into", type=user_path, default=INTO, metavar="DIR")
    args = parser.parse_args(argv)
    if args.files:
        models = [open_model(file) for file in args.files]
    else:
        export_missing()
        models = list(suitable(sorted(BUILD.glob("*.tflite"))))
    publish(models, args.into)
    for model in sorted(models, key=lambda model: model.place):
        out(f"  {model.name}")
    out(f"wrote {args.into / 'manifest.json'}")
    return 0


def open_model(path: Path) -> Published:
    """A file with its record, if the page can show what it answers."""
    data, record = load(path)
    if why := unsuitable(record):
        raise UserError(f"{path.name!r} is not for a browser: {why}", fix="choose another recipe")
    return Published(path.name, data, record, record_path(path).read_bytes())


def unsuitable(record: Record) -> str:
    if record.task not in TASKS:
        return f"the page does not know its task, {record.task}"
    if record.task == KEYWORDS:
        if record.sound is None:
            return "its record does not say how it hears"
        if record.sound.get("streaming"):
            return "whoever calls it has to keep its state"
    elif record.preprocessing is None:
        return "it takes no photos"
    elif why := not_shown(record.preprocessing):
        return why
    if record.task == "segment" and record.masks is None:
        return "its record does not say what its logits are of"
    if not record.labels:
        return "it names no classes"
    if record.scores == UNKNOWN:
        return "nobody says what its outputs are: the page shows probabilities"
    if record.recipe.endswith("_int8io"):
        return "LiteRT.js takes no int8 image"
    if record.operators:
        return "LiteRT.js has no Ghost operator"
    if record.postprocess:
        return "LiteRT.js has no operator that chooses among boxes"
    return ""


def not_shown(how: PreprocessingFields) -> str:
    height, width = sides(how["size"])
    if height != width and how.get("fit", "crop") == "crop":
        return f"the page shows squares, and it takes {width} x {height} pixels"
    return ""


def suitable(paths: Sequence[Path]) -> Iterator[Published]:
    """Those of `paths` that can go beside the page; the others are named on stderr."""
    for path in paths:
        try:
            yield open_model(path)
        except UserError as error:
            note(f"left out: {error}")


def publish(models: Sequence[Published], into: Path) -> None:
    """Files, records and manifest; what an earlier call left there and is not of them goes."""
    in_order = sorted(models, key=lambda model: model.place)
    names = [str(record_path(user_path(model.name))) for model in in_order]
    manifest = {"schema": SCHEMA, "models": names}
    files = {into / "manifest.json": (json.dumps(manifest, indent=1) + "\n").encode()}
    for model, record_name in zip(in_order, names, strict=True):
        files[into / model.name] = model.data
        files[into / record_name] = model.record_text
    write_together(files)
    for old in {*into.glob("*.tflite"), *into.glob("*.json")} - files.keys():
        old.unlink()


def export_missing() -> None:
    """The bundled networks in both recipes."""
    for one in BUNDLED:
        if (card := WEIGHTS / one.card).exists():
            export(one, json.loads(card.read_text(encoding="utf-8"))["sha256"])


def export(one: Bundled, weights_sha256: str) -> None:
    """Those of the two recipes that build/ has not got from these weights."""
    lacking = [r for r in RECIPES if not is_there(one, weights_sha256, r)]
    if not lacking:
        return
    command = [sys.executable, str(ROOT / "export" / "to_tflite.py"), "--out", str(BUILD)]
    # What has such a name is of older weights, and of no use to the page.
    command += ["--model", one.model, "--weights", one.weights]
    command += ["--recipe", *lacking, "--overwrite"]
    note(f"exporting {one.model} {one.weights}: {', '.join(lacking)}")
    done = subprocess.run(command, stdout=sys.stderr)  # noqa: S603
    if done.returncode:
        raise CheckFailed(f"{one.model} {one.weights} was not exported", fix="see the lines above")


def is_there(one: Bundled, weights_sha256: str, recipe: str) -> bool:
    for path in BUILD.glob(f"{one.model}_{one.weights}_*{recipe}.tflite"):
        try:
            record = load(path)[1]
            if record.weights_sha256 == weights_sha256 and record.recipe == recipe:
                return True
        except UserError:
            continue
    return False


if __name__ == "__main__":
    run(main)
