"""A comparison as a picture: decibels over depth, with the layer that falls."""

import io
import warnings

from matplotlib.figure import Figure

from ghostnet_tf.base.terminal import shown

from .comparison import FALL_DB, Comparison

TOP_DB = 60  # more than integers of 8 bits ever keep; what is equal stands here
LONGEST = 60  # letters of a name in it


def draw(found: Comparison, title: str) -> bytes:
    """A PNG: every layer in the order of execution, as a whole and of its median channel."""
    depth = range(len(found.layers))
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    whole = [min(layer.snr_db, TOP_DB) for layer in found.layers]
    channel = [min(layer.channel_db, TOP_DB) for layer in found.layers]
    axes.plot(depth, whole, color="tab:blue", label="whole layer")
    axes.plot(depth, channel, color="tab:blue", alpha=0.4, label="its median channel")
    if (fallen := found.fallen) is not None:
        at = found.layers.index(fallen)
        level = min(whole[at], channel[at])
        axes.axvline(at, color="tab:red", linewidth=1, linestyle=":")
        label = f"first fall: {_label(fallen.name)} (-{fallen.drop_db:.0f} dB)"
        axes.plot([at], [level], "o", color="tab:red", label=label)
    else:
        axes.plot([], [], " ", label=f"no layer falls by {FALL_DB:.0f} dB")
    low = min(0.0, *whole, *channel)
    axes.set(
        title=_label(title),
        xlabel="layer, in the order of execution",
        ylabel=f"signal to error, dB (equal: {TOP_DB})",
        ylim=(max(low, -20.0) - 1, TOP_DB + 2),
    )
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    data = io.BytesIO()
    with warnings.catch_warnings():  # letters that the font lacks are shown as boxes
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(data, format="png", dpi=120, metadata={"Software": None})
    return data.getvalue()


def _label(name: str) -> str:
    """On one line and short; a $ in it begins no formula."""
    short = name if len(name) <= LONGEST else f"...{name[3 - LONGEST :]}"
    return shown(short).replace("$", r"\$")
