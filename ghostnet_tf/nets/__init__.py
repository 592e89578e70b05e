"""Networks as rows, layers and Keras models."""
