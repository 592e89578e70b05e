import gzip
import json
import sys
from pathlib import Path

import pytest

from ghostnet_tf.base.errors import UserError
from tests.web_demo.test_page import judge, run_suite
from web_demo import website


@pytest.fixture(scope="session")
def folder(models, packages, tmp_path_factory) -> Path:
    """The page as `make web-site` writes it, of the models that are beside it."""
    into = tmp_path_factory.mktemp("site")
    assert website.main(["--into", str(into), "--models", str(models)]) == 0
    return into


def test_the_page_on_a_host_that_knows_nothing_of_it(node, chromium, folder, goldens, subtests):
    told = run_suite(
        node,
        "site.test.mjs",
        CHROMIUM=chromium,
        SITE="http://localhost",
        GOLDENS=str(goldens),
        WEBSITE=str(folder),
        PYTHON=sys.executable,
    )

    judge(told, subtests, at_least=4)


def test_large_files_are_there_packed_and_only_so(folder, models):
    for path in models.glob("*.tflite"):
        packed = folder / "models" / f"{path.name}.packed"
        assert gzip.decompress(packed.read_bytes()) == path.read_bytes()
    assert not [*folder.rglob("*.tflite"), *folder.rglob("*.wasm"), *folder.rglob("node_modules")]


def test_the_same_models_give_the_same_bytes(folder, models):
    again = website.site(models)

    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert again.keys() == there.keys()
    assert all(path.read_bytes() == again[name] for name, path in there.items())


def test_a_second_time_what_is_not_ours_stays_and_what_was_ours_goes(
    monkeypatch, packages, tmp_path, models
):
    monkeypatch.setattr(website, "pack", bytes)  # which takes seconds
    website.main(["--into", str(tmp_path), "--models", str(models)])
    listed = tmp_path / "site.json"
    names = json.loads(listed.read_text())["files"]
    stranger = tmp_path.parent / "stranger"
    for path in (tmp_path / "models" / "old.tflite.packed", tmp_path / "CNAME", stranger):
        path.write_text("of another time")
    names += ["models/old.tflite.packed", "../stranger", str(stranger)]
    listed.write_text(json.dumps({"schema": 1, "files": names}))

    website.main(["--into", str(tmp_path), "--models", str(models)])

    assert not (tmp_path / "models" / "old.tflite.packed").exists()
    assert (tmp_path / "CNAME").exists() and stranger.exists()


def test_a_page_of_somebody_else_is_not_written_over(tmp_path, models, packages):
    (tmp_path / "index.html").write_text("hello")

    with pytest.raises(UserError, match="not ours; nothing was written"):
        website.main(["--into", str(tmp_path), "--models", str(models)])

    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize("content", ["", "[]", '{"files": [3]}', "\0"])
def test_a_damaged_list_is_two_lines(tmp_path, models, packages, content):
    (tmp_path / "site.json").write_text(content)

    with pytest.raises(UserError, match=r"site\.json' is damaged"):
        website.main(["--into", str(tmp_path), "--models", str(models)])
