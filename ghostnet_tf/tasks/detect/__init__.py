"""Detection: where things are on a photo, and what they are."""
