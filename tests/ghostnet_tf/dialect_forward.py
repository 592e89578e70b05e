"""GhostNet as PaddleClas (B) and the authors' TensorFlow release (C) compute it, in numpy.

Written from the description of the two alone, on the names and layouts of their files: the gate
clips, the head keeps its BatchNorm, C pads as TensorFlow does and reads BGR. Nothing here is
shared with `ghostnet_tf`; what a block has is asked of the file.
"""

import re
from collections.abc import Mapping

import numpy as np

Tensors = Mapping[str, np.ndarray]
STRIDED = (1, 3, 5, 11)  # blocks at stride 2


def correlate(x, kernel, stride, pads):
    """x (N, C, H, W), kernel (O, I, k, k); I = 1 of many channels means depthwise."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), pads, pads))
    k = kernel.shape[-1]
    seen = np.lib.stride_tricks.sliding_window_view(x, (k, k), (2, 3))[:, :, ::stride, ::stride]
    if kernel.shape[1] == 1:
        return np.einsum("nchwij,cij->nchw", seen, kernel[:, 0])
    n, c, h, w = seen.shape[:4]
    flat = seen.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * k * k)
    return (flat @ kernel.reshape(len(kernel), -1).T).transpose(0, 3, 1, 2)


def torch_pads(side, k, stride):
    return ((k - 1) // 2,) * 2


def tensorflow_pads(side, k, stride):
    missing = max(k - stride if side % stride == 0 else k - side % stride, 0)
    return missing // 2, missing - missing // 2


def normalise(x, gamma, beta, mean, variance):
    """BatchNorm over the axis of the channels of x, (N, C) or (N, C, H, W)."""
    shape = (1, -1) + (1,) * (x.ndim - 2)
    g, b, m, v = (t.astype(np.float64).reshape(shape) for t in (gamma, beta, mean, variance))
    return g * (x - m) / (v + 1e-5) ** 0.5 + b


def rectify(x):
    return x * (x > 0)


class B:
    """`layer(x, name)` in the names of PaddleClas; Linear weights are (in, out)."""

    pads = staticmethod(torch_pads)
    stem, last, head = "conv1", "conv_last", "fc_0"
    dw, shortcut = ".depthwise_conv", (".shortcut_depthwise", ".shortcut_conv")

    def __init__(self, tensors: Tensors):
        self.t = tensors

    def block(self, i):
        return f"_ghostbottleneck_{i}"

    def has(self, name):
        return f"{name}._conv.weight" in self.t

    def conv(self, x, name, stride=1):
        kernel = self.t[f"{name}._conv.weight"]
        x = correlate(x, kernel, stride, self.pads(x.shape[2], kernel.shape[-1], stride))
        parts = (f"{name}._batch_norm.{part}" for part in ("weight", "bias", "_mean", "_variance"))
        return normalise(x, *(self.t[part] for part in parts))

    def ghosts(self, x, block, which, act):
        one = act(self.conv(x, f"{block}.ghost_module_{which}.primary_conv"))
        two = act(self.conv(one, f"{block}.ghost_module_{which}.cheap_operation"))
        return np.concatenate([one, two], 1)

    def gate(self, block, mean):
        """(N, C) -> (N, C), or None where the block has no squeeze-and-excitation."""
        squeeze = f"{block}.se_block.squeeze"
        if f"{squeeze}.weight" not in self.t:
            return None
        hidden = rectify(mean @ self.t[f"{squeeze}.weight"] + self.t[f"{squeeze}.bias"])
        excite = f"{block}.se_block.excitation"
        return np.clip(hidden @ self.t[f"{excite}.weight"] + self.t[f"{excite}.bias"], 0, 1)

    def classify(self, features):
        return features @ self.t["fc_1.weight"] + self.t["fc_1.bias"]

    def logits(self, x):
        """(N, H, W, 3) RGB -> (N, classes)."""
        x = rectify(self.conv(x.transpose(0, 3, 1, 2), self.stem, 2))
        for i in range(16):
            block, stride = self.block(i), 2 if i in STRIDED else 1
            y = self.ghosts(x, block, 1, rectify)
            if stride == 2:
                y = self.conv(y, block + self.dw, 2)
            gate = self.gate(block, y.mean((2, 3)))
            if gate is not None:
                y = y * gate[:, :, None, None]
            y = self.ghosts(y, block, 2, lambda z: z)
            if self.has(block + self.shortcut[1]):
                x = self.conv(x, block + self.shortcut[0], stride)
                x = self.conv(x, block + self.shortcut[1])
            x = x + y
        x = rectify(self.conv(x, self.last)).mean((2, 3), keepdims=True)
        return self.classify(rectify(self.conv(x, self.head))[:, :, 0, 0])


class C(B):
    """The same walk through the names and layouts of the TensorFlow release."""

    pads = staticmethod(tensorflow_pads)
    stem, last, head = (f"MobileNetV2/Conv2d_{i}" for i in (0, 17, 18))
    dw, shortcut = "_depthwise", ("_shortcut_dw", "_shortcut_1x1")

    def block(self, i):
        return f"MobileNetV2/Conv2d_{i + 1}"

    def has(self, name):
        return f"{name}/W" in self.t

    def conv(self, x, name, stride=1):
        is_depthwise = name.endswith(("_depthwise", "_dw", "/dw1"))
        kernel = self.t[f"{name}/DW" if name.endswith("/dw1") else f"{name}/W"]
        kernel = kernel.transpose((2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1))
        x = correlate(x, kernel, stride, self.pads(x.shape[2], kernel.shape[-1], stride))
        # tensorpack's scope: "bn" inside BNReLU or Conv2D, "output" after a depthwise without ReLU
        scope = f"{name}/bn" if f"{name}/bn/gamma" in self.t else f"{name}/output"
        parts = ("gamma", "beta", "mean/EMA", "variance/EMA")
        return normalise(x, *(self.t[f"{scope}/{part}"] for part in parts))

    def ghosts(self, x, block, which, act):
        name = block + ("_up_pointwise", "_down_pointwise")[which - 1]
        one = act(self.conv(x, f"{name}/conv1"))
        return np.concatenate([one, act(self.conv(one, f"{name}/dw1"))], 1)

    def gate(self, block, mean):
        if f"{block}_se/fc1/W" not in self.t:
            return None
        kernels = [self.t[f"{block}_se/fc{i}/W"][0, 0] for i in (1, 2)]
        biases = [self.t[f"{block}_se/fc{i}/b"] for i in (1, 2)]
        hidden = rectify(mean @ kernels[0] + biases[0])
        return np.minimum(np.maximum(hidden @ kernels[1] + biases[1], 0), 1)

    def classify(self, features):
        logits = "MobileNetV2/Logits/Conv2d_1c_1x1"
        return features @ self.t[f"{logits}/W"][0, 0] + self.t[f"{logits}/b"]

    def logits(self, x):
        """(N, H, W, 3) **RGB**, turned to the BGR that these weights were trained on."""
        return super().logits(x[..., ::-1])


EARLY_TO_PADDLE = (  # the early PyTorch release, in PaddleClas' names
    (r"^features\.0\.0\.weight", "conv1._conv.weight"),
    (r"^features\.0\.1\.", "conv1._batch_norm."),
    (r"^squeeze\.0\.", "conv_last._conv."),
    (r"^squeeze\.1\.", "conv_last._batch_norm."),
    (r"^classifier\.0\.", "fc_0._conv."),
    (r"^classifier\.1\.", "fc_0._batch_norm."),
    (r"^classifier\.4\.", "fc_1."),
    (r"^features\.(\d+)\.", lambda found: f"_ghostbottleneck_{int(found[1]) - 1}."),
    (r"\.conv\.0\.(\w+)\.0\.", r".ghost_module_1.\1._conv."),
    (r"\.conv\.0\.(\w+)\.1\.", r".ghost_module_1.\1._batch_norm."),
    (r"\.conv\.3\.(\w+)\.0\.", r".ghost_module_2.\1._conv."),
    (r"\.conv\.3\.(\w+)\.1\.", r".ghost_module_2.\1._batch_norm."),
    (r"\.conv\.1\.0\.", ".depthwise_conv._conv."),
    (r"\.conv\.1\.1\.", ".depthwise_conv._batch_norm."),
    (r"\.conv\.2\.fc\.0\.", ".se_block.squeeze."),
    (r"\.conv\.2\.fc\.2\.", ".se_block.excitation."),
    (r"\.shortcut\.0\.0\.", ".shortcut_depthwise._conv."),
    (r"\.shortcut\.0\.1\.", ".shortcut_depthwise._batch_norm."),
    (r"\.shortcut\.1\.", ".shortcut_conv._conv."),
    (r"\.shortcut\.2\.", ".shortcut_conv._batch_norm."),
    (r"running_mean$", "_mean"),
    (r"running_var$", "_variance"),
)


def early_as_paddle(tensors: Tensors) -> dict[str, np.ndarray]:
    """The same network in the other framework's names; PyTorch's Linear weights are (out, in)."""
    renamed = {}
    for name, value in tensors.items():
        for pattern, replacement in EARLY_TO_PADDLE:
            name = re.sub(pattern, replacement, name)
        if name == "fc_0._conv.weight":
            value = value[:, :, None, None]
        elif value.ndim == 2:
            value = value.T
        renamed[name] = value
    return renamed
