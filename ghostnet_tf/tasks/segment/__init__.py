"""Segmentation: of what class every pixel is."""
