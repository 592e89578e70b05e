"""From a network to finished files: one conversion, every recipe from it, each with its proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ghostnet_tf.base.errors import CheckFailed, UserError, option
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.record import (
    CLASSIFY,
    DETECT,
    SEGMENT,
    UNKNOWN,
    Accuracy,
    Agreement,
    AveragePrecision,
    BoxesKept,
    Calibration,
    Finetuned,
    KeptFloat,
    Masks,
    PreprocessingFields,
    Record,
    SoundFields,
    save,
    tool_versions,
)
from ghostnet_tf.base.sides import spelled
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.masks import IGNORED
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.samples import Images, Sample, Samples
from ghostnet_tf.data.skipped import refuse_too_many
from ghostnet_tf.tasks.detect.nms import MOST, SCORE
from ghostnet_tf.weights.translate import DIVERGED

from .calibrate import check_images, choose, is_one_colour, steps_of
from .classifier import Classifier
from .contract import Facts, broken_promises, facts, promise
from .detector_graph import is_detector
from .evaluation import evaluate, refuse_multi_label, true_outputs
from .flatbuffer import Flatbuffer
from .graph import Graph
from .kept import float_ops, layers_named
from .labelled_samples import Judged, evaluate_samples, judged, true_classes
from .listening import as_labelled_samples, as_samples
from .metadata import attach_metadata
from .network import Converted, Network
from .overwriting import refuse_other_settings, refuse_other_weights
from .parity import (
    Outputs,
    Parity,
    as_list,
    asked_db,
    asked_of_unsteady,
    bounded_db,
    broken_gate,
    parity,
    unsteady_db,
)
from .qat.asked import refuse_unfit
from .quantize import quantize
from .ranges import Ranges
from .recipes import DEFAULT_RECIPES, RECIPES, is_finetuned, refuse_keeping_nothing
from .runtime import Runtime
from .scores import checked_labels, refuse_no_probabilities, scores_of
from .segmenter_graph import stride_of
from .steps import hardly_changing, refuse_deadly
from .tensors import origin_of, samples_for, tensors_of
from .trial import survives

if TYPE_CHECKING:
    from .qat.finetune import Learned

MAX_CALIBRATION_PHOTOS = 200
HEARD = 1000  # sounds that are read at most: fine-tuning takes all of them, calibration 200
PARITY_IMAGES = 32


@dataclass(frozen=True)
class Exported:
    """One file that kept every promise."""

    path: Path
    record: Record
    asked_db: float  # that it had to reach


@dataclass(frozen=True)
class Result:
    """What one export made."""

    files: tuple[Exported, ...]
    original: Accuracy | None  # of the model that the files come from
    ranges: Ranges | None  # that the static recipes used
    scores: str  # what the float32 graph ends in: one of record.SCORES


def export(
    network: Network,
    recipes: Sequence[str] = DEFAULT_RECIPES,
    photos: Given | None = None,
    labelled: Given | None = None,
    out: Path = Path("build"),
    stages: Stages | None = None,
    *,
    keep_float: Sequence[str] = (),
    qat: int = 0,
    overwrite: bool = True,
) -> Result:
    """Write one verified `.tflite` per recipe, with its record.

    `photos` calibrate static recipes and judge parity; without them, bundled weights use the ranges
    they carry, seeded ones are calibrated on generated images, and parity is judged on those. A
    network without preprocessing takes samples in their place, or sounds if it hears; another one
    may take samples.
    `labelled` measures accuracy, of samples on those that say their class. Static recipes leave the
    layers `keep_float` in float32, named as `kept.layers_named` takes them. `qat` steps of
    fine-tuning on `photos` make the weights and ranges of full int8 (`qat/`), where that helps.
    Without `overwrite`, files of the same names that are of other weights or settings are refused.
    Nothing is written before every file has kept every promise; CheckFailed names the one that did
    not.
    """
    stages = stages or Stages()
    recipes = tuple(dict.fromkeys(recipes))
    refuse_overlap(photos, labelled)
    photos = as_samples(photos, network.hearing, network.name, HEARD, stages)
    labelled = as_labelled_samples(labelled, network.hearing, network.labels, network.name)
    if network.keeps_float and any(RECIPES[recipe].how == "static" for recipe in recipes):
        keep_float = (*keep_float, *(one for one in network.keeps_float if one not in keep_float))
        note(f"{', '.join(network.keeps_float)} stays in float32 in files of integers")
    refuse_keeping_nothing(recipes, keep_float)
    refuse_unfit(recipes, qat, photos)
    if not overwrite:
        refuse_other_weights(out, network, recipes)
    if isinstance(labelled, Photos):  # a folder that is no class is named now, not in minutes
        true_outputs(labelled, network.classifier.labels, network.name)
    images: Images = ()
    if network.preprocessing and not isinstance(photos, Samples):
        images = calibration_images(network.preprocessing, photos, stages)
    elif isinstance(photos, Photos):
        raise UserError(
            f"{network.name} takes no photos: nothing says how one becomes its input",
            fix=f"give samples in their place, {option('photos', 'FILE.npz')} with an array for "
            "each input",
        )
    with stages.stage("convert to float32"):
        converted = network.converted()
    float32 = Flatbuffer(converted.float32)
    refuse_nan_weights(float32.graph, network.name)
    if not len(images):
        images = calibration_samples(float32.graph, None if isinstance(photos, Photos) else photos)
    ending = scores_of(float32.graph)
    network = understood(network, float32.graph, ending)
    layers = layers_named(float32.graph, keep_float)
    original: Classifier | Judged | None = None
    if not overwrite:
        refuse_other_settings(out, network, recipes, layers, qat)
    if isinstance(labelled, Photos):
        original = network.classifier
        refuse_multi_label(original)
    elif labelled is not None:
        original = as_judged(network, converted, float32.graph)
        true_classes(labelled, original)
        labelled.fitted(original.inputs)
    ranges = network.ranges
    if any(RECIPES[recipe].how == "static" for recipe in recipes):
        ranges = static_ranges(network, photos, images, float32, stages)
    learned = None
    if qat:
        learned = fine_tuned(network, float32, ranges, photos, layers, qat, stages)
    compared = images[:PARITY_IMAGES]
    with stages.stage(f"run the {converted.original} model"):
        reference = converted.run(compared)
    refuse_no_answers(reference, network)
    finished, asked = [], {}
    for recipe in recipes:
        with stages.stage(recipe):
            by, used = float32, ranges if RECIPES[recipe].how == "static" else None
            tuned = learned if is_finetuned(recipe) else None
            if tuned:
                by, used = tuned.float32, tuned.ranges
            graph = quantize(by, recipe, used, layers)
            # A network that nobody here has seen, or with integers in places of a user's choice.
            if used and (network.family == "stock" or layers):
                refuse_deadly(graph, recipe, used)
            record = described(network, converted, recipe, graph, used)
            if used and layers:
                without = quantize(float32, recipe, ranges)
                n_kept = len(float_ops(float32.graph, layers))
                kept = KeptFloat(
                    layers=layers, operators=n_kept, **measured(without, compared, reference)
                )
                record = replace(record, kept_float=kept)
            if tuned:
                without = quantize(float32, recipe, ranges, layers)
                trained = Finetuned(
                    steps=qat,
                    photos=tuned.photos,
                    **measured(without, compared, reference),
                )
                record = replace(record, finetuned=trained)
            data = attach_metadata(graph, record)
            agreement = parity(reference, Runtime(data).run(compared))
            asked[recipe] = db_asked_of(recipe, network, agreement, converted, compared)
            refuse_broken(record, facts(data), agreement, network, used, asked[recipe])
            scores = network.accuracies.get(sha256(data))
            record = replace(
                record,
                # Measured when the weights were published, on a file of exactly these bytes.
                accuracy=Accuracy(**scores) if scores and record.task == CLASSIFY else None,
                average_precision=(
                    AveragePrecision(**scores) if scores and record.task == DETECT else None
                ),
                parity_db=agreement.snr_db,
                parity_equal=agreement.equal,
                parity_on=origin_of(compared, photos),
                top1_agreement=None
                if agreement.top1_same is None or network.labels is None
                else Agreement(agreement.top1_same, agreement.n),
            )
            finished.append((data, record))
    accuracy = None
    if labelled is not None and original is not None:
        accuracy, finished = scored(original, finished, labelled, stages)
    files = tuple(
        Exported(*save(out, record, data), asked[record.recipe]) for data, record in finished
    )
    return Result(files, accuracy, ranges, ending)


def understood(network: Network, float32: Graph, ending: str) -> Network:
    """The network with what its outputs are, and with labels that name them."""
    if network.scores == "logits" and ending == UNKNOWN:
        raise UserError(
            f"{network.name} ends in a tanh: its outputs lie between -1 and 1, and are no logits",
            fix=f"leave {option('scores')} out, and they are shown as they are",
        )
    if network.scores == "logits" != ending:
        raise UserError(
            f"{network.name} ends in a {ending}: its outputs are probabilities, no logits",
            fix=f"leave {option('scores')} out, or give {option('scores', ending)}",
        )
    scores = network.scores or ending
    if network.labels is not None:
        checked_labels(network.labels, float32, scores)
    return replace(network, scores=scores)


def refuse_nan_weights(graph: Graph, name: str) -> None:
    """UserError with the first tensor of a network whose training diverged."""
    for tensor, title in enumerate(graph.names):
        values = graph.constant(tensor)
        if values is not None and values.dtype.kind == "f" and np.isnan(values).any():
            n = int(np.isnan(values).sum())
            raise UserError(
                f"the weights of {name} hold NaN: {n} of the {values.size} numbers of {title!r}",
                fix=DIVERGED,
            )


def refuse_no_answers(reference: Outputs, network: Network) -> None:
    """UserError where the network itself gives no numbers, or no probabilities as was said."""
    outputs = as_list(reference)
    for values in outputs:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            bad = {int(row) for row in np.argwhere(~np.isfinite(values))[:, 0]}
            raise UserError(
                f"{network.name} itself answers {len(bad)} of {len(values)} inputs with NaN or "
                "infinity",
                fix="look at its inputs and weights: it would do so in any file",
            )
    if network.scores in ("softmax", "sigmoid") and len(outputs) == 1:
        refuse_no_probabilities(outputs[0], network.scores)


def calibration_samples(graph: Graph, samples: Samples | None) -> list[Sample]:
    """Up to 200 of the samples, evenly spread, in no order, or generated ones."""
    if samples is None:
        return samples_for(graph, None, PARITY_IMAGES, seed=1)
    rows = samples_for(graph, samples, MAX_CALIBRATION_PHOTOS, seed=1)
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]


def calibration_images(
    preprocessing: Preprocessing, photos: Photos | None, stages: Stages
) -> np.ndarray:
    """(N, H, W, C) float32: up to 200 of the photos, evenly spread, or generated images."""
    if photos is None:
        from ghostnet_tf.data.generated import generated_images

        height, width, channels = preprocessing.image_shape
        return generated_images(PARITY_IMAGES, (height, width), seed=1, channels=channels)
    chosen = photos.evenly(MAX_CALIBRATION_PHOTOS)
    with stages.stage("read calibration photos", len(chosen)) as advance:
        read = [(i, preprocessing.pixels(photo)) for i, photo in photos.each(chosen, advance)]
    pixels = []
    for i, photo in read:
        if is_one_colour(photo):
            photos.skip(i, f"photo {photos.names[i]!r} is one constant colour: nothing to measure")
        else:
            pixels.append(photo)
    refuse_too_many(len(chosen) - len(pixels), len(chosen), "the others are of one colour each")
    images, table = preprocessing.normalise(np.stack(pixels)), preprocessing.table()
    check_images(images, (float(table.min()), float(table.max())))
    # Sorted by class, neighbours would be alike: the first images must stand for all of them.
    return images[np.random.default_rng(0).permutation(len(images))]


def static_ranges(
    network: Network,
    photos: Photos | Samples | None,
    images: Images,
    float32: bytes,
    stages: Stages,
) -> Ranges:
    """The ranges that the weights carry, or new ones from the photos."""
    if photos is None and network.ranges is not None:
        return network.ranges
    if photos is None and network.hearing and not network.is_seeded:
        raise UserError(
            f"static recipes need sounds to calibrate on: the weights {network.weights!r} carry no "
            "activation ranges",
            fix=f"{option('photos', 'DIR')} with 100 sounds or more like those the network will "
            "hear",
        )
    if photos is None and network.preprocessing is None and not network.is_seeded:
        raise UserError(
            f"static recipes need samples to calibrate on: {network.name} takes no photos",
            fix=f"{option('photos', 'FILE.npz')} with an array for each input, 100 samples or more "
            "(in Python also photos={name: array}); or leave the static recipes out",
        )
    if photos is None and network.preprocessing and not network.is_seeded:
        raise UserError(
            f"static recipes need photos to calibrate on: the weights {network.weights!r} carry no "
            f"activation ranges for {spelled(network.preprocessing.size)} px",
            fix=f"{option('photos', 'DIR')} with 100 photos or more like those the network will "
            "see",
        )
    with stages.stage("calibrate", steps_of(len(images))) as advance:
        ranges, _ = choose(float32, images, advance)
    return ranges


def fine_tuned(
    network: Network,
    float32: Flatbuffer,
    ranges: Ranges | None,
    photos: Photos | Samples | None,
    layers: Sequence[str],
    steps: int,
    stages: Stages,
) -> "Learned | None":
    """Weights and ranges for full int8; None, and a note, where they are no better than before."""
    from .qat.batches import Batches
    from .qat.finetune import finetune

    assert ranges is not None and photos is not None, "`refuse_unfit` asks for both"
    given = (
        photos
        if isinstance(photos, Photos)
        else samples_for(float32.graph, photos, len(photos), seed=1)
    )
    batches = Batches(given, network.preprocessing)
    with stages.stage("fine-tune for int8", steps) as advance:
        learned = finetune(
            float32, ranges, batches, steps,
            keep_float=layers, is_logits=network.scores == "logits", advance=advance,
        )  # fmt: skip
    if learned.is_better:
        return learned
    note(
        f"note: fine-tuning brought nothing ({learned.db_before:.1f} dB before, "
        f"{learned.db_after:.1f} after): the files are as without it"
    )
    return None


def described(
    network: Network, converted: Converted, recipe: str, graph: Flatbuffer, ranges: Ranges | None
) -> Record:
    """What is known of a flatbuffer before it has been compared with anything."""
    says = facts(graph)
    labels = network.labels or Labels((), ())
    return Record(
        model=network.name,
        weights=network.weights,
        weights_sha256=network.weights_sha256,
        recipe=recipe,
        task=network.task,
        family=network.family,
        parameters=converted.parameters,
        trainable_parameters=converted.trainable_parameters,
        preprocessing=PreprocessingFields(**network.preprocessing.to_dict())
        if network.preprocessing
        else None,
        sound=sound_of(network),
        inputs=tensors_of(graph.graph, graph.graph.inputs),
        outputs=tensors_of(graph.graph, graph.graph.outputs),
        labels=labels.names,
        label_ids=labels.ids,
        scores=network.scores or "logits",
        ops=dict(sorted(says.ops.items())),
        partitions=says.delegation.partitions,
        delegated_ops=says.delegation.n_delegated,
        total_ops=says.delegation.n_ops,
        calibration=Calibration(ranges.n_photos, ranges.sha256) if ranges else None,
        trained_on=network.trained_on or None,
        masks=masks_of(network, graph.graph),
        boxes=(
            BoxesKept(iou=network.iou, score=SCORE, most=MOST) if is_detector(graph.graph) else None
        ),
        versions=tool_versions(converted.tools),
    )


def masks_of(network: Network, graph: Graph) -> Masks | None:
    """Of a segmenter; None for any other network."""
    stride = stride_of(graph)
    if network.task != SEGMENT or stride is None:
        return None
    return Masks(stride=stride, ignored=IGNORED, colours=network.colours)


def sound_of(network: Network) -> SoundFields | None:
    """How it hears, and how it is called where that is for every hop."""
    if network.hearing is None:
        return None
    fields = cast(SoundFields, network.hearing.to_dict())
    if network.streaming:
        fields["streaming"] = network.streaming
    return fields


def measured(without: Flatbuffer, images: Images, reference: Outputs) -> dict[str, Any]:
    """What a file would be that kept no layer: what those of `KeptFloat` are an answer to."""
    try:
        survives(without)  # it may be why they are kept
    except UserError:
        return {"partitions_without": None, "parity_db_without": None}
    runtime = Runtime(without)
    db = parity(reference, runtime.run(images)).snr_db
    return {
        "partitions_without": runtime.delegation().partitions,
        "parity_db_without": None if db is None else bounded_db(db),
    }


def db_asked_of(
    recipe: str, network: Network, agreement: Parity, converted: Converted, images: Images
) -> float:
    """The decibels that a file must reach: its gate, or less of a float32 file that missed it and
    is of a network that does not agree with itself. Published weights are asked all of it."""
    asked = asked_db(recipe, network.is_bundled_ghostnet)
    has_missed = agreement.snr_db is not None and agreement.snr_db < asked
    if recipe != "float32" or not has_missed or network.accuracies:
        return asked
    unsteady = unsteady_db(converted.run, images)
    less = asked_of_unsteady(asked, unsteady)
    if unsteady is not None and less < asked:
        note(
            f"note: {network.name} agrees with itself to {unsteady:.1f} dB where the last bit of "
            f"every input changes, so float32 is asked {less:.0f} dB: are its weights trained?"
        )
    return less


def refuse_broken(
    record: Record,
    says: Facts,
    agreement: Parity,
    network: Network,
    ranges: Ranges | None,
    asked: float,
) -> None:
    """CheckFailed with every promise of its recipe that a finished file does not keep."""
    is_mixed = record.kept_float is not None
    promised = promise(record.recipe, record.family, record.parameters, is_mixed=is_mixed)
    unfaithful = broken_gate(
        record.recipe, agreement, network.original, network.is_bundled_ghostnet, asked
    )
    if unfaithful and ranges:
        unfaithful += hardly_changing(ranges)
    if broken := broken_promises(promised, says) + unfaithful:
        raise CheckFailed(
            f"{record.model} {record.recipe} breaks its promise: {'; '.join(broken)}",
            fix="nothing was written; leave this recipe out, or repair what is named",
        )


def scored(
    original: Classifier | Judged,
    finished: list[tuple[bytes, Record]],
    labelled: Photos | Samples,
    stages: Stages,
) -> tuple[Accuracy, list[tuple[bytes, Record]]]:
    """The original and every file on the same labelled photos, or samples."""
    files = [(record.recipe, Runtime(data).run) for data, record in finished]
    with stages.stage("measure accuracy", len(labelled)) as advance:
        if isinstance(labelled, Samples):
            assert isinstance(original, Judged)
            judges = [replace(original, title=title, run=run) for title, run in files]
            result = evaluate_samples([original, *judges], labelled, advance=advance)
        else:
            assert isinstance(original, Classifier)
            those = [replace(original, title=title, predict=run) for title, run in files]
            result = evaluate([original, *those], labelled, advance=advance)
    return result.accuracy(0), [
        (data, replace(record, accuracy=result.accuracy(i)))
        for i, (data, record) in enumerate(finished, start=1)
    ]


def as_judged(network: Network, converted: Converted, graph: Graph) -> Judged:
    """The original, to be scored beside its files; `graph` is the float32 one."""
    scores = network.scores or "logits"
    return judged(network.name, converted.run, graph, network.labels, scores)


def refuse_overlap(photos: Given | None, labelled: Given | None) -> None:
    """A network must not be scored on the photos that chose its ranges."""
    if photos is None or labelled is None or type(photos) is not type(labelled):
        return
    kind = photos.kinds if isinstance(photos, Items) else "samples"
    if isinstance(photos, Recordings) and isinstance(labelled, Recordings):
        photos = photos.subset(np.flatnonzero(~photos.tested()))
        labelled = labelled.split(None)
    seen = {*labelled.digests().values()}
    both = [name for name, digest in photos.digests().items() if digest in seen]
    if both:
        raise UserError(
            f"{len(both)} of the calibration {kind} are also among the labelled ones, "
            f"the first is {both[0]!r}",
            fix=f"calibrate on other {kind}, such as the training {kind}",
        )
