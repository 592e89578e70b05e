"""libghostop.so through its test door: one node without LiteRT."""

import ctypes
from pathlib import Path

import numpy as np

from tests.kernels.nodes import Node, pack

POINTER, TEXT = ctypes.c_void_p, ctypes.c_char_p


class Refused(Exception):
    """The options were not taken; the sentence says why."""


class Library:
    def __init__(self, path: Path):
        self.c = ctypes.CDLL(str(path))
        self.c.ghost_open.restype = POINTER
        self.c.ghost_open.argtypes = (ctypes.c_int, TEXT)
        self.c.ghost_close.argtypes = (POINTER,)
        self.c.ghost_variants.restype = ctypes.POINTER(TEXT)
        self.c.ghost_node.restype = POINTER
        self.c.ghost_node.argtypes = (POINTER, POINTER, ctypes.c_size_t, TEXT)
        self.c.ghost_node_run.argtypes = (POINTER,) * 4
        self.c.ghost_node_run.restype = None
        self.c.ghost_node_free.argtypes = (POINTER,)

    def variants(self) -> list[str]:
        names = self.c.ghost_variants()
        found = []
        while names[len(found)] is not None:
            found.append(names[len(found)].decode())
        return found

    def open(self, variant: str | None, threads: int = 1) -> "Session":
        return Session(self, variant, threads)


class Session:
    def __init__(self, library: Library, variant: str | None, threads: int):
        self.c = library.c
        self.handle = self.c.ghost_open(threads, variant and variant.encode())
        assert self.handle, f"no session with {variant} and {threads} threads"

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.c.ghost_close(self.handle)

    def run(self, node: Node, x: np.ndarray, residual: np.ndarray | None = None) -> np.ndarray:
        handle = self.node(pack(node))
        out = np.full(node.out_shape, 77, node.numpy_type)
        second = residual.ctypes.data if residual is not None else None
        self.c.ghost_node_run(handle, x.ctypes.data, second, out.ctypes.data)
        self.c.ghost_node_free(handle)
        return out

    def node(self, options: bytes) -> int:
        """A node that the caller frees."""
        error = ctypes.create_string_buffer(256)
        at_odd_address = ctypes.create_string_buffer(b"?" + options, len(options) + 1)
        start = ctypes.addressof(at_odd_address) + 1
        handle = self.c.ghost_node(self.handle, start, len(options), error)
        if not handle:
            raise Refused(error.value.decode())
        return handle
