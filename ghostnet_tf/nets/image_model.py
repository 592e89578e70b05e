"""A Keras model that remembers what it expects of a photo and what its outputs are called."""

import hashlib
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Self, cast

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.schema import Mismatch, typed
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.weights import keras_config

REGISTERED = (
    "bc_resnet",
    "layers",
    "conv_norm",
    "branches",
    "attention",
    "resnet",
    "ghost_conv",
    "baselines",
    "detector",
    "segmenter",
    "fpn",
    "retinanet",
    "front_end",
)  # modules with layers of their own


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What a network says of itself, in memory and in the `.keras` file that Keras saves."""

    name: str  # of the zoo
    preprocessing: Preprocessing | None  # None: it sees no photos
    labels: Labels | None  # None: the outputs are no classes, or nobody has named them
    weights: str  # what was loaded: "tinyimagenet", the name of a file, "seeded", "random"
    sha256: str  # of the file of weights; empty where there was none
    fingerprint: str  # of the values of the variables when they had been loaded

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Out of a file's JSON; UserError where that holds anything else."""
        try:
            return typed(cls, values, "ghostnet_info")
        except Mismatch as wrong:
            raise UserError(str(wrong)) from None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: lists, no tuples."""
        labels = self.labels
        return {
            "name": self.name,
            "preprocessing": self.preprocessing and self.preprocessing.to_dict(),
            "labels": labels and {"ids": list(labels.ids), "names": list(labels.names)},
            "weights": self.weights,
            "sha256": self.sha256,
            "fingerprint": self.fingerprint,
        }

    def has_weights_of(self, model: keras.Model) -> bool:
        """Whether `model` still has the values that were loaded: training changes them."""
        return fingerprint(model) == self.fingerprint


@keras.saving.register_keras_serializable(package="ghostnet_tf")
class ImageModel(keras.Model):
    """A functional `keras.Model` with one thing more, which `save` and `load_model` keep.

    `ImageModel(inputs, outputs, name=None)`. `ghostnet_info` is None until weights are decided on.
    """

    ghostnet_info: ModelInfo | None = None

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.ghostnet_info is not None:
            config["ghostnet_info"] = self.ghostnet_info.to_dict()
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        info = config.pop("ghostnet_info", None)
        model = super().from_config(config, custom_objects)
        # A layer of layers is told that it is frozen before it has any variables.
        for layer in model._flatten_layers():
            for variable in () if layer.trainable else layer.variables:
                variable.trainable = False
        if info is not None:
            model.ghostnet_info = ModelInfo.from_dict(info)
        return model


def register() -> None:
    """Let Keras know every layer and model of ours by its name."""
    for module in REGISTERED:
        import_module(f"ghostnet_tf.nets.{module}")


def load_model(path: str | Path) -> keras.Model:
    """What `model.save("x.keras")` wrote, ours or anybody's, with what it remembers of itself.

    Keras builds only layers that it knows or that were registered: ours are, here. Code inside of
    the file is never run. Raises UserError where it is no such file.

        model = load_model("x.keras")
        model.ghostnet_info.preprocessing.size      # 96
    """
    register()
    if not user_path(path).is_file():
        raise UserError(f"there is no file {str(path)!r}", fix="check the path")
    keras_config.refuse_too_large(user_path(path))
    with reading(
        f"the Keras model {str(path)!r}",
        fix="give what model.save('x.keras') wrote; layers of your own must be registered "
        "with keras.saving.register_keras_serializable",
    ):
        return cast(keras.Model, keras.models.load_model(path, safe_mode=True))


def info_of(model: keras.Model) -> ModelInfo | None:
    """What `model` remembers, or, without the labels, what a network inside of it does.

    None for a network that was not built here. A network of one's own that has one of ours as a
    layer (`backbone(image)`) sees photos as that one does; its outputs are its own.
    """
    if isinstance(model, ImageModel) and model.ghostnet_info:
        return model.ghostnet_info
    for layer in model.layers:
        if isinstance(layer, keras.Model) and (inside := info_of(layer)):
            return replace(inside, labels=None, weights="", sha256="", fingerprint="")
    return None


def fingerprint(model: keras.Model) -> str:
    """The SHA-256 of every weight's path and values, in the order of the paths."""
    digest = hashlib.sha256()
    for variable in sorted(model.weights, key=lambda variable: variable.path):
        digest.update(variable.path.encode() + b"\0")
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(variable)).tobytes())
    return digest.hexdigest()
