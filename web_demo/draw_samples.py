"""Draws the pictures that the page offers: python web_demo/draw_samples.py

They are ours, so they may be published and stand in tests and screenshots. Four times as large
while being drawn, then averaged: the edges are smooth without any drawing library but Pillow.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent / "samples"
SIZE, FINE = 256, 4  # pixels of a picture's side; how many times as fine it is drawn
Colour = tuple[int, int, int]
Point = tuple[float, float]


class Sheet:
    """A square from (0, 0) to (1, 1), y downwards."""

    def __init__(self, top: Colour, bottom: Colour):
        self.n = SIZE * FINE
        column = Image.new("RGB", (1, self.n))
        for y in range(self.n):
            column.putpixel((0, y), mix(top, bottom, y / self.n))
        self.image = column.resize((self.n, self.n))
        self.draw = ImageDraw.Draw(self.image)

    def oval(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Around its centre (x, y)."""
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        self.draw.ellipse([self.n * side for side in box], fill=colour)

    def box(self, x: float, y: float, to_x: float, to_y: float, colour: Colour, round_: float = 0):
        self.draw.rounded_rectangle(
            [self.n * side for side in (x, y, to_x, to_y)], self.n * round_, fill=colour
        )

    def shape(self, points: list[Point], colour: Colour) -> None:
        self.draw.polygon([(self.n * x, self.n * y) for x, y in points], fill=colour)

    def line(self, points: list[Point], width: float, colour: Colour) -> None:
        """Its joints and ends are round."""
        self.draw.line(
            [(self.n * x, self.n * y) for x, y in points], colour, round(self.n * width), "curve"
        )
        for x, y in points:
            self.oval(x, y, width, width, colour)

    def ball(self, x: float, y: float, size: float, light: Colour, dark: Colour) -> None:
        """Lit from the upper left."""
        for step in range(60):
            share = step / 60
            shift = 0.16 * size * share
            inner = size * (1 - share)
            self.oval(x - shift, y - shift, inner, inner, mix(dark, light, share**0.7))

    def soften(self, radius: float) -> None:
        self.image = self.image.filter(ImageFilter.GaussianBlur(self.n * radius))
        self.draw = ImageDraw.Draw(self.image)

    def save(self, name: str) -> None:
        small = self.image.resize((SIZE, SIZE), Image.Resampling.BOX)
        small.save(HERE / f"{name}.png", optimize=True)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return red, green, blue


def orange() -> Sheet:
    sheet = Sheet((214, 205, 190), (160, 126, 92))
    sheet.box(0, 0.62, 1, 1, (132, 92, 60))
    sheet.oval(0.56, 0.83, 0.74, 0.14, (88, 58, 36))
    sheet.soften(0.012)
    sheet.ball(0.5, 0.5, 0.7, (255, 190, 74), (226, 106, 8))
    for i in range(400):  # the pores, on a spiral so that they are even
        angle, radius = i * 2.399963, 0.33 * math.sqrt(i / 400)
        x, y = 0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)
        sheet.oval(x, y, 0.007, 0.007, (219, 112, 18))
    sheet.oval(0.49, 0.24, 0.05, 0.03, (96, 110, 40))
    return sheet


def school_bus() -> Sheet:
    sheet = Sheet((150, 196, 236), (214, 232, 246))
    sheet.box(0, 0.7, 1, 1, (96, 98, 102))
    sheet.box(0, 0.6, 1, 0.71, (92, 140, 72))
    sheet.oval(0.5, 0.83, 0.92, 0.09, (60, 60, 64))
    yellow, dark, glass = (250, 186, 16), (28, 28, 30), (96, 128, 150)
    sheet.box(0.06, 0.3, 0.8, 0.76, yellow, 0.05)
    sheet.box(0.68, 0.5, 0.95, 0.76, yellow, 0.05)
    for x in (0.1, 0.22, 0.34, 0.46, 0.58):
        sheet.box(x, 0.37, x + 0.1, 0.49, glass, 0.015)
    sheet.shape([(0.71, 0.37), (0.775, 0.37), (0.8, 0.5), (0.71, 0.5)], glass)
    for y in (0.53, 0.6, 0.67):
        sheet.box(0.06, y, 0.95, y + 0.014, dark)
    sheet.box(0.04, 0.73, 0.97, 0.77, dark, 0.01)
    sheet.box(0.91, 0.6, 0.955, 0.65, (255, 248, 214), 0.02)
    for x in (0.22, 0.78):
        sheet.oval(x, 0.78, 0.17, 0.17, dark)
        sheet.oval(x, 0.78, 0.08, 0.08, (170, 172, 176))
    return sheet


def lighthouse() -> Sheet:
    sheet = Sheet((92, 156, 220), (206, 228, 244))
    for x, y, width in ((0.2, 0.2, 0.3), (0.32, 0.17, 0.22), (0.82, 0.3, 0.28)):
        sheet.oval(x, y, width, 0.08, (240, 246, 250))
    sheet.soften(0.01)
    sheet.box(0, 0.72, 1, 1, (40, 96, 142))
    for i in range(7):
        sheet.line([(0.05 + 0.15 * i, 0.76), (0.13 + 0.15 * i, 0.765)], 0.006, (120, 168, 200))
    sheet.shape([(0.2, 0.88), (0.34, 0.74), (0.7, 0.73), (0.86, 0.9)], (92, 84, 74))
    sheet.shape([(0.1, 1), (0.22, 0.86), (0.84, 0.86), (0.95, 1)], (74, 68, 60))
    left, right, white, red = 0.41, 0.61, (248, 248, 244), (206, 36, 34)
    for i in range(5):
        low, high = 0.78 - 0.1 * i, 0.68 - 0.1 * i
        a, b = (0.006 * 10 * (0.78 - y) / 0.5 for y in (low, high))
        corners = [(left + a, low), (left + b, high), (right - b, high), (right - a, low)]
        sheet.shape(corners, white if i % 2 else red)
    sheet.box(0.43, 0.255, 0.59, 0.28, (40, 40, 44))
    sheet.box(0.465, 0.16, 0.555, 0.26, (255, 238, 170))
    sheet.shape([(0.44, 0.165), (0.51, 0.08), (0.58, 0.165)], (170, 26, 26))
    return sheet


def goldfish() -> Sheet:
    sheet = Sheet((70, 150, 176), (20, 76, 104))
    sheet.box(0, 0.88, 1, 1, (118, 104, 84))
    for i in range(6):
        x = 0.06 + 0.035 * i
        sheet.line([(x, 0.95), (x + 0.03 * (-1) ** i, 0.5 + 0.04 * i)], 0.02, (40, 120, 62))
    sheet.soften(0.008)
    body, fin, belly = (245, 122, 22), (250, 160, 70), (255, 178, 84)
    sheet.shape([(0.68, 0.5), (0.97, 0.26), (0.9, 0.5), (0.97, 0.76)], fin)
    sheet.shape([(0.3, 0.36), (0.48, 0.17), (0.66, 0.38)], fin)
    sheet.shape([(0.42, 0.65), (0.52, 0.82), (0.6, 0.62)], fin)
    sheet.oval(0.44, 0.5, 0.62, 0.38, body)
    sheet.oval(0.42, 0.57, 0.5, 0.22, belly)
    for row in range(4):
        for i in range(7):
            x, y = 0.36 + 0.05 * i + 0.02 * (row % 2), 0.4 + 0.06 * row
            box = [sheet.n * v for v in (x - 0.03, y - 0.03, x + 0.03, y + 0.03)]
            sheet.draw.arc(box, 90, 270, (222, 96, 10), 6)
    sheet.shape([(0.4, 0.55), (0.54, 0.66), (0.42, 0.66)], fin)
    sheet.oval(0.23, 0.45, 0.07, 0.07, (252, 250, 240))
    sheet.oval(0.225, 0.45, 0.04, 0.04, (16, 14, 14))
    return sheet


def umbrella() -> Sheet:
    sheet = Sheet((176, 190, 204), (126, 140, 152))
    for i in range(40):
        x, y = (i * 0.7549) % 1, (i * 0.5698) % 1
        sheet.line([(x, y), (x - 0.01, y + 0.05)], 0.004, (206, 216, 226))
    sheet.line([(0.5, 0.2), (0.5, 0.86)], 0.022, (70, 52, 40))
    sheet.line([(0.5, 0.86), (0.47, 0.91), (0.42, 0.91), (0.4, 0.86)], 0.026, (70, 52, 40))
    n = sheet.n
    box = [n * v for v in (0.1, 0.14, 0.9, 0.94)]
    sheet.draw.pieslice(box, 180, 360, (196, 30, 52))
    sheet.shape(
        [(0.5, 0.14), (0.38, 0.24), (0.34, 0.54), (0.66, 0.54), (0.62, 0.24)], (224, 60, 78)
    )
    for i in range(5):
        x = 0.18 + 0.16 * i
        sheet.oval(x, 0.55, 0.16, 0.07, (168, 180, 194) if i != 2 else (162, 175, 189))
    sheet.line([(0.5, 0.5), (0.5, 0.7)], 0.022, (70, 52, 40))
    sheet.line([(0.5, 0.08), (0.5, 0.15)], 0.016, (70, 52, 40))
    return sheet


RED_CELLS = (  # x, y, size
    (0.12, 0.12, 0.17), (0.36, 0.09, 0.16), (0.63, 0.14, 0.17), (0.88, 0.1, 0.16),
    (0.1, 0.38, 0.16), (0.9, 0.36, 0.17), (0.12, 0.64, 0.17), (0.24, 0.87, 0.17),
    (0.47, 0.88, 0.16), (0.7, 0.82, 0.17), (0.9, 0.62, 0.16), (0.92, 0.9, 0.15),
)  # fmt: skip
PLATELETS = ((0.27, 0.27), (0.77, 0.3), (0.3, 0.7))


def blood_smear() -> Sheet:
    """Red cells, paler in their middle, one white cell with its nucleus, and platelets, stained."""
    sheet = Sheet((240, 226, 214), (232, 216, 206))
    for x, y, size in RED_CELLS:
        sheet.oval(x, y, size, size * 0.97, (206, 132, 128))
        sheet.oval(x, y, size * 0.92, size * 0.89, (222, 156, 148))
        sheet.oval(x, y, size * 0.5, size * 0.46, (230, 178, 168))
        sheet.oval(x, y, size * 0.34, size * 0.3, (236, 194, 184))
    sheet.oval(0.53, 0.5, 0.36, 0.34, (176, 152, 190))
    sheet.oval(0.53, 0.5, 0.34, 0.32, (206, 184, 208))
    for x, y, size in (
        (0.46, 0.46, 0.15),
        (0.55, 0.42, 0.14),
        (0.61, 0.5, 0.14),
        (0.53, 0.57, 0.15),
    ):
        sheet.oval(x, y, size, size * 0.92, (98, 56, 142))
        sheet.oval(x - 0.01, y - 0.01, size * 0.6, size * 0.5, (114, 70, 156))
    for x, y in PLATELETS:
        sheet.oval(x, y, 0.07, 0.06, (176, 130, 178))
        sheet.oval(x + 0.01, y + 0.01, 0.045, 0.04, (140, 88, 158))
    sheet.soften(0.004)
    return sheet


DRAWINGS = {
    "blood_smear": blood_smear,
    "orange": orange,
    "school_bus": school_bus,
    "lighthouse": lighthouse,
    "goldfish": goldfish,
    "umbrella": umbrella,
}

if __name__ == "__main__":
    for name, drawing in DRAWINGS.items():
        drawing().save(name)
