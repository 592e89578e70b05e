"""What the commands of this folder print: tables for people, documents for machines."""

import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base.doors import SAMPLE_ID, next_line, sample, typed
from ghostnet_tf.base.files import sha256, user_path
from ghostnet_tf.base.sides import spelled

from .parity import EQUAL

if TYPE_CHECKING:
    from ghostnet_tf.base.record import Finetuned, KeptFloat, Record

    from .comparison import Comparison
    from .evaluation import Evaluation
    from .ghostop.making import Made
    from .network import Network
    from .pipeline import Exported, Result
    from .postprocess_file import Chosen
    from .values import Given
    from .verification import Check

PROPOSED = 3  # layers that fall, to be kept at once; behind them others may be well again

# ---------------------------------------------------------------------------- of an export


def document(
    results: Sequence["Result"],
    beside: Sequence["Made | Chosen"] = (),
    original: str = "keras",
) -> dict[str, Any]:
    """The facts of the tables for machines; `beside`: what was made of the finished files,
    `original`: what the networks come from."""
    made = [file for result in results for file in result.files]
    scored = results[0].original if results else None  # for a single network only
    return {
        "files": [
            {"path": str(file.path), **file.record.as_json()}
            for file in (*made, *beside)
            if file.record
        ],
        original: asdict(scored) if scored else None,
    }


def table(network: "Network", result: "Result", photo: str | None = None) -> list[str]:
    """What was made, how big, how faithful; and what to type next, with a photo of the person's."""
    first = result.files[0].record
    size = f"  {spelled(network.preprocessing.size)} px" if network.preprocessing else ""
    title = f"{network.name}  {network.weights}{size}"
    lines = [f"{title:60}{first.parameters / 1e6:6.2f} M parameters"]
    if first.trainable_parameters not in (None, first.parameters):
        lines[0] += f", {first.trainable_parameters:,} of them not frozen"
    if result.original:
        lines.append(f"  {network.original:24}{'':59}top-1 {result.original.top1:.2%}")
    for file in result.files:
        lines.append("  " + row(file, result))
        lines += kept_lines(file.record) + tuned_lines(file.record)
    if transposes := first.ops.get("TRANSPOSE"):
        lines.append(f"the network permutes axes itself: {transposes} TRANSPOSE")
    paths = [str(file.path) for file in result.files]
    lines += [f"wrote {paths[0]}", *(f"      {path}" for path in paths[1:])]
    judged = f"dB and agreement with {network.original} on {first.parity_on}"
    if first.accuracy and not result.original:
        judged += f"; top-1 as published, measured on these bytes with {first.accuracy.n:,} photos"
    if measured := first.average_precision:
        judged += f"; AP as published, measured on these bytes with {measured.photos:,} photos"
    lines.append(judged)
    if network.is_seeded:
        lines.append("weights are random: these files measure cost, never accuracy")
        return lines
    if (
        photo is None
        and network.preprocessing
        and network.labels
        and SAMPLE_ID in network.labels.ids
    ):
        photo = sample()
    if photo and network.labels and (network.preprocessing or network.hearing):
        lines.append(next_line("predict", paths[-1], photo))
    else:
        lines.append(next_line("verify", paths[-1]))
    return lines


def streaming_lines(result: "Result") -> list[str]:
    """Files that hear hop by hop: how, and what to type next."""
    says: Any = result.files[0].record.sound
    hop, n = says["streaming"]["hop"], len(says["streaming"]["states"])
    lines = [f"called every {hop:,} samples ({1000 * hop / says['rate']:.0f} ms), with {n} states"]
    lines += ["  " + row(file, result) for file in result.files]
    paths = [str(file.path) for file in result.files]
    lines += [f"wrote {paths[0]}", *(f"      {path}" for path in paths[1:])]
    return [*lines, next_line("verify", paths[-1])]


def row(file: "Exported", result: "Result") -> str:
    """One file: size, fidelity and the least that is asked of it, partitions, accuracy."""
    record = file.record
    partitions = f"{record.partitions} partition{'s' * (record.partitions != 1)}"
    line = f"{record.recipe:24}{record.size_bytes / 1e6:5.1f} MB"
    if record.parity_db is not None:
        asked = f"({file.asked_db:.0f} asked)"
        line += f" {record.parity_db:6.1f} dB {asked:11}"
    if record.parity_equal is not None:
        asked = f"({100 * EQUAL[record.recipe]:.3g} asked)"
        line += f" {100 * record.parity_equal:6.2f} % equal {asked:12}"
    if agree := record.top1_agreement:
        line += f"  same {agree.same}/{agree.photos}"
    line += f"  {partitions:13}"
    if record.accuracy:
        line += f"  top-1 {record.accuracy.top1:.2%}"
        if result.original:
            line += f" ({100 * (record.accuracy.top1 - result.original.top1):+.2f} points)"
    if found := record.average_precision:
        line += f"  AP50 {found.ap50:.3f}, AP {found.ap:.3f}"
    return line.rstrip()


def kept_lines(record: "Record") -> list[str]:
    """What was kept in float32, and what the file would be without that."""
    if (kept := record.kept_float) is None:
        return []
    from .contract import some

    return [
        f"    in float32: {some(kept.layers)}",
        f"      {kept.operators} operators that write or read them; {without_it(kept)}",
    ]


def tuned_lines(record: "Record") -> list[str]:
    """What it was fine-tuned on, and what the file would be without that."""
    if (tuned := record.finetuned) is None:
        return []
    return [
        f"    fine-tuned in {tuned.steps:,} steps on {tuned.photos:,} photos; {without_it(tuned)}"
    ]


def without_it(setting: "KeptFloat | Finetuned") -> str:
    """The same file without a setting that makes it better."""
    if setting.partitions_without is None:
        return "the runtime does not run it without"
    db, n = setting.parity_db_without, setting.partitions_without
    reached = "" if db is None else f", {db:.1f} dB"
    return f"without: {n} partition{'s' * (n != 1)}{reached}"


# ---------------------------------------------------------------------------- of Ghost operators


def ghostop_lines(made: "Made") -> list[str]:
    """What was replaced, what not and why, and how it was proven."""
    from .ghostop.ghostop_file import MIN_SNR_DB
    from .ghostop.options import CONVOLUTION, DEPTHWISE, GHOST

    file = made.file
    options = [site.options for site in file.found.sites]
    kinds = [o.kind for o in options]
    counts = {
        "Ghost modules": kinds.count(GHOST),
        "depthwise convolutions": kinds.count(DEPTHWISE),
        "other convolutions": kinds.count(CONVOLUTION),
        "residuals in them": sum(o.has_residual for o in options),
    }
    counted = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    equal = "every byte is equal"
    if file.snr_db is not None:
        equal = f"{file.snr_db:.1f} dB ({MIN_SNR_DB:.0f} asked)"
    return [
        f"{made.path.name}",
        f"  {len(options)} operators: {counted}",
        f"  against the plain file on {file.images} {made.images_from}: {equal}",
        *(f"  left as it is: {why}" for why in file.found.left),
        *(["  no record: the plain file has none"] if made.record is None else []),
        f"wrote {made.path}, which runs only where the operators are",
    ]


def postprocess_lines(made: "Chosen") -> list[str]:
    """How the boxes that a file chooses agree with those that we would."""
    told = made.record.postprocess
    assert told is not None
    return [
        f"{made.path.name}",
        f"  {told.same:,} of the {told.boxes:,} boxes that are left of the plain file's on "
        f"{told.images} {told.images_from}",
        f"wrote {made.path}, which MediaPipe's ObjectDetector opens",
    ]


def ghostop_json(made: "Made") -> dict[str, Any]:
    """The same for machines."""
    file = made.file
    return {
        "path": str(made.path),
        "sha256": sha256(file.data),
        "operators": len(file.found.sites),
        "left": list(file.found.left),
        "images": file.images,
        "images_from": made.images_from,
        "snr_db": file.snr_db,
        "record": made.record.as_json() if made.record else None,
    }


# ---------------------------------------------------------------------------- of samples


def value_lines(given: "Given") -> list[str]:
    """One sample: of every output its name, its shape and its first values."""
    width = max(len(one.name) for one in given.outputs)
    lines = [given.sample]
    for one in given.outputs:
        more = " ..." if math.prod(one.shape) > len(one.values) else ""
        values = " ".join(f"{value:.6g}" for value in one.values)
        lines.append(f"  {one.name:{width}}  {one.shape}  {values}{more}")
    return lines


# ---------------------------------------------------------------------------- of an evaluation


TOP = 5


def score_row(result: "Evaluation", i: int, file: str, n_classes: int) -> dict[str, Any]:
    difference = {**asdict(result.difference(i)), "same": result.is_same(i)} if i else None
    accuracy = {**asdict(result.accuracy(i)), "classes": n_classes}
    return {"file": file, **accuracy, "difference": difference}


def score_lines(rows: list[dict[str, Any]], kind: str = "photos") -> list[str]:
    names = [user_path(row["file"]).name for row in rows]
    width = max(map(len, names))
    lines = [f"{'':{width}}    top-1    top-5  {kind}"]
    for name, row in zip(names, rows, strict=True):
        top5 = f"{row['top5']:7.2%}" if row["classes"] > TOP else f"{'-':>7}"  # of five, all
        line = f"{name:{width}}  {row['top1']:7.2%}  {top5}  {row['n']:{len(kind)}}"
        change = row["difference"]
        if change and change["same"]:
            line += f"  right for the same {kind} as the first"
        elif change:
            low, high = 100 * change["low"], 100 * change["high"]
            verdict = "" if low > 0 or high < 0 else ": cannot be told apart"
            line += (
                f"  {100 * change['top1']:+.2f} points to the first"
                f" (95 % interval {low:+.2f} to {high:+.2f}{verdict})"
            )
        lines.append(line)
    return lines


# ---------------------------------------------------------------------------- of a comparison


def layer_rows(found: "Comparison") -> tuple[list[str], list[list[str]], list[int]]:
    """Heads, a row for each layer, and the number of the one that falls."""
    rows = [
        [
            layer.name,
            (layer.op or "input") + (", kept" if layer.is_kept else ""),
            f"{layer.snr_db:.1f}",
            f"{layer.channel_db:.1f}",
            f"-{layer.drop_db:.1f}" if layer.drop_db >= 0.05 else "",
        ]
        for layer in found.layers
    ]
    fallen = [found.layers.index(found.fallen)] if found.fallen else []
    return ["layer", "operator", "dB", "median channel", "falls by"], rows, fallen


def fallen_lines(found: "Comparison") -> list[str]:
    """The first layer that falls, what its range is, and what the photos did in it."""
    from .comparison import FALL_DB, PERCENTILES

    layer = found.fallen or found.steepest
    if found.fallen:
        lines = [f"the first layer that falls by more than {FALL_DB:.0f} dB: {layer.name}"]
    else:
        lines = [f"no layer falls by more than {FALL_DB:.0f} dB; the steepest: {layer.name}"]
    lines.append(f"  falls by      {layer.drop_db:.1f} dB, on {found.n_photos} photos")
    if (held := layer.range) is None:
        lines.append(f"  range         none: it is kept as {layer.dtype}")
    else:
        low, high = held.percentiles
        middle = PERCENTILES[1] - PERCENTILES[0]
        lines += [
            f"  scale         {held.scale:.4g}, zero point {held.zero_point} ({layer.dtype})",
            f"  can hold      {held.lowest:.4g} to {held.highest:.4g}",
            f"  photos had    {held.min:.4g} to {held.max:.4g}",
            f"  {middle:.1f} % within {low:.4g} to {high:.4g}",
            f"  clipped       {held.clipped:.3%} of the values",
            f"  channels      {held.widest_channel} reaches farthest, the median one "
            f"{held.others:.2%} of that",
        ]
    if layer.kernel_db is not None:
        lines.append(f"  kernel        {layer.kernel_db:.1f} dB")
    if found.unshared:
        lines.append(f"{found.unshared} tensors are in the float32 file alone")
    return [*lines, *(f"why: {reason}" for reason in layer.reasons)]


def keep_lines(
    found: "Comparison", file: Path, record: "Record | None", original: str, photos: str
) -> list[str]:
    """What is kept in float32, and how to keep the first layers that fall as well."""
    from ghostnet_tf.nets.pretrained import BUNDLED, SEEDED
    from ghostnet_tf.weights.download import NAMES

    from .recipes import RECIPES

    lines = [f"kept in float32: {', '.join(found.kept)}"] if found.kept else []
    if record is None or RECIPES[record.recipe].how != "static" or not found.falling:
        return lines
    how = record.preprocessing
    layers = (*found.kept, *(layer.name for layer in found.falling[:PROPOSED]))
    if how is None or record.weights not in (
        BUNDLED,
        SEEDED,
        *NAMES,
    ):  # where these lie nobody has written down
        kept = shlex.join(["--keep-float", *layers])
        return [*lines, f"to keep them in float32, export it once more with {kept} --out FOLDER"]
    folder = file.parent / "kept_float"
    asked = ["--model", record.model, "--weights", record.weights, "--recipe", record.recipe]
    asked += ["--size", spelled(how["size"]), "--keep-float", *layers]
    asked += [] if record.weights in (BUNDLED, SEEDED) else ["--photos", photos]
    again = [folder / file.name, "--with", original, "--photos", photos]
    return [
        *lines,
        next_line("export", *asked, "--out", folder),
        f"then: {typed('compare', *again)}",
    ]


# ---------------------------------------------------------------------------- of a verification


def check_lines(check: "Check") -> list[str]:
    """A check that was made, with what speaks against the file; nothing of one that was not."""
    from .verification import FAILED, NOT_MADE

    if check.result == NOT_MADE:
        return []
    against = check.why if check.result == FAILED else []
    return [f"{check.result:8}  {check.claim}", *(f"{'':12}{why}" for why in against)]


def unmade_lines(checks: Sequence["Check"]) -> list[str]:
    """What could not be checked, once for every reason."""
    from .verification import NOT_MADE

    unmade: dict[str, list[str]] = {}
    for check in checks:
        if check.result == NOT_MADE:
            unmade.setdefault(check.why[0], []).append(check.claim)
    lines = []
    for why, claims in unmade.items():
        lines += [f"could not be checked: {why}", *(f"{'':10}{claim}" for claim in claims)]
    return lines


def check_document(
    checked: Mapping[str, Sequence["Check"]], unreadable: Sequence[str]
) -> dict[str, Any]:
    """The same for machines. Where there is one file, it stands at the top as well."""
    files = [{"file": file, "checks": [*map(asdict, checks)]} for file, checks in checked.items()]
    one = files[0] if len(files) == 1 and not unreadable else {}
    return {**one, "files": files, "skipped": len(unreadable), "unreadable": list(unreadable)}


# ---------------------------------------------------------------------------- of the time spent


def peak_memory_bytes() -> int | None:
    """The most memory that this process has held at once; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of either system
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def timings(seconds: dict[str, float], peak_bytes: int | None) -> list[str]:
    """Where the time of a command went, stage by stage."""
    rows = [*seconds.items(), ("all stages", sum(seconds.values()))]
    width = max(len(stage) for stage, _ in rows)
    lines = [f"{stage:{width}} {spent:8.1f} s" for stage, spent in rows]
    if peak_bytes is not None:
        lines.append(f"{'peak memory':{width}} {peak_bytes / 2**20:8,.0f} MiB")
    return lines
