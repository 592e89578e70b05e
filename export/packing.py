"""The records of a `.tflite` become bytes."""

from typing import Any

from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils


class AlignedBuffer(schema.BufferT):
    """Data at a multiple of 16 bytes, as schema.fbs asks for; the generated writer forgets it.

    It also writes `bytes` one at a time, for seconds, and as `bytes` arrive litert-quantizer's
    weights, which lie behind the flatbuffer.
    """

    def Pack(self, builder: Any) -> int:
        if self.data is None:
            return super().Pack(builder)
        content = bytes(self.data)
        builder.StartVector(1, len(content), 16)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        place = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, place)
        return schema.BufferEnd(builder)


def packed(model: Any) -> bytes:
    """A ModelT as a file."""
    for buffer in model.buffers:
        buffer.__class__ = AlignedBuffer
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
