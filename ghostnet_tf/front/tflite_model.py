"""A finished `.tflite` file that names photos, or words."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import UNKNOWN
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.sound import Sound, read_sound
from ghostnet_tf.front.create import Photo, opened

Named = list[tuple[str, float]]  # the likeliest classes first, each with its probability


class TFLiteModel:
    """A classifier in a `.tflite` file, run on this machine with its own preprocessing and labels.

    A file that hears has `hearing` in place of `preprocessing`, and takes recordings for photos.

    model = gn.TFLiteModel("build/ghostnet_050_tinyimagenet_96_static_wi8_ai8.tflite")
    model.predict("goldfish.png", top=1)                               # [("goldfish", 0.98)]
    """

    preprocessing: Preprocessing  # of a file that sees
    hearing: Hearing | None  # of one that hears
    labels: Labels  # in the order of the outputs

    def __init__(self, path: str | Path, *, fastest: bool = False):
        """UserError for a file that is no classifier, or does not belong to the record beside it.

        Files without a record are read by the metadata inside them. `fastest`: `path` is a plain
        file, and if one with Ghost operators that suits this processor better stands beside it,
        that is opened; `self.path` tells.
        """
        self.path = path = user_path(path)
        if fastest:
            choice = rooms.reach("export", "ghostop.file_choice")
            self.path = path = choice.file_to_open(path)
        file = rooms.reach("export", "trusted").trusted(path)
        self.hearing = None
        if file[1] and file[1].sound:
            self._classifier: Any = rooms.reach("export", "hearer").open_hearer(path, file)
            self.hearing = self._classifier.hearing
        else:
            self._classifier = rooms.reach("export", "classifier").open_classifier(path, file)
            self.preprocessing = self._classifier.preprocessing
        self.labels = self._classifier.labels

    def scores(self, images: np.ndarray) -> np.ndarray:
        """(N, H, W, C) float32 as `preprocess_input` makes it, or (N, length) as `hearing.heard`
        gives it -> (N, outputs) float32.

        Logits, or probabilities where the network ends in a softmax or a sigmoid.
        """
        return np.asarray(self._classifier.predict(images))

    @overload
    def predict(self, photo: Photo | Sound | np.ndarray, top: int = 5) -> Named: ...
    @overload
    def predict(self, photo: Sequence[Photo | Sound | np.ndarray], top: int = 5) -> list[Named]: ...
    def predict(self, photo, top=5):
        """The `top` likeliest classes of a photo, best first: (name, probability from 0 to 1).

        A network that ends in a tanh gives values from -1 to 1 instead, with a warning.

        Of a file that hears, `photo` is a path of a recording, or a `Sound`. Else
        `photo`: a path, what Pillow has opened, or (H, W, 3) uint8 RGB of any size; for a list of
        them, a list of answers. UserError for a photo that cannot be read.

            gn.TFLiteModel("x.tflite").predict(["cat.jpg", "dog.jpg"], top=1)
        """
        if top < 1:
            raise UserError(f"top is {top}", fix="give 1 or more")
        if isinstance(photo, Photo | Sound | np.ndarray):
            return self.predict([photo], top)[0]
        if not len(photo):
            return []
        if self.hearing is not None:
            return self._words([as_sound(one) for one in photo], top)
        images = self.preprocessing.images(opened(as_photo(one)) for one in photo)
        best = rooms.reach("export", "answers").best
        if self._classifier.scores == UNKNOWN:
            said = rooms.reach("export", "answers").NO_PROBABILITIES
            warnings.warn(f"{self.path.name!r} {said}", UserWarning, stacklevel=2)
        return [
            [(one["name"], one.get("probability", one.get("value"))) for one in found]
            for found in (
                best(row, self._classifier, top) for row in self._classifier.by_class(images)
            )
        ]

    def stream(self) -> Any:
        """Of a file that hears: takes sound as it comes, and gives its words, each once.

        `hear((n,) float32 samples)` returns those that they end, with `seconds`, `name` and
        `probability`; n is any number, `stream.hearer.hearing.rate` of them are a second. A file
        made with `streaming=True` is called for every hop, another one four times a second.

            for word in gn.TFLiteModel("x.tflite").stream().hear(samples): print(word.name)
        """
        if self.hearing is None:
            raise UserError(f"{self.path.name!r} takes no sound", fix="give a file that hears")
        return rooms.reach("export", "stream").Stream(self._classifier)

    def _words(self, sounds: list[Sound], top: int) -> list[Named]:
        assert self.hearing is not None
        best = rooms.reach("export", "answers").best
        heard = np.stack([self.hearing.heard(sound) for sound in sounds])
        rows = self._classifier.by_class(heard)
        found = (best(row, self._classifier, top) for row in rows)
        return [
            [(one["name"], one.get("probability", one.get("value"))) for one in row]
            for row in found
        ]


def as_sound(given: Any) -> Sound:
    """A recording, from a path or as it was read."""
    if isinstance(given, Sound):
        return given
    if isinstance(given, str | Path):
        return read_sound(given)
    raise UserError(
        f"a {type(given).__name__} is no recording",
        fix="give the path of one, or Sound(samples, rate)",
    )


def as_photo(photo: Photo | ArrayLike) -> Photo:
    """What `opened` takes; pixels become a picture."""
    if isinstance(photo, Photo):
        return photo
    pixels = np.asarray(photo)
    if pixels.ndim != 3 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8:
        raise UserError(
            f"an array of shape {pixels.shape} and {pixels.dtype} is no photo",
            fix="give (H, W, 3) uint8 RGB, 0 to 255",
        )
    return Image.fromarray(pixels)
