"""The costs that `list_models` shows are those of the networks as they are built."""

import subprocess
import sys

import pytest

from ghostnet_tf.nets import counts, zoo
from ghostnet_tf.nets.costs import COSTS
from tests.counts import ALL

# One of each family; the others differ in a width or in what is known to be the same function.
SOME = (
    "ghostnet_130",
    "repghostnet_050",
    "mobilenetv3_small_100_delegable",
    "ghost_resnet56",
    "vgg16",
    "ghost_kws_100",
    "bc_resnet_1",
)


@pytest.mark.parametrize("name", COSTS if ALL else SOME)
def test_a_built_network_costs_what_is_listed(name):
    entry = zoo.MODELS[name]
    size = entry.preprocessing.size if entry.preprocessing else None
    model = entry.build(size=size, deployed=True)

    assert COSTS[name] == (counts.parameters(model)[0], counts.macs(model))


def test_every_network_that_is_listed_has_a_cost():
    assert COSTS.keys() == zoo.MODELS.keys()


def test_a_list_is_printed_without_building_anything():
    code = (
        "import sys, ghostnet_tf as gn; print(gn.list_models()); "
        "sys.exit(bool({'keras', 'tensorflow'} & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # noqa: S603

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(COSTS)
    (line,) = [line for line in lines if line.startswith("ghost_resnet50 ")]
    assert "13.95 M parameters" in line and "2151.0 M multiply-adds" in line
