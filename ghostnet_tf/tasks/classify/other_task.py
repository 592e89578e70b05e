"""Data of another task, given to a network that names photos: said before anything is learned."""

import posixpath

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.data.formats import stem, suffix
from ghostnet_tf.data.given import holds_sounds
from ghostnet_tf.data.masked_photos import is_mask
from ghostnet_tf.data.places import Place

BOXES, TEXTS = {"annotations", "labels"}, {".xml", ".json", ".txt"}  # no photos: no class
PHOTOS = {"images", "image", "img", "imgs", "photos", "jpegimages"}  # folders beside one of masks


def refuse_other_task(source: Place) -> None:
    """UserError where sounds, boxes or masks are to be learned, and no folder's name."""
    if holds_sounds(source):
        _refuse(source, "sounds", "keywords")
    if any(_folder(name) in BOXES and suffix(name) in TEXTS for name in source.files):
        _refuse(source, "photos with boxes", "detect")
    beside = {stem(name) for name in source.files if _folder(name) in PHOTOS}
    masks = [name for name in source.files if is_mask(name)]
    if masks and sum(stem(name) in beside for name in masks) > len(masks) / 2:
        _refuse(source, "photos with masks", "segment")


def _refuse(source: Place, kind: str, task: str) -> None:
    raise UserError(
        f"{source.title!r} holds {kind}, and no folders of photos by class",
        fix=option("task", task),
    )


def _folder(name: str) -> str:
    return posixpath.basename(posixpath.dirname(name)).lower()
