"""Photos with discs and squares on them, as Pascal VOC writes them down, and a quick backbone."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ghostnet_tf.data.preprocess import IMAGENET

SIDE = 160
CLASSES = ("disc", "square")
BLOCKS = (1, 2, 3)  # of `tiny_backbone`, at strides 8, 16 and 32


def tiny_backbone(width=1.0, classes=2, dropout=0.2, size=None, name="tinyback_100"):
    """(N, H, W, 3) -> (N, classes): a GhostNet of four blocks."""
    from keras import Input, layers

    from ghostnet_tf.base.sides import image_shape
    from ghostnet_tf.nets.image_model import ImageModel
    from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck

    image = Input(image_shape(size), name="image")
    x = ConvNorm(8, 3, 2, "relu", name="stem")(image)
    for i, channels in enumerate((16, 24, 40, 64)):
        x = GhostBottleneck(2 * channels, channels, 3, 2, name=f"block_{i:02d}")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return ImageModel(image, layers.Dense(classes, name="classifier")(x), name=name)


ZOO_ROW = ("ghostnet", IMAGENET, tiny_backbone)


def shapes(folder: Path, count: int, splits: tuple[str, ...] = ()) -> Path:
    """`count` photos with one to three shapes each; the last one has none.

    Of `splits` each has a copy of all of them.
    """
    rng = np.random.default_rng(3)
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        photo = Image.fromarray(rng.integers(90, 120, (SIDE, SIDE, 3), dtype=np.uint8))
        draw, objects = ImageDraw.Draw(photo), []
        columns = rng.permutation(3)[: 1 + number % 3] if number < count - 1 or count == 1 else []
        for column in columns:
            side = int(rng.integers(24, 50))
            left, top = (
                column * 53 + int(rng.integers(0, 53 - side)),
                int(rng.integers(0, SIDE - side)),
            )
            box, kind = (left, top, left + side, top + side), int(rng.integers(2))
            (draw.ellipse, draw.rectangle)[kind](box, fill=((220, 60, 60), (60, 60, 220))[kind])
            objects.append(_object(CLASSES[kind], box))
        for name in [f"{split}_{number}" for split in splits] or [f"{number}"]:
            photo.save(folder / f"JPEGImages/{name}.png")
            (folder / f"Annotations/{name}.xml").write_text(
                f"<annotation><filename>{name}.png</filename><size><width>{SIDE}</width>"
                f"<height>{SIDE}</height><depth>3</depth></size>{''.join(objects)}</annotation>"
            )
    for split in splits:
        names = "\n".join(f"{split}_{number}" for number in range(count))
        (folder / f"ImageSets/Main/{split}.txt").write_text(f"{names}\n")
    return folder


def _object(name: str, box: tuple[int, int, int, int]) -> str:
    corners = "".join(
        f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
