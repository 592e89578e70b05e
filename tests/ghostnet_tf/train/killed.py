"""The training command that kills itself: python killed.py MOMENT ARGUMENT...

A moment is the number of a step: a photo that is read, a batch that is made, whatever is opened,
written, flushed, renamed, linked or removed on the disk. 0: never.
"""

import sys

import tiny

from ghostnet_tf.base import errors
from ghostnet_tf.base.quiet import start_keras
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo
from ghostnet_tf.train.command import main
from tests.killing import Steps


def command() -> int:
    start_keras()
    from ghostnet_tf.train import data

    steps = Steps(int(sys.argv[1]))
    Photos.read = steps.counted(Photos.read)
    data.TrainBatches.__getitem__ = steps.counted(data.TrainBatches.__getitem__)
    steps.count_the_disk()
    code = main(sys.argv[2:])
    note(f"{steps.n} steps")
    return code


if __name__ == "__main__":
    zoo.KINDS["tiny"] = tiny.ZOO_ROW
    errors.run(command)
