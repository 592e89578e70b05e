"""Sets of files that are exported and measured together. Standard library only."""

from dataclasses import dataclass

from ghostnet_tf.base.record import CLASSIFY, DETECT, KEYWORDS, SEGMENT
from ghostnet_tf.base.sides import Size


@dataclass(frozen=True)
class Member:
    """One network of a suite."""

    model: str
    has_operators: bool = False  # also as a Ghost-operator file
    weights: str = "seeded"  # random: cost, no accuracy
    size: Size | None = 224  # None: it takes no photo


@dataclass(frozen=True)
class Suite:
    """Every one of `members` in every one of `recipes`."""

    members: tuple[Member, ...]
    recipes: tuple[str, ...]
    task: str = CLASSIFY


SUITES = {
    # GhostNet's paper (section 4.2, table 7) and its baselines, in two precisions that run fast.
    # MobileNetV3 has operators too, or what our kernels do would be taken for what GhostNet does.
    "paper": Suite(
        members=(
            Member("ghostnet_100", has_operators=True),  # first: the others are compared with it
            Member("ghostnet_050", has_operators=True),
            Member("ghostnet_130", has_operators=True),
            Member("mobilenetv3_large_100"),
            Member("mobilenetv3_large_100_delegable", has_operators=True),
            Member("mobilenetv3_large_075"),
            Member("mobilenetv3_large_075_delegable", has_operators=True),
            Member("mobilenetv3_small_100"),
            Member("mobilenetv3_small_100_delegable", has_operators=True),
            Member("mobilenetv2_100"),
            # Trained by one recipe on the same photos: the ones with an accuracy of their own.
            Member("ghostnet_050", True, "tinyimagenet", 96),
            Member("mobilenetv3_large_035", False, "tinyimagenet", 96),
            Member("mobilenetv3_large_035_delegable", True, "tinyimagenet", 96),
        ),
        recipes=("float32", "static_wi8_ai8"),
    ),
    # The paper's other claim (section 4.4), under heads for a phone: the same on every backbone.
    "detect": Suite(
        members=(
            Member("ghostnet_100_det", True, size=320),
            Member("ghostnet_050_det", True, size=320),
            Member("mobilenetv3_large_100_delegable_det", True, size=320),
            Member("mobilenetv2_100_det", True, size=320),
        ),
        recipes=("float32", "static_wi8_ai8"),
        task=DETECT,
    ),
    # The same head on each, at the size of CamVid's photos, of its eleven classes.
    "segment": Suite(
        members=tuple(
            Member(name, has_operators=True, size=(360, 480))
            for name in (
                "ghostnet_100_seg",
                "ghostnet_050_seg",
                "mobilenetv3_large_100_delegable_seg",
                "mobilenetv3_small_100_delegable_seg",
                "mobilenetv2_100_seg",
            )
        ),
        recipes=("float32", "static_wi8_ai8"),
        task=SEGMENT,
    ),
    # Spotters of keywords, with the front end in the file: what a phone computes for an answer.
    "keywords": Suite(
        members=tuple(
            Member(name, has_operators=True, size=None)
            for name in ("ghost_kws_100", "ghost_kws_050", "ghost_kws_150", "ds_cnn", "bc_resnet_1")
        ),
        recipes=("float32", "static_wi8_ai8"),
        task=KEYWORDS,
    ),
}
