"""The page: safe, whole in itself, and readable for everybody, by day and by night."""

import re
from itertools import combinations

import numpy as np
import pytest

from benchmark import markdown, report, store
from benchmark.findings import findings_of
from benchmark.palette import DARK, LIGHT, PAGE, Palette
from benchmark.rows import tabulate
from tests.benchmark.scripted import COST, files_of_suite, run
from tests.fakes.scripted_target import ScriptedTarget, model_file


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in COST]


def found_of(models, tmp_path, target=None, is_suite=False):
    target = target or ScriptedTarget(dict.fromkeys((m.record.model for m in models), 10.0))
    return findings_of(tabulate(run(target, models, tmp_path / "results.json"), models), is_suite)


@pytest.mark.parametrize(
    ("name", "in_markdown"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a|b\nc", "a/b c"),
        ("{{ 7 * 7 }}", r"{{ 7 \* 7 }}"),
        ("a\x1b]0;b\u202ec", r"a\\x1b\]0;b\\u202ec"),
        ("[free](http://b) &lt;", r"\[free\](http://b) \&lt;"),
    ],
)
def test_a_hostile_name_is_only_a_name(name, in_markdown, models, tmp_path):
    target = ScriptedTarget(COST, description={"model": name, "doubts": [f"odd {name}"]})
    target.name = f"phone: {name}"

    found = found_of(models, tmp_path, target)
    page, text = report.html([found]), markdown.document([found])

    assert "<script>" not in page
    assert "phone: 49" not in page
    assert text.splitlines()[0] == f"## phone: {in_markdown}"
    assert f"odd {in_markdown}" in text and f"odd {name}" not in text
    assert store.slug(target.name) == re.sub(r"[^\w.-]", "", store.slug(target.name))


def test_the_page_needs_nothing_from_elsewhere(models, tmp_path):
    found = found_of(models, tmp_path, ScriptedTarget(COST))

    page = report.html([found])

    links = re.findall(r"(?:src|href)=[\"']([^\"'#]+)|url\(([^)#]+)\)|@import", page)
    assert not links
    assert page == report.html([findings_of(found.table)])


def pictures_of(page: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", page, re.DOTALL)


def test_every_picture_of_models_has_a_legend_with_a_colour_for_each_network(models, tmp_path):
    page = report.html([found_of(models, tmp_path, ScriptedTarget(COST))])

    against_cost, over_time, _ = pictures_of(page)
    for picture in (against_cost, over_time):
        for number, name in enumerate(COST):
            assert f">{name}</text>" in picture
            assert len(re.findall(rf"var\(--network-{number}\)", picture)) >= 2  # legend, and data
            assert page.count(f"--network-{number}: #") == 2  # by day and by night
        assert "--network-2)" not in picture


def test_no_colour_of_the_day_is_left_in_a_picture(models, tmp_path):
    page = report.html([found_of(models, tmp_path, ScriptedTarget(COST, "phone_latency"))])

    for picture in pictures_of(page)[:2]:
        assert set(re.findall(r"#[0-9a-f]{6}\b", picture)) <= {"#000000"}  # of clipped edges


def test_a_network_keeps_its_colour_with_operators_and_in_every_recipe(tmp_path):
    plain = model_file(tmp_path, "ghostnet_100")
    models = [
        plain,
        model_file(tmp_path, "ghostnet_100", plain=plain),
        model_file(tmp_path, "ghostnet_100", "static_wi8_ai8"),
        model_file(tmp_path, "mobilenetv3_large_100"),
        model_file(tmp_path, "mobilenetv3_large_100_delegable"),
        model_file(tmp_path, "ghostnet_100", weights="mine"),
    ]
    rows = found_of(models, tmp_path).table.rows

    styles = [Palette(rows).of(row) for row in rows]

    assert [style.colour for style in styles] == [LIGHT[i] for i in (0, 0, 0, 1, 1, 2)]
    assert len({(style.colour, style.marker, style.line) for style in styles}) == len(styles)


def test_a_ninth_network_is_told_from_the_first(tmp_path):
    models = [model_file(tmp_path, f"network_{i}") for i in range(9)]
    rows = found_of(models, tmp_path).table.rows

    first, *_, ninth = (Palette(rows).of(row) for row in rows)

    assert (first.colour, first.is_hollow) == (ninth.colour, not ninth.is_hollow)


def test_no_name_is_broken(tmp_path):
    """Only what has no spaces and is no name, such as a SHA-256, may break anywhere."""
    build = files_of_suite(tmp_path / "build")
    models = [model_file(build, "mobilenetv3_large_100_delegable"), model_file(build, "a_b")]

    page = report.html([found_of(models, tmp_path)])

    assert "<td>mobilenetv3_large_100_delegable</td>" in page
    assert "<wbr" not in page and "&shy;" not in page
    rules = re.findall(r"([^{};]+)\{[^{}]*overflow-wrap: anywhere", page)
    assert [rule.strip() for rule in rules] == ["dd"]


# ---------------------------------------------------------------------------- colours

CONES = {  # Machado, Oliveira and Fernandes 2009, table 1, severity 1: of linear RGB
    "all": np.eye(3),
    "no L": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
             [-0.003882, -0.048116, 1.051998]],
    "no M": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
             [-0.011820, 0.042940, 0.968881]],
    "no S": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
             [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> np.ndarray:
    """sRGB -> (3,) linear RGB."""
    share = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """(3,) linear RGB -> (3,) CIE L*, a*, b*."""
    share = XYZ @ np.clip(rgb, 0, 1) / WHITE
    bent = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.array([116 * bent[1] - 16, 500 * (bent[0] - bent[1]), 200 * (bent[1] - bent[2])])


@pytest.mark.parametrize("eyes", CONES)
@pytest.mark.parametrize(("mode", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_every_two_colours_are_told_apart_by_every_kind_of_eyes(mode, colours, eyes):
    seen = {colour: lab(np.array(CONES[eyes]) @ linear(colour)) for colour in colours}

    near = min(np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(colours, 2))

    assert near > 28
    luminance = [float(XYZ[1] @ linear(c)) + 0.05 for c in (PAGE[mode], *colours)]
    ratios = [max(luminance[0] / one, one / luminance[0]) for one in luminance[1:]]
    assert min(ratios) >= 2.3


def test_the_page_is_as_light_and_as_dark_as_its_colours_were_chosen_for(models, tmp_path):
    page = report.html([found_of(models, tmp_path, ScriptedTarget(COST))])

    day, night = re.findall(r"--page: (#\w+)", page)
    assert (day, night) == ("#fff", PAGE["dark"])
    assert PAGE["light"] == "#ffffff"
