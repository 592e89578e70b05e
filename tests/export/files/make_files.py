"""Writes the files beside it: .venv/bin/python tests/export/files/make_files.py

The small network of `ghosts.py` with metadata and no record, as a stranger's file has it, in
float32 and full int8; and with weights of 4 and 2 bits, by litert-quantizer.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1]), str(HERE.parent)]

from colours import colour_record  # noqa: E402
from ghosts import SIZE, micro, micro_int8  # noqa: E402
from litert_quantizer import qtyping, quantizer  # noqa: E402

from export.metadata import attach_metadata  # noqa: E402
from ghostnet_tf.base.record import PreprocessingFields  # noqa: E402

LETTERS = ("a", "b", "c", "d")


def narrow(bits: int, how: str) -> bytes:
    rewriter = quantizer.Quantizer(bytearray(micro()))
    add = getattr(rewriter, f"add_{how}_config")
    add(".*", qtyping.TFLOperationName.ALL_SUPPORTED, bits)
    return bytes(rewriter.quantize(None).quantized_model or b"")


def main() -> None:
    size = PreprocessingFields(**{**colour_record().preprocessing, "size": SIZE})
    says = colour_record(labels=LETTERS, label_ids=LETTERS, preprocessing=size)
    files = {
        "micro_float32": attach_metadata(micro(), says),
        "micro_int8": attach_metadata(micro_int8(), says),
        "micro_dynamic_wi4": narrow(4, "dynamic"),
        "micro_dynamic_wi2": narrow(2, "dynamic"),
        "micro_weight_only_wi4": narrow(4, "weight_only"),
    }
    for name, data in files.items():
        (HERE / f"{name}.tflite").write_bytes(data)


if __name__ == "__main__":
    main()
