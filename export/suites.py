"""Sets of files that are exported and measured together. Standard library only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """Every one of `models` in every one of `recipes`, with random weights: cost, no accuracy."""

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    with_operators: tuple[str, ...] = ()  # of models: also with Ghost operators, as twins
    size: int = 224
    weights: str = "seeded"


SUITES = {
    # GhostNet's paper (section 4.2, table 7) and its rivals, in the two precisions that run fast.
    "paper": Suite(
        models=(
            "ghostnet_100",  # first: what the others are compared with
            "ghostnet_050",
            "ghostnet_130",
            "mobilenetv3_large_100",
            "mobilenetv3_large_100_delegable",
            "mobilenetv3_large_075",
            "mobilenetv3_large_075_delegable",
            "mobilenetv3_small_100",
            "mobilenetv3_small_100_delegable",
            "mobilenetv2_100",
        ),
        recipes=("float32", "static_wi8_ai8"),
        # MobileNetV3 too, or what our kernels do would be taken for what GhostNet does.
        with_operators=(
            "ghostnet_100",
            "ghostnet_050",
            "ghostnet_130",
            "mobilenetv3_large_100_delegable",
            "mobilenetv3_large_075_delegable",
            "mobilenetv3_small_100_delegable",
        ),
    )
}
