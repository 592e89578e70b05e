"""The curves of a training run."""

import io
from pathlib import Path
from typing import Any

from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.tasks.task import Curves


def plot(history: list[dict[str, Any]], path: Path, sides: Curves) -> None:
    """Two pictures side by side over the epochs; rows of older runs lack some columns."""
    # Here, for whoever asks for less than a picture need not wait for it.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (said, columns) in zip(figure.subplots(1, 2), sides.items(), strict=True):
        for column, name in columns.items():
            rows = [row for row in history if row.get(column) is not None]
            epochs, values = [row["epoch"] for row in rows], [row[column] for row in rows]
            # a mark an epoch, where there are so few that one could be without a line
            axes.plot(epochs, values, marker="." if len(history) < 30 else "", label=name)
        axes.set(xlabel="epoch", ylabel=said, ylim=(0, None))
        axes.set_xlim(min(0.5, history[0]["epoch"]), history[-1]["epoch"] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    write_atomic(path, image.getvalue())
