"""docs/design.md is the plan of this house, and not of another one."""

import re

import pytest

from tests.pasted import PAGES, ROOT
from tests.test_architecture import MAY_IMPORT

PLAN = (ROOT / "docs" / "design.md").read_text()
# Diaries call files as they were called then.
PAST = {"CHANGELOG.md", *(page for page in PAGES if page.startswith("docs/results/"))}
# What a command writes: never in a fresh clone.
WRITTEN = re.compile(r"^(build|runs|my_\w+|android_demo/app/src/main/assets|web_demo/models)\b")


def test_who_may_enter_is_as_the_import_test_has_it():
    rows = re.findall(r"^\| `([\w/]+)/` \|.*\| ([^|]*) \|$", PLAN, re.MULTILINE)
    plan = {room: text for room, text in rows if room in MAY_IMPORT}

    assert plan.keys() == MAY_IMPORT.keys()
    for room, text in plan.items():
        names = {name.removeprefix("ghostnet_tf.") for name in MAY_IMPORT[room]}
        assert names == {*re.findall(r"\w+", text)}, room


@pytest.mark.parametrize("page", [page for page in PAGES if page not in PAST])
def test_every_file_that_a_page_names_is_there(page):
    """As `path/from/the/root.py`, or as [a link](beside.md)."""
    text = (ROOT / page).read_text()
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    rooms = r"(?:ghostnet_tf|export|benchmark|kernels|docs|tests|android_demo|web_demo)"
    named = set(re.findall(rf"`({rooms}/[\w./]*)`", text))
    linked = {link.split("#")[0] for link in re.findall(r"\]\((?!https?:)([^)]*)\)", text)}
    home = (ROOT / page).parent

    lacking = [name for name in named if not WRITTEN.match(name) and not (ROOT / name).exists()]
    lacking += [link for link in linked if link and not (home / link).exists()]
    assert not lacking, lacking


@pytest.mark.parametrize("page", PAGES)
def test_every_heading_that_a_page_points_at_is_there(page):
    home = (ROOT / page).parent
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", (ROOT / page).read_text())

    for file, anchor in links:
        target = (home / file) if file else ROOT / page
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert anchor in {anchor_of(heading) for heading in headings}, f"{file}#{anchor}"


def anchor_of(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
