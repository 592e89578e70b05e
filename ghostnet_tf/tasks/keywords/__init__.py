"""Keywords: which word is said, and when."""
