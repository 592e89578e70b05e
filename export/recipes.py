"""Every precision we export, named in the grammar of litert-quantizer: never a bare "int8"."""

from collections.abc import Collection
from dataclasses import dataclass

from ghostnet_tf.base.errors import UserError, pick


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One precision: how, weights, activations."""

    how: str  # "float", "cast", "weight_only", "dynamic" (while running) or "static" (calibrated)
    weight_bits: int
    activation_bits: int
    is_integer_io: bool = False  # int8 image in, int8 logits out; otherwise both are float32
    when: str  # "choose it when ...": `--help` and the README say so


RECIPES = {
    "float32": Recipe(
        how="float",
        weight_bits=32,
        activation_bits=32,
        when="you compare or convert further",
    ),
    "float16": Recipe(
        how="cast",
        weight_bits=16,
        activation_bits=32,
        when="the file must be half as large",
    ),
    "weight_only_wi8_afp32": Recipe(
        how="weight_only",
        weight_bits=8,
        activation_bits=32,
        when="the file must be a quarter, speed may stay, and you have no calibration photos",
    ),
    "dynamic_wi8_afp32": Recipe(
        how="dynamic",
        weight_bits=8,
        activation_bits=32,
        when="you measured that it is faster for you: a GhostNet is slower in it",
    ),
    "static_wi8_ai8": Recipe(
        how="static",
        weight_bits=8,
        activation_bits=8,
        when="it must be fast: integers inside, float32 in and out",
    ),
    "static_wi8_ai8_int8io": Recipe(
        how="static",
        weight_bits=8,
        activation_bits=8,
        is_integer_io=True,
        when="as before, with an int8 image and int8 logits",
    ),
    "static_wi8_ai16": Recipe(
        how="static",
        weight_bits=8,
        activation_bits=16,
        when="int8 loses too much and time does not matter",
    ),
}
ALIASES = {  # what people type; a file's name is always the long one
    "fp32": "float32",
    "fp16": "float16",
    "w8": "weight_only_wi8_afp32",
    "int8": "static_wi8_ai8",
    "int8io": "static_wi8_ai8_int8io",
    "int8x16": "static_wi8_ai16",
    "int16x8": "static_wi8_ai16",  # as TensorFlow Lite calls it, activations first
}
DEFAULT_RECIPES = ("float32", "float16", "weight_only_wi8_afp32", "static_wi8_ai8")
# Ghost operators (export/ghostop/) compute in int8 throughout, or with floats.
OPERATOR_RECIPES = ("float32", "float16", "static_wi8_ai8", "static_wi8_ai8_int8io")


def recipe_named(typed: str) -> str:
    """The recipe that someone means by its name or by an alias; UserError if there is none."""
    return pick(typed, {**dict(zip(RECIPES, RECIPES, strict=True)), **ALIASES}, "recipe")


def is_finetuned(recipe: str) -> bool:
    """Whether it takes what was fine-tuned for int8: int16 activations have precision to spare."""
    return RECIPES[recipe].how == "static" and RECIPES[recipe].activation_bits == 8


def refuse_keeping_nothing(recipes: Collection[str], keep_float: Collection[str]) -> None:
    """UserError where layers are to stay in float32 and no recipe makes integers of the others."""
    static = [name for name, recipe in RECIPES.items() if recipe.how == "static"]
    if keep_float and not set(recipes) & set(static):
        raise UserError(
            f"layers are kept in float32 in static recipes, and only {', '.join(recipes)} was "
            "asked for",
            fix=f"add {' or '.join(static)}, or keep no layers",
        )
