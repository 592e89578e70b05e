"""The training command, with a tiny network in the zoo."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import fields, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from tiny import ARGS, arguments, coloured_photos, start

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.interrupt import Interrupted
from ghostnet_tf.base.record import load
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.train.command import UNTOUCHED, _settings, _without, main, parser
from ghostnet_tf.train.schedule import SCHEDULES, Schedule
from ghostnet_tf.train.schedule import load as load_schedule
from ghostnet_tf.weights import checkpoint
from tests.next_lines import typed_next

ROOT = Path(__file__).parents[3]
FINETUNE = load_schedule("finetune")


def wait_for(process: subprocess.Popen, line_start: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if line.startswith(line_start):
            return
    raise AssertionError(f"the process never said {line_start!r}")


def tensors(folder: Path, file: str = "state") -> dict[str, np.ndarray]:
    return checkpoint.read(folder / f"{file}.safetensors")[0]


@pytest.fixture
def tf_settings_kept():
    """The command sets the policy of the whole process."""
    import keras

    yield
    keras.mixed_precision.set_global_policy("float32")


def test_a_log_file_has_a_line_per_epoch(unbroken):
    said = (unbroken.parent / "stderr").read_text().splitlines()
    lines = [line for line in said if line.startswith("epoch")]

    assert [line[:11] for line in lines] == ["epoch   1  ", "epoch   2  ", "epoch   3  "]
    said = (
        r"  [\d.]+% of the training photos  \d+ of 16 held-out photos \(loss \d\.\d{3}\),"
        r" averaged weights \d+ of 16 \(loss \d\.\d{3}\)$"
    )
    assert re.search(said, lines[0])


def test_the_json_says_where_the_best_weights_are(unbroken):
    result = json.loads((unbroken.parent / "stdout").read_text())

    history = json.loads((unbroken / "log.json").read_text())
    assert result["epochs"] == 3 and result["best"] in history and result["skipped"] == 0
    info = checkpoint.CheckpointInfo.from_dict(checkpoint.read(Path(result["weights"]))[1])
    assert info.model == "tiny_100" and info.classes == tuple(tiny.COLOURS)
    assert info.preprocessing.size == 32


def test_what_is_typed_next_works_and_what_that_calls_next(
    unbroken, photos, tmp_path, monkeypatch, capsys, tf_settings_kept
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(unbroken, tmp_path / "my run")
    assert main(arguments(photos, Path("my run"))) == 0  # it is finished: no step is trained

    assert typed_next(capsys.readouterr().out)[:3] == [
        "export", "--weights", "my run/best.safetensors",
    ]  # fmt: skip
    verb, file, photo = typed_next(capsys.readouterr().out)

    trained_on = Photos.open(photos).as_one()  # in best.safetensors, and in what is made of it
    assert load(file)[1].trained_on == trained_on
    assert verb == "predict" and Path(photo).is_relative_to(photos)
    assert re.search(r"\d+\.\d%  (blue|green|red|sand)", capsys.readouterr().out)


def as_0_1_0_wrote_it(run: Path) -> None:
    """The same state under the names of that version."""
    (run / "schedule.json").rename(run / "recipe.json")
    for name in ("state", "best"):
        values, header = checkpoint.read(run / f"{name}.safetensors")
        old = {"schedule": "recipe", "info": "facts"}
        header = {old.get(key, key): value for key, value in header.items()}
        assert "recipe" in header
        checkpoint.save(run / f"{name}.safetensors", values, header)


@pytest.mark.parametrize("by_an_older_version", [False, True])
def test_a_run_that_was_killed_and_resumed_equals_an_unbroken_one(
    by_an_older_version, unbroken, photos, tmp_path
):
    out = tmp_path / "run"
    process = start(*arguments(photos, out))
    wait_for(process, "epoch   1")
    process.send_signal(signal.SIGKILL)  # somewhere in the second epoch
    process.communicate()
    if by_an_older_version:
        as_0_1_0_wrote_it(out)

    process = start(*arguments(photos, out))
    output, errors = process.communicate(timeout=300)

    assert process.returncode == 0 and f"resuming {out} after epoch 1" in errors
    assert re.search(r"next: \S*ghostnet export --weights", output)
    assert (out / "log.csv").read_bytes() == (unbroken / "log.csv").read_bytes()
    for file in ("state", "best"):
        ours, theirs = tensors(out, file), tensors(unbroken, file)
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours), file


def test_ctrl_c_keeps_the_last_finished_epoch_and_says_how_to_resume(photos, tmp_path):
    process = start(*arguments(photos, tmp_path / "run", "epochs=500"))
    wait_for(process, "epoch   1")
    assert f"process {process.pid} on " in str(refused(photos, tmp_path / "run", "epochs=500"))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    done = len(json.loads((tmp_path / "run/log.json").read_text()))
    last = errors.splitlines()[-1]
    assert process.returncode == 130 and "Traceback" not in errors
    assert last.startswith(f"interrupted; epoch {done} is kept in")
    assert last.endswith("the same command resumes there")


needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")


@needs_jax
def test_two_accelerators_on_jax_train_like_one(photos, tmp_path):
    """Data parallel on two virtual CPU devices."""
    ends = {}
    for devices in (1, 2):
        out = tmp_path / str(devices)
        process = start(
            *arguments(photos, out, "epochs=1", "warmup_epochs=0"),
            KERAS_BACKEND="jax",
            XLA_FLAGS=f"--xla_force_host_platform_device_count={devices}",
        )
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        ends[devices] = tensors(out)

    assert ends[1].keys() == ends[2].keys()
    for name, one in ends[1].items():
        allowed = 1e-3 * np.abs(one).max() + 1e-5  # of sums in another order
        assert np.abs(one - ends[2][name]).max() < allowed, name
    assert any(not np.array_equal(ends[1][name], ends[2][name]) for name in ends[1])


@needs_jax
def test_a_batch_that_two_accelerators_cannot_share_is_refused(photos, tmp_path):
    process = start(
        *arguments(photos, tmp_path / "run", "batch=15"),
        KERAS_BACKEND="jax",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
    )
    _, errors = process.communicate(timeout=300)

    assert process.returncode == 2
    assert errors.splitlines() == [
        "error: a batch of 15 cannot be shared among 2 accelerators",
        "  fix: --batch 14",
    ]


@pytest.mark.usefixtures("tf_settings_kept")
def test_fine_tuning_gives_other_classes_a_new_classifier(unbroken, tmp_path, capsys):
    two = coloured_photos(tmp_path / "two", 24, ("green", "red"))
    best = unbroken / "best.safetensors"

    args = ["--weights", str(best), "--held-out", "8", "--stop-after", "1", "--json"]
    main(arguments(two, tmp_path / "run", "learning_rate=1e-6", args=args))

    assert "with a new classifier" in capsys.readouterr().err
    tuned, before = tensors(tmp_path / "run", "best"), tensors(unbroken, "best")
    assert tuned["classifier/kernel"].shape == (8, 2)
    assert np.allclose(tuned["stem/conv/kernel"], before["stem/conv/kernel"], atol=1e-4)
    assert checkpoint.read(tmp_path / "run/best.safetensors")[1]["classes"] == ["green", "red"]


@pytest.mark.usefixtures("tf_settings_kept")
def test_fine_tuning_from_another_width_is_refused_with_the_right_one_named(
    unbroken, photos, tmp_path
):
    args = ["--model", "tiny_200", "--weights", str(unbroken / "best.safetensors")]

    with pytest.raises(UserError, match="weights of tiny_100, not of tiny_200") as refused:
        main(arguments(photos, tmp_path / "run", args=args))

    assert refused.value.fix.typed == "--model tiny_100"


@pytest.mark.usefixtures("tf_settings_kept")
def test_broken_photos_are_named_skipped_and_counted(photos, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / "p")
    for i in range(12):
        (tmp_path / f"p/red/{i:02}.png").write_bytes(b"no photo")

    main(arguments(tmp_path / "p", tmp_path / "run", args=["--stop-after", "1", "--json"]))

    captured = capsys.readouterr()
    assert captured.err.count("skipped: photo 'red/") == 10
    assert "skipped 12 of 96 photos that cannot be read" in captured.err
    result = json.loads(captured.out)
    assert result["skipped"] == 12 == len(result["unreadable"])


def test_a_second_training_in_the_folder_is_refused_and_changes_nothing(photos, tmp_path):
    with alone(tmp_path / "run/state.safetensors", ""):
        said = refused(photos, tmp_path / "run")
        assert [path.name for path in (tmp_path / "run").iterdir()] == [".state.safetensors.lock"]

    assert f"is training in {str(tmp_path / 'run')!r} at this moment" in str(said)


def refused(photos: Path, out: Path, *settings, args=()) -> UserError:
    with pytest.raises(UserError) as error:
        main(arguments(photos, out, *settings, args=args))
    assert error.value.fix
    return error.value


@pytest.mark.parametrize("broken", [("red",), tuple(tiny.COLOURS)])
def test_a_class_whose_photos_are_all_broken_is_refused(broken, photos, tmp_path, capsys):
    shutil.copytree(photos, tmp_path / "p")
    for name in broken:
        for path in (tmp_path / "p" / name).iterdir():
            path.write_bytes(path.read_bytes()[:60])

    said = str(refused(tmp_path / "p", tmp_path / "run"))

    assert "'red' has no photo to train on" in said or "96 of 96 photos cannot be used" in said
    assert f"skipped {24 * len(broken)} of 96" in capsys.readouterr().err


def test_photos_without_classes_are_refused(photos, tmp_path):
    assert "has no class folders" in str(refused(photos / "red", tmp_path / "run"))


def test_a_single_class_is_refused(tmp_path):
    only = coloured_photos(tmp_path / "p", 3, ("red",))

    assert "has 1 class folder;" in str(refused(only, tmp_path / "run"))


def test_an_empty_class_folder_is_refused(tmp_path):
    (coloured_photos(tmp_path / "p", 3) / "white").mkdir()

    assert "'white'" in str(refused(tmp_path / "p", tmp_path / "run"))


def test_another_number_of_classes_than_said_is_refused(photos, tmp_path):
    assert "4 class folders, not 5" in str(refused(photos, tmp_path, args=["--classes", "5"]))


def test_before_its_first_step_a_run_says_what_it_is_about_to_do(unbroken):
    said = (unbroken.parent / "stderr").read_text().splitlines()
    before = said[: next(i for i, line in enumerate(said) if line.startswith("epoch"))]

    assert before == [
        "4 classes, photos to train on and held out:",
        "  blue      20     4",
        "  green     20     4",
        "  red       20     4",
        "  sand      20     4",
        "80 photos to train on, 16 held out; decoded in memory: 96 in 0.00 GiB",
        "3 epochs of 5 batches of 16, learning rate 0.05, 32 px",
        f"tiny_100 into {unbroken}",
        "compiling the network for 32 px, which takes some seconds",
    ]


def test_at_the_end_stands_what_the_best_weights_are_good_at(unbroken):
    result = json.loads((unbroken.parent / "stdout").read_text())
    report = json.loads((unbroken / "report.json").read_text())

    right = sum(row["right"] for row in report["per_class"].values())
    assert {row["held_out"] for row in report["per_class"].values()} == {4}
    best = max(result["best"]["held_out_top1"], result["best"]["held_out_ema_top1"])
    assert right == round(16 * best) and len(report["mistaken"]) == 16 - right
    assert result["per_class"] == report["per_class"] and result["peak_memory_bytes"] > 10**8
    with Image.open(unbroken / "confusion.png") as picture:
        assert picture.format == "PNG" and picture.width > 400


@pytest.mark.usefixtures("tf_settings_kept")
def test_what_is_wanting_in_the_photos_is_said_and_a_large_batch_shrinks(photos, tmp_path, capsys):
    """A class of one photo, a rare one, two others; 4 + 1 + 4 + 4 are held out of 57."""
    shutil.copytree(photos, tmp_path / "p")
    for name, keep in (("blue", 1), ("red", 8)):
        for path in sorted((tmp_path / "p" / name).iterdir())[keep:]:
            path.unlink()

    args = ["--held-out", "2", "--batch", "200", "--class-weights", "--freeze", "--epochs", "1"]
    weights = ["--weights", str(tmp_path / "from.safetensors")]
    save_untrained(tmp_path / "from.safetensors")
    assert main([str(tmp_path / "p"), *ARGS[:4], "--size", "32", "--out", str(tmp_path / "run"),
                 *args, *weights]) == 0  # fmt: skip

    captured = capsys.readouterr()
    said = captured.err.splitlines()
    assert "unbalanced: 23 photos of 'green' to train on, 1 of 'blue'; rare ones count more" in said
    assert "rare, fewer than 10 photos to train on: 'blue', 'red'" in said
    assert "trained on, but not scored: 'blue'" in said
    assert "3 photos are held out, not 2: one of every class at least" in said
    assert "a batch of 200 is more than the 54 photos to train on: 54" in said
    assert any("1 epoch of 1 batch of 54" in line and "alone" in line for line in said)
    assert "GiB of memory at most" in captured.out
    assert re.search(r"^  (green|red|sand) +[01] of 1$", captured.out, re.MULTILINE)
    before, after = (tensors(folder, name) for folder, name in
                     ((tmp_path, "from"), (tmp_path / "run", "best")))  # fmt: skip
    assert all(np.array_equal(before[k], after[k]) == ("classifier" not in k) for k in before)


def save_untrained(path: Path) -> None:
    """A network of the same classes in a file, as a run writes it."""
    model = tiny.tiny()
    info = checkpoint.CheckpointInfo("tiny_100", tuple(tiny.COLOURS), IMAGENET.at(32))
    checkpoint.save(path, {v.path: np.array(v.numpy()) for v in model.weights}, info.to_dict())


def test_freezing_a_network_without_weights_is_refused(photos, tmp_path):
    assert "nothing worth freezing" in str(refused(photos, tmp_path / "r", args=["--freeze"]))


@pytest.mark.parametrize(
    ("option", "setting"),
    [
        (["--epochs", "7"], {"epochs": 7}),
        (["--batch", "7"], {"batch": 7}),
        (["--learning-rate", "1e-3"], {"learning_rate": 1e-3}),
        (["--size", "64"], {"sizes": ((0, 64),)}),
        (["--freeze"], {"freeze": True}),
        (["--class-weights"], {"class_weights": True}),
        (["--early-stop", "3"], {"early_stop": 3}),
        (["--epochs", "7", "--set", "epochs=3"], {"epochs": 7}),
        ([], {}),
    ],
)
def test_an_option_is_a_setting_of_the_schedule(option, setting):
    args = parser().parse_args(["photos", *option])

    found = FINETUNE.with_settings([*args.set, *_settings(args)])

    assert found == replace(FINETUNE, **setting)


def test_a_learning_rate_that_is_no_number_is_refused(photos, tmp_path):
    error = refused(photos, tmp_path / "r", args=["--learning-rate", "fast"])

    assert "learning_rate is 'fast'" in str(error)


def test_every_setting_stands_in_the_help_with_its_default():
    text = parser().format_help()
    shown = {}  # setting -> what stands behind it, column by column
    for line in text[text.index("settings of the schedule") :].splitlines()[2:]:
        name, *cells = line.split()
        shown[name] = dict(zip(SCHEDULES, cells, strict=False))

    for one in fields(Schedule):
        if one.name == "legs":
            continue
        for schedule, values in SCHEDULES.items():
            default = getattr(values, one.name)
            told = (
                default if isinstance(default, str) else json.dumps(default, separators=(",", ":"))
            )
            assert shown[one.name][schedule] == told, (one.name, schedule)


def test_ctrl_c_before_the_first_step_ends_the_run_there(photos, tmp_path):
    """It is sent from within that work, so none of it is finished; nothing goes on afterwards."""
    place = "ghostnet_tf.train.data.Pixels.read"
    process = start("--ctrl-c-in", place, *arguments(photos, tmp_path / "run"))
    output, errors = process.communicate(timeout=300)

    last = errors.splitlines()[-1]
    assert process.returncode == 130 and output == "" and "Traceback" not in errors
    assert last == f"interrupted; {UNTOUCHED}"
    assert "epoch   1" not in errors and not (tmp_path / "run/state.safetensors").exists()


FIRST = "no epoch was finished, the same command begins anew"
PRESSED = {  # in which phase Ctrl-C arrives: where that is, what is said, and how many epochs stay
    "looking for photos": ("ghostnet_tf.data.photos.Photos.__init__", UNTOUCHED, 0),
    "tracing": ("ghostnet_tf.nets.conv_norm.Norm.call", FIRST, 0),
    "between batches": ("ghostnet_tf.train.data.TrainBatches.__getitem__", FIRST, 0),
    "scoring": ("ghostnet_tf.train.data.EvalBatches.__getitem__", FIRST, 0),
    "writing": ("ghostnet_tf.train.training.Run._save", "epoch 1 is kept in", 1),
    "at the end": (
        "ghostnet_tf.train.training.Run.take_best", "the training is finished and kept in", 2,
    ),
    "drawing": (
        "ghostnet_tf.tasks.classify.mistakes.Report.files",
        "the training is finished and kept in", 2,
    ),
}  # fmt: skip


@pytest.mark.usefixtures("tf_settings_kept", "ctrl_c_raises")
@pytest.mark.parametrize("phase", PRESSED)
def test_ctrl_c_is_answered_in_every_phase(phase, photos, tmp_path, monkeypatch):
    place, said, epochs = PRESSED[phase]
    module, kind, name = place.rsplit(".", 2)
    owner = getattr(import_module(module), kind)
    monkeypatch.setattr(owner, name, getattr(owner, name))  # put back what `ctrl_c_in` changes
    tiny.ctrl_c_in(place)
    run = tmp_path / "run"

    with pytest.raises(Interrupted) as stopped:
        main(arguments(photos, run, "epochs=2"))

    assert str(stopped.value).startswith(said)
    state = run / "state.safetensors"
    history = checkpoint.read(state)[1]["history"] if state.exists() else []
    assert len(history) == epochs
    if epochs:  # all files of the epoch agree
        assert json.loads((run / "log.json").read_text()) == history
    assert not (run / "report.json").exists()
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


@pytest.fixture
def ctrl_c_raises():
    """Where the tests run in the background, Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("tf_settings_kept")
def test_a_run_that_has_learned_nothing_proposes_no_export(photos, tmp_path, capsys, monkeypatch):
    """And where all is said, Ctrl-C raises no exception that a finalizer would show."""
    from ghostnet_tf.train.training import Run

    zeros = np.zeros((16, 4), np.float32)  # the first class, every time
    monkeypatch.setattr(Run, "outputs", lambda self: zeros)
    typed = arguments(photos, tmp_path / "run", "epochs=1", "warmup_epochs=0", "learning_rate=1e-9")

    assert main(typed) == 0

    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    printed = capsys.readouterr().out
    *_, why, following = printed.splitlines()
    assert re.fullmatch(
        "not worth an export: whoever answers 'blue' every time is right for 4 of 16; "
        "it has not trained for long", why
    )  # fmt: skip
    assert following.endswith(f"ghostnet train {shlex.join(typed)} --epochs 3")
    typed_next(printed)
    assert "going on after 1 epochs" in capsys.readouterr().err
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 1 + 3


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        (["p", "--epochs", "3", "--freeze"], ["p", "--freeze"]),
        (["--epochs=3", "p", "--out", "runs/a"], ["p"]),
        (["p", "--set", "epochs=3", "--json"], ["p", "--set", "epochs=3", "--json"]),
    ],
)
def test_what_is_proposed_anew_is_not_said_twice(typed, left):
    assert _without(typed, ["--epochs", "9", "--out", "runs/b"]) == left
    assert _without(["--freeze", "p"], ["--freeze"]) == ["p"]


def test_a_folder_that_cannot_be_written_is_refused_at_once(photos, tmp_path):
    (tmp_path / "file").touch()

    error = refused(photos, tmp_path / "file/run")

    assert "no folder that can be written to" in str(error) and "--out" in error.fix.typed


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--model", "tinny_100"], "no model 'tinny_100'"),
        (["--schedule", "finetun"], "no schedule 'finetun'"),
        (["--set", "epoch=3"], "no schedule setting 'epoch'"),
        (["--weights", "imagnet"], "no weights 'imagnet'"),
    ],
)
def test_an_unknown_name_is_answered_with_what_would_work(args, said, photos, tmp_path):
    assert said in str(refused(photos, tmp_path, args=args))


@pytest.mark.parametrize("option", ["--held-out", "--classes", "--stop-after"])
@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_counts_are_positive(option, value, capsys):
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["photos", option, value])

    assert option in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--schedule", "--recipe"])
def test_the_old_name_of_the_schedule_is_understood_and_noted(option, photos, tmp_path, capsys):
    args = [str(photos), "--model", "tiny_100", option, "nonsense", "--out", str(tmp_path)]

    with pytest.raises(UserError, match="no schedule 'nonsense'"):
        main(args)

    assert ("now called --schedule" in capsys.readouterr().err) == (option == "--recipe")


def test_help_needs_no_keras():
    script = (
        "import sys; from ghostnet_tf.train.command import parser; text = parser().format_help();"
        "assert not {'keras', 'tensorflow'} & sys.modules.keys(); print(text)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "--held-out N" in done.stdout and "ghostnet export" in done.stdout
