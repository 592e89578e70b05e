"""What `make android-assets` puts into the app, and photos for it."""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from android_demo.checks import goldens
from android_demo.checks.toolchain import ROOT

RECIPES = ("float32", "static_wi8_ai8")
SIZES = ((96, 96), (110, 110), (333, 257), (64, 64), (97, 131), (640, 480))
N_REAL = 8


def photos() -> dict[str, Image.Image]:
    """Generated ones and, where GHOSTNET_DATA has them, real ones; decoded by Pillow for both."""
    made = {f"{w}x{h}_made": Image.fromarray(goldens.photo(w, h)) for w, h in SIZES}
    data = os.environ.get("GHOSTNET_DATA")
    for path in sorted(Path(data, "imagenet_samples").rglob("*.jpg"))[:N_REAL] if data else []:
        photo = Image.open(path).convert("RGB")
        made[f"{photo.width}x{photo.height}_{path.stem}"] = photo
    return made


def export(folder: Path) -> None:
    """The bundled network in two precisions, each with its Ghost-operator file, and the photos."""
    command = [sys.executable, "export/to_tflite.py", "--recipe", *RECIPES, "--ghostop"]
    done = subprocess.run(  # noqa: S603
        [*command, "--out", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name, photo in photos().items():
        (folder / f"{name}.rgb").write_bytes(photo.tobytes())


def plain_models(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.tflite") if "_ghostop" not in file.name)
