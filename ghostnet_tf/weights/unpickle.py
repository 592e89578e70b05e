"""Arrays out of a pickle without running it: an interpreter of the few opcodes that tensors need.

A pickle is a program. This one may build tuples, lists, dicts, numbers, texts and arrays; every
name that it mentions must be in a table of ours, and stands for a function of ours, never for
Python's. Format: the docstrings of Python's `pickletools`; protocols 2 to 4.
"""

import io
import math
import pickletools
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from ghostnet_tf.base.errors import UserError, reading

MAX_OPCODES = 200_000  # a published GhostNet has fewer than 20,000, a training's state 100,000
MAX_AXES = 32  # of an array
# Bytes, characters and items that calls may be given, for a byte of the file: an honest program
# gives each of its own once or twice, a hostile one the same long list a thousand times.
MAX_USES = 4
DAMAGED_FIX = "download it again?"
TENSORS_ONLY = "save its tensors alone: torch.save(model.state_dict()), or .safetensors"
DTYPES = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"}  # numpy's names

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}
ARGUMENTS = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
NOTHING_TO_DO = {"PROTO", "FRAME"}
# What a malformed program makes of honest functions; none of these is a bug of ours.
SIZED = (str, bytes, tuple, list, dict)
MALFORMED = (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError)


class Name(str):
    """A global that the pickle mentions, as "module.name"; it is never imported."""


def short(value: Any) -> str:
    """As an error shows it, whatever it is; what is nested is not written out."""
    return repr(str(value)[:80]) if isinstance(value, str | int) else f"a {type(value).__name__}"


class Pending:
    """An array that is complete once the whole pickle has been read."""

    def set_state(self, state: Any) -> None:
        raise ValueError(f"{type(self).__name__} takes no state")

    def finished(self) -> np.ndarray:
        raise ValueError(f"a {type(self).__name__} in the place of an array")


class Dtype(Pending):
    """numpy.dtype("f4", ...), whose byte order comes afterwards."""

    def __init__(self, code: str, *_: Any):
        if text(code) not in DTYPES:
            raise UserError(f"an array of {short(code)} numbers is refused", TENSORS_ONLY)
        self.dtype = np.dtype(code)

    def set_state(self, state: Any) -> None:
        order = text(state[1])
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {short(order)}")
        self.dtype = self.dtype.newbyteorder(order)


class Array(Pending):
    """An empty numpy.ndarray, whose contents come afterwards."""

    value: np.ndarray

    def __init__(self, kind: Name, *_: Any):
        if text(kind) != "numpy.ndarray":
            raise ValueError(f"an array of the class {short(kind)}")

    def set_state(self, state: Any) -> None:
        _, shape, dtype, is_fortran, raw = state
        data = raw.encode("latin1") if isinstance(raw, str) else raw  # Python 2 knew no bytes
        if not isinstance(data, bytes) or not isinstance(dtype, Dtype):
            raise ValueError("an array of neither bytes nor numbers")
        if len(data) != math.prod(whole(shape)) * dtype.dtype.itemsize:
            raise ValueError(f"an array of shape {shape} holds {len(data)} bytes")
        self.value = np.ndarray(shape, dtype.dtype, data, order="F" if is_fortran else "C")

    def finished(self) -> np.ndarray:
        return self.value


def text(value: Any) -> str:
    """`value`, which must be one: what is nested could be of any size once compared or shown."""
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} in the place of a text")
    return value


def whole(values: Any) -> tuple[int, ...]:
    """`values`, which must be a tuple of a few whole numbers: a shape, or strides."""
    if not isinstance(values, tuple) or len(values) > MAX_AXES:
        raise ValueError(f"a {type(values).__name__} in the place of a few numbers")
    if odd := [value for value in values if type(value) is not int]:
        raise ValueError(f"a {type(odd[0]).__name__} in the place of a number")
    return values


def _encode(characters: str, encoding: str = "latin1") -> bytes:
    """How protocol 2 spells bytes."""
    if text(encoding) != "latin1":
        raise ValueError(f"the encoding {short(encoding)}")
    return text(characters).encode("latin1")


def ordered_dict(pairs: Any = ()) -> dict[str, Any]:
    items: list[Any] = []
    for key, value in pairs:
        items += key, value
    return put({}, items)


NUMPY: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "collections.OrderedDict": ordered_dict,
    "numpy.dtype": Dtype,
    "numpy.core.multiarray._reconstruct": Array,
    "numpy._core.multiarray._reconstruct": Array,
}
MENTIONED = {"numpy.ndarray"}  # as arguments only


def load(
    stream: BinaryIO,
    calls: Mapping[str, Callable[..., Any]] = NUMPY,
    mentioned: set[str] = MENTIONED,
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The object of the pickle that `stream` stands at; arrays in it are still `Pending`.

    `calls`: what a name stands for when called. `mentioned`: names that may only be passed on.
    `persistent`: what a persistent id stands for.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python, over odd escapes in a text
        return _run(stream, calls, {*calls, *mentioned}, persistent)


def _run(stream, calls, known: set[str], persistent) -> Any:
    stack: list[Any] = []
    work = _Work(stream)
    marked: list[list[Any]] = []
    memo: dict[int, Any] = {}
    try:
        argument: Any
        for count, (opcode, argument) in enumerate(_steps(stream)):
            if count > MAX_OPCODES:
                raise UserError(f"it has more than {MAX_OPCODES:,} steps", TENSORS_ONLY)
            match opcode.name:
                case name if name in ARGUMENTS:
                    stack.append(argument)
                case name if name in CONSTANTS:
                    stack.append(CONSTANTS[name])
                case name if name in EMPTY:
                    stack.append(EMPTY[name]())
                case name if name in NOTHING_TO_DO:
                    pass
                case "MARK":
                    marked.append(stack)
                    stack = []
                case "TUPLE":
                    stack, items = marked.pop(), stack
                    stack.append(tuple(items))
                case name if name in TUPLES:
                    stack[-TUPLES[name] :] = [tuple(_top(stack, TUPLES[name]))]
                case "APPEND":
                    value = stack.pop()
                    stack[-1].append(value)
                case "APPENDS":
                    stack, items = marked.pop(), stack
                    stack[-1].extend(items)
                case "SETITEM":
                    key, value = _top(stack, 2)
                    del stack[-2:]
                    put(stack[-1], [key, value])
                case "SETITEMS":
                    stack, items = marked.pop(), stack
                    put(stack[-1], items)
                case "BINPUT" | "LONG_BINPUT":
                    memo[argument] = stack[-1]  # a dict: a great number costs no memory
                case "MEMOIZE":
                    memo[len(memo)] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(memo[argument])
                case "GLOBAL":
                    stack.append(_allowed(".".join(str(argument).split(" ", 1)), known))
                case "STACK_GLOBAL":
                    module, attribute = _top(stack, 2)
                    stack[-2:] = [_allowed(f"{text(module)}.{text(attribute)}", known)]
                case "REDUCE":
                    function, arguments = _top(stack, 2)
                    if not isinstance(function, Name) or function not in calls:
                        raise UserError(f"it calls {short(function)}", TENSORS_ONLY)
                    work.count(arguments)
                    stack[-2:] = [calls[function](*arguments)]
                case "BUILD":
                    state = stack.pop()
                    work.count(state)
                    _build(stack[-1], state)
                case "BINPERSID" if persistent:
                    work.count(stack[-1])
                    stack.append(persistent(stack.pop()))
                case "STOP":
                    return stack.pop()
                case name:
                    raise UserError(f"it uses the pickle opcode {name}", TENSORS_ONLY)
    except MALFORMED as error:
        # Ours are worded; what Python says of a missing key or an empty list is no reason.
        said = str(error).strip().splitlines() if isinstance(error, ValueError) else []
        reason = said[0] if said else "its steps do not fit together"
        raise UserError(f"its pickle is damaged: {reason[:160]}", DAMAGED_FIX) from error


def _steps(stream: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, Any]]:
    """(opcode, argument), until the one that ends the pickle."""
    opcodes = pickletools.genops(stream)
    while True:
        with reading("its pickle", DAMAGED_FIX):
            opcode, argument, _ = next(opcodes)
        yield opcode, argument


class _Work:
    """How much has been handed to calls, which each look through all that they are given."""

    def __init__(self, stream: BinaryIO):
        here = stream.tell()
        self.left = MAX_USES * (stream.seek(0, io.SEEK_END) - here) + MAX_OPCODES
        stream.seek(here)

    def count(self, arguments: Any) -> None:
        if isinstance(arguments, tuple | list | dict):
            self.left -= len(arguments)
            self.left -= sum(len(a) for a in arguments if isinstance(a, SIZED))
        if self.left < 0:
            raise UserError("it uses the same data too often", TENSORS_ONLY)


def finished(tree: Any, depth: int = 2) -> Any:
    """`tree` with arrays in the place of what was pending, `depth` dicts deep: a state dict has
    one level, a training checkpoint two, and what lies deeper is never looked at."""
    if isinstance(tree, Pending):
        try:
            return tree.finished()
        except MALFORMED as error:
            raise UserError(f"one of its arrays is damaged: {error}", DAMAGED_FIX) from None
    if isinstance(tree, dict) and depth:
        done: dict[int, Any] = {}  # by what it was: one dict may stand in many places
        for value in tree.values():
            if id(value) not in done:
                done[id(value)] = finished(value, depth - 1)
        return {key: done[id(value)] for key, value in tree.items()}
    return tree


def put(target: dict[Any, Any], items: list[Any]) -> dict[Any, Any]:
    """Keys and values by turns into `target`; a key that stands twice would hide a tensor."""
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | int):
            raise ValueError(f"a key of the type {type(key).__name__}")
        if key in target:
            raise UserError(f"{short(key)} stands twice in it", "save it again")
        target[key] = value
    return target


def _top(stack: list[Any], n: int) -> list[Any]:
    if len(stack) < n:
        raise ValueError("it takes more than it has put down")
    return stack[-n:]


def _allowed(name: str, known: set[str]) -> Name:
    if name not in known:
        raise UserError(f"it names {short(name)}, and only arrays are read from it", TENSORS_ONLY)
    return Name(name)


def _build(target: Any, state: Any) -> None:
    if isinstance(target, Pending):
        target.set_state(state)
    elif not isinstance(target, dict) or not isinstance(state, dict) or [*state] != ["_metadata"]:
        # torch hangs the versions of its layers on a state dict; nothing else may have a state.
        raise ValueError(f"a {type(target).__name__} takes no state")
