"""The old name of `ghostnet train`; it goes with the next release."""

from ghostnet_tf.__main__ import old_name

old_name("python -m ghostnet_tf.train", "train")
