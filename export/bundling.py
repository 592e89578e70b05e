"""A training run becomes bundled weights: with ranges, a card, and every file's accuracy."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.files import sha256, write_atomic
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.data.hold_out import hold_out, hold_out_by_class
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.weights import BUNDLED, checkpoint

from .evaluation import evaluate
from .network import Network, card_path, from_zoo, ranges_path
from .pipeline import export
from .recipes import RECIPES

CROPS = (0.875, 1.0)  # tried on the held-out photos
CALIBRATION_PHOTOS = 200


def bundle(
    run: Path, weights: str, photos: Photos, labelled: Photos, n_held_out: int, out: Path
) -> dict[str, Any]:
    """Publish the best weights of `run` as `weights`; the accuracies, network -> recipe.

    The crop is chosen on the photos that the run held out; `labelled` are scored once. The card
    comes last: until it names these weights, neither ranges nor accuracies are taken for theirs.
    """
    stages = Stages()
    best = run / "best.safetensors"
    tensors, header = checkpoint.read(best)
    history = checkpoint.read(run / "state.safetensors")[1]["history"]
    seed = header["schedule"]["seed"]
    if header["schedule"].get("hold_out", "random") == "by_class":
        assert photos.label_of is not None
        training, held_out = hold_out_by_class(photos.label_of, n_held_out, seed)
    else:
        training, held_out = hold_out(len(photos), n_held_out, seed)
    network = from_zoo(weights=str(best))
    crops = scores_by_crop(network, photos.subset(held_out), stages)
    crop = max(crops, key=crops.__getitem__)

    path = BUNDLED / f"{network.name}_{weights}.safetensors"
    with alone(path, f"bundling {weights!r}"):
        preprocessing = replace(network.classifier.preprocessing, crop=crop).to_dict()
        facts = {
            "model": network.name,
            "classes": header["classes"],
            "preprocessing": preprocessing,
        }
        checkpoint.save(path, tensors, facts)
        some = np.random.default_rng(seed).choice(training, CALIBRATION_PHOTOS, replace=False)
        accuracy, published = {}, {}
        has_delegable = network.name.startswith("mobilenetv3")
        for name in (network.name, f"{network.name}_delegable")[: 1 + has_delegable]:
            fresh = replace(from_zoo(name, weights), ranges=None, accuracies={})
            result = export(fresh, tuple(RECIPES), photos.subset(some), labelled, out, stages)
            assert result.ranges and result.original
            write_atomic(ranges_path(path, name), result.ranges.to_json().encode())
            scored = {f.record.recipe: asdict(f.record)["accuracy"] for f in result.files}
            accuracy[name] = {"keras": asdict(result.original), **scored}
            published |= {f.record.sha256: scored[f.record.recipe] for f in result.files}
        card = {
            "model": network.name,
            "weights": weights,
            "sha256": sha256(path.read_bytes()),
            "photos": {
                "training": len(training),
                "held_out": len(held_out),
                "scored": len(labelled),
            },
            "recipe": header["schedule"],
            "epoch": header["epoch"],
            "held_out_top1_by_crop": crops,
            "accuracy": accuracy,
            "published": published,
            "history": history,
        }
        write_atomic(card_path(path), (json.dumps(card, indent=1) + "\n").encode())
    return accuracy


def scores_by_crop(network: Network, held_out: Photos, stages: Stages) -> dict[float, float]:
    """Top-1 of the Keras model on the held-out photos, for every crop."""
    as_trained = network.classifier
    crops = [replace(as_trained.preprocessing, crop=crop) for crop in CROPS]
    candidates = [replace(as_trained, title=f"crop {p.crop}", preprocessing=p) for p in crops]
    with stages.stage("choose the crop", len(held_out)) as advance:
        result = evaluate(candidates, held_out, advance=advance)
    return {p.crop: result.accuracy(i).top1 for i, p in enumerate(crops)}
