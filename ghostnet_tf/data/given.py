"""What a person gives a command to learn, calibrate or measure on: photos, sounds or samples."""

from pathlib import Path

from ghostnet_tf.data import formats, sound
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.places import Place, place
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.samples import SUFFIX, Samples
from ghostnet_tf.data.skipped import Skips

Given = Photos | Recordings | Samples


def opened_at(path: str | Path, skipped: Skips | None = None) -> Given:
    """A folder or zip of photos or of sounds, whichever are more; an .npz of whatever else."""
    if suffix(str(path)) == SUFFIX:
        return Samples.open(path)
    where = place(path)
    return (Recordings if holds_sounds(where) else Photos)(where, skipped)


def holds_sounds(source: Place) -> bool:
    """Whether there are more sounds in a place than photos."""
    ends = [suffix(name) for name in source.files]
    sounds, photos = (sum(e in of for e in ends) for of in (sound.SUFFIXES, formats.SUFFIXES))
    return sounds > photos
