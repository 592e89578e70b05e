"""What a run is about to do, said before its first step."""

from ghostnet_tf.base.sides import spelled
from ghostnet_tf.train.data import Cut
from ghostnet_tf.train.memory import GIB
from ghostnet_tf.train.schedule import Schedule


def of_examples(
    kinds: str,
    train: int,
    held_out: int,
    skipped: int,
    elsewhere: int,
    in_memory: int,
    size_bytes: int,
) -> str:
    """How many photos, or whatever else, on each side, and where they are."""
    left_out = f", {skipped} skipped" if skipped else ""
    where = f"decoded in memory: {in_memory} in {size_bytes / GIB:.2f} GiB"
    if elsewhere:
        where += f", the other {elsewhere} whenever they are needed"
    return f"{train} {kinds} to train on, {held_out} held out{left_out}; {where}"


def of_schedule(schedule: Schedule, cut: Cut, examples: int, kinds: str) -> list[str]:
    """Epochs, batch, learning rate and size; what becomes of those that fill no batch."""
    at = ", then ".join(f"{spelled(size)} px" for _, size in schedule.sizes)
    sizes = f", {at}" if at else ""
    kept = ", the classifier alone" if schedule.freeze else ""
    lines = [
        f"{_n(schedule.epochs, 'epoch', 's')} of {_n(cut.steps, 'batch', 'es')} of {cut.batch}, "
        f"learning rate {schedule.learning_rate:g}{sizes}{kept}"
    ]
    twice = cut.twice(examples)
    if twice < 0:
        lines.append(f"{-twice} of {examples} {kinds} sit out each epoch, others every time")
    elif cut.batch != schedule.batch:
        again = f", {twice} of them twice" if twice else ""
        lines.append(
            f"batches of {cut.batch} instead of {schedule.batch}: every epoch shows all "
            f"{examples} {kinds}{again}"
        )
    return lines


def _n(count: int, noun: str, plural: str) -> str:
    return f"{count} {noun}{plural * (count != 1)}"
