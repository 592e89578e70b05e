"""`ghostnet train` for Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.base.interrupt import answering
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.classify.class_counts import refuse_too_few_classes
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.schedule import Schedule

if TYPE_CHECKING:
    from ghostnet_tf.nets.image_model import ImageModel
    from ghostnet_tf.tasks.classify.mistakes import Report


@dataclass(frozen=True)
class FineTuned:
    """A trained network, and what it is good at."""

    model: "ImageModel"  # with the best weights
    weights: str  # their file, for `create_model` and `ghostnet export --weights`
    accuracy: float  # top-1 of the held-out photos
    report: "Report"  # per class, confusion matrix, the photos that it mistook
    history: list[dict[str, Any]]  # a row an epoch


def fine_tune(
    photos: str | Path | Photos,
    model: str = "ghostnet_050",
    weights: str | None = "tinyimagenet",
    *,
    out: str | Path = "runs/train",
    schedule: str | Schedule = "finetune",
    held_out: int | None = None,
    channels: int | None = None,
    **settings: Any,
) -> FineTuned:
    """Train a network of the zoo on a folder (or zip) of class folders; `ghostnet train` in Python.

    `weights`: to start from; None trains from nothing. `out`: the folder of the run, taken up where
    it was left if there is one. `held_out`: photos kept out of training. `channels`: 1 for a
    network that sees photos in grey, by default as its weights have it. `settings`: of the
    schedule, such as `epochs=5`, `batch=16`, `learning_rate=0.01`, `freeze=True`,
    `class_weights=True`, `early_stop=3`; `ghostnet train --help` lists them. `size=128`
    is short for `sizes=[[0, 128]]`, and `size=(96, 160)` is height and width.

    Raises UserError as the command does; progress goes to stderr.

        tuned = gn.fine_tune("my_photos", out="runs/mine", epochs=5)
        tuned.accuracy, tuned.report.right()
    """
    zoo.parse_model(model)
    how = schedules.load(schedule) if isinstance(schedule, str) else schedule
    if "size" in settings:
        settings["sizes"] = [[0, settings.pop("size")]]
    how = how.with_values(settings)
    found = photos if isinstance(photos, Photos) else Photos.open(photos)
    folder = user_path(out)
    refuse_unwritable(folder)
    refuse_too_few_classes(found)
    from ghostnet_tf.train.best import score_of
    from ghostnet_tf.train.loop import Job, train

    job = Job(
        photos=found,
        schedule=how,
        model=model,
        weights=weights,
        out=folder,
        held_out=held_out,
        channels=channels,
    )
    with alone(folder / "state.safetensors", f"training in {str(folder)!r}"):
        result = answering(lambda: train(job), "nothing was changed")
    run = result["run"]
    top1, _ = score_of(run.best, run.learning.chosen)
    return FineTuned(run.model, result["weights"], top1, result["report"], run.history)
