"""Naming photos: one class a photo."""
