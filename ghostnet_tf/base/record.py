"""The record beside each `.tflite` file. Standard library only: the benchmark reads it too."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import UnionType
from typing import Any, NotRequired, TypedDict, get_args, get_origin, get_type_hints, is_typeddict

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256, user_path, write_together
from ghostnet_tf.base.schema import MAX_BYTES, Mismatch, document, typed
from ghostnet_tf.base.sides import spelled
from ghostnet_tf.base.terminal import note

SCHEMA = 1
# One of these is in every record, even a damaged one, and in no other program's .json.
OURS = (b'"weights_sha256"', b'"label_ids"', b'"parity_db"')
MADE_AGAIN = "give what ghostnet export writes, or download or copy the file again"
MAX_PARITY_DB = 200.0  # beyond what float32 can tell apart
TOOLS = (
    "ghostnet-tf",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "ai-edge-litert",
    "litert-quantizer",
    "numpy",
    "pillow",
)


# What a file was run on: what a person gave, or else what a random generator did.
PARITY_ON = ("photos", "generated images", "samples", "generated inputs")
# What the outputs of a classifier are, so that nobody squashes them twice; of unknown ones the
# largest comes first, and that is all.
UNKNOWN = "unknown"
CLASSIFY = "classify"  # the task of a record that names none
DETECT, KEYWORDS, SEGMENT = "detect", "keywords", "segment"
# Of a file that hears hop by hop: an input, and the output that it is at the next call.
STATE, NEXT = "_state", "_next"
SCORES = ("logits", "softmax", "sigmoid", UNKNOWN)


class PreprocessingFields(TypedDict):
    """`ghostnet_tf.data.preprocess.Preprocessing` as JSON has it."""

    size: int | list[int]  # pixels of a side; [height, width] where they differ
    crop: float
    resample: str
    mean: list[float]
    std: list[float]
    channels: NotRequired[int]  # 1 where images are grey; RGB goes without saying
    fit: NotRequired[str]  # "stretch" where a photo is not cropped; "crop" goes without saying


class StreamingFields(TypedDict):
    """How a file is called that hears hop by hop: see `ghostnet_tf.nets.streaming`."""

    hop: int  # samples that are new at every call
    states: dict[str, str]  # name of an input -> of the output that it is at the next call


class SmoothingFields(TypedDict):
    """When a word is announced: see `ghostnet_tf.tasks.keywords.smoothing`."""

    seconds: float
    score: float
    rest: float


class SoundFields(TypedDict):
    """How a recording becomes the input and its features: see `ghostnet_tf.data.hearing`."""

    rate: int  # samples a second
    length: int  # samples that are heard at once
    frame: int
    hop: int
    bands: int
    low: int  # hertz
    high: int
    coefficients: int  # 0: logarithms of the bands
    streaming: NotRequired[StreamingFields]  # of a file that takes a hop, and not a window
    smoothing: NotRequired[SmoothingFields]  # where it is not the usual one


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or an output of a file, by the name that its signature has."""

    name: str
    shape: tuple[int, ...]  # with the axis of the batch, which is 1
    dtype: str  # "float32", "int8", ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """The photos, or samples, that a static recipe's activation ranges were measured on."""

    photos: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """On how many images the file and its original name the same class first."""

    same: int
    photos: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of labelled photos whose class is the first answer, or among the first five."""

    top1: float
    top5: float
    n: int


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """COCO's AP of a detector, and that at an IoU of 0.5, on so many photos with boxes."""

    ap: float
    ap50: float
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFloat:
    """Layers that compute in float32 in a file whose others compute in integers, and the price."""

    layers: tuple[str, ...]  # tensors of the float32 file, in the order of execution
    operators: int  # that write or read them
    # What the file would be with all layers in integers; None: the runtime does not run that.
    partitions_without: int | None
    parity_db_without: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuned:
    """Weights and ranges were trained for int8, by what the float32 file answers: no labels."""

    steps: int
    photos: int  # or samples, that it was trained on
    # What the file would be without, as in `KeptFloat`.
    partitions_without: int | None
    parity_db_without: float | None


# Ghost operators wherever one fits; or Ghost modules and depthwise convolutions alone, which leaves
# ordinary convolutions to the runtime.
ALL_KINDS, DEPTHWISE_KINDS = "all", "depthwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """Ghost operators stand in a file for what the plain file computes without them."""

    plain: str  # name of that file, beside this one
    plain_sha256: str
    count: int
    version: int  # of the operators' options: GHOST_VERSION in kernels/ghost_op.h
    images: int  # on which both files gave the same outputs
    images_from: str  # one of PARITY_ON
    snr_db: float | None  # of the outputs; None: every byte was equal
    kinds: str = ALL_KINDS  # or DEPTHWISE_KINDS; not written where it is the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Some blocks are rewritten: equal to those of the plain file, and cheaper on one core."""

    plain: str  # name of that file
    plain_sha256: str
    core: str  # "cortex-a76", or what else this file is called after: "host", "phone4"
    target: str  # as the benchmark names it
    # Block -> its rewrites; the others are as in the plain file. Records that exist call it so.
    forms: dict[str, tuple[str, ...]]
    unit: str  # of the costs: "instructions", or "ms" of the median
    cost_before: float
    cost_after: float
    images: int  # on which both files gave the same outputs
    images_from: str  # one of PARITY_ON
    snr_db: float | None  # of the outputs; None: every byte was equal


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxesKept:
    """What becomes of a detector's boxes and scores: non-maximum suppression, class by class."""

    iou: float  # of two boxes, above which only the surer one stays
    score: float  # below it a box is none
    most: int  # boxes of a photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """What a segmenter's logits (1, ceil(H / stride), ceil(W / stride), classes) are of.

    The class of a pixel is the first of the largest, after bilinear enlarging where the stride is
    not 1: `ghostnet_tf.tasks.segment.pixels`.
    """

    stride: int
    ignored: int  # in a mask: no class
    colours: tuple[tuple[int, int, int], ...]  # red, green, blue of each class, 0..255


@dataclass(frozen=True, slots=True, kw_only=True)
class Postprocessed:
    """The file chooses among its boxes itself; `plain` gives all of them."""

    plain: str  # name of that file, beside this one
    plain_sha256: str
    images: int  # on which the boxes of both files were compared
    images_from: str  # one of PARITY_ON
    boxes: int  # that the plain file's answers leave, by our own definition
    same: int  # of these, how many this file gives, and no others in their place


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All that is known of one `.tflite` file. `None` means not measured, or not applicable."""

    model: str
    weights: str
    weights_sha256: str
    recipe: str
    task: str = (
        CLASSIFY  # a key of `ghostnet_tf.tasks.task.TASKS`; not written where it is this one
    )
    family: str  # which promises the graph keeps: a key of `contract.FAMILIES`
    # What the network has learned, also where it was frozen; BatchNorm statistics are not counted.
    parameters: int
    trainable_parameters: int | None = None  # of these, what was not frozen; None: nobody said
    preprocessing: PreprocessingFields | None  # None: it takes no photo
    sound: SoundFields | None = None  # how a recording becomes its input; None: it hears nothing
    inputs: tuple[Tensor, ...] = ()  # in the order of the file; old records do not say
    outputs: tuple[Tensor, ...] = ()
    labels: tuple[str, ...]  # names, in the order of the outputs; empty for a backbone
    label_ids: tuple[str, ...]  # what a photo's class folder is called
    scores: str = "logits"  # what the outputs are: one of SCORES
    ops: dict[str, int]  # op name -> how many
    partitions: int  # of the default delegate, XNNPACK
    delegated_ops: int
    total_ops: int
    # 10 log10(signal / error power) of the outputs against Keras; equal outputs count as 200.
    # Integers (of an ArgMax, say) are not measured but compared: the share that is equal.
    parity_db: float | None = None
    parity_equal: float | None = None
    parity_on: str | None = None  # one of PARITY_ON
    top1_agreement: Agreement | None = None  # on the same images
    accuracy: Accuracy | None = None
    # Of a detector, of which it was measured; not written where there is none.
    average_precision: AveragePrecision | None = None
    calibration: Calibration | None = None
    # SHA-256 over those of the photos that our training saw, held-out ones too; None: not known.
    trained_on: str | None = None
    kept_float: KeptFloat | None = None  # None: no layer that an integer recipe would not keep
    finetuned: Finetuned | None = None  # None: integers of the weights as they are
    operators: Operators | None = None  # None: a plain file
    tuning: Tuning | None = None  # None: as it was converted
    boxes: BoxesKept | None = None  # of a detector; not written where there is none
    masks: Masks | None = None  # of a segmenter; not written where there is none
    postprocess: Postprocessed | None = None  # not written where the file gives all of its boxes
    versions: dict[str, str] = field(default_factory=dict)
    sha256: str = ""  # of the finished file; `save` fills these two in
    size_bytes: int = 0
    schema: int = SCHEMA
    # What a later version wrote and this one does not know, in its place; written again as it was.
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        size = self.preprocessing["size"] if self.preprocessing else None
        name = artifact_name(self.model, self.weights, size, self.recipe)
        path = tuned_path(user_path(name), self.tuning.core) if self.tuning else user_path(name)
        if self.postprocess:
            path = postprocess_path(path)
        return ghostop_path(path, self.operators.kinds).name if self.operators else path.name

    def as_json(self) -> dict[str, Any]:
        """The keys and values as they stand in the file."""
        content = asdict(self)
        if self.task == CLASSIFY:  # it goes without saying, so that older files keep their bytes
            del content["task"]
        if self.boxes is None:
            del content["boxes"]
        if self.average_precision is None:
            del content["average_precision"]
        if self.masks is None:
            del content["masks"]
        if self.postprocess is None:
            del content["postprocess"]
        if self.sound is None:
            del content["sound"]
        if self.operators and self.operators.kinds == ALL_KINDS:
            del content["operators"]["kinds"]
        return _merged(content, content.pop("others"))

    def to_json(self) -> str:
        return json.dumps(self.as_json(), indent=1, allow_nan=False) + "\n"


def artifact_name(model: str, weights: str, size: int | Sequence[int] | None, recipe: str) -> str:
    """ghostnet_100, imagenet, 224, float16 -> ghostnet_100_imagenet_224_float16.tflite

    Where the sides differ, height first: ..._360x480_float16.tflite. A network that takes no photo
    has no size: ghostnet_100_imagenet_float16.tflite
    """
    parts = (model, weights, *([] if size is None else [spelled(size)]), recipe)
    return f"{'_'.join(parts)}.tflite"


def ghostop_path(plain: Path, kinds: str = ALL_KINDS) -> Path:
    """Where the file with Ghost operators, of all kinds or not, stands beside the plain one."""
    which = "" if kinds == ALL_KINDS else f"_{kinds}"
    return plain.with_name(f"{plain.stem}{which}_ghostop.tflite")


def postprocess_path(plain: Path) -> Path:
    """Where the file stands that chooses among its boxes itself, beside the plain one."""
    return plain.with_name(f"{plain.stem}_postprocess.tflite")


def tuned_path(plain: Path, core: str) -> Path:
    """What a file with the cheapest forms for a core is called, before operators."""
    return plain.with_name(f"{plain.stem}_tuned_{core}.tflite")


def tool_versions(others: tuple[str, ...] = ()) -> dict[str, str]:
    """The versions of whatever helped to make a file, as far as it is installed."""
    found = {}
    for tool in (*TOOLS, *others):
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found


def save(directory: Path, record: Record, data: bytes) -> tuple[Path, Record]:
    """Write a finished file and its record; returns the file's path and the record as written."""
    path = user_path(directory) / record.file_name
    record = finished(record, data)
    write_together({path: data, record_path(path): record.to_json().encode()})
    return path, record


def finished(record: Record, data: bytes) -> Record:
    """The record of exactly these bytes."""
    record = replace(record, sha256=sha256(data), size_bytes=len(data))
    if record.parity_db == math.inf:  # which JSON does not know
        record = replace(record, parity_db=MAX_PARITY_DB)
    return record


def record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def load(path: str | Path) -> tuple[bytes, Record]:
    """A file and the record that belongs to exactly these bytes."""
    data = read_model(path)
    return data, matching_record(path, data)


def read_model(path: str | Path) -> bytes:
    """The bytes of a `.tflite` file; whether they make a model is the runtime's to say."""
    where = user_path(path)
    try:
        if where.is_dir():
            raise UserError(f"{str(path)!r} is a folder", fix="name one .tflite file, in it or not")
        if not where.is_file() and where.exists():  # a pipe would wait
            raise UserError(f"{str(path)!r} is no file", fix="save it as one first")
        data = where.read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no file {str(path)!r}", fix="check the path") from None
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if data[4:8] != b"TFL3":  # the file identifier in TensorFlow Lite's schema.fbs
        raise UserError(
            f"{str(path)!r} is not a .tflite file: it begins with {data[:12]!r}", fix=MADE_AGAIN
        )
    return data


def record_of(path: str | Path, data: bytes) -> Record | None:
    """The record beside `path`, which must describe `data`; None where there is none of ours.

    What stands in its place and is no record of ours is said: it may have been meant as one.
    """
    try:
        return matching_record(path, data)
    except NotOurs as error:
        note(f"note: {error}; what is known of the file is what it says of itself")
    except NoRecord:
        pass
    return None


def matching_record(path: str | Path, data: bytes) -> Record:
    """The record beside `path`, if it describes `data`."""
    record = read_record(path)
    if (found := sha256(data)) != record.sha256:
        raise CheckFailed(
            f"{str(path)!r} is not the file that its record describes: "
            f"its SHA-256 begins {found[:12]}, the record's {record.sha256[:12]}",
            fix="it was damaged or replaced; export it again, or copy the pair again",
        )
    return record


class NoRecord(UserError):
    """No record of ours stands beside a file."""


class NotOurs(NoRecord):
    """Something else has the record's name."""


def read_record(path: str | Path) -> Record:
    """The record beside the `.tflite` file `path`; NoRecord where there is none of ours."""
    beside = record_path(user_path(path))
    try:
        with beside.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NoRecord(
            f"there is no record {str(beside)!r}", fix="copy the .json together with the .tflite"
        ) from None
    except OSError as error:
        raise UserError(
            f"the record {str(beside)!r} cannot be read: {error.strerror}",
            fix="copy the .json that was exported together with the .tflite",
        ) from None
    if not any(key in data for key in OURS):
        raise NotOurs(
            f"the record {str(beside)!r} is none of ours: it has nothing that a record has",
            fix="copy the .json that was exported together with the .tflite",
        )
    try:
        content = document(data)
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema != SCHEMA:
            raise Mismatch(f"its schema is {schema!r}, and this version reads {SCHEMA}")
        known, others = _divided(Record, content)
        return replace(typed(Record, known, "record"), others=others)
    except Mismatch as wrong:
        raise UserError(
            f"the record {str(beside)!r} cannot be used: {wrong}",
            fix="export the file again with this version, or read it with the one that wrote it",
        ) from None


def _divided(kind: Any, content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the keys of `kind`; all others).

    A record grows without breaking: whoever reads an older one takes the defaults (`typed` does),
    and whoever reads a newer one keeps what this version does not know.
    """
    hints = get_type_hints(kind)
    hints.pop("others", None)
    known = {name: value for name, value in content.items() if name in hints}
    others = {name: value for name, value in content.items() if name not in hints}
    for name, value in known.items():
        inner = get_args(hints[name])[0] if get_origin(hints[name]) is UnionType else hints[name]
        if isinstance(value, dict) and (is_typeddict(inner) or is_dataclass(inner)):
            known[name], unknown = _divided(inner, value)
            others |= {name: unknown} if unknown else {}
    return known, others


def _merged(content: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """`content` with the keys of `others`, those of inner objects inside of them.

    What stands for an inner object that is there no more (`operators` of a file that has none any
    longer) goes with it.
    """
    merged = dict(content)
    for name, value in others.items():
        if name not in content:
            merged[name] = value
        elif isinstance(content[name], dict):
            merged[name] = _merged(content[name], value)
    return merged
