"""Somebody's ONNX network as a float32 flatbuffer."""
