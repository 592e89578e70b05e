"""`--set branches=NAME`: what trains beside the convolutions, and what is left of it."""

import numpy as np
import pytest
from tiny import arguments

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.branches import BranchedConvNorm
from ghostnet_tf.nets.pretrained import pretrained
from ghostnet_tf.train.command import main
from ghostnet_tf.weights import checkpoint
from tests.counts import ALL
from tests.planted import parts


def test_a_run_with_branches_is_loaded_with_them(photos, tmp_path):
    assert main(arguments(photos, tmp_path / "run", "epochs=1", "branches=repvgg")) == 0

    best = tmp_path / "run" / "best.safetensors"
    tensors, header = checkpoint.read(best)
    made = pretrained("tiny_100", str(best))
    assert header["branches"] == made.branches == "repvgg"
    # primary and cheap of two modules each in two blocks, and the convolution at the stride
    assert len(parts(made.model, BranchedConvNorm)) == 9
    assert {v.path for v in made.model.weights} == tensors.keys()
    assert all(np.array_equal(v.value, tensors[v.path]) for v in made.model.weights)
    with pytest.raises(UserError, match="another network, other classes"):
        main(arguments(photos, tmp_path / "run", "epochs=1"))


@pytest.mark.parametrize("name", ["mobilenetv2_035", "mobilenetv3_small_035_delegable"])
def test_a_network_without_ghost_modules_has_no_branches(name):
    with pytest.raises(UserError, match=f"{name} has no Ghost modules, so no branches"):
        zoo.parse_model(name).build(branches="repvgg")


@pytest.mark.parametrize(
    ("name", "n"), [("ghost_vgg16", 26), *([("ghost_resnet56", 108)] if ALL else [])]
)
def test_the_papers_other_networks_take_branches_too(name, n):
    """A primary and a cheap convolution of every module; the stem of the ResNet has none."""
    model = zoo.parse_model(name).build(branches="repvgg", size=32)

    assert len(parts(model, BranchedConvNorm)) == n
