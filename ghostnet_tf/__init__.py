"""GhostNet for phones: Keras 3 networks, verified `.tflite` files. Paper: arXiv 1911.11907.

    import ghostnet_tf as gn
    model = gn.create_model("ghostnet_050", weights="tinyimagenet")
    files = gn.export(model, "build", recipes=["float32", "static_wi8_ai8"])
    gn.TFLiteModel(files[-1]).predict("photo.jpg", top=5)

`docs/python.md` is the guided tour. A name below is imported when it is first used.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

PUBLIC = {  # a name -> the module that has it
    "create_model": "front.create",
    "list_models": "front.create",
    "load_model": "nets.image_model",
    "preprocess_input": "front.create",
    "export": "front.keras_export",
    "fine_tune": "front.fine_tune",
    "TFLiteModel": "front.tflite_model",
    "GhostNet": "nets.ghostnet",
    "features": "nets.ghostnet",
    "ghostify": "nets.ghostify",
    "Preprocessing": "data.preprocess",
    "Labels": "data.labels",
    "Photos": "data.photos",
    "UserError": "base.errors",
}

if TYPE_CHECKING:  # the same once more, for editors and type checkers
    from ghostnet_tf.base.errors import UserError as UserError
    from ghostnet_tf.data.labels import Labels as Labels
    from ghostnet_tf.data.photos import Photos as Photos
    from ghostnet_tf.data.preprocess import Preprocessing as Preprocessing
    from ghostnet_tf.front.create import create_model as create_model
    from ghostnet_tf.front.create import list_models as list_models
    from ghostnet_tf.front.create import preprocess_input as preprocess_input
    from ghostnet_tf.front.fine_tune import fine_tune as fine_tune
    from ghostnet_tf.front.keras_export import export as export
    from ghostnet_tf.front.tflite_model import TFLiteModel as TFLiteModel
    from ghostnet_tf.nets.ghostify import ghostify as ghostify
    from ghostnet_tf.nets.ghostnet import GhostNet as GhostNet
    from ghostnet_tf.nets.ghostnet import features as features
    from ghostnet_tf.nets.image_model import load_model as load_model


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'ghostnet_tf' has no attribute {name!r}")
    value = getattr(import_module(f"ghostnet_tf.{PUBLIC[name]}"), name)
    globals()[name] = value  # the next time nobody asks here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC})


# Whoever imported Keras has waited for it already, and its `load_model` finds our layers then.
if hasattr(sys.modules.get("keras"), "saving"):
    import_module("ghostnet_tf.nets.image_model").register()
