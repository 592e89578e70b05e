"""A colour for every class, where nobody has chosen one."""

import colorsys

Colour = tuple[int, int, int]  # red, green, blue, 0..255


def colour(label: int) -> Colour:
    """Of a class: hues by the golden ratio, so that neighbours differ."""
    r, g, b = colorsys.hsv_to_rgb((0.33 + 0.618034 * label) % 1, 0.9, 0.95)
    return round(255 * r), round(255 * g), round(255 * b)
