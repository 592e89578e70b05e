"""`ghostnet train` for Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.base.interrupt import answering
from ghostnet_tf.base.record import CLASSIFY, KEYWORDS
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.classify.class_counts import refuse_too_few_classes
from ghostnet_tf.tasks.task import task
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.weights import DEFAULT_MODEL

if TYPE_CHECKING:
    from ghostnet_tf.nets.image_model import ImageModel
    from ghostnet_tf.tasks.classify.mistakes import Report


@dataclass(frozen=True)
class FineTuned:
    """A trained network, and what it is good at."""

    model: "ImageModel"  # with the best weights
    weights: str  # their file, for `create_model` and `ghostnet export --weights`
    accuracy: float  # top-1 of what was held out
    report: "Report"  # per class, confusion matrix, the photos that it mistook
    history: list[dict[str, Any]]  # a row an epoch


def fine_tune(
    photos: str | Path | Photos,
    model: str = DEFAULT_MODEL,
    weights: str | None = "tinyimagenet",
    *,
    out: str | Path = "runs/train",
    schedule: str | Schedule | None = None,
    held_out: int | None = None,
    channels: int | None = None,
    **settings: Any,
) -> FineTuned:
    """Train a network of the zoo on a folder (or zip) of class folders; `ghostnet train` in Python.

    Of a `model` that hears, such as "ghost_kws_100", `photos` is a place of sounds. `weights`: to
    start from; None trains from nothing. `schedule`: by default that of the task. `out`: the folder
    of the run, taken up where it was left if there is one. `held_out`: photos kept out of training.
    `channels`: 1 for a network that sees photos in grey, by default as its weights have it.
    `settings`: of the schedule, such as `epochs=5`, `batch=16`, `learning_rate=0.01`,
    `freeze=True`, `class_weights=True`, `early_stop=3`; `ghostnet train --help` lists them.
    `size=128` is short for `sizes=[[0, 128]]`, and `size=(96, 160)` is height and width.

    Raises UserError as the command does; progress goes to stderr.

        tuned = gn.fine_tune("my_photos", out="runs/mine", epochs=5)
        tuned.accuracy, tuned.report.right()
        gn.fine_tune("fsdd.zip", "ghost_kws_100", weights=None)
    """
    entry = zoo.parse_model(model)
    if entry.task not in (CLASSIFY, KEYWORDS):
        raise UserError(
            f"{model} names neither photos nor words",
            fix=f"in a shell: ghostnet train --task {entry.task}",
        )
    todo = task(entry.task)
    schedule = schedule or todo.schedule
    how = schedules.load(schedule) if isinstance(schedule, str) else schedule
    if "size" in settings:
        settings["sizes"] = [[0, settings.pop("size")]]
    how = how.with_values(settings)
    is_open = isinstance(photos, Photos)
    found: Any = photos if is_open else todo.open(photos, how)
    folder = user_path(out)
    refuse_unwritable(folder)
    if is_open:
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
        task=todo,
    )
    with alone(folder / "state.safetensors", f"training in {str(folder)!r}"):
        result = answering(lambda: train(job), "nothing was changed")
    run = result["run"]
    top1, _ = score_of(run.best, run.learning.chosen)
    return FineTuned(run.model, result["weights"], top1, result["report"], run.history)
