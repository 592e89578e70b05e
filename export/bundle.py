"""Publish a training run: its weights into the package, with ranges and every file's accuracy.

python export/bundle.py RUN --photos TRAINING --held-out N --labelled VALIDATION

For maintainers. What is left to choose is chosen on the photos held out of training; the labelled
ones are scored once, for every recipe.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import run
from ghostnet_tf.base.files import sha256, write_atomic
from ghostnet_tf.data.photos import Photos

from .recipes import RECIPES

if TYPE_CHECKING:
    from ghostnet_tf.base.progress import Stages

    from .network import Network

CROPS = (0.875, 1.0)  # tried on the held-out photos
CALIBRATION_PHOTOS = 200


def main(argv: list[str] | None = None) -> int:
    parse = argparse.ArgumentParser(description="Publish a training run with the package.")
    parse.add_argument("run", type=Path, help="folder of the run")
    parse.add_argument("--photos", required=True, help="the photos that the run was given")
    parse.add_argument("--held-out", type=int, required=True, help="as the run was told")
    parse.add_argument("--labelled", required=True, help="validation photos, seen by nothing yet")
    parse.add_argument("--name", default="tinyimagenet", help="what users will call these weights")
    parse.add_argument("--out", type=Path, default=Path("build"))
    args = parse.parse_args(argv)
    photos, labelled = Photos.open(args.photos), Photos.open(args.labelled)

    os.environ["KERAS_BACKEND"] = "tensorflow"
    from ghostnet_tf.base.progress import Stages
    from ghostnet_tf.train.data import hold_out
    from ghostnet_tf.weights import BUNDLED, checkpoint

    from .network import card_path, from_zoo, ranges_path
    from .pipeline import export

    stages = Stages()
    best = args.run / "best.safetensors"
    tensors, header = checkpoint.read(best)
    history = checkpoint.read(args.run / "state.safetensors")[1]["history"]
    seed = header["recipe"]["seed"]
    training, held_out = hold_out(len(photos), args.held_out, seed)
    network = from_zoo(weights=str(best))
    crops = scores_by_crop(network, photos.subset(held_out), stages)
    crop = max(crops, key=crops.__getitem__)

    path = BUNDLED / f"{network.name}_{args.name}.safetensors"
    preprocessing = replace(network.preprocessing, crop=crop).to_dict()
    facts = {"model": network.name, "classes": header["classes"], "preprocessing": preprocessing}
    checkpoint.save(path, tensors, facts)
    some = np.random.default_rng(seed).choice(training, CALIBRATION_PHOTOS, replace=False)
    accuracy, published = {}, {}
    has_twin = network.name.startswith("mobilenetv3")
    for name in (network.name, f"{network.name}_delegable")[: 1 + has_twin]:
        fresh = replace(from_zoo(name, args.name), ranges=None, accuracies={})
        result = export(fresh, tuple(RECIPES), photos.subset(some), labelled, args.out, stages)
        assert result.ranges and result.original
        write_atomic(ranges_path(path, name), result.ranges.to_json().encode())
        scored = {f.record.recipe: asdict(f.record)["accuracy"] for f in result.files}
        accuracy[name] = {"keras": asdict(result.original), **scored}
        published |= {f.record.sha256: scored[f.record.recipe] for f in result.files}
    card = {
        "model": network.name,
        "weights": args.name,
        "sha256": sha256(path.read_bytes()),
        "photos": {"training": len(training), "held_out": len(held_out), "scored": len(labelled)},
        "recipe": header["recipe"],
        "epoch": header["epoch"],
        "held_out_top1_by_crop": crops,
        "accuracy": accuracy,
        "published": published,
        "history": history,
    }
    write_atomic(card_path(path), (json.dumps(card, indent=1) + "\n").encode())
    print(json.dumps(accuracy, indent=1))
    return 0


def scores_by_crop(network: "Network", held_out: Photos, stages: "Stages") -> dict[float, float]:
    """Top-1 of the Keras model on the held-out photos, for every crop."""
    from .evaluate import evaluate

    as_trained = network.classifier
    crops = [replace(network.preprocessing, crop=crop) for crop in CROPS]
    candidates = [replace(as_trained, title=f"crop {p.crop}", preprocessing=p) for p in crops]
    with stages.stage("choose the crop", len(held_out)) as advance:
        result = evaluate(candidates, held_out, progress=advance)
    return {p.crop: result.accuracy(i).top1 for i, p in enumerate(crops)}


if __name__ == "__main__":
    run(main)
