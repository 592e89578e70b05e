"""The curves of a training run."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ghostnet_tf.base.files import write_atomic


def plot(history: list[dict[str, Any]], path: Path) -> None:
    """Loss on the left, top-1 on the right, over the epochs."""
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss, top1 = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in history], label="training")
    loss.set(xlabel="epoch", ylabel="cross-entropy, nat")
    top1.plot(epochs, [row["accuracy"] for row in history], label="training, augmented")
    top1.plot(epochs, [row["held_out_top1"] for row in history], label="held out")
    top1.plot(epochs, [row["held_out_ema_top1"] for row in history], label="held out, EMA")
    top1.set(xlabel="epoch", ylabel="top-1", ylim=(0, None))
    for axes in (loss, top1):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    write_atomic(path, image.getvalue())
