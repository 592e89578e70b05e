"""Quantization-aware fine-tuning of a float32 flatbuffer.

graph -> the same function in TensorFlow, rounding where its int8 file rounds -> new weights, ranges
"""
