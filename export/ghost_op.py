"""Ghost operators into finished `.tflite` files, proven equal on photos:

python export/ghost_op.py FILE.tflite... [--photos DIR|ZIP] [--out DIR] [--json]

Each becomes FILE_ghostop.tflite with a record, beside the plain file. Ours, or a GhostNet from
onnx2tf or litert-torch; float32 and full int8.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import sha256, write_together
from ghostnet_tf.base.record import (
    Operators,
    Record,
    finished,
    ghostop_path,
    matching_record,
    read_model,
    record_path,
    tool_versions,
)
from ghostnet_tf.data.photos import Photos

if TYPE_CHECKING:
    from ghostnet_tf.data.preprocess import Preprocessing

    from .ghostop.ghostop_file import GhostopFile

IMAGES = 16  # on which both files must give the same outputs


@dataclass(frozen=True)
class Made:
    """A file with operators, beside its plain twin."""

    path: Path
    record: Record | None  # None where the plain file has none
    twin: "GhostopFile"
    images_from: str


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Ghost operators into finished .tflite files, proven equal on photos."
    )
    parser.add_argument("files", metavar="FILE.tflite", nargs="+")
    parser.add_argument("--photos", metavar="DIR|ZIP", help="to prove it on; default: generated")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the plain files are copied there")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)

    photos = Photos.open(args.photos) if args.photos else None
    made = []
    for file in args.files:
        made.append(make_twin(file, photos, args.out))
        if not args.json:
            print("\n".join(lines(made[-1])), flush=True)
    if args.json:
        print(json.dumps({"files": [facts(one) for one in made]}, indent=1))
    return 0


def make_twin(plain: str | Path, photos: Photos | None = None, out: Path | None = None) -> Made:
    """Write the twin of a plain file, with the record of that file carried on."""
    from .flatbuffer import Flatbuffer
    from .ghostop import ghostop_file
    from .ghostop.options import VERSION

    plain = Path(plain)
    data = Flatbuffer(read_model(plain))
    record = matching_record(plain, data) if record_path(plain).exists() else None
    images = proof_images(data, record, photos)
    twin = ghostop_file.make(data, plain.name, images)
    images_from = "generated images" if photos is None else "photos"
    path = ghostop_path(plain if out is None else out / plain.name)
    files = {path: twin.data}
    if record is not None:
        operators = Operators(
            plain.name, sha256(data), len(twin.found.sites), VERSION, twin.images, images_from,
            twin.snr_db,
        )  # fmt: skip
        record = described(record, operators, twin.data)
        files[record_path(path)] = record.to_json().encode()
    write_together(files | beside(plain, path.parent))
    return Made(path, record, twin, images_from)


def beside(plain: Path, folder: Path) -> dict[Path, bytes]:
    """The plain file and its record, where they must be copied to stand in `folder`."""
    if (folder / plain.name).absolute() == plain.absolute():
        return {}
    sources = (plain, record_path(plain))
    return {folder / source.name: source.read_bytes() for source in sources if source.exists()}


def proof_images(data: bytes, record: Record | None, photos: Photos | None) -> np.ndarray:
    """(N, H, W, 3) float32: photos evenly from all, or images out of a random generator."""
    from ghostnet_tf.data.generated import generated_images

    from .flatbuffer import Flatbuffer

    graph = Flatbuffer(data).graph
    _, height, width, channels = graph.shape(graph.inputs[0])
    if channels != 3:
        raise UserError(f"its input has {channels} channels; an RGB image is expected")
    if photos is None:
        return generated_images(IMAGES, (height, width), seed=2)
    how = preprocessing_of(data, record, (height, width))
    n = min(len(photos), IMAGES)
    chosen = (int(i) for i in np.arange(n) * len(photos) // n)
    return how.normalise(np.stack([how.pixels(photos.read(i)) for i in chosen]))


def preprocessing_of(data: bytes, record: Record | None, sides: tuple[int, int]) -> "Preprocessing":
    """What the file says of itself, or ImageNet's: equality asks for likely images only."""
    from ghostnet_tf.data.preprocess import IMAGENET, Preprocessing

    from .metadata import read_metadata

    says = record or read_metadata(data)
    if says and says.preprocessing:
        return Preprocessing.from_dict({**says.preprocessing})
    if sides[0] != sides[1]:
        raise UserError(
            f"photos cannot be cut to {sides[1]}x{sides[0]} for a file without a record",
            fix="leave out --photos, and it is proven on generated images",
        )
    return IMAGENET.at(sides[0])


def described(plain: Record, operators: Operators | None, data: bytes) -> Record:
    """The record of an equal file. What was measured on the plain file stays the plain file's."""
    from .contract import facts

    says = facts(data)
    return finished(
        replace(
            plain,
            ops=dict(sorted(says.ops.items())),
            partitions=says.delegation.partitions,
            delegated_ops=says.delegation.n_delegated,
            total_ops=says.delegation.n_ops,
            parity_db=None,
            parity_on=None,
            top1_agreement=None,
            accuracy=None,
            operators=operators,
            versions=tool_versions(),
        ),
        data,
    )


def lines(made: Made) -> list[str]:
    """What was replaced, what not and why, and how it was proven."""
    from .ghostop.options import CONVOLUTION, DEPTHWISE, GHOST

    twin = made.twin
    options = [site.options for site in twin.found.sites]
    kinds = [o.kind for o in options]
    counts = {
        "Ghost modules": kinds.count(GHOST),
        "depthwise convolutions": kinds.count(DEPTHWISE),
        "other convolutions": kinds.count(CONVOLUTION),
        "residuals in them": sum(o.has_residual for o in options),
    }
    counted = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    equal = "every byte is equal" if twin.snr_db is None else f"{twin.snr_db:.1f} dB"
    return [
        f"{made.path.name}",
        f"  {len(options)} operators: {counted}",
        f"  against the plain file on {twin.images} {made.images_from}: {equal}",
        *(f"  left as it is: {why}" for why in twin.found.left),
        *(["  no record: the plain file has none"] if made.record is None else []),
        f"wrote {made.path}, which runs only where the operators are",
    ]


def facts(made: Made) -> dict[str, Any]:
    """The same for machines."""
    twin = made.twin
    return {
        "path": str(made.path),
        "sha256": sha256(twin.data),
        "operators": len(twin.found.sites),
        "left": list(twin.found.left),
        "images": twin.images,
        "images_from": made.images_from,
        "snr_db": twin.snr_db,
        "record": asdict(made.record) if made.record else None,
    }


if __name__ == "__main__":
    run(main)
