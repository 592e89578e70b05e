"""Arm cores that are emulated: what they look like, and the plugin that counts in them."""
