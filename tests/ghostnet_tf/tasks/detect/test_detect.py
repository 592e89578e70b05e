"""A detector learns from boxes; `make test-all` goes the whole way, from annotations to a file."""

import io
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import voc
from ghostnet_tf.data.box_augment import Views
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.class_colours import colour
from ghostnet_tf.nets import retinanet, taps, zoo
from ghostnet_tf.tasks.classify.classify import Naming
from ghostnet_tf.tasks.detect.annotated import Annotated, as_array
from ghostnet_tf.tasks.detect.detect import TASK, targets
from ghostnet_tf.tasks.detect.detection_report import Report, mistakes
from ghostnet_tf.tasks.detect.nms import Found
from ghostnet_tf.tasks.task import task
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.best import refuse_another_choice
from ghostnet_tf.train.command import main
from ghostnet_tf.weights import checkpoint
from tests.counts import ALL
from tests.drawn_shapes import BLOCKS, CLASSES, ZOO_ROW, shapes

ARGS = (
    "--task detect --model tinyback_100_det --size 160 --batch 8 --epochs 16 --learning-rate 0.005 "
    "--set crop_scale=[1.0,1.0] --set flip=false --set ema=0.9"
).split()


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a finished run on eight photos, the same ones held out; stopped once."""
    if not ALL:
        pytest.skip("trains for half a minute: make test-all")
    import keras

    folder = tmp_path_factory.mktemp("shapes")
    photos = str(shapes(folder / "photos", 8, ("train", "val")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        assert main([photos, *ARGS, "--out", str(folder / "run"), "--stop-after", "12"]) == 0
        assert main([photos, *ARGS, "--out", str(folder / "run")]) == 0
    keras.mixed_precision.set_global_policy("float32")
    return folder / "run"


def test_a_detector_learns_eight_photos(run):
    history = json.loads((run / "log.json").read_text())
    report = json.loads((run / "report.json").read_text())

    assert [row["epoch"] for row in history] == [*range(1, 17)]
    assert history[-1]["loss"] < history[0]["loss"] / 2 and history[-1]["iou"] > 0.8
    assert report["ap50"] > 0.9
    assert {*report["per_class"]} == {*CLASSES}
    assert sum(row["boxes"] for row in report["per_class"].values()) == 13


@pytest.mark.skipif(not ALL, reason="trains for half a minute: make test-all")
def test_heads_with_anchors_learn_them_too(tmp_path, monkeypatch):
    import keras

    monkeypatch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
    monkeypatch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
    monkeypatch.setattr(retinanet, "CHANNELS", 32)
    photos, out = shapes(tmp_path / "photos", 8, ("train", "val")), tmp_path / "run"
    args = "--model tinyback_100_retinanet --epochs 40 --learning-rate 0.003".split()

    assert main([str(photos), *ARGS, *args, "--out", str(out)]) == 0

    keras.mixed_precision.set_global_policy("float32")
    history = json.loads((out / "log.json").read_text())
    assert history[-1]["loss"] < history[0]["loss"] / 10 and history[-1]["iou"] > 0.7
    assert json.loads((out / "report.json").read_text())["ap50"] > 0.8


def test_a_run_leaves_what_others_need(run):
    _, header = checkpoint.read(run / "best.safetensors")

    assert header["model"] == "tinyback_100_det" and header["classes"] == list(CLASSES)
    assert header["preprocessing"]["fit"] == "stretch" and header["preprocessing"]["crop"] == 1.0
    assert header["preprocessing"]["size"] == 160
    for name in ("precision.png", "curves.png", "boxes.png", "worst.png"):
        with Image.open(run / name) as picture:
            assert picture.format == "PNG" and picture.width > 500


def test_a_run_becomes_files_that_find_what_it_finds(run, tmp_path, monkeypatch, capsys):
    from export import evaluate, predict, to_tflite, verify

    monkeypatch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
    monkeypatch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
    photos, weights = str(run.parent / "photos"), str(run / "best.safetensors")
    both = ["--recipe", "float32", "int8", "--out", str(tmp_path)]
    assert to_tflite.main(["--weights", weights, "--photos", photos, *both]) == 0
    files = sorted(map(str, tmp_path.glob("*.tflite")))

    for file in files:
        record = json.loads(Path(file).with_suffix(".json").read_text())
        assert record["task"] == "detect" and record["boxes"]["iou"] == 0.6
        assert record["partitions"] == 1 and "TRANSPOSE" not in record["ops"]
        assert [o["shape"] for o in record["outputs"]] == [[1, 534, 4], [1, 534, 2]]
        assert {o["dtype"] for o in record["outputs"]} == {"float32"}
    capsys.readouterr()
    scored = ["--labelled", photos, "--split", "val", "--json"]
    assert evaluate.main([weights, *files, *scored]) == 0
    keras, float32, int8 = json.loads(capsys.readouterr().out)["files"]
    report = json.loads((run / "report.json").read_text())
    assert keras["ap50"] == pytest.approx(report["ap50"], abs=1e-3)
    assert float32["ap50"] == pytest.approx(report["ap50"], abs=0.01)
    assert keras["difference"] is None
    difference = int8["difference"]["ap50"]
    assert difference["difference"] == pytest.approx(int8["ap50"] - keras["ap50"], abs=1e-9)
    assert difference["low"] <= difference["difference"] <= difference["high"]
    assert int8["ap50"] > float32["ap50"] - 0.1

    assert all(verify.main([file]) == 0 for file in files)
    capsys.readouterr()
    photo = f"{photos}/JPEGImages/val_1.png"
    pictures = ["--pictures", str(tmp_path / "drawn"), "--json"]
    assert predict.main([files[1], photo, *pictures]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["photos"]
    truth = Annotated.open(photos)
    boxes = truth.label_of[truth.names.index("JPEGImages/val_1.png")]
    first = answer["boxes"][0]
    near = np.abs(boxes.corners * 160 - first["box"]).max(axis=1)
    assert near.min() < 12 and first["label"] == CLASSES[boxes.classes[near.argmin()]]
    with Image.open(answer["picture"]) as picture:
        assert picture.size == (160, 160)


def test_a_task_knows_its_network_and_schedule():
    assert task("detect") is TASK
    assert zoo.parse_model(TASK.model).task == "detect"
    assert schedules.load(TASK.schedule).optimizer == "adamw"
    with pytest.raises(UserError, match="there is no task 'detekt'"):
        task("detekt")


def test_a_classifier_is_no_detector():
    with pytest.raises(UserError, match="finds nothing") as refused:
        TASK.network("ghostnet_050", None, CLASSES, schedules.load("detect"))

    assert refused.value.fix.typed == "--model ghostnet_050_det"


@pytest.mark.parametrize(
    ("model", "way_out"),
    [
        ("ghostnet_050_det", "--task detect"),
        ("ghostnet_050_retinanet", "--task detect"),
        ("ghostnet_050_fpn", "--model ghostnet_050"),
    ],
)
def test_a_detector_is_no_classifier(model, way_out):
    with pytest.raises(UserError, match="names no photos") as refused:
        task("classify").network(model, None, CLASSES, schedules.load("finetune"))

    assert refused.value.fix.typed == way_out


def test_a_backbone_begins_with_a_classifiers_weights():
    """Bundled ones, of other classes and another size; neck and heads are new."""
    import safetensors.numpy

    from ghostnet_tf.weights import BUNDLED

    made, what = TASK.network("ghostnet_050_det", "tinyimagenet", CLASSES, schedules.load("detect"))

    tensors = safetensors.numpy.load_file(BUNDLED / "ghostnet_050_tinyimagenet.safetensors")
    shared = [v for v in made.model.weights if v.path in tensors]
    assert what == "its backbone" and made.preprocessing.size == 320
    assert all(np.array_equal(v.numpy(), tensors[v.path]) for v in shared)
    new = {v.path.split("/")[0] for v in made.model.weights} - {p.split("/")[0] for p in tensors}
    assert new == {"neck", "heads"}


def test_other_classes_keep_all_that_is_not_of_classes(run, monkeypatch):
    monkeypatch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
    monkeypatch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
    weights = str(run / "best.safetensors")
    of_run, _ = checkpoint.read(run / "best.safetensors")
    settings = schedules.load("detect").with_settings(["sizes=[[0,160]]"])

    made, _ = TASK.network("tinyback_100_det", weights, ("a", "b", "c"), settings)

    kept = [v for v in made.model.weights if np.array_equal(v.numpy(), of_run[v.path])]
    lost = {v.path for v in made.model.weights} - {v.path for v in kept}
    assert {path.split("/")[1] for path in lost} == {f"scores_{s}" for s in (8, 16, 32, 64)}


def finding(*boxes, **changes):
    settings = schedules.load("detect").with_values(
        {"crop_scale": (1.0, 1.0), "flip": False, "sizes": [[0, 64]], **changes}
    )
    entry = zoo.parse_model("ghostnet_050_det")
    info = Namespace(model=entry.name, classes=CLASSES, sight=entry.sight)
    return TASK.learning(info, settings, as_array([*boxes] or [Boxes.none()]))  # type: ignore


BOX = Boxes(np.array([[0.1, 0.2, 0.4, 0.9]]), np.array([1]))


def test_targets_are_class_then_corners_and_the_rest_is_nothing():
    made = targets([BOX, Boxes.none()], 2)

    assert made.shape == (2, 2, 5)
    assert np.allclose(made[0], [[1, 0.1, 0.2, 0.4, 0.9], [-1, 0, 0, 0, 0]])
    assert (made[1, :, 0] == -1).all()


def test_a_schedule_that_crops_nothing_shows_photos_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    same, boxes = finding().views(64)(pixels, BOX, np.random.default_rng(0))

    assert np.array_equal(same, pixels) and np.allclose(boxes.corners, BOX.corners)


def test_boxes_are_flipped_with_their_photo():
    """A bright spot stays in its box, whichever way the photo is turned."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[13:58, 7:25] = 255
    learning, seen = finding(flip=True), set()
    for seed in range(8):
        images, made = learning.batch([pixels], as_array([BOX]), 64, np.random.default_rng(seed))
        _, x1, _, x2, _ = made[0, 0]
        bright = np.flatnonzero((images[0, :, :, 0] > 0).any(axis=0)) / 64
        assert abs(bright.min() - x1) < 0.05 and abs(bright.max() - x2) < 0.05
        seen.add(round(float(x1), 1))
    assert seen == {0.1, 0.6}


@pytest.mark.parametrize("flip", [False, True])
def test_boxes_of_a_mosaic_lie_where_its_photos_show_them(flip):
    """Every box has the brightness of its class in it, and some pictures have boxes of many."""
    photos, bright = [], (120, 240)
    for i, level in enumerate(bright):
        pixels = np.full((64, 64, 3), 30, np.uint8)
        pixels[13:58, 7:25] = level
        photos.append((pixels, Boxes(BOX.corners, np.array([i]))))
    pixels, boxes = zip(*photos, strict=True)
    learning, counts = finding(*boxes, flip=flip, mosaic=1.0), []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        images, made = learning.batch(pixels, as_array([*boxes]), 64, rng)
        seen = (images * learning.preprocessing.std + learning.preprocessing.mean) * 255
        for image, rows in zip(seen, made, strict=True):
            counts.append(int((rows[:, 0] >= 0).sum()))
            for kind, *corners in rows[rows[:, 0] >= 0]:
                x1, y1, x2, y2 = (np.array(corners) * 64).round().astype(int)
                inside = image[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1]
                assert abs(np.median(inside) - bright[int(kind)]) < 20
    assert made.shape == (2, 4, 5) and max(counts) > 1 and sum(counts) > 8


def test_things_become_larger_and_smaller_by_what_the_schedule_crops():
    assert finding(crop_scale=(0.25, 1.0)).views(64) == Views(
        size=64, flip=0.0, colour=0.2, scale=(0.5, 2.0), stretch=0.1
    )


def test_a_published_split_is_kept(tmp_path):
    source = Annotated.open(shapes(tmp_path, 3, ("test", "train", "val")))
    read = Namespace(names=[n for n in source.names if n != source.names[1]])
    read.labels = source.label_of[[0, 2, 3, 4, 5]]

    train, held_out = TASK.split(source, read, 2, schedules.load("detect"), False)  # type: ignore

    assert [read.names[i][-11:] for i in train] == ["train_0.png", "train_2.png"]
    assert [read.names[i][-9:] for i in held_out] == ["val_0.png", "val_1.png", "val_2.png"]
    assert not any("test" in name for name in source.names)


def test_a_place_with_splits_is_read_once_and_its_faults_are_counted_once(
    tmp_path, monkeypatch, capsys
):
    folder, calls = shapes(tmp_path, 4, ("test", "train", "val")), []
    for name in ("train_1", "train_2", "val_2"):
        path = folder / f"Annotations/{name}.xml"
        path.write_text(path.read_text().replace("<xmax>", "<xmax>-", 1))
    parsed = voc.parsed
    monkeypatch.setattr(voc, "parsed", lambda *a: calls.append(a[1]) or parsed(*a))

    source = Annotated.open(folder)

    assert len(calls) == len({*calls}) == 12 and source.n_train == 4 and len(source) == 8
    said = capsys.readouterr().err
    assert len(source.skipped) == said.count("skipped: ") == 3
    assert said.endswith("skipped 3 of 12 boxes that cannot be read\n")


def test_the_score_to_choose_by_may_be_said():
    assert finding().chosen.column == "ap"
    assert finding(choose="ap50").chosen.column == "ap50"
    assert finding(choose="ap50").best(0.5, None, 7) == "AP50 0.500 on 7 held-out photos"
    with pytest.raises(UserError, match="no score to choose by 'ap51'"):
        _ = finding(choose="ap51").chosen
    refuse_another_choice("ap50", finding(choose="ap50").chosen)
    with pytest.raises(UserError, match="chosen by top1, not by 'ap50'"):
        refuse_another_choice("ap50", Naming.chosen)


def test_the_worst_photos_are_drawn_with_their_true_boxes_and_with_those_that_were_found(tmp_path):
    """A frame of the true class left, of the class that was found right, each in its place."""
    grey = np.full((150, 180, 3), 128, np.uint8)
    held_out = Namespace(pixels=[grey, grey], labels=[BOX, BOX], names=["a/right.png", "a/bad.png"])
    moved = Boxes([[0.5, 0.2, 0.8, 0.9]], [0])
    found = [Found(b.corners, b.classes, np.float32([0.9])) for b in (BOX, moved)]

    report = Report.of({}, found, held_out, CLASSES)  # type: ignore

    assert [(one.photo, one.said) for one in report.worst] == [
        ("a/bad.png", "1 missed, 1 invented")
    ]
    with Image.open(io.BytesIO(report.drawn)) as picture:
        drawn = np.asarray(picture.convert("RGB"))
    at = {}
    for kind in (0, 1):
        _, xs = np.nonzero((drawn[:180] == colour(kind)).all(axis=-1))  # above the legend
        at[kind] = xs.min(), xs.max()
    assert at[1] == (6 + 18, 6 + 71) and at[0][0] == 6 + 366 + 90


def test_missed_and_invented_boxes_are_told_apart():
    truth = Boxes(np.array([[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]), np.array([0, 1]))
    corners = np.array([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 0.1, 0.1]])
    found = Found(
        corners.astype(np.float32), np.array([0, 0, 0, 1]), np.float32([0.9, 0.8, 0.7, 0.2])
    )

    assert mistakes(found, truth) == (1, 2)  # twice the same, another class; the last is not sure
    assert mistakes(found, Boxes.none()) == (0, 3)
    nothing = Found(np.empty((0, 4), np.float32), np.empty(0, int), np.empty(0, np.float32))
    assert mistakes(nothing, truth) == (2, 0)
