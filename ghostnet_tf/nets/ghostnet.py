"""Rows become Keras models, behind the signature that keras.applications has taught everyone."""

from dataclasses import replace
from typing import Any

import keras
from keras import layers

from ghostnet_tf.nets import pretrained, spec, zoo
from ghostnet_tf.nets.conv_norm import ConvNorm, PadMode, PointwiseConv2D, he_fan_out
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostBottleneck

POOLING = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}


def GhostNet(
    width: float = 1.0,
    include_top: bool = True,
    weights: str | None = None,
    input_tensor=None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int | None = None,
    classifier_activation: str | None = None,
    dropout: float = 0.2,
    pad_mode: PadMode = "symmetric",
    design: str = "ghostnet",
    branches: str | None = None,
    deployed: bool = False,
    name: str | None = None,
) -> ImageModel:
    """GhostNet at any width. Normalised RGB (N, H, W, 3) -> logits (N, classes), both float32.

    Without the top: the last map (N, H / 32, W / 32, 960 x width), or (N, 960 x width) if pooled
    ("avg" or "max"). `weights`: a name ("tinyimagenet", "imagenet", ...) or a path, as `pretrained`
    takes them; then the model remembers their preprocessing and labels. `classes`: by default as
    many as the weights have, or 1000. `classifier_activation` None gives logits. `pad_mode` "same"
    is for the authors' TensorFlow weights. H and W, 32 pixels or more (33 with attention), stay
    open unless `input_shape` or `input_tensor` fixes them. Source: arXiv 1911.11907, Table 1, and
    the authors' ghostnet.py.

    `design`: a network that grew from it, a key of `spec.DESIGNS`. `branches`: what trains beside
    every convolution of a Ghost module, a key of `spec.TRAINING_FORMS`, by default what the design
    has ("ghostnetv3", "repghost", none). In inference, and so in every export, they are folded into
    that convolution. `deployed`: built as it is after folding, to load weights that were folded.

    Raises ValueError for arguments that contradict each other, UserError for weights that do not
    fit.

        GhostNet(0.5, weights="tinyimagenet").output_shape      # (None, 200)
    """
    _refuse_contradictions(width, include_top, pooling, classes, dropout)
    rows = spec.ghostnet(width, design)
    own_name = f"{design}_{round(100 * width):03d}"
    entry = replace(zoo.MODELS[f"{design}_100"], name=own_name, width=width)
    found = pretrained.find(weights, own_name)
    if include_top:
        classes, _ = pretrained.outputs(entry, found, classes)
    image = _image(input_tensor, input_shape, rows.smallest_image)
    x = ConvNorm(rows.stem, 3, 2, "relu", pad_mode, name="stem")(image)
    for i, row in enumerate(rows.blocks):
        x = GhostBottleneck(
            row.hidden,
            row.out,
            row.kernel,
            row.stride,
            row.se,
            pad_mode=pad_mode,
            attention=row.attention,
            module=rows.module,
            branches=branches or rows.branches,
            deployed=deployed,
            name=f"block_{i:02d}",
        )(x)
    x = ConvNorm(rows.last, 1, 1, "relu", name="last")(x)  # (N, H / 32, W / 32, last)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)  # (N, 1, 1, last)
        x = PointwiseConv2D(
            rows.head, 1, activation="relu", kernel_initializer=he_fan_out(), name="head"
        )(x)
        x = layers.Flatten(name="flatten")(x)  # (N, head)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="classifier")(x)
    elif pooling:
        x = POOLING[pooling](name=f"{pooling}_pool")(x)  # (N, last)
    sources = keras.utils.get_source_inputs(image)  # whatever stands before `input_tensor`
    inputs = sources if len(sources) > 1 else sources[0]
    model = ImageModel(inputs, x, name=name or own_name)
    return pretrained.with_weights(model, entry, found, include_top)


def ghostnet_050(**kwargs) -> ImageModel:
    """GhostNet 0.5x: 2.6 M parameters, 42 M multiply-adds."""
    return GhostNet(0.5, **kwargs)


def ghostnet_100(**kwargs) -> ImageModel:
    """GhostNet 1.0x: 5.2 M parameters, 141 M multiply-adds."""
    return GhostNet(1.0, **kwargs)


def ghostnet_130(**kwargs) -> ImageModel:
    """GhostNet 1.3x: 7.4 M parameters, 227 M multiply-adds."""
    return GhostNet(1.3, **kwargs)


def features(model: keras.Model) -> keras.Model:
    """A backbone that shares a GhostNet's layers: (N, H, W, 3) -> maps at strides 4, 8, 16, 32.

    Each is (N, H / stride, W / stride, C). ValueError for other networks.

        small = features(GhostNet(0.5, include_top=False))
        [m.shape[-1] for m in small.outputs]       # [12, 20, 56, 80]
    """
    maps = [model.get_layer(f"block_{i:02d}").output for i in spec.FEATURE_TAPS]
    return keras.Model(model.input, maps, name=f"{model.name}_features")


def _image(input_tensor: Any, input_shape: tuple[int | None, ...] | None, smallest: int) -> Any:
    """(N, H, W, C), from whichever of the two was given; they may not disagree."""
    if input_tensor is None:
        input_tensor = keras.Input(input_shape or (None, None, 3), name="image")
    elif not keras.utils.is_keras_tensor(input_tensor):
        raise ValueError(
            f"input_tensor is a {type(input_tensor).__name__}; it must be a KerasTensor"
        )
    elif input_shape is not None and tuple(input_tensor.shape[1:]) != tuple(input_shape):
        raise ValueError(
            f"input_tensor has shape {tuple(input_tensor.shape[1:])} and input_shape is "
            f"{tuple(input_shape)}: give one of them"
        )
    if len(input_tensor.shape) != 4:
        raise ValueError(f"an image is (N, H, W, C); got the shape {tuple(input_tensor.shape)}")
    if any(side is not None and side < smallest for side in input_tensor.shape[1:3]):
        raise ValueError(
            f"images must be at least {smallest} pixels wide and high; got "
            f"{tuple(input_tensor.shape[1:3])}"
        )
    return input_tensor


def _refuse_contradictions(width, include_top, pooling, classes, dropout) -> None:
    if width <= 0:
        raise ValueError(f"width is {width}; it must be above 0")
    if pooling not in (None, *POOLING):
        raise ValueError(f"pooling is {pooling!r}; it is None, 'avg' or 'max'")
    if include_top and pooling:
        raise ValueError(f"pooling={pooling!r} needs include_top=False: the top pools by itself")
    if include_top and classes is not None and classes < 1:
        raise ValueError(f"classes is {classes}; it must be 1 or more")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; it is a share, from 0 to below 1")
