"""Ghost-VGG-16 of the paper's section 4, on which it chose s and d, and plain VGG-16."""

import keras
from keras import layers

from ghostnet_tf.nets import spec, zoo
from ghostnet_tf.nets.conv_norm import BATCH_NORM
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostModule
from ghostnet_tf.nets.pretrained import with_weights


def GhostVGG16(
    ratio: int = 2,
    cheap_kernel: int = 3,
    include_top: bool = True,
    weights: str | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    classes: int = 10,
    classifier_activation: str | None = None,
    ghost_stem: bool = True,
    branches: str | None = None,
    name: str | None = "ghost_vgg16",
) -> ImageModel:
    """VGG-16 of Ghost modules, for small images. Normalised RGB (N, H, W, 3) -> logits.

    Without the top: the last map, (N, H / 32, W / 32, 512). At 32 px, s = 2, d = 3: 7.65 M
    parameters and 158.1 M multiply-adds. The authors say that they left the first convolution of
    their networks alone. The counts that they give for this one, with the decimals of the
    multiply-adds cut off, come out for every s and d only if it is replaced too; so here it is,
    unless `ghost_stem` is false. Source: arXiv 1911.11907, tables 3 to 5, and 1409.1556, column D.
    `branches`: see `GhostNet`. Raises UserError for weights that do not fit.

        GhostVGG16(input_shape=(32, 32, 3)).output_shape     # (None, 10)
    """
    x = image = keras.Input(input_shape or (None, None, 3), name="image")
    for number, row in enumerate(spec.VGG16, start=1):
        for i, filters in enumerate(row, start=1):
            is_plain = not ghost_stem and (number, i) == (1, 1)
            ghost = (filters, 3, 1, 1 if is_plain else ratio, cheap_kernel)
            x = GhostModule(*ghost, branches=branches, name=f"conv_{number}_{i}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{number}")(x)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)  # (N, 512)
        x = layers.Dense(spec.VGG16_HEAD, name="head")(x)
        x = layers.BatchNormalization(**BATCH_NORM, name="head_norm")(x)
        x = layers.Activation("relu", name="head_act")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="classifier")(x)
    model = ImageModel(image, x, name=name)
    return with_weights(model, zoo.MODELS["ghost_vgg16"], weights, include_top)


def VGG16(**kwargs) -> ImageModel:
    """VGG-16 of ordinary convolutions: 15.0 M parameters, 313 M multiply-adds at 32 px.

    Takes what `GhostVGG16` takes, without `ratio`.
    """
    return GhostVGG16(1, **{"name": "vgg16", **kwargs})
