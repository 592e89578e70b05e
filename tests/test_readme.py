"""What the documentation says is so: its commands, pasted in order, and the README's tables."""

import json
import re
from functools import cache

import pytest

from export.recipes import ALIASES, RECIPES
from ghostnet_tf.nets import zoo
from tests.pasted import (
    LANGUAGES,
    NOT_RUN,
    PAGES,
    ROOT,
    SMALLER,
    Said,
    blocks,
    commands,
    fresh_clone,
    why_not,
)

README = (ROOT / "README.md").read_text()
RESULTS = ROOT / "docs" / "results"
# Pasted by tests/test_weights_page.py, test_detection_page.py, test_segmentation_page.py,
# test_sound_page.py and test_series_page.py, beside what they are about.
ELSEWHERE = {
    "docs/weights.md",
    "docs/model_card.md",
    "docs/detection.md",
    "docs/segmentation.md",
    "docs/sound.md",
    "docs/series.md",
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The README has been read from its first line to its last, as everybody begins."""
    clone = fresh_clone(tmp_path_factory.mktemp("readme"))
    return clone, clone.read("README.md")


def the(said: list[Said], start: str) -> Said:
    return next(one for one in said if one.command.startswith(start))


def test_what_the_readme_shows_is_what_is_printed(clone):
    _, said = clone
    shown = [one for one in said if one.shown]

    assert len(shown) == 3
    for one in shown:
        printed = {shape(line) for line in one.stdout.splitlines()}
        for line in one.shown:
            assert line == "..." or shape(line) in printed, f"{line}\n{one.stdout}"


def shape(line: str) -> str:
    """Without what another machine changes: its name, digits, and which file is faster there."""
    line = re.sub(r"^(## host: ).*", r"\1", line)
    line = re.split(r" needs | cannot be told apart", line.replace(" and ghostnet", " needs "))[0]
    return re.sub(r"[\d.]+", "#", re.sub(r" {2,}", "  ", line))


def test_three_commands_lead_from_own_photos_to_own_files(clone):
    _, said = clone

    rows = [
        re.fullmatch(r"(\S+) +([\d.]+)% +(?:[\d.]+%|-) +(\d+).*", line)
        for line in the(said, "./ghostnet evaluate runs/mine").stdout.splitlines()[1:]
    ]

    names = [row[1] for row in rows if row]
    assert [name.rsplit(".")[-1] for name in names] == ["safetensors"] + ["tflite"] * 4, rows
    assert all(float(row[2]) >= 75 and row[3] == "12" for row in rows if row), rows


def test_what_a_command_calls_next_works_when_pasted(clone):
    tree, said = clone

    after = [line[6:] for one in said for line in one.stdout.splitlines() if line[:6] == "next: "]

    assert the(said, "make tflite").stdout.count("next: ") == 1
    for command in dict.fromkeys(after):
        tree.once(command)


def test_five_lines_of_python_do_what_they_say(clone):
    tree, _ = clone
    (code,) = [content for language, content in blocks("README.md") if language == "python"]
    (tree.root / "five_lines.py").write_text(code)

    said = tree.paste(".venv/bin/python five_lines.py")

    assert "school bus" in said.stdout


@pytest.mark.parametrize("page", [p for p in PAGES if p not in {"README.md", *ELSEWHERE}])
def test_every_command_works_when_pasted(page, clone):
    tree, _ = clone

    tree.read(page)


def test_every_block_says_what_it_is():
    wrong = [
        f"{page}: ```{language} {content[:40]!r}"
        for page in PAGES
        for language, content in blocks(page)
        if language not in LANGUAGES or re.search(r"^(\./|\$ |make |python)", content)
        if language not in ("sh", "console")
    ]

    assert not wrong, "\n".join(wrong)


def test_the_list_of_what_is_not_run_is_of_use_and_short():
    every = [line for page in PAGES for block in commands(page) for line, _ in block]

    assert {*NOT_RUN.values()} == {why_not(line) for line in every} - {None}
    for typed, _, left_out in SMALLER:
        assert left_out and any(re.search(typed, line) for line in every), typed


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the first table there, without its heading."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| ?(.*?) ?\|$", section, re.MULTILINE)
    return [[cell.strip().strip("*") for cell in line.split("|")] for line in lines[1:]]


def table_of(name: str) -> dict[str, list[str]]:
    rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    return {row[0]: row for row in rows}


def test_the_table_of_recipes_is_that_of_the_code():
    rows = {row[0].strip("`"): row for row in rows_under("Which recipe?") if "`" in row[0]}

    assert list(rows) == list(RECIPES)
    for name, (_, short, when) in rows.items():
        assert when == RECIPES[name].when
        assert re.findall(r"`(\w+)`", short) == [a for a, of in ALIASES.items() if of == name]


@cache
def costs(model: str) -> tuple[float, float]:
    from ghostnet_tf.nets import counts

    network = zoo.parse_model(model).build(size=224)
    return counts.parameters(network)[0] / 1e6, counts.macs(network) / 1e6


def test_the_table_of_models_is_that_of_the_zoo():
    from benchmark.paper_accuracy import TOP1

    rows = [row for row in rows_under("Which model?") if "`" in row[0]]

    assert len(rows) == 6
    megabytes = table_of("int8_megabytes")
    for name, parameters, macs, top1, int8, weights in rows:
        model = name.strip("`")
        assert (parameters, macs) == tuple(map(str.format, ("{:.2f} M", "{:.0f} M"), costs(model)))
        assert top1 == f"{TOP1[model]} %"
        assert int8 == f"{megabytes[name][1]} MB"
        assert {*re.findall(r"`(\w+)`", weights)} == weights_of(model)


def weights_of(model: str) -> set[str]:
    """What `--weights` takes for it by name; random ones where there are none."""
    from ghostnet_tf.weights import names_for

    return {*names_for(model)} or {"seeded"}


def test_the_answer_about_mobilenet_is_that_of_the_results():
    rows = json.loads((RESULTS / "equal_accuracy.json").read_text())["rows"]
    measured = {(differs, where): (change, so) for differs, where, change, _, so in rows}
    questions = list(dict.fromkeys(differs for differs, _ in measured))

    for where, *cells in [r for r in rows_under("Is it faster than MobileNetV3?") if "A" in r[0]]:
        for differs, cell in zip(questions, cells, strict=True):
            change, so = measured[differs, where.replace("Cortex-", "")]
            assert cell == ("undecided" if so == "cannot be told apart" else change)
