"""A network ready to be exported: the model with everything that its files say of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.record import CLASSIFY, DETECT, SEGMENT, StreamingFields
from ghostnet_tf.base.sides import Size
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.class_colours import Colour, colour
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.samples import Images
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import BUNDLED, SEEDED, pretrained
from ghostnet_tf.nets.zoo import FRONT_END
from ghostnet_tf.tasks.detect.nms import IOU

from .classifier import Classifier
from .flatbuffer import Flatbuffer
from .hearer import Hearer
from .parity import Outputs
from .ranges import Ranges

if TYPE_CHECKING:
    import keras

    from .detection import Detector

FAMILIES = {  # of the zoo -> of contract.FAMILIES
    "ghostnet": "ghostnet",
    "ghostnetv2": "ghostnetv2",
    "repghost": "repghost",
    "mobilenet_v2": "delegable",
    "mobilenet_v3_delegable": "delegable",
    "mobilenet_v3": "stock",
    "resnet": "delegable",
    "vgg": "delegable",
    "keywords": "delegable",
}


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A network as the float32 flatbuffer that every recipe starts from, beside its original."""

    float32: bytes
    original: str  # what it was: "Keras", "ONNX"
    run: Callable[[Images], Outputs]  # the original: images, or samples -> its outputs
    parameters: int  # frozen or not, without BatchNorm statistics
    trainable_parameters: int | None = None  # None: it does not say what was frozen
    tools: tuple[str, ...] = ()  # packages that took part, beyond those that every export needs


@dataclass(frozen=True, kw_only=True)
class Network:
    """Any network: a Keras model, or one that has been converted already."""

    model: "keras.Model | Converted"
    name: str
    weights: str
    weights_sha256: str
    preprocessing: Preprocessing | None  # None: it takes no photo, but samples
    hearing: Hearing | None = None  # of a network that takes samples of sound
    streaming: StreamingFields | None = None  # of one that is called for every hop of it
    labels: Labels | None = None  # None: the outputs are no classes
    task: str = CLASSIFY
    colours: tuple[Colour, ...] = ()  # of the classes of a segmenter
    iou: float = IOU  # of a detector: of two boxes, above which the surer one stays
    mask_stride: int | None = None  # of the logits of a segmenter
    # Layers that recipes of integers leave in float32 whoever asks: powers of a spectrum span more
    # than 256 values tell apart.
    keeps_float: tuple[str, ...] = ()
    scores: str | None = None  # what the outputs are: one of record.SCORES; None: as the graph ends
    family: str = "stock"  # whose promises its files must keep: a key of contract.FAMILIES
    ranges: Ranges | None = None  # measured when its weights were published
    trained_on: str = ""  # `photos.of_all` of the photos, where our own training made the weights
    dialect: str = ""  # of weights that others published; see ghostnet_tf.weights.dialects
    # measured then: SHA-256 of a finished file -> {top1, top5, n}
    accuracies: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_seeded(self) -> bool:
        return self.weights == SEEDED

    @property
    def is_bundled_ghostnet(self) -> bool:
        """Whether more is asked of its files than of any network's: `parity.Gate.bundled_db`."""
        return bool(self.accuracies) and self.family == "ghostnet"

    @property
    def original(self) -> str:
        """What the files come from, and what they are compared with."""
        return self.model.original if isinstance(self.model, Converted) else "Keras"

    @property
    def classifier(self) -> Classifier:
        """The original, to be scored beside its files."""
        if self.task != CLASSIFY:
            raise UserError(
                f"{self.name} is no classifier, so it has no top-1",
                fix="export it, and `ghostnet evaluate FILE.tflite --labelled DIR` gives the AP or "
                "mIoU of its files",
            )
        if self.labels is None:
            raise UserError(
                f"{self.name} has no classes, so no accuracy", fix=option("labels", "NAMES")
            )
        if self.preprocessing is None:
            raise UserError(
                f"{self.name} takes no photos, and accuracy is measured on labelled ones",
                fix="give labelled samples in their place: an .npz with an array true_class",
            )
        model = self.model
        predict: Any = model.run if isinstance(model, Converted) else model.predict_on_batch
        return Classifier(
            f"{self.name} {self.weights}",
            predict,
            self.preprocessing,
            self.labels,
            self.scores or "logits",
            self.n_outputs,
            model=self.name,
            weights_sha256=self.weights_sha256,
            trained_on=self.trained_on,
        )

    @property
    def detector(self) -> "Detector":
        """The original, which finds things, to be scored beside its files."""
        from .detection import Detector
        from .from_keras import outputs_of

        assert self.task == DETECT and self.preprocessing and self.labels
        model: Any = self.model
        return Detector(
            f"{self.name} {self.weights}",
            lambda images: outputs_of(model, images),
            self.preprocessing,
            self.labels,
            self.iou,
        )

    @property
    def hearer(self) -> Hearer:
        """The original that hears, to be scored beside its files."""
        if self.hearing is None or self.labels is None:
            raise UserError(
                f"{self.name} names no words of sounds",
                fix="give weights of a network that hears, such as ghost_kws_100",
            )
        model: Any = self.model
        return Hearer(
            f"{self.name} {self.weights}",
            model.predict_on_batch,
            self.hearing,
            self.labels,
            self.scores or "logits",
            model=self.name,
            weights_sha256=self.weights_sha256,
            trained_on=self.trained_on,
        )

    @property
    def n_outputs(self) -> int:
        """Of its first output, or its only one."""
        if isinstance(self.model, Converted):
            graph = Flatbuffer(self.model.float32).graph
            return graph.shape(graph.outputs[0])[-1]
        return int(self.model.outputs[0].shape[-1])

    def converted(self) -> Converted:
        if isinstance(self.model, Converted):
            return self.model
        from ghostnet_tf.nets import counts

        from .from_keras import outputs_of, to_float32

        model = self.model
        trainable, learned = counts.deployed(model)
        return Converted(
            float32=to_float32(model, self.preprocessing.size if self.preprocessing else None),
            original="Keras",
            run=lambda images: outputs_of(model, images),
            parameters=learned,
            trainable_parameters=trainable,
        )


def from_zoo(
    model_name: str | None = None,
    weights: str = BUNDLED,
    size: Size | None = None,
    labels: str | None = None,
    mask_stride: int | None = None,
) -> Network:
    """A network of the zoo with bundled, seeded, or a user's weights: see `pretrained`.

    Without `model_name`, the one that the weights are of, where they say so. `mask_stride`: of the
    logits of a segmenter, 1 (by default) or 8.
    """
    made = pretrained(model_name, weights, size=size, labels=labels)
    if made.unheard and made.labels:
        both = zip(made.unheard.rows(), made.labels.rows(), strict=True)
        own, given = next((own, given) for own, given in both if own != given)
        note(
            f"note: {made.weights} brings labels of its own, and others were given: "
            f"{given!r} stands for {own!r}"
        )
    # "same" pads have nine PADs fewer than the graph that is promised of a GhostNet.
    entry = zoo.parse_model(made.name)
    own_graph, model, scores = FAMILIES[entry.family], made.model, None
    if mask_stride is not None and entry.task != SEGMENT:
        raise UserError(
            f"{entry.name} says nothing of single pixels", fix="leave the masks' stride out"
        )
    colours: tuple[Colour, ...] = ()
    named = made.labels
    if entry.backbone:  # of which the family promises operators that it does not have here
        own_graph = "stock" if own_graph == "stock" else "delegable"
    if entry.task == SEGMENT:
        from ghostnet_tf.nets import segmenter

        model = segmenter.deployed(made.model, mask_stride or 1)
        colours = made.colours or tuple(colour(i) for i in range(made.model.output_shape[-1]))
    elif entry.task == "detect":
        from ghostnet_tf.nets.detector import deployed

        model, scores = deployed(made.model), "sigmoid"
    elif entry.head:  # maps alone, which are no classes
        named = None
    bundled = made.path if made.is_as_bundled else None
    card = _card(bundled, made.sha256) if bundled else None
    return Network(
        model=model,
        task=entry.task,
        colours=colours,
        iou=IOU if made.iou is None else made.iou,
        mask_stride=(mask_stride or 1) if entry.task == SEGMENT else None,
        scores=scores,
        name=made.name,
        weights=made.weights,
        weights_sha256=made.sha256,
        preprocessing=made.preprocessing,
        hearing=made.sound,
        keeps_float=(FRONT_END,) if made.sound else (),
        labels=named,
        family="delegable" if made.pad_mode == "same" else own_graph,
        ranges=_ranges(bundled, made.name) if bundled and card else None,
        trained_on=made.trained_on,
        dialect=made.source,
        accuracies=card.get("published", {}) if card else {},
    )


def ranges_path(weights: Path, model_name: str) -> Path:
    """Where the ranges of bundled weights stand; a delegable network has tensors of its own."""
    return weights.with_name(f"{model_name}_{weights.stem.rsplit('_', 1)[-1]}.ranges.json")


def card_path(weights: Path) -> Path:
    return weights.with_suffix(".card.json")


def _ranges(weights: Path, model_name: str) -> Ranges | None:
    path = ranges_path(weights, model_name)
    return Ranges.from_json(path.read_text(encoding="utf-8")) if path.exists() else None


def _card(weights: Path, sha256: str) -> dict[str, Any] | None:
    """What is known of these weights; None where the card is of others, as after a kill."""
    path = card_path(weights)
    card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return card if card.get("sha256") == sha256 else None
