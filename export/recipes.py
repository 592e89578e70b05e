"""Every precision we export, named in the grammar of litert-quantizer: never a bare "int8"."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One precision: how, weights, activations."""

    how: str  # "float", "cast", "weight_only", "dynamic" (while running) or "static" (calibrated)
    weight_bits: int
    activation_bits: int
    is_integer_io: bool = False  # int8 image in, int8 logits out; otherwise both are float32


# fmt: off
RECIPES = {
    #                             how       weights  activations
    "float32":               Recipe("float",       32, 32),
    "float16":               Recipe("cast",        16, 32),
    "weight_only_wi8_afp32": Recipe("weight_only",  8, 32),
    "dynamic_wi8_afp32":     Recipe("dynamic",      8, 32),
    "static_wi8_ai8":        Recipe("static",       8,  8),
    "static_wi8_ai8_int8io": Recipe("static",       8,  8, is_integer_io=True),
    "static_wi8_ai16":       Recipe("static",       8, 16),
}
# fmt: on
DEFAULT_RECIPES = ("float32", "float16", "weight_only_wi8_afp32", "static_wi8_ai8")
# Ghost operators (export/ghost_op.py) compute in float32 or in int8 throughout.
OPERATOR_RECIPES = ("float32", "static_wi8_ai8", "static_wi8_ai8_int8io")
