"""LiteRT with the Ghost operators, through its C interface: `ctypes` over the wheel's own library.

Python's Interpreter cannot be given a custom operator. This class has those of its methods that
`export.runtime` uses, and nothing else.
"""

import ctypes
import json
import weakref
from collections.abc import Callable
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from functools import cache
from typing import Any

import numpy as np

from ghostnet_tf.base import libraries
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.base.quiet import quiet

from ..flatbuffer import Flatbuffer
from ..graph import DAMAGED_FIX, Graph
from .options import FLOAT32, INT8

# Metadata: the file that computes the same without operators. Its old name is in files out there.
PLAIN_FILE = b"GHOSTNET_PLAIN_TWIN"
CPU = 1  # accelerators are a bit mask
# XNNPACK's signed and unsigned 8-bit kernels, which are the default, and half precision for floats.
HALF_PRECISION = b"flags = 7\n"
READ, WRITE = 0, 1
OPERATOR_EVENT, DELEGATE_EVENT = 2, 4 | 8
DTYPES = {
    "FLOAT32": np.float32, "INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16,
    "INT32": np.int32, "INT64": np.int64, "BOOL": np.bool_,
}  # fmt: skip
KEEP = ctypes.CFUNCTYPE(None, c_void_p)(lambda data: None)  # LiteRT asks for a destructor


class TensorType(Structure):
    """LiteRtRankedTensorType: the element's type and a layout of 68 bytes."""

    _fields_ = (("element", c_int), ("layout", c_int * 17))


class ProfileEvent(Structure):
    _fields_ = (
        ("tag", c_char_p),
        ("type", c_int),
        ("start_us", c_uint64),
        ("elapsed_us", c_uint64),
        ("memory", ctypes.c_int64 * 6),
        ("node", c_uint64),
        ("metadata", c_uint64),
        ("source", c_int),
    )


def graph_with_operators(data: bytes) -> Graph | None:
    """The graph of a file that has Ghost operators; None for any other."""
    if f"{OPERATOR_NAME}.".encode() not in data:  # reading a graph takes a while
        return None
    graph = Flatbuffer(data).graph
    return graph if any(op.is_ghost for op in graph.ops) else None


def plain_file(graph: Graph) -> str:
    """The name of the file that this one was made from."""
    try:
        return str(json.loads(graph.metadata(PLAIN_FILE) or b"")["plain"])
    except (ValueError, LookupError, TypeError):
        return "the file of the same name without _ghostop"


@cache
def _litert() -> ctypes.CDLL:
    return ctypes.CDLL(str(libraries.litert()))


@cache
def _environment() -> c_void_p:
    """One for the process, as LiteRT advises; it tells the terminal when it is destroyed."""
    environment = c_void_p()
    _call("CreateEnvironment", c_int(0), None, byref(environment))
    return environment


@cache
def _operators() -> ctypes.CDLL:
    library = ctypes.CDLL(str(libraries.operators()))
    library.ghost_open.restype = c_void_p
    library.ghost_open.argtypes = (c_int, c_char_p)
    library.ghost_use_half.argtypes = (c_void_p,)
    library.ghost_register.argtypes = (c_void_p, c_void_p, c_void_p)
    library.ghost_variants.restype = POINTER(c_char_p)
    for name in ("ghost_error", "ghost_variant"):
        getattr(library, name).restype = c_char_p
        getattr(library, name).argtypes = (c_void_p,)
    library.ghost_close.argtypes = (c_void_p,)
    library.ghost_close.restype = None
    return library


def variants() -> list[str]:
    """The kernels that this processor can run, the best first."""
    names = _operators().ghost_variants()
    found: list[str] = []
    while (name := names[len(found)]) is not None:
        found.append(name.decode())
    return found


def best_file(is_int8: bool, is_half: bool) -> int:
    """Which of a network's files this processor should open: a GhostFile of kernels/ghost_op.h."""
    return _operators().ghost_file(INT8 if is_int8 else FLOAT32, is_half)


class GhostInterpreter:
    """One `.tflite` with Ghost operators, compiled; errors inside an operator are raised."""

    def __init__(
        self,
        data: bytes,
        graph: Graph,
        threads: int = 1,
        variant: str | None = None,
        is_profiled: bool = False,
        is_half: bool = False,
    ):
        """`threads` of the operators; the runtime has one, as `kernels/ghost_op.h` wants it.
        `variant`: one of `variants()` instead of the best. `is_half`: floats in half precision,
        the runtime's and the operators'; UserError where the processor cannot multiply them."""
        self.graph, self.threads, self.is_half = graph, threads, is_half
        try:
            self.library = _operators()
        except (UserError, OSError) as error:
            raise UserError(
                f"this file needs the Ghost operators, which cannot be had here: {error}",
                fix=f"use {plain_file(graph)}, which computes the same without them"
                + (f"; or: {fix}" if (fix := getattr(error, "fix", "")) else ""),
            ) from None
        self.data = ctypes.create_string_buffer(data, len(data))  # LiteRT reads it where it is
        texts = {b"xnnpack": b"num_threads = 1\n" + HALF_PRECISION * is_half}
        if is_profiled:
            texts[b"runtime_options_string"] = b"enable_profiling = true\n"
        self.texts = {name: ctypes.create_string_buffer(text) for name, text in texts.items()}
        self.session = self.library.ghost_open(threads, variant.encode() if variant else None)
        if not self.session:
            raise UserError(
                f"the Ghost operators have no kernels {variant!r} for this processor",
                fix=f"try {' or '.join(variants())}",
            )
        # Undone in this order whatever happens: the session outlives the compiled model.
        self._undo: list[Callable[[], Any]] = [lambda s=self.session: _operators().ghost_close(s)]
        self._finalizer = weakref.finalize(self, _undo_all, self._undo)
        try:
            if is_half and not self.library.ghost_use_half(self.session):
                raise UserError(
                    f"this processor cannot multiply in half precision with {self.variant!r}",
                    fix="leave half precision out; float32 gives better results anyway",
                )
            self._compile()
        except BaseException:
            self._finalizer()
            raise

    @property
    def variant(self) -> str:
        return self.library.ghost_variant(self.session).decode()

    # ------------------------------------------------------------------ as LiteRT's Interpreter

    def allocate_tensors(self) -> None:
        """It is all done when the model is compiled."""

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self._detail(tensor) for tensor in self.graph.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [self._detail(tensor) for tensor in self.graph.outputs]

    def set_tensor(self, index: int, values: np.ndarray) -> None:
        where, n_bytes = self._lock(self.buffers[index], WRITE)
        data = np.ascontiguousarray(values).tobytes()
        if len(data) != n_bytes:
            raise ValueError(f"{len(data)} bytes for an input of {n_bytes}")
        ctypes.memmove(where, data, n_bytes)
        _call("UnlockTensorBuffer", self.buffers[index])

    def invoke(self) -> None:
        inputs = (c_void_p * len(self.inputs))(*self.inputs.values())
        outputs = (c_void_p * len(self.outputs))(*self.outputs.values())
        status = _litert().LiteRtRunCompiledModel(
            self.compiled, c_size_t(0),
            c_size_t(len(inputs)), inputs, c_size_t(len(outputs)), outputs,
        )  # fmt: skip
        self._raise_recorded()  # after what LiteRT calls a success, too
        if status:
            why = f"the model loads and does not run (LiteRT status {status})"
            raise UserError(why, fix=DAMAGED_FIX)

    def get_tensor(self, index: int) -> np.ndarray:
        where, n_bytes = self._lock(self.buffers[index], READ)
        data = ctypes.string_at(where, n_bytes)
        _call("UnlockTensorBuffer", self.buffers[index])
        detail = self._detail(index)
        return np.frombuffer(data, detail["dtype"]).reshape(detail["shape"]).copy()

    # ------------------------------------------------------------------ beyond the Interpreter

    def delegation(self) -> tuple[int, list[str]]:
        """How many partitions XNNPACK took, and the name of every operator that it left.

        The profiler tells, so a second interpreter runs with it; this one stays as fast as it is.
        """
        with quiet():
            other = GhostInterpreter(
                self.data.raw, self.graph, self.threads, is_profiled=True, is_half=self.is_half
            )
        profiler, n = c_void_p(), c_int()
        _call("CompiledModelGetProfiler", other.compiled, byref(profiler))
        for one in other.get_input_details():  # what lies there may be no index of an embedding
            other.set_tensor(one["index"], np.zeros(one["shape"], one["dtype"]))
        other.invoke()  # weights are packed in the first
        _call("StartProfiler", profiler)
        other.invoke()
        _call("StopProfiler", profiler)
        _call("GetNumProfilerEvents", profiler, byref(n))
        events = (ProfileEvent * n.value)()
        _call("GetProfilerEvents", profiler, n, events)
        left = [event.tag.decode() for event in events if event.type == OPERATOR_EVENT]
        return sum(bool(e.type & DELEGATE_EVENT) and e.node == 0 for e in events), left

    # ------------------------------------------------------------------ compiled once

    def _compile(self) -> None:
        self.model = c_void_p()
        self._make(
            "CreateModelFromBuffer", "DestroyModel", self.model,
            _environment(), self.data, c_size_t(len(self.data)),
        )  # fmt: skip
        self.compiled = self._compiled()
        signature = c_void_p()
        _call("GetModelSignature", self.model, c_size_t(0), byref(signature))
        self.inputs = self._create_buffers(signature, "Input", self.graph.inputs)
        self.outputs = self._create_buffers(signature, "Output", self.graph.outputs)
        self.buffers = {**self.inputs, **self.outputs}

    def _compiled(self) -> c_void_p:
        options, compiled = c_void_p(), c_void_p()
        self._make("CreateOptions", "DestroyOptions", options)
        _call("SetOptionsHardwareAccelerators", options, c_int(CPU))
        for name, text in self.texts.items():
            more = c_void_p()
            _call("CreateOpaqueOptions", c_char_p(name), text, KEEP, byref(more))
            _call("AddOpaqueOptions", options, more)
        add = ctypes.cast(_litert().LiteRtAddCustomOpKernelOption, c_void_p)
        if status := self.library.ghost_register(self.session, options, add):
            raise _refused(status, "the Ghost operators were refused")
        try:
            self._make(
                "CreateCompiledModel", "DestroyCompiledModel", compiled,
                _environment(), self.model, options,
            )  # fmt: skip
        finally:
            self._raise_recorded()  # says more than the status, and may come without one
        return compiled

    def _create_buffers(
        self, signature: c_void_p, side: str, tensors: list[int]
    ) -> dict[int, c_void_p]:
        """Tensor -> its buffer, in the order of the signature, which need not be the file's."""
        n = c_size_t()
        _call(f"GetNumSignature{side}s", signature, byref(n))
        by_name = {self.graph.names[tensor]: tensor for tensor in tensors}
        buffers = {}
        for i in range(n.value):
            tensor, needs, buffer = c_void_p(), c_void_p(), c_void_p()
            kind, name, at = TensorType(), c_char_p(), c_size_t(i)
            _call(f"GetSignature{side}TensorByIndex", signature, at, byref(tensor))
            _call("GetTensorName", tensor, byref(name))
            _call("GetRankedTensorType", tensor, byref(kind))
            _call(
                f"GetCompiledModel{side}BufferRequirements",
                self.compiled, c_size_t(0), at, byref(needs),
            )  # fmt: skip
            self._make(
                "CreateManagedTensorBufferFromRequirements", "DestroyTensorBuffer", buffer,
                _environment(), byref(kind), needs,
            )  # fmt: skip
            buffers[by_name[(name.value or b"").decode()]] = buffer
        return buffers

    def _make(self, create: str, destroy: str, handle: c_void_p, *args: Any) -> None:
        """`handle` made by LiteRT, and undone with this object."""
        _call(create, *args, byref(handle))
        self._undo.append(lambda: getattr(_litert(), f"LiteRt{destroy}")(handle))

    def _raise_recorded(self) -> None:
        said = self.library.ghost_error(self.session)
        if said:
            raise UserError(f"a Ghost operator failed: {said.decode()}", fix=DAMAGED_FIX)

    def _lock(self, buffer: c_void_p, how: int) -> tuple[c_void_p, int]:
        where, n_bytes = c_void_p(), c_size_t()
        _call("GetTensorBufferPackedSize", buffer, byref(n_bytes))
        _call("LockTensorBuffer", buffer, byref(where), c_int(how))
        return where, n_bytes.value

    def _detail(self, tensor: int) -> dict[str, Any]:
        found = self.graph.quantization(tensor)
        scale, zero_point = (float(found[0][0]), int(found[1][0])) if found else (0.0, 0)
        return {
            "index": tensor,
            "name": self.graph.names[tensor],
            "shape": np.array(self.graph.shape(tensor), np.int32),
            "dtype": DTYPES[self.graph.dtype(tensor)],
            "quantization": (scale, zero_point),
        }


def _call(name: str, *args: Any) -> None:
    if status := getattr(_litert(), f"LiteRt{name}")(*args):
        raise _refused(status, name)


def _refused(status: int, what: str) -> RuntimeError:
    return RuntimeError(f"{what} (LiteRT status {status})")


def _undo_all(steps: list[Callable[[], Any]]) -> None:
    while steps:
        steps.pop()()
