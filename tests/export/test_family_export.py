"""GhostNetV2, V3 and RepGhost as files: every recipe, with every promise kept."""

import pytest

from export.network import from_zoo
from export.pipeline import export
from export.recipes import RECIPES
from tests.counts import ALL

SOME = (("ghostnetv2_025", 96),)
PUBLISHED = ("ghostnetv2_100", "ghostnetv3_100", "repghostnet_100")
NETWORKS = (*SOME, *((name, size) for name in PUBLISHED for size in (96, 224) if ALL))


@pytest.mark.parametrize(("name", "size"), NETWORKS)
def test_every_recipe_keeps_its_promises(name, size, tmp_path):
    """`export` raises CheckFailed for a graph or an answer that is not as promised."""
    network = from_zoo(name, "seeded", size)

    files = {f.record.recipe: f for f in export(network, tuple(RECIPES), out=tmp_path).files}

    assert files.keys() == RECIPES.keys()
    assert network.family == ("repghost" if "rep" in name else "ghostnetv2")
    in_one = {recipe for recipe, file in files.items() if file.record.partitions == 1}
    assert in_one >= RECIPES.keys() - {"dynamic_wi8_afp32", "static_wi8_ai16"}
