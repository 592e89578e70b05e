"""The old name of `ghostnet train`; it goes with the next release."""

from ghostnet_tf.old_names import old_name

old_name("python -m ghostnet_tf.train", "train")
