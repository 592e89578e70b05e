"""What Python makes of generated images, frames, logits and timings: the Kotlin tests' answers.

python android_demo/checks/goldens.py        writes core/src/test/resources/goldens.json anew
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from benchmark.latency import Latency, middle
from export.scores import by_class, shares
from ghostnet_tf.base.record import Accuracy, Record
from ghostnet_tf.data.boxes import iou
from ghostnet_tf.data.class_colours import colour
from ghostnet_tf.data.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from ghostnet_tf.data.sound import Sound
from ghostnet_tf.tasks.detect.nms import keep
from ghostnet_tf.tasks.keywords.smoothing import Smoothing
from ghostnet_tf.tasks.segment.pixels import answers

FILE = Path(__file__).parents[1] / "core" / "src" / "test" / "resources" / "goldens.json"
HALF = (0.5, 0.5, 0.5)
PREPROCESSINGS = (
    Preprocessing(96, 0.875, "bilinear", IMAGENET_MEAN, IMAGENET_STD),  # of the bundled network
    Preprocessing(224, 0.875, "bilinear", HALF, HALF),
    Preprocessing(65, 1.0, "bilinear", IMAGENET_MEAN, IMAGENET_STD),
    Preprocessing(96, 0.9, "bicubic", IMAGENET_MEAN, IMAGENET_STD),
    Preprocessing((64, 112), 1.0, "bilinear", IMAGENET_MEAN, IMAGENET_STD, fit="stretch"),
    Preprocessing((64, 112), 0.875, "bilinear", IMAGENET_MEAN, IMAGENET_STD),
    Preprocessing((97, 33), 0.9, "bicubic", (0.449,), (0.226,), channels=1),
)
SIZES = (  # width, height: smaller and larger than the input, odd, long, and exactly 96 / 0.875
    (96, 96), (110, 110), (31, 47), (64, 64), (97, 131), (333, 257), (375, 500), (640, 480),
    (480, 853), (1001, 200), (7, 300), (1, 1), (220, 640),
)  # fmt: skip
FRAMES = (  # width, height, what each row of Y and of U, V has beyond its pixels, pixel stride
    (8, 6, 0, 0, 1),
    (64, 48, 0, 0, 2),
    (30, 20, 34, 2, 1),
    (176, 144, 16, 16, 2),
)


def noise(size: int, seed: int) -> np.ndarray:
    """(size,) uint8 that Kotlin's `Noise` makes too: Numerical Recipes' generator, upper byte."""
    values, x = np.empty(size, np.uint8), seed
    for i in range(size):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = x >> 24
    return values


def photo(width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8: two gradients under noise, so that every weight shows."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    ramps = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=-1)
    speckle = noise(width * height * 3, width * 1000 + height).reshape(height, width, 3)
    return ((ramps + speckle) // 2).astype(np.uint8)


def digest(values: np.ndarray) -> str:
    """SHA-256 of the values in little-endian order."""
    little = values.astype(values.dtype.newbyteorder("<"))
    return hashlib.sha256(np.ascontiguousarray(little).tobytes()).hexdigest()


def preprocessing() -> list[dict[str, Any]]:
    cases = []
    for prepare in PREPROCESSINGS:
        for width, height in SIZES:
            pixels = prepare.pixels(Image.fromarray(photo(width, height)))
            cases.append(
                {
                    "width": width,
                    "height": height,
                    "preprocessing": prepare.to_dict(),
                    # in Kotlin a grey image has three equal channels
                    "pixels_sha256": digest(pixels.repeat(3 // prepare.channels, axis=-1)),
                    "tensor_sha256": digest(prepare.normalise(pixels)),
                }
            )
    return cases


def frame(width: int, height: int, more_y: int, more_uv: int, stride: int):
    """Row lengths and bytes of a frame's planes Y, U and V, as a camera hands them over."""
    row_y, row_uv = width + more_y, width // 2 * stride + more_uv
    y = noise(row_y * height, 1)
    u, v = (noise(row_uv * (height // 2), seed) for seed in (2, 3))
    return row_y, row_uv, y, u, v


def rgb_of(width: int, height: int, more_y: int, more_uv: int, stride: int) -> np.ndarray:
    """(height, width, 3) uint8: JFIF's formula in steps of 1/65536, rounded half up."""
    row_y, row_uv, y, u, v = frame(width, height, more_y, more_uv, stride)
    light = y.reshape(height, row_y)[:, :width].astype(np.int32) << 16
    blue, red = (
        plane.reshape(height // 2, row_uv)[:, : width // 2 * stride : stride]
        .repeat(2, 0)
        .repeat(2, 1)
        .astype(np.int32)
        - 128
        for plane in (u, v)
    )
    weights = [(1.402, 0), (-0.714136, -0.344136), (0, 1.772)]
    channels = [
        (light + round(r * 65536) * red + round(b * 65536) * blue + 32768) >> 16 for r, b in weights
    ]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def yuv() -> list[dict[str, Any]]:
    cases = []
    for shape in FRAMES:
        width, height, _, _, stride = shape
        row_y, row_uv, *_ = frame(*shape)
        for degrees in (0, 90, 180, 270):
            turned = np.rot90(rgb_of(*shape), -degrees // 90)
            cases.append(
                {
                    "width": width,
                    "height": height,
                    "row_y": row_y,
                    "row_uv": row_uv,
                    "pixel_stride": stride,
                    "degrees": degrees,
                    "rgb_sha256": digest(turned),
                }
            )
    return cases


def scores() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    drawn = [rng.normal(0, scale, 200).astype(np.float32) for scale in (0.1, 3, 40)]
    drawn.append(np.repeat(np.float32([1, 2]), 5))  # equal scores: the first of them leads
    told = [("logits", len(logits), logits) for logits in drawn]
    told.append(("softmax", 4, np.float32([0.5, 0.125, 0.25, 0.125])))
    told.append(("sigmoid", 3, np.float32([0.5, 0.5, 0.75])))
    for value in (-2.5, 0.0, 0.5, 0.75, 3.0):  # one output: for two classes, and for one
        for scores in ("logits", "sigmoid") if 0 <= value <= 1 else ("logits",):
            told += [(scores, n_labels, np.float32([value])) for n_labels in (1, 2)]
    cases = []
    for scores, n_labels, outputs in told:
        row = by_class(outputs[None], n_labels, scores)[0]
        top = np.argsort(-row, kind="stable")[:5]
        cases.append(
            {
                "outputs": outputs.tolist(),
                "labels": n_labels,
                "scores": scores,
                "top": top.tolist(),
                "probabilities": shares(row.astype(np.float64), scores)[top].tolist(),
            }
        )
    return cases


def heap(seed: int, count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (count, 4) in heaps and scores (count, classes), float32; every second score is one of
    few, so that many are equal, and the first two boxes are empty."""
    rng = np.random.default_rng(seed)
    middles = rng.random((3, 2))[rng.integers(3, size=count)] + rng.normal(0, 0.05, (count, 2))
    halves = rng.uniform(0.02, 0.2, (count, 2))
    corners = np.hstack([middles - halves, middles + halves]).astype(np.float32)
    corners[:2] = corners[:2, [0, 1, 0, 1]]
    scores = rng.random((count, classes)).astype(np.float32)
    scores[::2] = np.round(scores[::2], 1)
    return corners, scores


def base64_of(values: np.ndarray, kind: str = "<f4") -> str:
    """Little-endian: float32, or what else is asked for."""
    return base64.b64encode(values.astype(kind).tobytes()).decode()


def nms() -> list[dict[str, Any]]:
    """What is kept of boxes, and the IoU of each with the next; for JavaScript as well."""
    asked = [(1, 40, 3, 0.6, 0.05, 100), (2, 40, 1, 0.3, 0.3, 100), (3, 25, 2, 0.5, 0.0, 6),
             (4, 30, 4, 0.0, 0.5, 100), (5, 12, 2, 1.0, 0.1, 100), (6, 0, 2, 0.6, 0.05, 100),
             (7, 9, 3, 0.6, 0.05, 0)]  # fmt: skip
    cases = []
    for seed, count, classes, at_most, least, most in asked:
        corners, scores = heap(seed, count, classes)
        found = keep(corners, scores, at_most, least, most)
        cases.append(
            {
                "corners": base64_of(corners),
                "scores": base64_of(scores),
                "iou": at_most,
                "score": least,
                "most": most,
                "overlaps": base64_of(iou(corners, np.roll(corners, -1, axis=0)).diagonal()),
                "kept": base64_of(found.corners),
                "kept_classes": found.classes.tolist(),
                "kept_scores": base64_of(found.scores),
            }
        )
    return cases


WORDS = ("silence", "yes", "_unknown_", "no", "stop")


def spoken(seed: int, count: int) -> np.ndarray:
    """(count, words) float64: each word for a while, surely or not, as a network hears it."""
    rng = np.random.default_rng(seed)
    loud = np.eye(len(WORDS))[rng.integers(len(WORDS), size=count // 5 + 1)].repeat(5, axis=0)
    shares = rng.random((count, len(WORDS))) ** 3 / 2 + loud[:count] * rng.random((count, 1)) * 3
    return shares / shares.sum(axis=1, keepdims=True)


def smoothing() -> list[dict[str, Any]]:
    """Probabilities by time, their means and what is announced (-1: nothing); also for JavaScript.

    All numbers are float64 in base64, a row a time.
    """
    quarters, tenths = np.arange(60) / 4, np.arange(60) * 0.1
    uneven = np.random.default_rng(9).uniform(0.05, 0.6, 60).cumsum()
    edge = np.repeat([[0, 0.75, 0, 0.25, 0], [0, 0, 0, 0.5, 0.5]], 6, axis=0)  # at the limit; equal
    asked = [(quarters, spoken(1, 60), 0.5, 0.6, 1.0), (tenths, spoken(2, 60), 0.5, 0.5, 1.0),
             (uneven, spoken(3, 60), 1.5, 0.4, 0.75), (quarters, spoken(4, 60), 1.0, 0.3, 0.0),
             (tenths, spoken(5, 60), 0.05, 0.9, 0.3), (quarters[:12], edge, 0.5, 0.75, 0.5),
             (quarters[:12], edge, 0.5, 0.5, 1.0),
             (quarters[:6] * 2, np.eye(5)[[1, 3, 1, 1, 3, 3]], 0.1, 0.5, 1.0)]  # fmt: skip
    cases = []
    for times, probabilities, seconds, score, rest in asked:
        one = Smoothing(WORDS, seconds, score, rest)
        announced, means = [], []
        for t, row in zip(times.tolist(), probabilities, strict=True):
            label = one.heard(row, t)
            announced.append(-1 if label is None else label)
            means.append(one.means)
        cases.append(
            {
                "labels": WORDS,
                "seconds": seconds,
                "score": score,
                "rest": rest,
                "times": base64_of(times, "<f8"),
                "probabilities": base64_of(probabilities, "<f8"),
                "means": base64_of(np.array(means), "<f8"),
                "announced": announced,
            }
        )
    return cases


def masks() -> list[dict[str, Any]]:
    """Logits (h, w, classes) in base64, and of (height, width) the class of every pixel, a byte."""
    rng = np.random.default_rng(11)
    cases = []
    for (h, w), size, classes in (((5, 7), (40, 56), 3), ((6, 4), (6, 4), 4), ((3, 5), (17, 9), 2)):
        logits = rng.normal(0, 2, (h, w, classes)).astype(np.float32)
        logits[0] = logits[0, :, :1]  # equal ones: the first counts
        found = answers(logits, size)
        cases.append(
            {
                "from": [h, w],
                "to": [*size],
                "logits": base64_of(logits),
                "classes_sha256": digest(found),
            }
        )
    return cases


def class_colours() -> list[tuple[int, int, int]]:
    """Red, green and blue of every class; for JavaScript as well."""
    return [colour(label) for label in range(300)]


def resampling() -> list[dict[str, Any]]:
    """The same 400 samples at other rates, as `Resampling` of Kotlin has them."""
    samples = noise(400, 7).astype(np.int8).astype(np.float32) / 128
    rates = ((44_100, 16_000), (48_000, 8_000), (8_000, 16_000), (16_000, 16_000), (11_025, 8_000))
    return [
        {"from": rate, "to": to, "samples": base64_of(Sound(samples, rate).at(to).samples)}
        for rate, to in rates
    ]


def latency() -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    # Rounded to a picosecond: the last bits of an exponential are the processor's.
    steady = (5 * np.exp(rng.normal(0, 0.02, (10, 50)))).round(9)
    slowing = (steady * np.linspace(1, 1.2, 10)[:, None]).round(9)
    disturbed = np.where(rng.random((6, 20)) < 0.1, 12.0, steady[:6, :20])
    coarse = np.round(steady[:3], 0)
    short = steady[:1, :3]
    cases = []
    for visits, step in ((steady, 1), (slowing, 52), (disturbed, 1), (coarse, 10**6), (short, 100)):
        timed = Latency(visits.tolist(), step)
        cases.append(
            {
                "visits": visits.tolist(),
                "clock_resolution_ns": step,
                "median_ms": middle(timed.samples),
                "p90_ms": timed.p90_ms,
                "change": timed.trend.change,
                "p": timed.trend.p,
                "spike_share": timed.spike_share,
                "first_run": timed.first_run,
                "clock_step_ms": timed.clock_step_ms,
            }
        )
    return cases


def record() -> dict[str, Any]:
    """Everything that a record may hold, once."""
    written = Record(
        model="ghostnet_050",
        weights="tinyimagenet",
        weights_sha256="1" * 64,
        recipe="static_wi8_ai8",
        family="ghostnet",
        parameters=1,
        preprocessing={**PREPROCESSINGS[0].to_dict()},  # type: ignore
        labels=("goldfish", 'naïve "frog"\n'),
        label_ids=("n1", "n2"),
        scores="sigmoid",
        ops={"ADD": 1},
        partitions=1,
        delegated_ops=1,
        total_ops=2,
        accuracy=Accuracy(0.5, 1.0, 10),
        sha256="2" * 64,
        size_bytes=3,
    )
    return written.as_json()


def document() -> dict[str, Any]:
    return {
        "preprocessing": preprocessing(),
        "yuv": yuv(),
        "scores": scores(),
        "nms": nms(),
        "masks": masks(),
        "smoothing": smoothing(),
        "class_colours": class_colours(),
        "resampling": resampling(),
        "latency": latency(),
        "record": record(),
    }


def text() -> str:
    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text())
