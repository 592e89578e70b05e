"""Networks that stand on a classifier's: how such a one begins to be trained."""

from dataclasses import replace
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.labels import naming
from ghostnet_tf.data.names import same
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.tasks.task import Settings
from ghostnet_tf.weights import Weights, names_for


def begun(
    entry: zoo.Entry,
    weights: str | None,
    classes: tuple[str, ...],
    schedule: Settings,
    new: tuple[str, ...],
) -> tuple[Pretrained, str]:
    """(the network, what it has of `weights`): from its own kind all that fits, else its backbone.

    `new`: its layers that no classifier has. UserError where the backbone lacks anything.
    """
    # A name of weights is one of its own, or else of its backbone's.
    start = find(weights, entry.name if weights in names_for(entry.name) else entry.backbone)
    how: dict[str, Any] = {"size": schedule.final_size, "classes": len(classes)}
    info = start.info if isinstance(start, Weights) else None
    is_own = info is not None and info.model == entry.name
    if is_own and info and tuple(map(same, info.classes)) == classes:
        made = pretrained(entry.name, start, labels=naming(classes), **how)
        return made, "all of it, for the same classes"
    made = pretrained(entry.name, None, labels=naming(classes), **how)
    if start is None:
        return made, ""
    donor = pretrained(entry.name if is_own else entry.backbone, start)
    given = {variable.path: variable for variable in donor.model.weights}
    for variable in made.model.weights:
        of = given.get(variable.path)
        if of is not None and tuple(of.shape) == tuple(variable.shape):
            variable.assign(of)
        elif variable.path.split("/")[0] not in new:
            raise UserError(
                f"the weights have no fitting {variable.path!r} for the backbone of {entry.name}",
                fix=f"give weights of {entry.backbone} or of {entry.name}",
            )
    return replace(made, path=donor.path), "its backbone"
