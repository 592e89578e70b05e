"""What papers and their authors say, as data: accuracies on ImageNet, latencies on phones."""

from dataclasses import dataclass

# Top-1 in %, at 224 px, of the float networks. Who says so stands behind each.
TOP1 = {
    "ghostnet_050": 66.2,  # GhostNet (CVPR 2020), table 7
    "ghostnet_100": 73.9,  # the same
    "ghostnet_130": 75.7,  # the same
    "mobilenetv3_large_100": 75.2,  # tensorflow/models, research/slim/nets/mobilenet/README.md
    "mobilenetv3_large_075": 73.3,  # the same
    "mobilenetv3_small_100": 67.5,  # the same
    "mobilenetv2_100": 71.8,  # as the GhostNet paper cites it
}


# What must be said beside every comparison of quantized files by these accuracies.
OF_FLOAT = (
    "Published accuracies are those of float networks. In 8 bits MobileNetV3-Large 1.0 is "
    "published with 73.9 % instead of 75.2 %; for GhostNet no such number is known here."
)


def top1_of(model: str) -> float | None:
    """Published for this graph; another spelling of hard-swish computes the same function."""
    return TOP1.get(model.removesuffix("_delegable"))


@dataclass(frozen=True)
class Curve:
    """Networks of one family, measured together: name -> (top-1 in %, ms)."""

    family: str
    points: dict[str, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One published comparison: one device, one engine, one thread."""

    source: str
    device: str
    how: str  # "printed", or "read off a figure"
    ghostnet: Curve
    baseline: Curve


PAPER_TABLES = (
    PaperTable(
        source="GhostNet (CVPR 2020), figure 7",
        device="Huawei P30 Pro, CPU, TFLite",
        how="read off a figure",
        ghostnet=Curve("GhostNet", {"1.0": (73.9, 31.2), "1.3": (75.7, 46.9)}),
        baseline=Curve(
            "MobileNetV3",
            {
                "Large, 73.3 %": (73.3, 32.2),
                "Large, 74.3 %": (74.3, 38.6),
                "Large 1.0": (75.2, 46.5),
                "Large, 76.6 %": (76.6, 66.2),
            },
        ),
    ),
    PaperTable(
        source="GhostNetV2 (NeurIPS 2022), figure 2",
        device="Huawei P30, CPU, TFLite",
        how="read off a figure",
        ghostnet=Curve("GhostNet", {"74.5 %": (74.5, 37.1), "76.1 %": (76.1, 56.5)}),
        baseline=Curve(
            "MobileNetV3",
            {
                "73.3 %": (73.3, 35.0),
                "74.3 %": (74.3, 41.3),
                "75.2 %": (75.2, 51.2),
                "76.6 %": (76.6, 74.0),
            },
        ),
    ),
    PaperTable(
        source="RepGhost (arXiv 2211.06088), its own training of both",
        device="an Arm phone, MNN",
        how="read off a figure",
        ghostnet=Curve("GhostNet", {"66.5 %": (66.5, 31.9), "74.0 %": (74.0, 74.8)}),
        baseline=Curve(
            "MobileNetV3",
            {
                "65.4 %": (65.4, 26.2),
                "67.4 %": (67.4, 31.9),
                "73.3 %": (73.3, 72.2),
                "75.2 %": (75.2, 95.0),
            },
        ),
    ),
    PaperTable(
        source="PaddleClas, its own training of both",
        device="Snapdragon 855, Paddle-Lite, float32, 1 thread",
        how="printed",
        ghostnet=Curve(
            "GhostNet", {"0.5": (66.88, 5.28), "1.0": (74.02, 12.89), "1.3": (75.79, 19.16)}
        ),
        baseline=Curve(
            "MobileNetV3",
            {
                "Small 0.75": (66.0, 4.50),
                "Small 1.0": (68.2, 5.63),
                "Large 0.5": (69.2, 6.50),
                "Large 0.75": (73.1, 11.53),
                "Large 1.0": (75.3, 16.55),
                "Large 1.25": (76.4, 24.52),
            },
        ),
    ),
)

# MobileNetV3's own: ms on Pixel 1, 2, 3 (large core, float32 unless said); the same README.
PIXEL_MS = {
    "mobilenetv3_large_100": (51.2, 61.0, 44.0),
    "mobilenetv3_large_100, 8 bit (73.9 %)": (44.0, 42.5, 32.0),
    "mobilenetv3_large_075": (39.8, 48.0, 34.0),
    "mobilenetv3_small_100": (15.8, 19.4, 14.4),
    "mobilenetv3_small_100, 8 bit (64.9 %)": (15.5, 15.0, 10.7),
}
