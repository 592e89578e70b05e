"""JSON that somebody else may have written, as the annotated types that we work with."""

import json
import math
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

MAX_BYTES = 16_000_000  # of a document: ten times what 21,000 classes of a record need
MAX_DEPTH = 100  # of lists and objects in each other; a record has 3, a Keras network 20
SHOWN = 80  # characters of a wrong value, and of the place where it stands


class Mismatch(Exception):
    """What a JSON document holds is not what its schema says."""


def document(data: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """The JSON document, or `Mismatch` for what is none, or is too large or too deep.

    What is returned may be walked through, copied and written again by recursion.
    """
    if len(data) > max_bytes:
        raise Mismatch(f"it has more than {max_bytes:,} bytes")
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise Mismatch(f"it is not JSON: its byte {error.start:,} is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Mismatch(f"it is not JSON: {error}") from None
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inside for one in level for inside in _inside(one)]
        if not level:
            return value
    raise Mismatch(f"it is nested deeper than {MAX_DEPTH} levels")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def typed(kind: Any, value: Any, where: str) -> Any:
    """`value` out of JSON as the annotated type `kind`, or `Mismatch` that says where.

    A dataclass takes its defaults for keys that are not there. Of a union the first member that
    fits is taken: `float | None`, `int | list[int]`.
    """
    if get_origin(kind) is UnionType:
        return _one_of(get_args(kind), value, where)
    if is_typeddict(kind) or is_dataclass(kind):
        return _typed_fields(kind, value, where)
    if get_origin(kind) in (list, tuple) and isinstance(value, list | tuple):
        items = (typed(get_args(kind)[0], v, f"{where}[{i}]") for i, v in enumerate(value))
        return get_origin(kind)(items)
    if get_origin(kind) is dict and isinstance(value, dict):
        return {k: typed(get_args(kind)[1], v, f"{where}.{k}") for k, v in value.items()}
    if kind is float and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            raise _mismatch(where, value) from None
    # Not isinstance, for True is no number; and JSON's 1e999 is infinite.
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise _mismatch(where, value)
    return value


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    for kind in kinds[:-1]:
        try:
            return typed(kind, value, where)
        except Mismatch:
            continue
    return typed(kinds[-1], value, where)


def _typed_fields(kind: Any, value: Any, where: str) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(value, dict):
        raise _mismatch(where, value)
    lacking = hints.keys() - value.keys() - _with_default(kind)
    if odd := sorted(lacking | (value.keys() - hints.keys())):
        state = "unknown" if odd[0] in value else "missing"
        raise Mismatch(f"{short(where)}.{short(odd[0])} is {state}")
    given = [name for name in hints if name in value]
    return kind(**{name: typed(hints[name], value[name], f"{where}.{name}") for name in given})


def _with_default(kind: Any) -> set[str]:
    """The fields of a dataclass, or of a TypedDict, that need not be given."""
    if is_typeddict(kind):
        return {*kind.__optional_keys__}
    of = fields(kind) if is_dataclass(kind) else ()
    return {
        one.name for one in of if one.default is not MISSING or one.default_factory is not MISSING
    }


def _mismatch(where: str, value: Any) -> Mismatch:
    # What is nested is not written out: it may be of any depth and length.
    said = {dict: "an object", list: "a list"}.get(type(value)) or short(repr(value))
    return Mismatch(f"{short(where)} is {said}")


def short(value: object) -> str:
    """A value as an error may show it."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
