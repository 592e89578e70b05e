"""One word per thing: what went out of use stands in no code, no help and no page.

docs/design.md has the words that are meant, in its glossary.
"""

import re
import subprocess
import sys

import pytest

from ghostnet_tf.__main__ import VERBS
from tests.pasted import PAGES, ROOT

FOLDERS = ("ghostnet_tf", "export", "benchmark", "kernels", "android_demo", "web_demo", "docs")
SUFFIXES = {".py", ".c", ".h", ".kt", ".xml", ".js", ".html", ".css"}
BUILT = {"node_modules", "models", "build", "assets", "__pycache__"}
# Where -> the word and what is said in its place.
EVERYWHERE = {
    r"rivals?": "baseline",
    r"twins?": "Ghost-operator file and plain file; stock; template",
    r"kits?": "tool",
    r"drafts?": "rewrite, or the graph being rewritten",
}
RETIRED = {
    "": EVERYWHERE,
    "ghostnet_tf/train/": {r"recipes?": "schedule"},
    "export/tuning/": {r"forms?": "rewrite"},
    "export/tune.py": {r"forms?": "rewrite"},
    "docs/tuning.md": {r"forms?": "rewrite"},
    "docs/results/tuning.md": {r"forms?": "rewrite"},
}
ALLOWED = {  # what a line may hold in spite of that, and why
    r"[\"'`.]forms[\"'`]?|forms=": "the key of a record's tuning is a contract",
    r"--recipe\b|args\.recipe": "as the flag of `train` was called, and still may be",
    r"GHOSTNET_PLAIN_TWIN": "the key of the metadata in finished files is a contract",
    r"--forms": "as the flag of `tune` was called, and still may be",
    r"[\"']rival[\"']": "a key of the benchmark's JSON is a contract",
    r"photo\.draft": "as Pillow calls the decoding of a small JPEG",
}


def words_of(line: str) -> str:
    """With the parts of camelCase and snake_case apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", line)


def retired(file: str, text: str) -> list[str]:
    """file:line: each word that went out of use."""
    words = {
        w: s for where, them in RETIRED.items() if file.startswith(where) for w, s in them.items()
    }
    any_word = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for allowed in ALLOWED:
            line = re.sub(allowed, "", line)
        for word in any_word.findall(words_of(line)):
            instead = next(s for w, s in words.items() if re.fullmatch(w, word, re.IGNORECASE))
            found.append(f"{file}:{number}: {word!r}; say {instead}")
    return found


def sources() -> list[str]:
    files = [f for folder in FOLDERS for f in (ROOT / folder).rglob("*") if f.suffix in SUFFIXES]
    mine = [f.relative_to(ROOT) for f in files]
    return [*PAGES, "Makefile", *(str(f) for f in mine if not BUILT & {*f.parts})]


def test_no_file_says_what_went_out_of_use():
    wrong = [line for file in sources() for line in retired(file, (ROOT / file).read_text("utf-8"))]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_allowed_is_needed(allowed, monkeypatch):
    texts = {file: (ROOT / file).read_text("utf-8") for file in sources()}
    assert not any(retired(file, text) for file, text in texts.items())

    monkeypatch.delitem(ALLOWED, allowed)

    assert any(retired(file, text) for file, text in texts.items())


@pytest.mark.parametrize("verb", VERBS)
def test_no_help_says_what_went_out_of_use(verb):
    command = [sys.executable, "-m", "ghostnet_tf", verb, "--help"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603

    place = {"train": "ghostnet_tf/train/", "tune": "export/tune.py"}.get(verb, f"help of {verb}")
    assert not retired(place, done.stdout)


@pytest.mark.parametrize(
    ("file", "line", "is_wrong"),
    [
        ("benchmark/a.py", "rival = best(rows)", True),
        ("benchmark/a.py", "the arrival of a phone", False),
        ("benchmark/a.py", "def find_kit():", True),
        ("android_demo/a.kt", "class TwinNetwork", True),
        ("export/tuning/a.py", "how many forms there are", True),
        ("export/tuning/a.py", "record.tuning.forms", False),
        ("export/a.py", "the one form between", False),
        ("ghostnet_tf/train/a.py", "a training recipe", True),
        ("ghostnet_tf/train/a.py", 'parse.add_argument("--recipe")', False),
        ("export/a.py", "every recipe", False),
        ("benchmark/a.py", "a toolkit of between", False),
    ],
)
def test_a_word_that_comes_back_would_be_seen(file, line, is_wrong):
    assert bool(retired(file, line)) == is_wrong
