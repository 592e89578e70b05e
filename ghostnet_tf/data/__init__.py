"""Photos, labels, and how a photo becomes a network's input."""
