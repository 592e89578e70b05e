"""timm's own networks on seeded tensors: logits for `test_dialects.py` and `test_family.py`.

And its graph, as torch exports it, for `test_from_onnx.py`. Run it where torch and timm are
installed (`pip install torch onnx`, `pip install --no-deps timm`, huggingface_hub, pyyaml,
safetensors), from the root of the project:

    python tests/ghostnet_tf/goldens/make_timm.py
"""

import hashlib
import importlib.abc
import importlib.machinery
import io
import json
import sys
import types
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from seeded_tensors import images, tensor  # noqa: E402

LOGITS, GRAPH = HERE / "timm_logits.npz", HERE / "timm_ghostnet_050.onnx"
FAMILY_LOGITS, FAMILY_NAMES = HERE / "timm_family_logits.npz", HERE / "timm_family_names.json"
WIDTHS = ("050", "100", "130")
BATCH, SIZE = 2, 64
FOLDED = "_folded"  # after the name of a network whose branches timm has folded
REPGHOST = ("050", "058", "080", "100", "111", "130", "150", "200")
FAMILY = ("ghostnetv2_100", "ghostnetv2_130", "ghostnetv2_160", "ghostnetv3_100",
          *(f"repghostnet_{width}" for width in REPGHOST))  # fmt: skip
FOLDED_FAMILY = tuple(f"{name}{FOLDED}" for name in FAMILY if "v2" not in name)
FAMILY_SIZE = 224  # pixels: the last maps have 7x7, and pooled ones 3x3


class Attribute(type):
    """A class whose every attribute is a word."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


class Hollow(types.ModuleType):
    """A module that has whatever is imported from it, and does nothing."""

    __path__ = ()

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Attribute(name, (), {})


class NoTorchvision(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """timm imports torchvision, whose wheels want a CUDA build of torch; its networks do not."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return Hollow(spec.name)

    def exec_module(self, module):
        pass


def seeded(name: str):
    """timm's network of that name with seeded tensors, after folding where the name says so."""
    import timm
    import torch

    model = timm.create_model(name.removesuffix(FOLDED))
    if name.endswith(FOLDED):
        model.convert_to_deploy()
    state = model.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(tensor(name, tuple(value.shape)))
    model.load_state_dict(state)
    return model.eval()


def onnx_graph(width: str) -> bytes:
    """What torch.onnx.export makes of timm's ghostnet_<width>, with BatchNorm, without numbers.

    The tensors keep their names and shapes; who reads it fills them in.
    """
    import onnx
    import torch

    out = io.BytesIO()
    torch.onnx.export(
        seeded(f"ghostnet_{width}"),
        (torch.zeros(1, 3, SIZE, SIZE),),
        out,
        dynamo=False,
        training=torch.onnx.TrainingMode.PRESERVE,  # or the names would be folded away
        do_constant_folding=False,
        input_names=["image"],
        output_names=["logits"],
        opset_version=17,
    )
    model = onnx.load_model_from_string(out.getvalue())
    for values in model.graph.initializer:
        values.ClearField("raw_data")
    return model.SerializeToString()


def logits(name: str, size: int = SIZE, n: int = BATCH, exact: bool = True) -> np.ndarray:
    """(n, 1000) from a network of timm, float32 tensors; float64 arithmetic if `exact`."""
    import torch

    model = seeded(name)
    x = torch.from_numpy(images(n, size).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        return (model.double()(x.double()) if exact else model(x)).numpy()


def family() -> dict[str, np.ndarray]:
    """In float32: PyTorch's depthwise convolutions are very slow in float64 at this size."""
    both = (*FAMILY, *FOLDED_FAMILY)
    return {name: logits(name, FAMILY_SIZE, 1, exact=False) for name in both}


def names() -> dict[str, str]:
    """Network -> SHA-256 of the sorted lines "name shape" of all tensors of timm's, no counters."""
    found = {}
    for name in (*FAMILY, *FOLDED_FAMILY):
        state = seeded(name).state_dict()
        lines = sorted(
            f"{key} {list(value.shape)}\n"
            for key, value in state.items()
            if not key.endswith("num_batches_tracked")
        )
        found[name] = hashlib.sha256("".join(lines).encode()).hexdigest()
    return found


def files_of_torch() -> dict[str, bytes]:
    """One small state dict as torch.save writes it now and as it did before torch 1.6."""
    import torch

    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = layer.state_dict()  # with torch's `_metadata`
    for name, value in state.items():
        if value.ndim:
            state[name] = torch.from_numpy(tensor(name, tuple(value.shape)))
    both = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    state |= {"turned": both.t(), "part": both[1:, 2], "half": torch.ones(2).half()}
    files = {}
    for kind in ("zip", "legacy"):
        out = io.BytesIO()
        torch.save(state, out, _use_new_zipfile_serialization=kind == "zip")
        files[f"torch_{kind}.pth"] = out.getvalue()
    return files


def main() -> None:
    sys.meta_path.insert(0, NoTorchvision())
    of_widths = {w: logits(f"ghostnet_{w}").astype(np.float32) for w in WIDTHS}
    np.savez_compressed(LOGITS, **of_widths)
    np.savez_compressed(FAMILY_LOGITS, **family())
    FAMILY_NAMES.write_text(json.dumps(names(), indent=1) + "\n")
    GRAPH.write_bytes(onnx_graph("050"))
    for name, data in files_of_torch().items():
        (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
