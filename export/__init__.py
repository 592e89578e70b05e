"""From a Keras network to `.tflite` files with proof. Knows nothing of phones."""
