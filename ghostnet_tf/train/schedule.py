"""A training schedule is data: written beside every run and into every model card."""

import inspect
import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args, get_origin

from ghostnet_tf.base.errors import UserError, option, pick
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.sides import Size, sides
from ghostnet_tf.data.sound import RATES
from ghostnet_tf.nets.spec import SMALLEST_IMAGE, TRAINING_FORMS

# A setting that is an option of its own -> that option, and what stands for its value.
OPTIONS: dict[str, tuple[str, object]] = {
    "epochs": ("epochs", "N"),
    "batch": ("batch", "N"),
    "learning_rate": ("learning-rate", "RATE"),
    "sizes": ("size", "PX"),
    "freeze": ("freeze", True),
    "class_weights": ("class-weights", True),
    "early_stop": ("early-stop", "N"),
}
KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false"}


def as_given(name: str) -> str:
    """How a person gives this setting, for a fix."""
    return option(*OPTIONS.get(name, (f"set {name}", "VALUE")))


def _is(default: Any, what: str) -> Any:
    """A setting with a default, and what `--help` says of it."""
    return field(default=default, metadata={"what": what})


@dataclass(frozen=True)
class Schedule:
    """Everything that decides the result of a run, beside the network and the photos.

    A setting that a JSON file or an older run does not have is as it was before there was such a
    setting: what `Schedule` has by default. The schedules with a name have their own.
    """

    epochs: int = field(metadata={"what": "how often every photo, or sound, is learned from"})
    sizes: tuple[tuple[int, Size], ...] = field(
        metadata={
            "what": "[epoch from 0, pixels (or [H, W]) from then on], the last is the network's; "
            "[]: as its weights, or its authors, had it"
        }
    )
    batch: int = _is(128, "photos or sounds in a step, of all accelerators together")
    optimizer: Literal["sgd", "adamw"] = _is("sgd", "sgd or adamw")
    learning_rate: float = _is(0.2, "at its peak; a cosine to zero follows")
    warmup_epochs: float = _is(1.0, "until the learning rate is at its peak")
    momentum: float = _is(0.9, "Nesterov's; of sgd only")
    weight_decay: float = _is(5e-4, "times the learning rate; none on BatchNorm and biases")
    label_smoothing: float = _is(0.1, "share of a target that goes to all classes alike")
    ema: float = _is(0.999, "decay per step of the average of the weights")
    ema_grows: bool = _is(False, "no more than t/(t+9) after t steps: fit for short runs")
    crop_scale: tuple[float, float] = _is((0.35, 1.0), "share of a photo's area, at random")
    flip: bool = _is(True, "mirror half of the photos")
    randaugment: tuple[int, int] | None = _is(None, "[operations, strength out of 10]")
    mixup: float = _is(0.0, "alpha of the Beta distribution; 0: none")
    mosaic: float = _is(0.0, "share of the pictures that four photos make up; to detect")
    dropout: float = _is(0.1, "before the classifier")
    branches: str | None = _is(None, "beside each convolution: repvgg, ghostnetv3 or repghost")
    freeze: bool = _is(False, "train the classifier alone, BatchNorm as in use")
    class_weights: bool = _is(False, "rare classes count more, ten times at most")
    early_stop: int | None = _is(None, "stop after so many epochs without a better one")
    choose: str | None = _is(None, "the best epoch by this score, ap50 in place of ap")
    every_photo: bool = _is(False, "batches shrink a little, and no photo sits out an epoch")
    hold_out: Literal["by_class", "random"] = _is("random", "by_class: some of every class")
    rate: int | None = _is(None, "of sound, samples a second; null: as most of the data")
    seconds: float | None = _is(None, "of sound heard at once; null: 1, or as most need")
    shift: float = _is(0.0, "of sound, seconds it begins sooner or later at most")
    gain: tuple[float, float] = _is((0.0, 0.0), "of sound, dB quieter and louder at most")
    noise: float = _is(0.0, "share of the sounds behind which noise is put")
    spec_augment: tuple[int, int] = _is((0, 0), "[frames, columns] silenced at most")
    unknown: tuple[str, ...] = _is((), "classes of sound that become one, called unknown")
    silence: float = _is(0.0, "a class of noise, so many times the sounds of another")
    speaker: str | None = _is(None, "never heard: CLASS_SPEAKER_NUMBER.wav tells who speaks")
    precision: Literal["float32", "mixed_bfloat16"] = _is("float32", "float32 or mixed_bfloat16")
    seed: int = _is(0, "of everything random")
    legs: tuple[int, ...] = _is((), "epochs at which a finished run was given more; not to be set")

    def __post_init__(self):
        for one in fields(self):
            value = getattr(self, one.name)
            if not _fits(value, one.type):
                kind = inspect.formatannotation(one.type).replace("typing.", "")
                raise UserError(
                    f"schedule setting {one.name} is {value!r}, and takes {KINDS.get(kind, kind)}",
                    fix=as_given(one.name),
                )
        starts = [start for start, _ in self.sizes]
        for holds, promise, *names in (
            (
                self.epochs >= 1 and self.batch >= 1,
                "epochs and batch must be 1 or more",
                "epochs",
                "batch",
            ),
            (
                0 <= self.warmup_epochs < self.epochs,
                "warmup_epochs must be fewer than epochs",
                "warmup_epochs",
                "epochs",
            ),
            (
                self.early_stop is None or self.early_stop >= 1,
                "early_stop must be 1 or more",
                "early_stop",
            ),
            (
                sorted({*self.legs}) == [*self.legs]
                and all(0 < leg < self.epochs for leg in self.legs),
                "legs must rise and lie before the last epoch",
            ),
            (
                starts[:1] in ([], [0]) and starts == sorted({*starts}),
                "sizes must begin at epoch 0",
                "sizes",
            ),
            (
                max(starts, default=0) < self.epochs,
                "sizes must not begin after the last epoch",
                "sizes",
                "epochs",
            ),
            (
                all(min(sides(size)) >= SMALLEST_IMAGE for _, size in self.sizes),
                f"sizes must be {SMALLEST_IMAGE} pixels or more",
                "sizes",
            ),
            (
                self.branches in (None, *TRAINING_FORMS),
                f"branches must be one of {', '.join(TRAINING_FORMS)}",
                "branches",
            ),
            (self.learning_rate > 0, "learning_rate must be above 0", "learning_rate"),
            *(
                (getattr(self, name) >= 0, f"{name} must not be below 0", name)
                for name in ("weight_decay", "mixup", "seed", "shift", "silence")
            ),
            (0 <= self.noise <= 1, "noise is a share, from 0 to 1", "noise"),
            (self.gain[0] <= self.gain[1], "gain is [the least, the most] in dB", "gain"),
            (min(self.spec_augment) >= 0, "spec_augment must not be below 0", "spec_augment"),
            (
                self.seconds is None or 0.1 <= self.seconds <= 10,
                "seconds must lie between 0.1 and 10",
                "seconds",
            ),
            (
                self.rate is None or RATES[0] <= self.rate <= RATES[1],
                f"rate must lie between {RATES[0]} and {RATES[1]}",
                "rate",
            ),
            *(
                (0 <= getattr(self, name) < 1, f"{name} must lie in [0, 1)", name)
                for name in ("momentum", "label_smoothing", "ema", "dropout")
            ),
            (0 <= self.mosaic <= 1, "mosaic must lie in [0, 1]", "mosaic"),
            (
                0 < self.crop_scale[0] <= self.crop_scale[1] <= 1,
                "crop_scale must lie in (0, 1]",
                "crop_scale",
            ),
            (
                self.randaugment is None
                or (self.randaugment[0] >= 1 and 0 <= self.randaugment[1] <= 10),
                "randaugment must be [operations, strength], the strength 10 at most",
                "randaugment",
            ),
        ):
            if not holds:
                fix = " or ".join(map(as_given, names)) or "leave legs out"
                raise UserError(f"schedule: {promise}", fix=fix)

    def size_at(self, epoch: int) -> Size | None:
        """Pixels, or (height, width), at which `epoch` (from 0) trains; None: the network's own."""
        return [None, *(size for start, size in self.sizes if start <= epoch)][-1]

    @property
    def final_size(self) -> Size | None:
        return self.sizes[-1][1] if self.sizes else None

    def taken_on(self, done: int, epochs: int) -> Self:
        """This schedule, finished after `done` epochs, with a leg more until `epochs`."""
        return replace(self, epochs=epochs, legs=(*self.legs, done))

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        if not isinstance(values, dict):
            raise UserError(f"a schedule is a JSON object, not {type(values).__name__}")
        known = {one.name: one for one in fields(cls)}
        for name in values.keys() - known.keys():
            pick(name, dict.fromkeys(SETTABLE), "schedule setting")
        if missing := [name for name in ("epochs", "sizes") if name not in values]:
            raise UserError(f"the schedule lacks {' and '.join(missing)}")
        return cls(**{name: _tuples(value) for name, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: lists, no tuples."""
        return json.loads(json.dumps(asdict(self)))

    def with_settings(self, settings: list[str]) -> Self:
        """A copy with `["epochs=5", "sizes=[[0,64]]"]` applied; values are JSON, or else text."""
        values = self.to_dict()
        named = {setting.partition("=")[0] for setting in settings}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if name not in values:
                pick(name, dict.fromkeys(SETTABLE), "schedule setting")
            if not equals:
                raise UserError(f"{setting!r} is no setting: it has no value", fix=as_given(name))
            try:
                values[name] = json.loads(text)
            except json.JSONDecodeError:
                values[name] = text
        epochs = values["epochs"]
        if "warmup_epochs" not in named and isinstance(epochs, int):
            # Few epochs warm up for half of them: nobody has to know that there is a warm-up.
            values["warmup_epochs"] = min(values["warmup_epochs"], epochs / 2)
        return self.from_dict(values)

    def with_values(self, values: dict[str, Any]) -> Self:
        """A copy with these settings; a list does for a tuple."""
        return self.from_dict({**self.to_dict(), **values})


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


SETTABLE = tuple(one.name for one in fields(Schedule) if one.name != "legs")
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
        ema_grows=True,
        crop_scale=(0.5, 1.0),
        every_photo=True,
        hold_out="by_class",
    ),
    "detect": Schedule(
        epochs=60,
        sizes=((0, 320),),
        batch=8,
        optimizer="adamw",
        learning_rate=0.001,
        weight_decay=0.05,
        label_smoothing=0.0,
        ema=0.99,
        ema_grows=True,
        crop_scale=(0.5, 1.0),
        every_photo=True,
    ),
    "segment": Schedule(
        epochs=60,
        sizes=((0, (360, 480)),),
        batch=8,
        optimizer="adamw",
        learning_rate=0.002,
        weight_decay=0.05,
        label_smoothing=0.0,
        ema=0.99,
        ema_grows=True,
        crop_scale=(0.25, 1.0),
        class_weights=True,
        every_photo=True,
    ),
    "keywords": Schedule(
        epochs=26,
        sizes=(),
        batch=64,
        optimizer="adamw",
        learning_rate=0.002,
        warmup_epochs=2.0,
        weight_decay=0.001,
        label_smoothing=0.0,
        ema=0.99,
        ema_grows=True,
        every_photo=True,
        hold_out="by_class",
        shift=0.1,
        gain=(-12.0, 8.0),
        noise=0.8,
        spec_augment=(8, 2),
    ),
}


def settings_table() -> str:
    """Every setting with its default of each schedule by name, a line each."""
    lines = []
    for one in fields(Schedule):
        if one.name not in SETTABLE:
            continue
        defaults = [_json(getattr(schedule, one.name)) for schedule in SCHEDULES.values()]
        lines.append(f"{_row(one.name, defaults)}  {one.metadata['what']}")
    head = _row("", [*SCHEDULES])
    return "\n".join([head, *lines])


def _row(name: str, of_each: list[str]) -> str:
    """One of the table: a column for each schedule, as wide as its name or a usual value."""
    columns = zip(SCHEDULES, of_each, strict=True)
    return f"  {name:16} " + " ".join(f"{text:>{max(10, len(s))}}" for s, text in columns)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


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
