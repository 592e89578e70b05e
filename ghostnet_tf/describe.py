"""The old name of `ghostnet describe`; it goes with the next release."""

from ghostnet_tf.old_names import old_name

if __name__ == "__main__":
    old_name("python -m ghostnet_tf.describe", "describe")
