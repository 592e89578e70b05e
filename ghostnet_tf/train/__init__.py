"""Training: `python -m ghostnet_tf.train`."""
