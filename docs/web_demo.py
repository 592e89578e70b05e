"""Puts the screenshots that tests/web_demo left in build/ together: python docs/web_demo.py"""

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SHOTS, INTO = ROOT / "build" / "web_demo", ROOT / "docs" / "web_demo.webp"
HEIGHT, GAP = 870, 24  # pixels of a screen: what is below is not shown


def main() -> None:
    screens = [Image.open(SHOTS / f"{mode}.png") for mode in ("desktop-light", "phone-dark")]
    screens = [screen.convert("RGB").crop((0, 0, screen.width, HEIGHT)) for screen in screens]
    width = sum(screen.width for screen in screens) + GAP
    sheet = Image.new("RGB", (width, HEIGHT), "white")
    sheet.paste(screens[0], (0, 0))
    sheet.paste(screens[1], (screens[0].width + GAP, 0))
    sheet.save(INTO, quality=90, method=6)


if __name__ == "__main__":
    main()
