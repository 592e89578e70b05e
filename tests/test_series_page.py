"""docs/series.md, on a made-up data set in a package of the real one's name."""

import contextlib
import json
import re
import zipfile

import numpy as np
import pytest

from tests.counts import ALL
from tests.pasted import ROOT

PAGE = (ROOT / "docs/series.md").read_text()
EPOCHS = "epochs, batch = 60, 16"  # as it was measured; here fewer


def written(n: int, seed: int) -> str:
    """So many series as aeon's files have them, each speaker's with a mean of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        speaker = i % 9
        steps = int(rng.integers(7, 30))
        values = rng.normal(0, 0.3, (12, steps)) + np.eye(12)[speaker][:, None]
        channels = [",".join(f"{v:.6f}" for v in channel) for channel in values]
        rows.append(":".join([*channels, str(speaker + 1)]))
    return "# a comment\n@problemName JapaneseVowels\n@data\n" + "\n".join(rows) + "\n"


@pytest.mark.skipif(not ALL, reason="it trains and exports: make test-all")
def test_the_block_on_the_page_trains_and_exports(tmp_path):
    with zipfile.ZipFile(tmp_path / "aeon-1.6.0-py3-none-any.whl", "w") as wheel:
        for part, n in (("TRAIN", 180), ("TEST", 45)):
            name = f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts"
            wheel.writestr(name, written(n, n))
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert EPOCHS in code
    ran: dict = {}

    with contextlib.chdir(tmp_path):
        exec(code.replace(EPOCHS, "epochs, batch = 12, 16"), ran)  # noqa: S102
        records = [json.loads(file.with_suffix(".json").read_text()) for file in ran["files"]]

    assert ran["series"].shape == (180, 29, 12) and ran["said_by"].tolist() == [*range(9)] * 5
    assert [record["accuracy"]["n"] for record in records] == [45, 45]
    assert all(record["accuracy"]["top1"] > 0.9 for record in records)
    assert records[0]["partitions"] == records[1]["partitions"] == 1


def test_the_page_names_the_package_that_its_code_reads():
    assert "download aeon==1.6.0 --no-deps" in PAGE and "aeon-1.6.0-py3-none-any.whl" in PAGE
