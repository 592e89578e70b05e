"""One training run: a folder whose state is always whole, so that it can be killed and resumed."""

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.interrupt import keep, whole
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.data.photos import of_all
from ghostnet_tf.tasks.task import CLASSIFY, Learning, Task, task
from ghostnet_tf.train.average import as_numpy, averaged_weights, training_forward
from ghostnet_tf.train.best import averaged_is_better, rank, refuse_another_choice
from ghostnet_tf.train.curves import plot
from ghostnet_tf.train.data import Cut, Decoded, EvalBatches, TrainBatches
from ghostnet_tf.train.optimizer import make_optimizer
from ghostnet_tf.train.prefetch import prefetched
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.step import WATCHED, Step, training_step
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights.apply import weights_of

STATISTICS_BATCHES = 32  # of an epoch, to gather BatchNorm's statistics under the averaged weights
SEED_STATE = "seed_generator_state"  # of dropout; its name counts the layers a process has made


@dataclass
class Run:
    """The network, its optimizer and what has been measured so far, kept in `folder`.

    state.safetensors     everything that a resumed run needs, after every epoch
    best.safetensors      the weights (plain or EMA) that did best on the held-out photos
    schedule.json           the schedule, as `--schedule` takes it
    log.csv, log.json, curves.png    the history
    """

    folder: Path
    schedule: Schedule
    info: checkpoint.CheckpointInfo
    model: keras.Model
    train: Decoded
    held_out: Decoded
    history: list[dict[str, Any]] = field(default_factory=list)
    accelerators: int = 1
    task: Task = field(default_factory=lambda: task(CLASSIFY))
    source: Any = None  # what both sides were read from
    learning: Learning = field(init=False)
    step: Step = field(init=False)
    forward: Callable[[Any], Any] = field(init=False)

    def __post_init__(self):
        self.forward = training_forward(self.model)
        self._compile()

    @property
    def cut(self) -> Cut:
        """Of each epoch, into batches."""
        return Cut.of(len(self.train), self.schedule, self.accelerators)

    def _compile(self) -> None:
        about = self.info, self.schedule, self.train.labels, self.source
        self.learning = self.task.learning(*about)
        refuse_another_choice(self.schedule.choose, self.learning.chosen)
        loss = self.learning.loss
        self.model.compile(
            optimizer=make_optimizer(self.schedule, self.cut.steps),
            loss=loss,
            # Not by name: its variables would be made within the first step, which TensorFlow
            # would then trace twice.
            metrics=[keras.metrics.MeanMetricWrapper(self.learning.right, name=WATCHED)],
            jit_compile=keras.backend.backend() == "jax",  # XLA makes TensorFlow slower on a CPU
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.step = training_step(self.model, loss, self.learning.right)

    @property
    def state_path(self) -> Path:
        return self.folder / "state.safetensors"

    @property
    def best(self) -> dict[str, Any]:
        """The row of the history whose weights are in best.safetensors."""
        return max(self.history, key=self._rank)

    def _rank(self, row: dict[str, Any]) -> tuple[float, float, int]:
        return rank(row, self.learning.chosen)

    @property
    def is_finished(self) -> bool:
        """All epochs are done, or the last ones brought nothing better and it may stop early."""
        done, patience = len(self.history), self.schedule.early_stop
        if patience is None or not done:
            return done >= self.schedule.epochs
        since = max(self.best["epoch"], *self.schedule.legs, 0)
        return done >= self.schedule.epochs or done - since >= patience

    @property
    def kept(self) -> str:
        """What a Ctrl-C says of the run."""
        if not self.history:
            return "no epoch was finished, the same command begins anew"
        if self.is_finished:
            done = f"the training is finished and kept in {self.folder}"
            return f"{done}, the same command writes its report"
        return f"epoch {len(self.history)} is kept in {self.folder}, the same command resumes there"

    def resume(self) -> bool:
        """Take up the state in the folder, if there is one; False where there is none.

        A finished run of the same schedule with fewer epochs goes on: `schedule` has a leg more
        then. Raises UserError where the state is of another run.
        """
        if not self.state_path.exists():
            return False
        tensors, header = checkpoint.read(self.state_path)
        theirs = Schedule.from_dict(header["schedule"])
        wanted, mine = self.schedule, self._header()
        refuse_another(self.folder, header, mine, ("info",))
        self._refuse_other_settings(theirs, wanted)  # a seed also says which photos are held out
        refuse_another(self.folder, header, mine, ("photos", "fingerprint"))
        self.schedule, self.history = theirs, header["history"]
        if wanted != theirs:
            self.schedule = self._taken_on(wanted)
            self._compile()
        state = self._state()
        for name, variable in state.items():
            if name not in tensors or tensors[name].shape != tuple(variable.shape):
                raise UserError(
                    f"{str(self.state_path)!r} has no fitting {name!r}",
                    fix=f"choose another {option('out', 'DIR')}",
                )
        for name, variable in state.items():
            variable.assign(tensors[name])
        return True

    def _refuse_other_settings(self, own: Schedule, wanted: Schedule) -> None:
        """UserError that names them; more epochs are no other setting."""
        given, other = own.to_dict(), wanted.to_dict()
        differ = [name for name in given if name != "legs" and given[name] != other[name]]
        if wanted.epochs > own.epochs:
            differ.remove("epochs")
        if differ:
            said = ", ".join(f"{name} {given[name]}, not {other[name]}" for name in differ)
            raise _another(self.folder, "schedule", f": {said}")

    def _taken_on(self, wanted: Schedule) -> Schedule:
        """The schedule of the run in the folder, with as many epochs as `wanted`; or UserError."""
        own, done = self.schedule, len(self.history)
        if wanted.epochs == own.epochs:
            return own  # with the legs that it has had
        if not self.is_finished:
            raise UserError(
                f"{str(self.folder)!r} holds a run of {own.epochs} epochs, its learning rate is "
                f"planned for them, and {done} are done",
                fix=f"{option('epochs', own.epochs)} finishes it; then "
                f"{option('epochs', wanted.epochs)} goes on",
            )
        return own.taken_on(done, wanted.epochs)

    def epoch(self, advance: Advance = silent) -> dict[str, Any]:
        """Train one epoch, score what is held out, save; returns the new row of the history.

        UserError, and nothing is saved, where the weights have become useless.
        """
        number, cut = len(self.history), self.cut
        batches = TrainBatches(self.train, self.learning, self.schedule, number, cut)
        watched, called = self.learning.watched
        losses, shares = [], []
        for images, targets in prefetched(batches.__getitem__, len(batches)):
            loss, share = self.step(images, targets, self.learning.weights(targets))
            self._refuse_diverged(loss, "loss")
            losses.append(loss)
            shares.append(share)
            loss, share = float(np.mean(losses)), float(np.mean(shares))
            advance(said=f"loss {loss:.3f}  {called} {share:.3f}")
        advance(0, said="scoring what is held out")
        scored = self.score()
        self._refuse_diverged(scored["loss"], f"loss of the held-out {self.task.kinds}")
        row = {
            "epoch": number + 1,
            "size": batches.size,
            "loss": float(np.mean(losses)),
            watched: float(np.mean(shares)),
            **{f"held_out_{k}": v for k, v in scored.items()},
        }
        weights = self._weights()
        some = min(len(batches), STATISTICS_BATCHES)
        images = (batch for batch, _ in prefetched(batches.__getitem__, some))
        with averaged_weights(self.model, images, self.forward):
            row |= {f"held_out_ema_{k}": v for k, v in self.score().items()}
            if averaged_is_better(row, self.learning.chosen):
                weights = self._weights()
        advance(0, said="writing")
        with whole():  # between two files, the log and the state would not agree
            self.history.append(row)
            self._save(weights)
            keep(self.kept)
        return row

    def _refuse_diverged(self, loss: float, which: str) -> None:
        if math.isfinite(loss):
            return
        done, rate = len(self.history), self.schedule.learning_rate / 10
        kept = f"; epoch {done} is kept in {str(self.folder)!r}" if done else ""
        raise UserError(
            f"the {which} of epoch {done + 1} is {loss}: the run has diverged{kept}",
            fix=f"{option('learning-rate', float(f'{rate:g}'))}, and another "
            f"{option('out', 'DIR')}",
        )

    def score(self) -> dict[str, float]:
        """Of what is held out, as the finished network takes it."""
        return self.learning.scores(self.outputs(), self.held_out.labels)

    def outputs(self) -> np.ndarray:
        """Of what is held out, (n, ...) float32."""
        batches = EvalBatches(self.held_out, self.learning, self.cut.batch)
        found = [
            np.asarray(self.model.predict_on_batch(images), np.float32)
            for images in prefetched(batches.__getitem__, len(batches))
        ]
        return np.concatenate(found)[: len(self.held_out)]

    def take_best(self) -> None:
        """Give the network the weights of `best`."""
        tensors, _ = checkpoint.read(self.folder / "best.safetensors")
        for path, variable in weights_of(self.model).items():
            variable.assign(tensors[path])

    def _header(self) -> dict[str, Any]:
        return {
            "schedule": self.schedule.to_dict(),
            "info": self.info.to_dict(),
            "photos": [len(self.train), len(self.held_out)],
            "fingerprint": [self.train.fingerprint, self.held_out.fingerprint],
            "history": self.history,
        }

    def _state(self) -> dict[str, keras.Variable]:
        """All that training changes, by name: weights, seeds of dropout, momenta, EMA, step."""
        seeds = [v for v in self.model.non_trainable_variables if v.path.endswith(SEED_STATE)]
        return (
            {f"model/{path}": variable for path, variable in weights_of(self.model).items()}
            | {f"seed/{i}": variable for i, variable in enumerate(seeds)}
            | {v.path: v for v in self.model.optimizer.variables}
        )

    def _weights(self) -> dict[str, np.ndarray]:
        return {path: as_numpy(variable) for path, variable in weights_of(self.model).items()}

    def _save(self, weights: dict[str, np.ndarray]) -> None:
        """`weights` are the better ones of the epoch, of the plain and the averaged.

        The state comes last: killed before it, a run repeats the epoch and writes the same files.
        """
        row = self.history[-1]
        if self.best is row:
            header = {
                **self.info.to_dict(),
                **({} if self.task.name == CLASSIFY else {"task": self.task.name}),
                "schedule": self.schedule.to_dict(),
                "epoch": row,
                "trained_on": of_all(self.train.digests + self.held_out.digests),
            }
            checkpoint.save(self.folder / "best.safetensors", weights, header)
        write_atomic(self.folder / "log.csv", _csv(self.history).encode())
        write_atomic(self.folder / "log.json", json.dumps(self.history, indent=1).encode())
        plot(self.history, self.folder / "curves.png", self.learning.curves)
        tensors = {name: as_numpy(variable) for name, variable in self._state().items()}
        checkpoint.save(self.state_path, tensors, self._header())


def refuse_another(
    folder: Path, header: dict[str, Any], mine: dict[str, Any], keys: tuple[str, ...]
) -> None:
    """Raise UserError where a state's header is not that of this run."""
    for key in keys:
        # the last two came later than the first runs: a header without is taken at its word
        if header.get(key, mine[key] if key != "info" else None) != mine[key]:
            raise _another(folder, key)


def _another(folder: Path, key: str, said: str = "") -> UserError:
    return UserError(
        f"{str(folder)!r} holds a run with {NAMES[key]}{said}",
        fix=f"to finish that run{GO_ON[key](folder)}; to train its weights on: "
        f"{option('weights', str(folder / 'best.safetensors'))} and another "
        f"{option('out', 'DIR')}",
    )


NAMES = {  # of what differs
    "schedule": "another schedule",
    "info": "another network, other classes or another preprocessing",
    "photos": "other photos, or another number held out",
    "fingerprint": "other photos of the same number",
}
GO_ON: dict[str, Callable[[Path], str]] = {
    "schedule": lambda run: f" as it began: {option('schedule', str(run / 'schedule.json'))} alone",
    "info": lambda _: f": its {option('model')} and its photos",
    "photos": lambda _: f": its photos and its {option('held-out')}",
    "fingerprint": lambda _: ": its photos, with their names and contents",
}


def _csv(history: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    # The last row has all columns: rows of older runs lack the newer ones.
    writer = csv.DictWriter(text, list(history[-1]))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
