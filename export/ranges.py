"""What calibration learned about a network, as a record that travels with its weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

Span = tuple[float, float]  # the smallest and the largest value


@dataclass(frozen=True)
class Ranges:
    """What calibration learned about one network: enough to quantize it again without photos."""

    method: str
    spans: Mapping[str, Span]  # tensor -> the values that int8 covers
    extremes: Mapping[str, Span]  # tensor -> all values seen; int16 covers them
    exponents: Mapping[str, tuple[int, ...]]  # the equalization under which they were measured
    n_photos: int
    sha256: str  # of the images, as the network saw them

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields: dict[str, Any] = json.loads(text)
        for name in ("spans", "extremes", "exponents"):
            fields[name] = {tensor: tuple(values) for tensor, values in fields[name].items()}
        return cls(**fields)
