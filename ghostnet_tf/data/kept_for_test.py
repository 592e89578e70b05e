"""Photos that a place keeps for a test: whatever learns or measures ranges leaves them alone."""

import numpy as np

from ghostnet_tf.data.annotations import split_of_folders
from ghostnet_tf.data.formats import stem
from ghostnet_tf.data.masked_photos import is_mask
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.voc import split_lists

LISTS = ("ImageSets/Main", "ImageSets/Segmentation", "ImageSets")
TRAIN, TEST = "train", "test"  # splits


def without_test(photos: Photos) -> tuple[Photos, int]:
    """(the photos but for those of the split test, how many these are).

    Splits are told apart as in `BoxedPhotos`; a place that has no split train has no test either.
    """
    lists = split_lists(photos.source, LISTS)
    stems = {split: {stem(name) for name, _ in told} for split, told in lists.items()}
    of = {name: split_of_folders(name) for name in photos.names}
    if {TRAIN, TEST} <= {*stems}:
        kept_back = [stem(name) in stems[TEST] - stems[TRAIN] for name in photos.names]
    elif not lists and {TRAIN, TEST} <= {*of.values()}:
        kept_back = [of[name] == TEST for name in photos.names]
    else:
        return photos, 0
    n = sum(kept and not is_mask(name) for kept, name in zip(kept_back, of, strict=True))
    return photos.subset(np.flatnonzero(~np.array(kept_back))), n
