"""timm's own GhostNet on seeded tensors: the logits that `test_dialects.py` compares with.

And its graph, as torch exports it, for `test_from_onnx.py`. Run it where torch and timm are
installed (`pip install torch onnx`, `pip install --no-deps timm`, huggingface_hub, pyyaml,
safetensors), from the root of the project:

    python tests/ghostnet_tf/goldens/make_timm.py
"""

import importlib.abc
import importlib.machinery
import io
import sys
import types
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from seeded_tensors import images, tensor  # noqa: E402

LOGITS, GRAPH = HERE / "timm_logits.npz", HERE / "timm_ghostnet_050.onnx"
WIDTHS = ("050", "100", "130")
BATCH, SIZE = 2, 64


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


def seeded(width: str):
    """timm's ghostnet_<width> with seeded tensors."""
    import timm
    import torch

    model = timm.create_model(f"ghostnet_{width}")
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
        seeded(width),
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


def logits(width: str) -> np.ndarray:
    """(BATCH, 1000) float64 from timm's ghostnet_<width>, float32 tensors, float64 arithmetic."""
    import torch

    model = seeded(width)
    x = torch.from_numpy(images(BATCH, SIZE).transpose(0, 3, 1, 2).astype(np.float64))
    with torch.no_grad():
        return model.double().eval()(x).numpy()


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
    np.savez_compressed(LOGITS, **{w: logits(w).astype(np.float32) for w in WIDTHS})
    GRAPH.write_bytes(onnx_graph("050"))
    for name, data in files_of_torch().items():
        (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
