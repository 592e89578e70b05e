"""What Python makes of the same pictures and samples, for the page's tests to compare with."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmark.latency import Latency
from export.answers import best
from export.classifier import open_classifier
from export.detection import SURE, open_detector
from export.hearer import open_hearer, words
from export.segmentation import open_segmenter
from ghostnet_tf.base.effort import EFFORTS, MIN_RUNS
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.record import record_path
from ghostnet_tf.data.class_colours import colour
from ghostnet_tf.data.photo import open_photo
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.tasks.segment.pixels import answers as classes_of
from tests.goldens.preprocess.write import photo
from tests.goldens.preprocess.write import write as write_preprocess
from tests.web_demo import spoken

SAMPLES = Path(__file__).resolve().parents[2] / "web_demo" / "samples"


def write(
    directory: Path, models: list[Path], detector: Path, segmenter: Path, spotter: Path
) -> None:
    write_preprocess(directory / "preprocess")
    write_json(directory / "statistics.json", statistics())
    write_json(directory / "efforts.json", efforts())
    write_json(directory / "answers.json", answers(directory / "pictures", models))
    write_json(directory / "found.json", found(detector))
    write_json(directory / "colours.json", [colour(label) for label in range(300)])
    write_json(directory / "heard.json", heard(directory / "sounds", spotter))
    write_atomic(directory / "microphone.wav", spoken.sentence())
    write_json(directory / "outlined.json", outlined(segmenter))
    write_json(directory / "masks.json", [mask(seed) for seed in range(6)])
    every = [*models, detector, segmenter, spotter]
    records = [json.loads(record_path(path).read_text(encoding="utf-8")) for path in every]
    write_json(directory / "records.json", records)
    write_atomic(directory / "pictures" / "thin.png", png(Image.new("RGB", (600, 2))))
    write_atomic(directory / "camera.y4m", video(SAMPLES / "school_bus.png"))


def pictures() -> dict[str, bytes]:
    """Name -> PNG, which every decoder decodes to the same bytes; all of them are ours."""
    drawn = {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*.png"))}
    drawn["noise.png"] = png(photo(173, 131))
    drawn["transparent.png"] = png(on_transparent(photo(120, 150)))
    return drawn


def on_transparent(image: Image.Image) -> Image.Image:
    """Its left half is fully transparent: what lies there is white paper, whatever its colour."""
    alpha = np.full((image.height, image.width), 255, np.uint8)
    alpha[:, : image.width // 2] = 0
    return Image.fromarray(np.dstack([np.asarray(image), alpha]))


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def answers(directory: Path, models: list[Path]) -> list[dict]:
    """Of every picture through every model: all scores as float32 bits, and the first five."""
    found = []
    for path in models:
        classifier = open_classifier(path)
        for name, data in pictures().items():
            write_atomic(directory / name, data)
            pixels = classifier.preprocessing.pixels(open_photo(data, name))
            image = classifier.preprocessing.normalise(pixels)[None]
            scores = np.asarray(classifier.predict(image), np.float32)[0]
            top = best(scores, classifier, 5)
            bits = scores.view(np.int32).tolist()
            found.append({"file": path.name, "picture": name, "scores": bits, "top": top})
    return found


def found(path: Path) -> dict:
    """What a detector finds on our pictures, as the page shows it."""
    detector = open_detector(path)
    on = {}
    for name in ("noise.png", "orange.png"):
        boxes = detector.find(open_photo(pictures()[name], name), SURE)
        rows = zip(boxes.classes, boxes.scores, boxes.corners, strict=True)
        on[name] = [
            {
                "name": detector.labels.names[kind],
                "score": f"{100 * score:.1f} %",
                "box": np.clip(corners, 0, 1).tolist(),
            }
            for kind, score, corners in rows
        ]
    return {"file": path.name, "sure": SURE, "on": on}


def outlined(path: Path) -> dict:
    """What share of our pictures is of which class, as the page shows it."""
    segmenter, on = open_segmenter(path), {}
    for name in ("noise.png", "orange.png"):
        images = segmenter.preprocessing.images([open_photo(pictures()[name], name)])
        classes = classes_of(segmenter.runtime.run(images)[0], segmenter.preprocessing.sides)
        counts = np.bincount(classes.ravel(), minlength=len(segmenter.labels))
        on[name] = {
            segmenter.labels.names[i]: f"{100 * counts[i] / classes.size:.1f} %"
            for i in np.argsort(-counts, kind="stable")
        }
    return {"file": path.name, "on": on}


def mask(seed: int) -> dict:
    """Logits, and the class of every pixel of a larger picture, or of one as large."""
    rng = np.random.default_rng(seed)
    h, w, n = (int(side) for side in rng.integers(2, 9, 3))
    size = (h, w) if seed == 0 else (8 * h - seed % 3, 8 * w - seed % 5)
    logits = rng.normal(0, 3, (h, w, n)).astype(np.float32)
    logits[0, 0, :2] = logits[0, 0].max()  # the first of two equals
    classes = classes_of(logits, size)
    said = {"logits": logits.ravel().tolist(), "from": [h, w], "size": size, "classes": n}
    return {**said, "answers": classes.ravel().tolist()}


def heard(directory: Path, path: Path) -> dict:
    """What is answered to recordings of each word, and recordings that nobody can answer."""
    for digit in spoken.WORDS:
        write_atomic(directory / f"{digit}.wav", spoken.wav(spoken.word(digit)))
    files = sorted(directory.glob("*.wav"))
    answers = words(open_hearer(path), [str(file) for file in files], 10, Skips())
    on = {
        Path(answer.photo).name: {row["name"]: row["probability"] for row in answer.top}
        for answer in answers
    }
    sound = spoken.wav(spoken.word("5"))
    floats = np.full(8000, np.nan, "<f4").tobytes()
    header = bytearray(sound[:44])
    header[20:22], header[28:36] = b"\3\0", b"\0\x7d\0\0\4\0\x20\0"  # float32
    header[40:44] = len(floats).to_bytes(4, "little")
    wrong = {
        "empty.wav": b"",
        "no_samples.wav": sound[:44],
        "cut_off.wav": sound[:3000],
        "short.wav": spoken.wav(np.zeros(200)),
        "long.wav": spoken.wav(np.zeros(61 * spoken.RATE)),
        "no_numbers.wav": bytes(header) + floats,
        "text.wav": b"no sound at all",
    }
    for name, data in wrong.items():
        write_atomic(directory / name, data)
    return {"file": path.name, "on": on, "wrong": sorted(wrong)}


def video(picture: Path, width: int = 320, height: int = 240) -> bytes:
    """One frame that Chromium's fake camera repeats, YUV4MPEG2: the picture's middle."""
    image = ImageOps.fit(Image.open(picture).convert("RGB"), (height, height))
    frame = Image.new("RGB", (width, height), (150, 196, 236))
    frame.paste(image, ((width - height) // 2, 0))
    full = np.asarray(frame.convert("YCbCr"), np.float64)
    y = 16 + full[..., 0] * 219 / 255  # a video's Y goes from 16 to 235, its colours to 240
    colours = 128 + (full[..., 1:] - 128) * 224 / 255
    halved = colours.reshape(height // 2, 2, width // 2, 2, 2).mean((1, 3))  # (h / 2, w / 2, 2)
    planes = [y, halved[..., 0], halved[..., 1]]
    header = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\nFRAME\n".encode()
    return header + b"".join(np.rint(plane).astype(np.uint8).tobytes() for plane in planes)


def statistics() -> list[dict]:
    """Samples of odd and even numbers with the benchmark's median and p90."""
    rng = np.random.default_rng(0)
    cases = []
    for n in (1, 2, 3, 10, 101, 256):
        samples = rng.lognormal(1, 0.5, n)
        latency = Latency([samples])
        cases.append(
            {
                "samples": samples.tolist(),
                "median_ms": latency.typical_ms,
                "p90_ms": latency.p90_ms,
            }
        )
    return cases


def efforts() -> dict[str, dict]:
    return {
        name: {
            "rounds": effort.rounds,
            "min_runs": effort.runs,
            "min_seconds": effort.seconds,
            "warmup_runs": effort.warmup_runs,
        }
        for name, effort in EFFORTS.items()
        if effort.rounds * effort.runs < MIN_RUNS  # the page has no strict tier
    }


def write_json(path: Path, content: object) -> None:
    write_atomic(path, json.dumps(content).encode())
