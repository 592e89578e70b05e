"""Operators: those of a file, those that ran, and the class of each."""

import re
from dataclasses import dataclass

from ghostnet_tf.base.libraries import OPERATOR_NAME

# class, how XNNPACK calls it
CLASSES = (
    ("depthwise convolution", r"DWConv"),
    ("convolution", r"IGEMM|VMulCAddC|Deconvolution"),
    ("pointwise and dense", r"GEMM|Fully Connected|Convolution|Batch Matrix"),
    ("concat and copy", r"Copy|Concatenate|Slice|Transpose"),
    ("add", r"Add\b"),
    ("multiply", r"Multiply\b"),
    ("mean", r"Mean\b|Average Pooling"),
    ("hard swish", r"HardSwish"),
    ("clamp and the like", r"(?i)clamp|unary op"),  # some it calls "invalid unary op"
    ("conversion", r"Convert"),
    ("pad", r"Pad\b"),
    ("reshape", r"Reshape"),
)

CUSTOM = 32  # BuiltinOperator of what a program brings along, such as a Ghost operator


@dataclass(frozen=True)
class Op:
    """One operator of the file."""

    code: int  # BuiltinOperator of TensorFlow Lite's schema
    output: str  # name of its first output
    ghost: str = ""  # of a Ghost operator: "module 3x3 with ADD"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One operator as it ran: XNNPACK's own name if it was delegated, else TFLite's."""

    name: str
    delegated: bool
    index: int  # within its partition, from 0; of the node, if not delegated
    us: int  # microseconds; of an emulated core, whose clock counts them (`clock.c`), instructions

    @property
    def is_ghost(self) -> bool:
        return self.name.startswith(f"{OPERATOR_NAME}.")


def class_of(event: Event) -> str:
    """depthwise convolution, add, ...; what XNNPACK did not take keeps TFLite's name."""
    if event.is_ghost:
        return "Ghost operator"
    if not event.delegated:
        return f"{event.name}, not delegated"
    for name, pattern in CLASSES:
        if re.search(pattern, event.name):
            return name
    return event.name.split(" (")[0].lower()
