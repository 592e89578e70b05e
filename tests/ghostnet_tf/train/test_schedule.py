import json

import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.schedule import Schedule

OF_SOUND = {
    "rate": None, "seconds": None, "shift": 0.0, "gain": [0.0, 0.0], "noise": 0.0, "silence": 0.0,
    "spec_augment": [0, 0], "speaker": None, "unknown": [],
}  # fmt: skip
SCHEDULE = Schedule(epochs=4, sizes=((0, 32), (2, 64)))


def test_the_schedule_of_the_running_run_is_unchanged():
    assert schedules.load("tinyimagenet_cpu").to_dict() == {
        "epochs": 18, "sizes": [[0, 64], [14, 96]], "batch": 128, "optimizer": "sgd",
        "learning_rate": 0.2, "warmup_epochs": 1.0, "momentum": 0.9, "weight_decay": 5e-4,
        "label_smoothing": 0.1, "ema": 0.999, "crop_scale": [0.35, 1.0], "flip": True,
        "randaugment": None, "mixup": 0.0, "dropout": 0.1, "precision": "float32", "seed": 0,
        # settings that came after that run: as it was without them
        "ema_grows": False, "freeze": False, "class_weights": False, "early_stop": None,
        "hold_out": "random", "legs": [], "every_photo": False, "branches": None,
        "mosaic": 0.0, "choose": None,
        **OF_SOUND,
    }  # fmt: skip


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_a_schedule_survives_its_json(name, tmp_path):
    path = tmp_path / "schedule.json"
    path.write_text(json.dumps(schedules.load(name).to_dict()))

    assert schedules.load(str(path)) == schedules.load(name)


def test_the_size_changes_at_its_epoch():
    assert [SCHEDULE.size_at(epoch) for epoch in range(4)] == [32, 32, 64, 64]
    assert SCHEDULE.final_size == 64


def test_few_epochs_warm_up_for_half_of_them_unless_somebody_says_how_long():
    one = SCHEDULE.with_settings(["epochs=1", "sizes=[[0,32]]"])
    many = SCHEDULE.with_settings(["epochs=40"])

    assert one.warmup_epochs == 0.5 and many.warmup_epochs == SCHEDULE.warmup_epochs == 1.0
    with pytest.raises(UserError, match="warmup_epochs must be fewer"):
        SCHEDULE.with_settings(["epochs=1", "sizes=[[0,32]]", "warmup_epochs=1"])


def test_settings_are_json_or_text():
    changed = SCHEDULE.with_settings(["epochs=5", "optimizer=adamw", "randaugment=[2, 9]"])

    assert (changed.epochs, changed.optimizer, changed.randaugment) == (5, "adamw", (2, 9))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epochs=0", "epochs and batch must be 1 or more"),
        ("epochs=2", "sizes must not begin after the last epoch"),
        ("epochs=many", "epochs is 'many'"),
        ("epochs=true", "epochs is True"),
        ("epochs=2.5", "epochs is 2.5"),
        ("batch=0", "1 or more"),
        ("sizes=96", "sizes is 96"),
        ("sizes=[[0]]", r"sizes is \(\(0,\),\)"),
        ("sizes=[[1,96]]", "must begin at epoch 0"),
        ("sizes=[[0,8]]", "32 pixels or more"),
        ("optimizer=lion", "optimizer is 'lion'"),
        ("branches=repgost", "branches must be one of repghost, ghostnetv3, repvgg"),
        ("precision=float16", "precision is 'float16'"),
        ("learning_rate=0", "above 0"),
        ("learning_rate=NaN", "learning_rate is nan"),
        ("warmup_epochs=4", "fewer than epochs"),
        ("ema=1", r"lie in \[0, 1\)"),
        ("crop_scale=[0.9,0.1]", "crop_scale must lie"),
        ("randaugment=[2,11]", "10 at most"),
        ("mixup=-1", "must not be below 0"),
        ("mosaic=1.5", r"mosaic must lie in \[0, 1\]"),
        ("early_stop=0", "early_stop must be 1 or more"),
        ("hold_out=none", "hold_out is 'none'"),
        ("freeze=1", "freeze is 1"),
        ("legs=[4]", "legs must rise"),
        ("legs=[2,1]", "legs must rise"),
        ("epoch=3", "no schedule setting 'epoch'"),
        ("epochs", "is no setting"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting, said):
    with pytest.raises(UserError, match=said) as refused:
        SCHEDULE.with_settings([setting])

    assert refused.value.fix


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[1]", "not list"),
        ("{}", "lacks epochs and sizes"),
        ('{"epochs": 3, "sizes": [[0, 96]], "lr": 1}', "no schedule setting 'lr'"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_file_that_is_no_schedule_is_refused(text, said, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(UserError, match=said):
        schedules.load(str(path))


def test_an_unknown_schedule_is_answered_with_the_known_ones():
    with pytest.raises(UserError) as refused:
        schedules.load("fintune")

    assert "finetune" in refused.value.fix


def test_a_missing_schedule_file_is_named():
    with pytest.raises(UserError, match=r"gone\.json"):
        schedules.load("gone.json")


@pytest.mark.parametrize(
    ("setting", "typed", "in_python"),
    [
        ("sizes=[[0,31]]", "--size PX", "size=PX"),
        ("learning_rate=nan", "--learning-rate RATE", "learning_rate=RATE"),
        ("learning_rate=-1", "--learning-rate RATE", "learning_rate=RATE"),
        ("epochs=0", "--epochs N or --batch N", "epochs=N or batch=N"),
        ("freeze=1", "--freeze", "freeze=True"),
        ("mixup=-1", "--set mixup=VALUE", "mixup=VALUE"),
        ("ema=1", "--set ema=VALUE", "ema=VALUE"),
        ("seed", "--set seed=VALUE", "seed=VALUE"),
    ],
)
def test_the_way_out_names_the_option_of_that_setting(setting, typed, in_python):
    with pytest.raises(UserError) as refused:
        SCHEDULE.with_settings([setting])

    assert (refused.value.fix.typed, str(refused.value.fix)) == (typed, in_python)


@pytest.mark.parametrize("setting", ["foo", "foo=1", "legs_=1"])
def test_what_is_proposed_may_be_set(setting):
    with pytest.raises(UserError, match="there is no schedule setting") as refused:
        SCHEDULE.with_settings([setting])

    assert "legs" not in refused.value.fix
