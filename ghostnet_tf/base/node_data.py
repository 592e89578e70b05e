"""A number on each layer of a graph, as Model Explorer lays it over a `.tflite`.

Google's viewer (github.com/google-ai-edge/model-explorer, "custom node data") takes JSON: graph ->
results -> the name of an operator's output -> value. Every converter that we know calls the first
graph of a file "main".
"""

import json
from collections.abc import Mapping

PALE, DARK = "#fff7ec", "#d7301f"


def node_data(name: str, values: Mapping[str, float], *, is_low_bad: bool = False) -> bytes:
    """The overlay `name`, darkest where it is worst. `values`: output tensor -> number."""
    ends = (DARK, PALE) if is_low_bad else (PALE, DARK)
    overlay = {
        "name": name,
        "results": {tensor: {"value": value} for tensor, value in values.items() if tensor},
        "gradient": [{"stop": stop, "bgColor": colour} for stop, colour in enumerate(ends)],
    }
    return json.dumps({"main": overlay}, indent=1).encode() + b"\n"
