"""How much a file of weights may hold: far more than any network needs, and soon refused."""

from collections.abc import Collection

from ghostnet_tf.base.errors import UserError

MAX_TENSORS = 20_000  # a GhostNet has 500, and six times as many with the state of its training
MAX_NAME = 500  # characters of a tensor's name; patterns are looked for in it
ONE_NETWORK = "save the tensors of one network alone"


def check_names(names: Collection[object]) -> None:
    """UserError unless that many tensors, of these names, can belong to a network."""
    if len(names) > MAX_TENSORS:
        raise UserError(
            f"it holds {len(names):,} tensors, more than {MAX_TENSORS:,}", fix=ONE_NETWORK
        )
    longest = max((len(name) for name in names if isinstance(name, str)), default=0)
    if longest > MAX_NAME:
        raise UserError(
            f"one of its tensors has a name of {longest:,} characters, more than {MAX_NAME}",
            fix=ONE_NETWORK,
        )
