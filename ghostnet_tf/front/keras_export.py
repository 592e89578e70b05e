"""A Keras model, of the zoo or of one's own, becomes verified `.tflite` files."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.record import CLASSIFY, KEYWORDS, SCORES, UNKNOWN
from ghostnet_tf.base.sides import Size, size_of
from ghostnet_tf.data import labels as label_tables
from ghostnet_tf.data.given import Given as Opened
from ghostnet_tf.data.given import opened_at
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.names import unwritable
from ghostnet_tf.data.preprocess import COLOURS, Preprocessing
from ghostnet_tf.data.samples import Samples
from ghostnet_tf.front.create import table
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import BUNDLED, DIGITS, RANDOM, SEEDED

if TYPE_CHECKING:
    import keras

    from ghostnet_tf.nets.front_end import FrontEnd
    from ghostnet_tf.nets.image_model import ModelInfo

OWN = "own"  # what weights are called that nobody has named
Given = str | Path | Opened | Mapping[str, Any]  # photos or sounds, or samples in their place
WHOLE_PHOTO: dict[str, Any] = {"crop": 1.0, "resample": "bilinear"}  # if nothing else is said


def export(
    model: "keras.Model",
    out: str | Path = "build",
    recipes: str | Sequence[str] | None = None,
    photos: Given | None = None,
    labelled: Given | None = None,
    *,
    name: str | None = None,
    weights: str | None = None,
    labels: str | Labels | Sequence[str] | None = None,
    size: Size | None = None,
    preprocessing: Preprocessing | None = None,
    normalises_inside: bool = False,
    scores: str | None = None,
    keep_float: str | Sequence[str] = (),
    qat: int = 0,
    streaming: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write one verified `.tflite` a recipe into the folder `out`, each with its record.

    `model`: one image, RGB (N, H, W, 3) or grey (N, H, W, 1) -> outputs; what `create_model` made,
    or any Keras model. `recipes`: by default "float32", "float16", "weight_only_wi8_afp32" and
    "static_wi8_ai8". `photos`: a folder or zip of 100 photos or more like those the network will
    see; static recipes measure their ranges on them. Bundled weights bring ranges, others need
    photos. `labelled`: photos in one folder a class, to measure accuracy on, or samples with an
    array `true_class`.

    What follows is known of models from `create_model`, and of networks built around one of them.
    `name`, `weights`: what the files are called after, `<name>_<weights>_<size>_<recipe>.tflite`.
    `labels`: the classes' names in the order of the outputs, or a file of them. `size`: pixels of a
    photo's side, or (height, width). `preprocessing`: how a photo becomes the input.
    `normalises_inside`: the model takes pixels from 0 to 255 and rescales them itself; a photo is
    then resized without a crop, unless `preprocessing` says more. `scores`: what the outputs are,
    "logits", "softmax" or "sigmoid", so that nobody squashes them twice, or "unknown"; by default
    what the graph ends in, and unknown after a tanh: their values are then shown as they are. One
    output takes two labels, and is the second one's probability (or logit). "sigmoid" over several
    outputs answers each class for itself; "softmax" says that a photo shows exactly one of them.
    `keep_float`: layers that static recipes leave in float32, by the names that `ghostnet compare`
    prints, or of a block; "*" stands for any text; a front end for sound is always among them.
    `qat`: so many steps of fine-tuning for full int8, on `photos` without their labels; 500 do a
    lot. `streaming`: of a network that hears, also files that are called for every hop of a sound
    (docs/sound.md), after the others. `overwrite`: replace files of the same names that were made
    from other weights or with other settings.

    A model of another precision (mixed_float16, bfloat16, ...) is exported in float32, and this is
    said. Returns the files' paths, in the order of `recipes`. Warns where the model's own layers
    say otherwise than the arguments. Raises UserError for what is missing, and CheckFailed, which
    is one, where a file would not be faithful; then nothing is written.

        gn.export(model, "build", recipes=["float32", "static_wi8_ai8"], photos="my_photos")
    """
    refuse_no_model(model)
    folder = user_path(out)
    pipeline = rooms.reach("export", "pipeline")
    recipes = recipes_named(recipes)
    model = float32_of(model)
    from ghostnet_tf.nets.image_model import info_of

    ears, kept = front_end_of(model), [keep_float] if isinstance(keep_float, str) else [*keep_float]
    info = info_of(model)  # of a network inside, where it is not of `model` itself
    calibration = given_in(photos)
    says = {"name": name, "weights": weights, "labels": labels, "preprocessing": preprocessing}
    if info and is_as_bundled(model, info) and not normalises_inside and not any(says.values()):
        network = rooms.reach("export", "network").from_zoo(
            info.name,
            info.weights,
            size or (info.preprocessing and (fixed_size(model) or info.preprocessing.size)),
        )
    else:
        named = table(labels)
        network = rooms.reach("export", "network").Network(
            model=model,
            name=file_part(name or name_of(model), "name"),
            weights=file_part(weights or weights_name(model, info), "weights"),
            weights_sha256=sha256_of(model, info),
            preprocessing=how(model, info, preprocessing, size, normalises_inside)
            if takes_a_photo(model, info, preprocessing, normalises_inside, calibration)
            else None,
            hearing=ears.hearing if ears else None,
            keeps_float=(ears.name,) if ears else (),
            task=KEYWORDS if ears else CLASSIFY,
            labels=labels_of(model, info, named),
            family=family_of(model),
        )
    if scores is not None:
        pick(scores, dict.fromkeys(SCORES), "kind of scores")
    network = replace(network, scores=scores)
    streamed = rooms.reach("export", "streamed")
    sounds = calibration if isinstance(calibration, Samples) else None
    if streaming:
        own = [keep_float] if isinstance(keep_float, str) else keep_float
        streamed.refuse_unfit(network, recipes, sounds, own, qat)
    if network.preprocessing:
        warn_where_the_graph_disagrees(model, normalises_inside)
    result = pipeline.export(
        network,
        recipes,
        calibration,
        given_in(labelled),
        folder,
        keep_float=kept,
        qat=qat,
        overwrite=overwrite,
    )
    if scores not in (None, result.scores):
        ending = "a tanh" if result.scores == UNKNOWN else result.scores
        what = f"the model {model.name!r} ends in {ending}, not in {scores}"
        warnings.warn(f"{what}; leave scores out if that is wrong", UserWarning, stacklevel=2)
    paths = [file.path for file in result.files]
    if streaming:
        hopping = streamed.write_streaming(network, recipes, sounds, folder, Stages(), overwrite)
        paths += [file.path for file in hopping.files]
    return paths


def refuse_no_model(model: Any) -> None:
    """UserError for a file's name and whatever else is no network."""
    import keras

    if not isinstance(model, keras.Model):
        is_name = isinstance(model, str | Path)
        raise UserError(
            f"{model!r:.80} is a {type(model).__name__}, no Keras model",
            fix=f"gn.export(gn.load_model({str(model)!r}), ...)"
            if is_name
            else "give a keras.Model",
        )


def float32_of(model: "keras.Model") -> "keras.Model":
    """`model`, or its copy in float32, which every recipe starts from and is compared with."""
    from ghostnet_tf.front.keras_precision import in_float32, other_precision

    if policy := other_precision(model):
        warnings.warn(
            f"the model {model.name!r} computes in {policy}; it is exported in float32, with the "
            "same weights",
            UserWarning,
            stacklevel=3,
        )
        return in_float32(model)
    return model


def recipes_named(recipes: str | Sequence[str] | None) -> tuple[str, ...]:
    known = rooms.reach("export", "recipes")
    if recipes is None:
        return known.DEFAULT_RECIPES
    names = [recipes] if isinstance(recipes, str) else recipes
    return tuple(known.recipe_named(name) for name in names)


def given_in(place: "Given | None") -> Opened | None:
    """Photos or sounds, or what else a network takes: an .npz, or a dict of its arrays."""
    if place is None or isinstance(place, Items | Samples):
        return place
    return Samples.of(place) if isinstance(place, Mapping) else opened_at(place)


def is_as_bundled(model: "keras.Model", info: "ModelInfo") -> bool:
    """Whether these are the bundled weights, unchanged: then ranges and accuracies are known."""
    return (
        info.weights in (BUNDLED, DIGITS) and info.labels is not None and info.has_weights_of(model)
    )


def takes_a_photo(
    model: "keras.Model",
    info: "ModelInfo | None",
    given: Preprocessing | None,
    normalises_inside: bool,
    calibration: Opened | None,
) -> bool:
    """Whether photos become its input, by what somebody said, or else by what it takes."""
    shapes = input_shapes(model)
    if given or normalises_inside:
        return True
    is_like_one = len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][-1] in COLOURS
    return is_like_one and (info is not None or not isinstance(calibration, Samples))


def how(
    model: "keras.Model",
    info: "ModelInfo | None",
    given: Preprocessing | None,
    size: Size | None,
    normalises_inside: bool,
) -> Preprocessing:
    """How a photo becomes the input of `model`, or what is missing."""
    known = given or (info.preprocessing if info else None)
    if known is None and not normalises_inside:
        raise UserError(
            f"the model {model.name!r} does not say how it wants its photos",
            fix="preprocessing=gn.Preprocessing(size, crop, resample, mean, std), or "
            "normalises_inside=True where it takes pixels from 0 to 255, or photos='samples.npz' "
            "where it takes no photos",
        )
    fixed, channels = fixed_size(model), input_shape_of(model)[-1]
    if known and known.channels != channels:
        raise UserError(
            f"the model {model.name!r} takes images of {channels} channels; its preprocessing "
            f"makes {known.channels}",
            fix=f"preprocessing=gn.Preprocessing(size, crop, resample, mean, std, {channels}), "
            f"mean and std of {'one number' if channels == 1 else 'three numbers'} each",
        )
    if size is None:
        size = (given and given.size) or fixed or (known and known.size)
    if size is None:
        raise UserError(f"the model {model.name!r} takes images of any size", fix="size=224, say")
    if known is None:
        return Preprocessing(size=size, **WHOLE_PHOTO, **as_they_are(channels))
    return replace(known, size=size, **(as_they_are(channels) if normalises_inside else {}))


def as_they_are(channels: int) -> dict[str, Any]:
    """For a model that normalises inside: pixels from 0 to 255 reach it as they are."""
    return {"mean": (0.0,) * channels, "std": (1 / 255,) * channels, "channels": channels}


def fixed_size(model: "keras.Model") -> Size | None:
    """Of the images that `model` was built for; None where it takes any."""
    _, height, width, _ = input_shape_of(model)
    return size_of(height, width) if height and width else None


def input_shape_of(model: "keras.Model") -> tuple[Any, Any, Any, int]:
    """(N, H, W, C), N, H and W None where they are open.

    UserError for another network than one that takes one image, in RGB or grey.
    """
    shapes = input_shapes(model)
    shape: Any = shapes[0]
    if len(shapes) != 1 or len(shape) != 4 or shape[-1] not in COLOURS:
        shown = shape if len(shapes) == 1 else shapes
        raise UserError(
            f"the model {model.name!r} takes {shown}; an image is (N, H, W, 3) in RGB, or "
            "(N, H, W, 1) in grey, and it has to be the only input",
            fix="leave preprocessing out, and give samples in place of photos: an .npz with an "
            "array for each input",
        )
    return shape


def input_shapes(model: "keras.Model") -> list[tuple[Any, ...]]:
    """Of every input, in the order of `model.inputs`; the batch and what is open are None."""
    if not model.built or not getattr(model, "inputs", None):
        raise UserError(
            f"the model {model.name!r} has no input shape yet",
            fix="begin it with keras.Input((height, width, 3)), or call it on images once",
        )
    return [tuple(one.shape) for one in model.inputs]


def front_end_of(model: "keras.Model") -> "FrontEnd | None":
    """What is inside of `model` and hears; None where its input is no sound."""
    from ghostnet_tf.nets.front_end import FrontEnd

    shapes, found = input_shapes(model), [x for x in model.layers if isinstance(x, FrontEnd)]
    return found[0] if len(found) == len(shapes) == 1 else None


def labels_of(
    model: "keras.Model", info: "ModelInfo | None", given: str | Labels | None
) -> Labels | None:
    """The names of the outputs, where they are classes and somebody named them."""
    shape: Any = model.output_shape
    classes = shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None
    if given is not None:
        if classes is None:
            raise UserError(
                f"the model {model.name!r} gives {shape}, and labels name (N, classes)",
                fix="leave labels out",
            )
        named = label_tables.labels(given) if isinstance(given, str) else given
        return named.expect(classes)
    known = info.labels if info else None
    return known if known is not None and len(known) == classes else None


def name_of(model: "keras.Model") -> str:
    """Of a network without its classifier another one: its files are other files."""
    info: ModelInfo | None = getattr(model, "ghostnet_info", None)
    if info is None:
        return model.name
    last = model.layers[-1].name
    pooled = f"_{last}" if last.endswith("_pool") else ""
    return info.name if last == "classifier" or info.labels else f"{info.name}_features{pooled}"


def family_of(model: "keras.Model") -> str:
    """Whose promises the files must keep: those of the zoo, where it is the network of the zoo."""
    info: ModelInfo | None = getattr(model, "ghostnet_info", None)
    if info is None:
        return "stock"
    entry = zoo.parse_model(info.name)
    family = rooms.reach("export", "network").FAMILIES[entry.family]
    if not entry.is_ghostnet:
        return family
    last, stem = model.layers[-1], model.get_layer("stem")
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    is_whole = last.name == "classifier" and activation == "linear" and stem.pad is not None
    return family if is_whole else "delegable"  # another graph than the one that is promised


def weights_name(model: "keras.Model", info: "ModelInfo | None") -> str:
    """What was loaded, as long as nobody has trained since."""
    if info and info.weights == RANDOM:
        return OWN
    return info.weights if info and info.fingerprint and info.has_weights_of(model) else OWN


def sha256_of(model: "keras.Model", info: "ModelInfo | None") -> str:
    """Of the file that was loaded; of the values themselves where they came from no file."""
    from ghostnet_tf.nets.image_model import fingerprint

    if info and info.weights == SEEDED and weights_name(model, info) == SEEDED:
        return ""
    is_loaded = info and info.sha256 and info.has_weights_of(model)
    return info.sha256 if info and is_loaded else fingerprint(model)


def file_part(text: str, what: str) -> str:
    """A part of a file's name."""
    if unwritable(text) or any(c in text for c in "/\\") or text.startswith("."):
        raise UserError(f"{what} {text!r} cannot be part of a file's name", fix=f"{what}='mine'")
    return str(user_path(text))


def warn_where_the_graph_disagrees(model: "keras.Model", normalises_inside: bool) -> None:
    """What is written down would be carried out twice, or not at all."""
    from ghostnet_tf.front.keras_graph import normaliser

    layer = normaliser(model)
    if layer and not normalises_inside:
        _warn(
            f"the model {model.name!r} begins with {layer!r}, so it may normalise its images "
            "itself, and its photos would be normalised twice",
            "normalises_inside=True",
        )
    if normalises_inside and layer is None:
        _warn(
            f"no layer was found with which {model.name!r} normalises its images",
            "preprocessing=gn.Preprocessing(...) where it takes normalised ones",
        )


def _warn(what: str, fix: str) -> None:
    warnings.warn(f"{what}; say {fix}", UserWarning, stacklevel=4)
