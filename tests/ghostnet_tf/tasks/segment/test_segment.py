"""A segmenter learns from masks; `make test-all` goes the whole way, from masks to a file."""

import json
from argparse import Namespace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.masks import IGNORED
from ghostnet_tf.nets import taps, zoo
from ghostnet_tf.tasks.segment import segment
from ghostnet_tf.tasks.segment.masked import Masked, Packed
from ghostnet_tf.tasks.segment.segment import TASK, class_weights
from ghostnet_tf.tasks.segment.segmentation_report import Report
from ghostnet_tf.tasks.task import task
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.command import main
from ghostnet_tf.weights import checkpoint
from tests.counts import ALL
from tests.drawn_masks import CLASSES, COLOURS, NOTHING, SIZE, masked
from tests.drawn_shapes import BLOCKS, ZOO_ROW

ARGS = (
    "--task segment --model tinyback_100_seg --size 72x96 --batch 8 --epochs 30 "
    "--learning-rate 0.01 --set crop_scale=[1.0,1.0] --set flip=false --set ema=0.9"
).split()


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
    monkeypatch.setitem(taps.BLOCKS, "tinyback", BLOCKS)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of a finished run on eight photos, the same ones held out; stopped once."""
    if not ALL:
        pytest.skip("trains for half a minute: make test-all")
    folder = tmp_path_factory.mktemp("masks")
    photos = str(masked(folder / "photos", 8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        assert main([photos, *ARGS, "--out", str(folder / "run"), "--stop-after", "20"]) == 0
        assert main([photos, *ARGS, "--out", str(folder / "run")]) == 0
    keras.mixed_precision.set_global_policy("float32")
    return folder / "run"


def test_a_segmenter_learns_eight_photos(run):
    history = json.loads((run / "log.json").read_text())
    report = json.loads((run / "report.json").read_text())

    assert [row["epoch"] for row in history] == [*range(1, 31)]
    assert history[-1]["loss"] < history[0]["loss"] / 2
    assert report["miou"] > 0.75
    assert {name: row["pixels"] > 0 for name, row in report["per_class"].items()} == dict.fromkeys(
        CLASSES, True
    )
    _, header = checkpoint.read(run / "best.safetensors")
    assert header["model"] == "tinyback_100_seg" and header["classes"] == list(CLASSES)
    assert header["colours"] == [list(colour) for colour in COLOURS]
    assert header["preprocessing"]["size"] == [72, 96]
    for name in ("iou.png", "curves.png", "masks.png"):
        with Image.open(run / name) as picture:
            assert picture.format == "PNG" and picture.width > 500


def test_a_run_becomes_files_that_outline_what_it_outlines(run, tiny, tmp_path, capsys):
    from export import evaluate, predict, to_tflite, verify

    photos, weights = str(run.parent / "photos"), str(run / "best.safetensors")
    both = ["--recipe", "float32", "int8", "--out", str(tmp_path)]
    assert to_tflite.main(["--weights", weights, "--photos", photos, *both]) == 0
    files = sorted(map(str, tmp_path.glob("*.tflite")))
    assert all(verify.main([file]) == 0 for file in files)
    for file in files:
        record = json.loads(Path(file).with_suffix(".json").read_text())
        assert record["task"] == "segment" and record["partitions"] == 1
        assert record["masks"] == {
            "stride": 1, "ignored": 255, "colours": [list(c) for c in COLOURS],
        }  # fmt: skip
        assert record["outputs"] == [
            {"name": "logits", "shape": [1, 72, 96, 3], "dtype": "float32"}
        ]
    capsys.readouterr()
    assert evaluate.main([*files, "--labelled", photos, "--split", "val", "--json"]) == 0
    float32, int8 = json.loads(capsys.readouterr().out)["files"]
    report = json.loads((run / "report.json").read_text())
    assert float32["miou"] == pytest.approx(report["miou"], abs=1e-3)
    assert float32["per_class"]["disc"]["pixels"] == report["per_class"]["disc"]["pixels"]
    assert int8["miou"] > float32["miou"] - 0.05
    low, miou, high = (int8["difference"][key] for key in ("low", "miou", "high"))
    assert low <= miou <= high and miou == pytest.approx(int8["miou"] - float32["miou"])

    folder = f"{photos}/val"
    assert predict.main([files[1], folder, "--pictures", str(tmp_path / "p"), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["photos"]
    assert len(answers) == 8 and all(  # masks among the photos are none
        answer["classes"][0]["label"] == "ground" for answer in answers
    )
    with Image.open(answers[0]["picture"]) as picture:
        assert picture.size == SIZE


def test_a_task_knows_its_network_and_schedule():
    assert task("segment") is TASK and zoo.parse_model(TASK.model).task == "segment"
    schedule = schedules.load(TASK.schedule)
    assert schedule.final_size == (360, 480) and schedule.class_weights


def test_a_classifier_is_no_segmenter():
    with pytest.raises(UserError, match="says nothing of single pixels") as refused:
        TASK.network("ghostnet_050_det", None, CLASSES, schedules.load("segment"))

    assert refused.value.fix.typed == "--model ghostnet_050_seg"


@pytest.mark.skipif(not ALL, reason="builds GhostNet twice: make test-all")
def test_a_backbone_begins_with_a_classifiers_weights():
    import safetensors.numpy

    from ghostnet_tf.weights import BUNDLED

    settings = schedules.load("segment").with_settings(["sizes=[[0,[72,96]]]"])
    made, what = TASK.network("ghostnet_050_seg", "tinyimagenet", CLASSES, settings)

    tensors = safetensors.numpy.load_file(BUNDLED / "ghostnet_050_tinyimagenet.safetensors")
    shared = [v for v in made.model.weights if v.path in tensors]
    assert what == "its backbone" and made.preprocessing.size == (72, 96)
    assert len(shared) > 300 and all(np.array_equal(v.numpy(), tensors[v.path]) for v in shared)
    new = {v.path.split("/")[0] for v in made.model.weights} - {p.split("/")[0] for p in tensors}
    assert new == {"lraspp"}


def learning(weight_of=None, **changes) -> segment.Outlining:
    settings = schedules.load("segment").with_values(
        {"crop_scale": (1.0, 1.0), "flip": False, "class_weights": False, **changes}
    )
    how = zoo.parse_model("ghostnet_050_seg").sight.at((24, 32))
    made = TASK.learning(Namespace(classes=CLASSES, sight=how), settings, np.empty(0, object))  # type: ignore
    return made if weight_of is None else segment.Outlining(CLASSES, how, settings, weight_of)


def packed(mask: np.ndarray) -> np.ndarray:
    found = np.empty(1, object)
    found[0] = Packed.of(mask.astype(np.uint8), len(CLASSES))
    return found


def halves(height=24, width=32) -> tuple[np.ndarray, np.ndarray]:
    """A photo whose left quarter is bright and of class 2, the rest dark and of class 1."""
    mask = np.full((height, width), 1, np.uint8)
    mask[:, : width // 4] = 2
    return np.repeat((255 * (mask == 2))[..., None], 3, -1).astype(np.uint8), mask


def test_masks_are_flipped_with_their_photo():
    pixels, mask = halves()
    seen = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        images, targets = learning(flip=True).batch([pixels], packed(mask), (24, 32), rng)
        assert ((images[0, ..., 0] > 0) == (targets[0] == 2)).all()
        seen.add(bool(targets[0, 0, 0] == 2))
    assert seen == {True, False}


def test_targets_are_height_by_width_of_the_classes_themselves():
    pixels, mask = halves()
    mask[:3] = IGNORED

    _, targets = learning().batch([pixels], packed(mask), (48, 40), np.random.default_rng(0))

    assert targets.shape == (1, 48, 40) and targets.dtype == np.float32
    assert {*np.unique(targets)} == {1, 2, IGNORED}
    assert (targets[0, :6] == IGNORED).all() and (targets[0, 6:, :10] == 2).all()


def sure_of(mask: np.ndarray) -> np.ndarray:
    """Logits at stride 8 that answer the class of the middle of each 8 x 8."""
    small = mask[4::8, 4::8]
    return 20 * np.eye(len(CLASSES), dtype=np.float32)[small % len(CLASSES)][None]


def nat(loss, mask, logits) -> float:
    return float(loss(mask[None].astype(np.float32), logits))


def test_pixels_of_no_class_count_for_nothing():
    """Neither in the loss, nor in what is watched, nor in the score, whatever is answered there."""
    mask = np.full((24, 32), 1)
    mask[:, 16:] = IGNORED
    right, wrong = sure_of(np.full((24, 32), 1)), sure_of(np.full((24, 32), 1))
    wrong[:, :, 3:] = sure_of(np.full((24, 32), 0))[:, :, 3:]
    one = learning()

    assert nat(one.loss, mask, right) == pytest.approx(0, abs=1e-6)
    assert nat(one.loss, mask, wrong) == pytest.approx(0, abs=1e-6)
    assert nat(one.loss, np.full((24, 32), IGNORED), right) == 0
    targets = mask[None].astype(np.float32)
    assert np.asarray(one.right(targets, wrong)).tolist() == [1.0]
    scores = one.scores(wrong, packed(mask))
    assert scores["pixels"] == 1 and scores["miou"] == 1


def test_each_class_is_its_own_number():
    """Class k of a mask is output k: of none before it, and of none behind it."""
    one = learning()
    for number in range(len(CLASSES)):
        mask = np.full((24, 32), number)
        assert nat(one.loss, mask, sure_of(mask)) < 1e-6
        assert nat(one.loss, mask, sure_of((mask + 1) % 3)) > 10
        assert one.scores(sure_of(mask), packed(mask))["miou"] == 1
        assert one.scores(sure_of((mask + 1) % 3), packed(mask))["miou"] == 0


def test_a_score_is_at_the_photos_own_size_and_shape():
    """Right everywhere on a photo of another shape than the network sees: no side is another's."""
    pixels, mask = halves(96, 40)
    logits = sure_of(halves()[1])

    counts = learning().counts(logits, packed(mask))[0]

    assert counts.sum() == mask.size
    assert np.trace(counts) / counts.sum() > 0.9
    assert pixels.shape[:2] == mask.shape


def test_the_loss_weighs_pixels_by_their_class():
    mask = halves()[1]
    unsure = np.zeros((1, 3, 4, 3), np.float32)

    same = nat(learning().loss, mask, unsure)
    weighed = nat(learning(np.array([1, 1, 3], np.float32)).loss, mask, unsure)

    assert same == pytest.approx(np.log(3), abs=1e-5)
    assert weighed == pytest.approx((0.75 + 0.25 * 3) * np.log(3), abs=1e-5)


def test_rare_classes_count_more_by_the_root_of_how_rare_they_are():
    weight_of = class_weights(np.array([9000, 900, 90, 0]))

    assert weight_of[1] / weight_of[0] == pytest.approx(10**0.5, rel=1e-5)
    assert weight_of[2] / weight_of[0] == pytest.approx(10) == weight_of[3] / weight_of[0]
    assert (weight_of * [9000, 900, 90, 0]).sum() == pytest.approx(9990)


def planted_255(y_true):
    classes = keras.ops.cast(y_true, "int32") % len(CLASSES)
    return keras.ops.ones_like(keras.ops.cast(y_true, "float32")), classes


@pytest.mark.parametrize(
    ("where", "name", "bug", "caught_by"),
    [
        ("mask_loss", "known_and_classes", planted_255, test_pixels_of_no_class_count_for_nothing),
        ("segment", "fitted", lambda m, size: m.T[: size[0], : size[1]],
         test_targets_are_height_by_width_of_the_classes_themselves),
        ("segment", "answers", lambda x, size: x.argmax(-1).repeat(8, 0).repeat(8, 1) + 1,
         test_each_class_is_its_own_number),
        ("segment", "fitted", lambda m, size: np.resize(m, size),
         test_a_score_is_at_the_photos_own_size_and_shape),
    ],
)  # fmt: skip
def test_planted_bugs_are_caught(where, name, bug, caught_by, monkeypatch):
    from ghostnet_tf.tasks.segment import mask_loss

    monkeypatch.setattr({"mask_loss": mask_loss, "segment": segment}[where], name, bug)

    with pytest.raises((AssertionError, ValueError)):
        caught_by()


def test_a_mask_that_is_not_flipped_is_caught(monkeypatch):
    from ghostnet_tf.data import mask_augment

    monkeypatch.setattr(mask_augment, "flipped", lambda pixels, mask: (pixels[:, ::-1], mask))

    with pytest.raises(AssertionError):
        test_masks_are_flipped_with_their_photo()


def test_a_published_split_is_kept_and_what_is_ignored_has_no_number(tmp_path):
    source = Masked.open(masked(tmp_path, 3, ("test", "train", "val")))
    for i in range(len(source)):
        source.read(i)
    read = Namespace(names=source.names[1:], labels=source.label_of[1:])

    train, held_out = TASK.split(source, read, 2, schedules.load("segment"), False)  # type: ignore

    assert [read.names[i][-11:] for i in train] == ["train_1.png", "train_2.png"]
    assert [read.names[i][-9:] for i in held_out] == ["val_0.png", "val_1.png", "val_2.png"]
    assert source.classes == CLASSES and source.colours == COLOURS
    mask = source.label_of[0].unpacked()
    assert mask.shape == SIZE[::-1] and (mask[:2] == IGNORED).all() and NOTHING not in mask
    assert source.label_of[0].counts.sum() == mask.size - 2 * SIZE[0]


def test_masks_without_a_single_class_are_refused(tmp_path):
    photos = masked(tmp_path, 2)
    for path in (photos / "val/masks").iterdir():
        Image.fromarray(np.full(SIZE[::-1], NOTHING, np.uint8)).save(path)
    source = Masked.open(photos)
    for i in range(len(source)):
        source.read(i)
    read = Namespace(names=source.names, labels=source.label_of)

    with pytest.raises(UserError, match="of the photos to hold out none has a pixel of a class"):
        TASK.split(source, read, 2, schedules.load("segment"), False)  # type: ignore


def test_a_report_is_useful_from_a_tenth_above_answering_one_class():
    lazy = np.array([[[80, 0, 0], [10, 0, 0], [10, 0, 0]]])
    good = np.array([[[80, 0, 0], [2, 8, 0], [2, 0, 8]]])

    assert not Report.of(lazy, CLASSES, ["a"]).is_useful
    assert Report.of(lazy, CLASSES, ["a"]).without_looking == pytest.approx(0.8 / 3)
    assert Report.of(good, CLASSES, ["a"]).is_useful
    assert Report.of(good, CLASSES, ["a"]).worst == (("a", 0.96),)


def test_a_class_file_is_for_masks_alone(tmp_path):
    with pytest.raises(UserError, match="no file has to say what the classes are"):
        task("classify").open(tmp_path, schedules.load("finetune"), tmp_path / "classes.txt")
