"""One training run: a folder whose state is always whole, so that it can be killed and resumed."""

import csv
import io
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.train.curves import plot
from ghostnet_tf.train.data import Decoded, EvalBatches, TrainBatches
from ghostnet_tf.train.optimizer import as_numpy, averaged_weights, make_optimizer
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.score import accuracy
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

    def __post_init__(self):
        self.model.compile(
            optimizer=make_optimizer(
                self.schedule, steps_per_epoch(len(self.train), self.schedule)
            ),
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=self.schedule.label_smoothing
            ),
            metrics=["accuracy"],
            jit_compile=keras.backend.backend() == "jax",  # XLA makes TensorFlow slower on a CPU
        )
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def state_path(self) -> Path:
        return self.folder / "state.safetensors"

    @property
    def best(self) -> dict[str, Any]:
        """The row of the history whose weights are in best.safetensors."""
        return max(self.history, key=top1)

    def resume(self) -> bool:
        """Take up the state in the folder, if there is one; False where there is none."""
        if not self.state_path.exists():
            return False
        tensors, header = checkpoint.read(self.state_path)
        refuse_another(self.folder, header, self._header())
        state = self._state()
        for name, variable in state.items():
            if name not in tensors or tensors[name].shape != tuple(variable.shape):
                raise UserError(
                    f"{str(self.state_path)!r} has no fitting {name!r}", fix="choose another --out"
                )
        for name, variable in state.items():
            variable.assign(tensors[name])
        self.history = header["history"]
        return True

    def epoch(self, callback: keras.callbacks.Callback) -> dict[str, Any]:
        """Train one epoch, score the held-out photos, save; returns the new row of the history."""
        number = len(self.history)
        batches = TrainBatches(
            self.train, len(self.info.classes), self.schedule, self.info.preprocessing, number
        )
        fit = self.model.fit(batches, epochs=1, verbose=0, callbacks=[callback], shuffle=False)
        loss = fit.history["loss"][0]
        if not math.isfinite(loss):
            raise UserError(
                f"the loss of epoch {number + 1} is {loss}: the run has diverged",
                fix="--set learning_rate=RATE with a smaller one, and another --out",
            )
        row = {
            "epoch": number + 1,
            "size": batches.size,
            "loss": loss,
            "accuracy": fit.history["accuracy"][0],
            **{f"held_out_{k}": v for k, v in self.score().items()},
        }
        weights = self._weights()
        with averaged_weights(
            self.model, (batches[i][0] for i in range(min(len(batches), STATISTICS_BATCHES)))
        ):
            row |= {f"held_out_ema_{k}": v for k, v in self.score().items()}
            if row["held_out_ema_top1"] >= row["held_out_top1"]:
                weights = self._weights()
        self.history.append(row)
        self._save(weights)
        return row

    def score(self) -> dict[str, float]:
        """Top-1 and top-5 on the held-out photos, at the size of the finished network."""
        batches = EvalBatches(self.held_out, self.info.preprocessing, self.schedule.batch)
        logits = np.asarray(self.model.predict(batches, verbose=0))[: len(self.held_out)]
        return accuracy(logits, self.held_out.labels)

    def _header(self) -> dict[str, Any]:
        return {
            "schedule": self.schedule.to_dict(),
            "info": self.info.to_dict(),
            "photos": [len(self.train), len(self.held_out)],
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
            header = {**self.info.to_dict(), "schedule": self.schedule.to_dict(), "epoch": row}
            checkpoint.save(self.folder / "best.safetensors", weights, header)
        write_atomic(self.folder / "log.csv", _csv(self.history).encode())
        write_atomic(self.folder / "log.json", json.dumps(self.history, indent=1).encode())
        plot(self.history, self.folder / "curves.png")
        tensors = {name: as_numpy(variable) for name, variable in self._state().items()}
        checkpoint.save(self.state_path, tensors, self._header())


def steps_per_epoch(photos: int, schedule: Schedule) -> int:
    """Full batches in so many training photos; at least one."""
    if photos < schedule.batch:
        raise UserError(
            f"{photos} training photos do not fill a batch of {schedule.batch}",
            fix="--set batch=N with a smaller N",
        )
    return photos // schedule.batch


def refuse_another(folder: Path, header: dict[str, Any], mine: dict[str, Any]) -> None:
    """Raise UserError where a state's header is not that of this run."""
    for key in ("schedule", "info", "photos"):
        # "photos" came later than the first runs: a header without it is taken at its word
        if header.get(key, mine[key] if key == "photos" else None) != mine[key]:
            raise UserError(
                f"{str(folder)!r} holds a run with {NAMES[key]}",
                fix=f"{GO_ON[key].format(run=folder)}; to train its weights on: "
                f"--weights {folder / 'best.safetensors'} and another --out",
            )


NAMES = {  # of what differs
    "schedule": "another schedule",
    "info": "another network, other classes or another preprocessing",
    "photos": "other photos, or another number held out",
}
GO_ON = {
    "schedule": "to finish that run as it began: --schedule {run}/schedule.json without --set",
    "info": "to finish that run: its --model and its photos",
    "photos": "to finish that run: its photos and its --held-out",
}


def top1(row: dict[str, Any]) -> float:
    """Of the better of the two, the weights and their average."""
    return max(row["held_out_top1"], row["held_out_ema_top1"])


def _csv(history: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(history[0]))
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()
