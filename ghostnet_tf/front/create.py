"""Networks by name, with what they expect of a photo and what their outputs are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ghostnet_tf import weights as weights_room
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.sides import Size, spelled
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photo import read_photo
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.senses import seeing
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.costs import COSTS
from ghostnet_tf.nets.pretrained import pretrained

if TYPE_CHECKING:
    import keras

    from ghostnet_tf.nets.image_model import ImageModel

Photo = str | Path | Image.Image  # a file, or what Pillow has opened


def create_model(
    name: str,
    weights: str | None = None,
    *,
    classes: int | None = None,
    labels: str | Labels | Sequence[str] | None = None,
    size: Size | None = None,
    new_head: bool = False,
    **build: Any,
) -> "ImageModel":
    """A Keras model of the zoo: (N, H, W, 3) as `preprocess_input` makes it -> logits (N, classes).

    One that hears takes (N, length) as `gn.Hearing.heard` makes it.

    `name`: see `list_models`; any other width, such as "ghostnet_075", is a name as well.
    `weights`: "tinyimagenet" (bundled, 200 classes, 96 pixels), a name of weights that others
    published ("imagenet", ...: downloaded once), the path of a file, "seeded" (random, behaving
    like trained ones: for measuring cost), or None (random initial values, to train from).
    `classes`: by default as many as the weights have, else 1000. `labels`: the classes' names, for
    weights that do not bring them. `size`: pixels of a photo's side, or (height, width), by default
    the one that the weights were trained at. `new_head` loads all but the classifier. `build`: what
    the network takes besides, such as `include_top=False`, `pooling="avg"`, `dropout`; see
    `GhostNet`.

    Raises UserError for a name that does not exist, with the nearest that does, and for weights
    that do not fit, with the number of classes that would.

        model = gn.create_model("ghostnet_050", weights="tinyimagenet")
        model.output_shape                                                 # (None, 200)
    """
    return pretrained(
        name, weights, size=size, classes=classes, labels=table(labels), new_head=new_head, **build
    ).model


def preprocess_input(
    images: Any, model: "keras.Model | Preprocessing | str" = "ghostnet_100"
) -> Any:
    """Photos as a network expects them, float32.

    `images` are pixels, RGB from 0 to 255, an array or tensor (N, H, W, 3) or (H, W, 3) of any
    number type: they are normalised and keep their size, also inside `tf.data`'s `map` (with the
    TensorFlow backend). Or they are a photo or a list of photos, each a path or what Pillow has
    opened: then they are resized and cropped as well, to (N, height, width, 3). `model`: the
    network (from `create_model`, or one that has such a network inside), its name, or a
    `Preprocessing`.

    Raises UserError for a model that does not say how, and for a photo that cannot be read.

        x = gn.preprocess_input(["cat.jpg", "dog.jpg"], model)        # (2, 96, 96, 3)
    """
    how = preprocessing_of(model)
    if isinstance(images, Photo):
        images = [images]
    if isinstance(images, list | tuple) and images and isinstance(images[0], Photo):
        return how.images(opened(photo) for photo in images)
    if isinstance(images, list | tuple):
        images = np.asarray(images)
    if images.shape[-1] != how.channels:
        kind = "RGB" if how.channels == 3 else "grey"
        raise UserError(
            f"images of shape {tuple(images.shape)} are not {kind}",
            fix=f"give (N, H, W, {how.channels}), 0 to 255",
        )
    if isinstance(images, np.ndarray) and images.dtype == np.uint8:
        return how.normalise(images)  # rounded as in every other place
    if isinstance(images, np.ndarray):
        images = images.astype(np.float32)
    else:
        import keras

        images = keras.ops.cast(images, "float32")
    mean, std = (np.multiply(255, of, dtype=np.float64) for of in (how.mean, how.std))
    return (images - mean.astype(np.float32)) / std.astype(np.float32)


def preprocessing_of(model: "keras.Model | Preprocessing | str") -> Preprocessing:
    """How photos become the input of `model`."""
    if isinstance(model, Preprocessing):
        return model
    if isinstance(model, str):
        return zoo.parse_model(model).sight
    from ghostnet_tf.nets.image_model import info_of

    if info := info_of(model):
        return seeing(info.preprocessing, info.name)
    raise UserError(
        f"the model {model.name!r} does not say how it wants its photos",
        fix="give gn.Preprocessing(size, crop, resample, mean, std)",
    )


def opened(photo: Photo) -> Image.Image:
    """A photo as a person would see it: upright, in RGB."""
    if isinstance(photo, Image.Image):
        return photo.convert("RGB")
    return read_photo(photo)


def table(labels: str | Labels | Sequence[str] | None) -> str | Labels | None:
    """Labels as the rooms take them: a list of names is a table, too."""
    if labels is None or isinstance(labels, str | Labels):
        return labels
    if not isinstance(labels, Sequence) or not all(isinstance(name, str) for name in labels):
        raise UserError(
            f"labels are a list of texts, not {labels!r:.80}",
            fix="give the names of the classes in the order of the outputs: ['cat', 'dog']",
        )
    return Labels.of_folders(tuple(labels))


@dataclass(frozen=True)
class Listed:
    """One network of the zoo, and the weights that there are for it."""

    name: str
    size: Size | None  # pixels of a photo's side, as its authors had it; None: it hears
    weights: tuple[str, ...]  # names for `create_model`; a path and "seeded" always work

    @property
    def parameters(self) -> int:
        """Trainable ones, with 1000 classes (of ImageNet), or as many as its authors had."""
        return COSTS[self.name][0]

    @property
    def macs(self) -> int:
        """Multiply-adds for one photo of `size` pixels, or one second of sound."""
        return COSTS[self.name][1]

    def __str__(self) -> str:
        cost = f"{self.parameters / 1e6:7.2f} M parameters {self.macs / 1e6:8.1f} M multiply-adds"
        at = f"{spelled(self.size):>4} px" if self.size else f"{'sound':>7}"
        return f"{self.name:32}{at}{cost}  {', '.join(self.weights)}".rstrip()


class Table(tuple[Listed, ...]):
    """Networks, printed as lines."""

    def __repr__(self) -> str:
        return "\n".join(map(str, self))


def list_models(pattern: str = "*") -> Table:
    """The networks whose names match `pattern`, as a shell would match it; printed, a table.

    Each has `name`, `size`, `weights`, `parameters` and `macs`.

        for listed in gn.list_models("ghostnet*"):
            print(listed.name, listed.parameters)
    """
    names = [name for name in zoo.MODELS if fnmatchcase(name, pattern)]
    return Table(
        Listed(
            name,
            how.size if (how := zoo.MODELS[name].preprocessing) else None,
            tuple(weights_room.names_for(name)),
        )
        for name in names
    )
