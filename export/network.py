"""A network ready to be exported: the model with everything that its files say of it."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf import weights as weights_of
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data import labels as label_tables
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.nets import zoo

from .classifier import Classifier
from .parity import Outputs
from .ranges import Ranges

if TYPE_CHECKING:
    import keras

SEEDED, BUNDLED = "seeded", "tinyimagenet"
DEFAULT_MODEL = "ghostnet_050"  # the one that has bundled weights
FAMILIES = {  # of the zoo -> of contract.FAMILIES
    "ghostnet": "ghostnet",
    "mobilenet_v2": "delegable",
    "mobilenet_v3_delegable": "delegable",
    "mobilenet_v3": "stock",
    "resnet": "delegable",
    "vgg": "delegable",
}


@dataclass(frozen=True)
class Converted:
    """A network as the float32 flatbuffer that every recipe starts from, beside its original."""

    float32: bytes
    original: str  # what it was: "Keras", "ONNX"
    run: Callable[[np.ndarray], Outputs]  # the original, (N, size, size, 3) float32 -> its outputs
    parameters: int
    tools: tuple[str, ...] = ()  # packages that took part, beyond those that every export needs


@dataclass(frozen=True)
class Network:
    """Any network that takes one image: a Keras model, or one that has been converted already."""

    model: "keras.Model | Converted"
    name: str
    weights: str
    weights_sha256: str
    preprocessing: Preprocessing
    labels: Labels | None = None  # None: the outputs are no classes
    family: str = "stock"  # whose promises its files must keep: a key of contract.FAMILIES
    ranges: Ranges | None = None  # measured when its weights were published
    dialect: str = ""  # of weights that others published; see ghostnet_tf.weights.dialects
    # accuracies measured then: SHA-256 of a finished file -> {top1, top5, n}
    published: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_seeded(self) -> bool:
        return self.weights == SEEDED

    @property
    def original(self) -> str:
        """What the files come from, and what they are compared with."""
        return self.model.original if isinstance(self.model, Converted) else "Keras"

    @property
    def classifier(self) -> Classifier:
        """The original, to be scored beside its files."""
        if self.labels is None:
            raise UserError(f"{self.name} has no classes, so no accuracy")
        model = self.model
        predict: Any = model.run if isinstance(model, Converted) else model.predict_on_batch
        return Classifier(f"{self.name} {self.weights}", predict, self.preprocessing, self.labels)

    def converted(self) -> Converted:
        if isinstance(self.model, Converted):
            return self.model
        from .from_keras import to_float32

        model = self.model
        return Converted(
            to_float32(model, self.preprocessing.size),
            "Keras",
            lambda images: model.predict(images, batch_size=8, verbose=0),
            sum(math.prod(variable.shape) for variable in model.trainable_variables),
        )


def from_zoo(
    model_name: str | None = None,
    weights: str = BUNDLED,
    size: int | None = None,
    labels: str | None = None,
) -> Network:
    """A network of the zoo with bundled, seeded, or a user's weights.

    Without `model_name`, the one that the weights are of, where they say so.
    """
    model_name = model_name or named_by(weights) or DEFAULT_MODEL
    entry = zoo.parse_model(model_name)
    family = FAMILIES[entry.family]
    if weights == SEEDED:
        from ghostnet_tf.nets.seeded import seed

        at = entry.preprocessing.at(size or entry.preprocessing.size)
        table = label_tables.labels(labels or entry.labels)
        model = seed(entry.build(classes=len(table), size=at.size))
        return Network(model, model_name, SEEDED, "", at, table, family)

    found = weights_of.find(weights, model_name)
    if found.facts:
        known_as = (model_name, model_name.removesuffix("_delegable"))
        if found.facts.model not in known_as:
            raise UserError(
                f"{str(found.path)!r} holds weights of {found.facts.model}, not of {model_name}",
                fix=f"--model {found.facts.model}",
            )
        table = label_tables.naming(found.facts.classes)
        preprocessing = found.facts.preprocessing
    else:
        table = label_tables.labels(labels or entry.labels)
        preprocessing = entry.preprocessing
    at = preprocessing.at(size or preprocessing.size)
    theirs = found.published
    own: dict[str, Any] = {}
    if theirs and theirs.naming.pad_mode == "same" and entry.family == "ghostnet":
        own = {"pad_mode": "same"}
        family = "delegable"  # nine PADs fewer than the graph that is promised of a GhostNet
    if model_name == "ghost_resnet56" and found.path.suffix == weights_of.GHOST_RESNET56:
        from ghostnet_tf.weights.ghost_resnet56 import AS_PUBLISHED

        own = AS_PUBLISHED
    model = entry.build(classes=len(table), **own)
    weights_of.load(model, found)
    is_published = at == preprocessing and found.path.parent == weights_of.BUNDLED
    return Network(
        model,
        model_name,
        found.name,
        found.sha256,
        at,
        table,
        family,
        _ranges(found.path, model_name) if is_published else None,
        str(theirs or ""),
        _published(found.path) if is_published else {},
    )


def named_by(weights: str) -> str | None:
    """The name of the network that a checkpoint of ours says it is of."""
    if not user_path(weights).is_file():
        return None
    facts = weights_of.find(weights, DEFAULT_MODEL).facts
    return facts and facts.model


def ranges_path(weights: Path, model_name: str) -> Path:
    """Where the ranges of bundled weights stand; a delegable twin has tensors of its own."""
    return weights.with_name(f"{model_name}_{weights.stem.rsplit('_', 1)[-1]}.ranges.json")


def card_path(weights: Path) -> Path:
    return weights.with_suffix(".card.json")


def _ranges(weights: Path, model_name: str) -> Ranges | None:
    path = ranges_path(weights, model_name)
    return Ranges.from_json(path.read_text()) if path.exists() else None


def _published(weights: Path) -> dict[str, dict[str, Any]]:
    path = card_path(weights)
    return json.loads(path.read_text())["published"] if path.exists() else {}
