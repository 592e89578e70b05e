"""Whether fine-tuning was asked for in a way that can be done, before TensorFlow is started."""

from collections.abc import Collection

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.samples import Samples

from ..recipes import RECIPES, is_finetuned

STEPS = 500  # where nobody says how many
MIN_PHOTOS = 32


def refuse_unfit(recipes: Collection[str], steps: int, photos: Photos | Samples | None) -> None:
    """UserError where `steps` of it have no use, or no photos. 0: it was not asked for."""
    fit = [name for name in RECIPES if is_finetuned(name)]
    off = f"leave {option('qat', True)} out"
    if steps < 0:
        raise UserError(
            f"{steps} steps of fine-tuning are asked for", fix=f"give 1 or more, or {off}"
        )
    if steps and not set(recipes) & set(fit):
        raise UserError(
            f"fine-tuning is for full int8, and only {', '.join(recipes)} was asked for",
            fix=f"add {' or '.join(fit)}, or {off}",
        )
    if steps and (photos is None or len(photos) < MIN_PHOTOS):
        given = "none are given" if photos is None else f"{len(photos)} are given"
        raise UserError(
            f"fine-tuning trains on photos (or samples), {MIN_PHOTOS} at least, and {given}",
            fix=f"{option('photos', 'DIR')}: those the network was trained on, without labels",
        )
