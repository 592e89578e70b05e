"""Photos in a folder or a zip, read by position; class sub-folders label them."""

from PIL import Image

from ghostnet_tf.data.formats import NAMES, SUFFIXES, UNREADABLE, format_of
from ghostnet_tf.data.items import Items, of_all
from ghostnet_tf.data.photo import open_photo, read_photo

__all__ = ["Photos", "of_all"]


class Photos(Items[Image.Image]):
    """Every photo by its position, upright and in RGB: see `Items`."""

    kind, kinds = "photo", "photos"
    formats, suffixes, unreadable = NAMES, SUFFIXES, UNREADABLE

    def decode(self, data: bytes, name: str) -> Image.Image:
        return open_photo(data, name)

    @classmethod
    def of_file(cls, path: str) -> Image.Image:
        return read_photo(path)

    def is_one(self, data: bytes) -> bool:
        return format_of(data) is not None
