"""Writes the tables of docs/results.md from what was measured, docs/results/*.json, and the
README's table of recipes from export/recipes.py:

.venv/bin/python docs/results.py [--benchmark JSON JSON [--date YYYY-MM-DD]]

The two are what `ghostnet benchmark --suite paper --target emulated --json` printed, and the same
with `--core cortex-a76 --fp16`: they take the place of the counts that are there, with today's date
unless another one is given.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from export.recipes import ALIASES, RECIPES
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path, write_atomic

PAGE = Path(__file__).with_name("results.md")
README = Path(__file__).resolve().parents[1] / "README.md"
MEASURED = Path(__file__).with_name("results")
# Between the two stands what this command writes; around them, what a person does.
MARKED = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
PRECISIONS = {"static_wi8_ai8": "int8", "float32": "float32"}
CORES = {"cortex-a53": "A53", "cortex-a76": "A76"}
# A float32 file in half precision, on the core that has it.
HALF = "half, A76"
COLUMNS = [
    *(f"{precision}, {core}" for precision in PRECISIONS.values() for core in CORES.values()),
    HALF,
]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One table, with all that must be said of it before a number is quoted."""

    what: str
    date: str
    command: str
    machine: str
    columns: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        said = f"Measured {self.date} on {self.machine}, by `{self.command}`."
        return f"{self.what}.\n\n{table([self.columns, *self.rows])}\n{said}\n"

    def to_json(self) -> str:
        """One row a line, so that a diff shows which number changed."""
        values = asdict(self)
        rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in values.pop("rows"))
        lines = [
            f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)},\n"
            for name, value in values.items()
        ]
        return "{\n" + "".join(lines) + f' "rows": [\n{rows}\n ]\n}}\n'


def table(lines: Sequence[Sequence[str]]) -> str:
    """Markdown; the first line is the heading."""
    head, *rows = [f"| {' | '.join(cells)} |\n" for cells in lines]
    return "".join([head, "|---" * len(lines[0]) + "|\n", *rows])


def recipes() -> str:
    """What a recipe is called, in full and for short, and when to choose it."""
    lines = [("recipe", "for short", "choose it when")]
    for name, recipe in RECIPES.items():
        short = ", ".join(f"`{alias}`" for alias, of in ALIASES.items() if of == name)
        lines.append((f"`{name}`", short, recipe.when))
    return table(lines)


def findings() -> dict[str, Finding]:
    return {
        path.stem: Finding(**json.loads(path.read_text(encoding="utf-8")))
        for path in MEASURED.glob("*.json")
    }


def written(page: str, tables: Mapping[str, str]) -> str:
    """The page with every table between its marks."""
    return MARKED.sub(lambda m: f"{m[1]}{tables[m[2]]}{m[3]}", page)


def pages(found: Mapping[str, Finding]) -> dict[Path, str]:
    """Every page that has tables, as it should be."""
    tables = {name: finding.markdown() for name, finding in found.items()} | {"recipes": recipes()}
    return {page: written(page.read_text(encoding="utf-8"), tables) for page in (PAGE, README)}


def counted(
    documents: Sequence[dict[str, Any]], old: Mapping[str, Finding], date: str
) -> dict[str, Finding]:
    """The three tables of emulated counts out of fresh documents; rows stand where they stood."""
    fix = (
        "ghostnet benchmark --suite paper --target emulated --json > counts.json, and the same "
        "with --core cortex-a76 --fp16 into half.json"
    )
    targets = [target for document in documents for target in document["targets"]]
    if any(document.get("kind") != "emulated_counts" for document in documents) or not all(
        "equal_accuracy" in target for target in targets
    ):
        raise UserError("these are no documents of the suite's emulated counts", fix=fix)
    asked = sorted((target["fp16"], target["facts"]["core"]) for target in targets)
    if asked != [*((False, core) for core in CORES), (True, "cortex-a76")]:
        raise UserError(f"these tables are of {' and '.join(CORES)}, and of half precision", fix)
    rows = [
        {**row, "column": column}
        for target in targets
        for row in target["rows"]
        if (column := _column(target, row["recipe"]))
    ]
    fresh = {
        "paper_counts": [
            [name, f"{row['top1_published'] or 0:.1f}", *cells]
            for name, row, cells in _by_graph([row for row in rows if row["is_graph_only"]])
        ],
        "measured_counts": [
            [name, _measured(rows, row["model"]), *cells]
            for name, row, cells in _by_graph([row for row in rows if not row["is_graph_only"]])
        ],
        "equal_accuracy": _at_equal_accuracy(targets),
    }
    (version,) = {target["facts"]["runtime_version"] for target in targets}
    machine = f"emulated Cortex-A53 and Cortex-A76, LiteRT {version}"
    return {
        name: replace(
            old[name],
            rows=_as_before(rows, old[name]),
            columns=[*old[name].columns[:2], *COLUMNS] if "counts" in name else old[name].columns,
            date=date,
            machine=machine,
        )
        for name, rows in fresh.items()
    }


def _column(target: Mapping[str, Any], recipe: str) -> str | None:
    """Where a count of this recipe stands; int8 is int8, whatever precision was asked for."""
    if target["fp16"]:
        return HALF if recipe == "float32" else None
    return f"{PRECISIONS[recipe]}, {CORES[target['facts']['core']]}"


def _by_graph(rows: Sequence[dict[str, Any]]):
    """(name, any row of it, its cells in the order of COLUMNS), in millions of instructions."""
    for model in dict.fromkeys(row["model"] for row in rows):
        own = {r["column"]: r for r in rows if r["model"] == model}
        if lacking := [column for column in COLUMNS if column not in own]:
            raise UserError(f"the documents lack {model} in {lacking[0]}; nothing was replaced")
        cells = [f"{own[column]['instructions'] / 1e6:.1f}" for column in COLUMNS]
        yield f"`{model}`", next(iter(own.values())), cells


def _measured(rows: Sequence[dict[str, Any]], model: str) -> str:
    """Float32 first; a file with operators says the same as its plain file, which was scored."""
    top1 = {row["recipe"]: row["top1_measured"] for row in rows if row["model"] == model}
    known = [f"{top1[r]:.1f} %" for r in ("float32", "static_wi8_ai8") if top1.get(r)]
    return ", ".join(known) or "as without"


def _at_equal_accuracy(targets: Sequence[dict[str, Any]]) -> list[list[str]]:
    """GhostNet 1.0 at its published accuracy, against whichever MobileNetV3 needs less."""
    entries = [
        (column, entry)
        for target in targets
        for entry in target["equal_accuracy"]
        if entry["accuracy"] == "published" and entry["name"].startswith("ghostnet_100")
        if (column := _column(target, entry["recipe"]))
    ]
    hardest: dict[tuple[str, str], dict[str, Any]] = {}
    for where, entry in entries:
        before = hardest.get((entry["differs"], where))
        if before is None or entry["ratio"] > before["ratio"]:
            hardest[entry["differs"], where] = entry
    return [
        [
            differs,
            where,
            _percent(entry["ratio"]),
            f"{_percent(entry['low'])} to {_percent(entry['high'])}",
            _said(entry["winner"]),
        ]
        for (differs, where), entry in hardest.items()
    ]


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"


def _said(winner: str | None) -> str:
    if winner is None:
        return "cannot be told apart"
    return f"{'GhostNet' if winner.startswith('ghostnet') else 'MobileNetV3'} wins"


def _as_before(rows: list[list[str]], old: Finding) -> list[list[str]]:
    """In the order of the table that they replace; what is new comes last among its kind."""
    keys = 2 if old.columns[0] == "what differs" else 1
    place = {tuple(row[:keys]): i for i, row in enumerate(old.rows)}
    if lacking := [key for key in place if key not in {tuple(row[:keys]) for row in rows}]:
        raise UserError(f"the document lacks {', '.join(lacking[0])}; nothing was replaced")
    kind = {name: i for i, name in reversed(list(enumerate(row[0] for row in old.rows)))}
    end = len(place)
    return sorted(rows, key=lambda row: (kind.get(row[0], end), place.get(tuple(row[:keys]), end)))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Writes the tables of docs/results.md and of the README."
    )
    parser.add_argument(
        "--benchmark", nargs=2, metavar="JSON", help="fresh counts of the paper's suite, two files"
    )
    parser.add_argument(
        "--date", default=datetime.now(UTC).date().isoformat(), help="of the counts"
    )
    args = parser.parse_args(argv)
    found = findings()
    if args.benchmark:
        documents = [json.loads(user_path(p).read_text(encoding="utf-8")) for p in args.benchmark]
        for name, finding in counted(documents, found, args.date).items():
            write_atomic(MEASURED / f"{name}.json", finding.to_json().encode())
            found[name] = finding
    for page, text in pages(found).items():
        write_atomic(page, text.encode())
        print(f"wrote {page.relative_to(README.parent)}")
    return 0


if __name__ == "__main__":
    run(main)
