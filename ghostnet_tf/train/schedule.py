"""A training schedule is data: written beside every run and into every model card."""

import inspect
import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args, get_origin

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.files import user_path
from ghostnet_tf.nets.spec import SMALLEST_IMAGE


@dataclass(frozen=True)
class Schedule:
    """Everything that decides the result of a run, beside the network and the photos."""

    epochs: int
    sizes: tuple[tuple[int, int], ...]  # (epoch, from 0; pixels from then on)
    batch: int = 128  # of all accelerators together
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.2  # the peak; a cosine to zero follows
    warmup_epochs: float = 1.0
    momentum: float = 0.9  # Nesterov; sgd only
    weight_decay: float = 5e-4  # decoupled, times the learning rate; none on BatchNorm and biases
    label_smoothing: float = 0.1
    ema: float = 0.999  # per step, of the weights
    crop_scale: tuple[float, float] = (0.35, 1.0)  # share of the photo's area
    flip: bool = True
    randaugment: tuple[int, int] | None = None  # (operations, strength out of 10)
    mixup: float = 0.0  # alpha of the Beta distribution; 0: none
    dropout: float = 0.1
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    seed: int = 0

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if not _fits(value, field.type):
                kind = inspect.formatannotation(field.type).replace("typing.", "")
                raise UserError(f"schedule setting {field.name} is {value!r}", fix=f"give {kind}")
        starts = [start for start, _ in self.sizes]
        for holds, promise in (
            (self.epochs >= 1 and self.batch >= 1, "epochs and batch must be 1 or more"),
            (0 <= self.warmup_epochs < self.epochs, "warmup_epochs must be fewer than epochs"),
            (starts[:1] == [0] and starts == sorted({*starts}), "sizes must begin at epoch 0"),
            (max(starts, default=0) < self.epochs, "sizes must not begin after the last epoch"),
            (
                all(size >= SMALLEST_IMAGE for _, size in self.sizes),
                f"sizes must be {SMALLEST_IMAGE} pixels or more",
            ),
            (self.learning_rate > 0, "learning_rate must be above 0"),
            (
                min(self.weight_decay, self.mixup, self.seed) >= 0,
                "weight_decay, mixup and seed must not be below 0",
            ),
            (
                all(
                    0 <= x < 1
                    for x in (self.momentum, self.label_smoothing, self.ema, self.dropout)
                ),
                "momentum, label_smoothing, ema and dropout must lie in [0, 1)",
            ),
            (0 < self.crop_scale[0] <= self.crop_scale[1] <= 1, "crop_scale must lie in (0, 1]"),
            (
                self.randaugment is None
                or (self.randaugment[0] >= 1 and 0 <= self.randaugment[1] <= 10),
                "randaugment must be [operations, strength], the strength 10 at most",
            ),
        ):
            if not holds:
                raise UserError(f"schedule: {promise}", fix="--set NAME=VALUE")

    def size_at(self, epoch: int) -> int:
        """Pixels at which `epoch` (from 0) trains."""
        return [size for start, size in self.sizes if start <= epoch][-1]

    @property
    def final_size(self) -> int:
        return self.sizes[-1][1]

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        if not isinstance(values, dict):
            raise UserError(f"a schedule is a JSON object, not {type(values).__name__}")
        known = {field.name: field for field in fields(cls)}
        for name in values:
            pick(name, known, "schedule setting")
        if missing := [name for name in ("epochs", "sizes") if name not in values]:
            raise UserError(f"the schedule lacks {' and '.join(missing)}")
        return cls(**{name: _tuples(value) for name, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: lists, no tuples."""
        return json.loads(json.dumps(asdict(self)))

    def with_settings(self, settings: list[str]) -> Self:
        """A copy with `["epochs=5", "sizes=[[0,64]]"]` applied; values are JSON, or else text."""
        values = self.to_dict()
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals:
                raise UserError(f"{setting!r} is no setting", fix="write NAME=VALUE, e.g. epochs=5")
            pick(name, values, "schedule setting")
            try:
                values[name] = json.loads(text)
            except json.JSONDecodeError:
                values[name] = text
        return self.from_dict(values)


def _fits(value: Any, kind: Any) -> bool:
    """Whether `value` is of the annotated type; a whole number is a float too, a bool is none."""
    parts = get_args(kind)
    if get_origin(kind) is Literal:
        return value in parts
    if get_origin(kind) is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        return len(value) == len(kinds) and all(map(_fits, value, kinds))
    if parts:  # a union
        return any(_fits(value, part) for part in parts)
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is (kind or type(None))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


# Small photos first, then the final size: most of the learning at half the cost.
TINYIMAGENET_CPU = Schedule(epochs=18, sizes=((0, 64), (14, 96)))

SCHEDULES: dict[str, Schedule] = {
    "tinyimagenet_cpu": TINYIMAGENET_CPU,
    "finetune": Schedule(
        epochs=10,
        sizes=((0, 96),),
        batch=32,
        learning_rate=0.02,
        warmup_epochs=0.5,
        weight_decay=1e-4,
        ema=0.99,
        crop_scale=(0.5, 1.0),
    ),
}


def load(name_or_path: str) -> Schedule:
    """A schedule by its name, or from a JSON file such as the `schedule.json` of a run."""
    path = user_path(name_or_path)
    if path.suffix != ".json":
        return pick(name_or_path, SCHEDULES, "schedule")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or not JSON
        raise UserError(f"schedule {name_or_path!r} cannot be read: {error}") from None
    return Schedule.from_dict(values)
