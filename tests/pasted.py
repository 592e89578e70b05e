"""The commands of the documentation, pasted one after the other into a fresh clone.

Nothing is activated there, and no `python` and no `pip` are on the PATH: `make tflite` has to make
whatever the commands after it need.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "docs/results/*.md", "*_demo/README.md")
    for page in ROOT.glob(pattern)
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# sh: every line is typed. console: lines with a $ are, the others are what was answered.
LANGUAGES = {"sh", "console", "python", "kotlin", "text"}

# What no machine of ours can do. Whatever is not here is run.
NOT_RUN = {
    r"^git push": "needs a repository of one's own",
    r"--target phone|--app\b": "a phone",
    r"\./gradlew": "Gradle",
    r"^curl ": "curl",
    r"bccd\.zip": "photos of others, and half an hour",
}
SMALLER = (  # the same command with less to do: what is typed, what is run, what that leaves out
    (
        r"export --suite paper",
        "export --model ghostnet_050 --weights seeded --size 64 --recipe float32 static_wi8_ai8",
        "24 of 26 files, and 224 pixels",
    ),
    (
        r"benchmark --suite paper",
        "benchmark build/ghostnet_050_seeded_64_static_wi8_ai8.tflite",
        "as many",
    ),
    (r"results\.py --benchmark counts\.json half\.json", "results.py", "counts of the whole suite"),
    (r"--effort strict", "--effort quick", "an hour of rounds"),
    (r"(train my_photos .*)", r"\1 --held-out 6 --set batch=8 --set epochs=3", "7 epochs"),
    (
        r"--schedule tinyimagenet_cpu(.*) --held-out 5000",
        r"--schedule tinyimagenet_cpu\1 --held-out 6 --set batch=8 --set epochs=1"
        r" --set 'sizes=[[0,32]]' --set warmup_epochs=0",
        "17 epochs of 95,000 photos at 64 and 96 pixels",
    ),
    (r"--rewrites [\w,]+", "", "see the next one"),
    (r"ghostnet tune", "ghostnet tune --effort quick --rewrites late_concat", "other rewrites"),
    (r"--model ghostnet_1[03]0 --weights", "--model ghostnet_050 --weights", "wider networks"),
    (r"--weights imagenet ", "--weights paddle ", "that they are the published numbers"),
    (r"(--recipe float16)$", r"\1 --size 64", "224 pixels"),
    (r"make web-demo ARGS=--https", "make web-demo ARGS='--https --port PORT'", "the usual port"),
    (r"make web-demo$", "make web-demo ARGS='--port PORT'", "the usual port"),
    (r"web_demo/serve.py$", "web_demo/serve.py --port PORT", "the usual port"),
)
SERVES = re.compile(r"make web-demo|web_demo/serve.py")  # until Ctrl-C
# A program of the system, such as QEMU; where GHOSTNET_TESTS is "all", none may be missing.
LACKING = re.compile(r"is not installed|needs npm")
TIMEOUT_S = 600
COLOURS = {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}


@dataclass(frozen=True)
class Said:
    """One command of a page, and what it printed."""

    command: str  # as it stands there
    stdout: str
    stderr: str
    shown: list[str] = field(default_factory=list)  # of its output, on the page


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, content) of everything that is fenced."""
    return FENCE.findall((ROOT / page).read_text())


def commands(page: str) -> list[list[tuple[str, list[str]]]]:
    """Per block, what is typed with the lines that the page shows of the answer."""
    found = []
    for language, content in blocks(page):
        content = content.replace("\\\n", "")
        if language == "sh":
            lines = [re.sub(r"\s+#.*", "", line) for line in content.splitlines()]
            found.append([(line, []) for line in lines if line])
        elif language == "console":
            typed = [part.splitlines() for part in re.split(r"^\$ ", content, flags=re.M)[1:]]
            found.append([(command, shown) for command, *shown in typed])
    return found


def why_not(command: str) -> str | None:
    """Why it is not run; None: it is."""
    return next((why for what, why in NOT_RUN.items() if re.search(what, command)), None)


def smaller(command: str) -> str:
    for typed, run, _ in SMALLER:
        command = re.sub(typed, run, command)
    return command.replace("PORT", str(_free_port()))


def photos(folder: Path, each: int, seed: int) -> None:
    """Three classes that any network can tell apart."""
    rng = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.normal(colour, 40, (80, 90, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")


@dataclass(frozen=True)
class Clone:
    """A fresh clone, and a person who has nothing but Debian and a name for git."""

    root: Path
    home: Path
    done: dict[tuple[Path, str], Said] = field(default_factory=dict)  # by folder and command

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(self.home / "none"), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "GHOSTNET_CACHE": str(self.home / "cache"),
            **{f"GIT_{who}_NAME": "A Person" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "person@example.com" for who in ("AUTHOR", "COMMITTER")},
        }

    def read(self, page: str) -> list[Said]:
        """Paste every command of the page, in order, but for those of a page that was read before.

        What they wrote is there, and a page that repeats a command means no other.
        """
        said = []
        for block in commands(page):
            folder = self.root
            for command, shown in block:
                if step := re.fullmatch(r"cd (\S+)", command):
                    folder = folder / step[1]
                elif why_not(command) is None:
                    said.append(replace(self.once(command, folder), shown=shown))
        return said

    def once(self, command: str, folder: Path | None = None) -> Said:
        """What a command said, now or when it was pasted before; a server is started every time."""
        place = folder or self.root
        if SERVES.search(command) or (place, command) not in self.done:
            self.done[place, command] = self.paste(command, place)
        return self.done[place, command]

    def paste(self, command: str, folder: Path | None = None) -> Said:
        started = subprocess.Popen(  # noqa: S603
            ["/bin/bash", "-c", smaller(command)],
            cwd=folder or self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Ignored where the tests run in the background, and all below would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            first = _until_it_serves(started) if SERVES.search(command) else ""
            out, err = started.communicate(timeout=TIMEOUT_S)
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
        if LACKING.search(err) and os.environ.get("GHOSTNET_TESTS") != "all":
            print(f"not run here: {command}\n{err}", file=sys.stderr)
            return Said(command, "", err)
        assert started.returncode == 0 or first, f"{command}\n{out}\n{err}"
        return Said(command, first + out, err)


def fresh_clone(folder: Path) -> Clone:
    """A copy of this tree as git would clone it, with the packages of this Python."""
    clone = Clone(folder / "ghostnet", folder / "home")
    shutil.copytree(ROOT, clone.root, ignore=_ignored, symlinks=True)
    (clone.home / "none").mkdir(parents=True)
    for name in ("python", "pip"):
        (clone.home / "none" / name).write_text(f"#!/bin/sh\necho no {name} >&2; exit 127\n")
        (clone.home / "none" / name).chmod(0o755)
    # What `make` would install is installed: this environment, under the name of the clone's.
    venv = clone.root / ".venv"
    venv.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name not in ("core", "dev", "onnx"):
            (venv / part.name).symlink_to(part)
    for part in ("core", "dev", "onnx"):
        (venv / part).touch()
    for requirements in clone.root.glob("requirements*.txt"):
        os.utime(requirements, (0, 0))
    packages = ROOT / "web_demo" / "node_modules"
    if packages.exists():
        (clone.root / "web_demo" / "node_modules").symlink_to(packages.resolve())
    photos(clone.root / "my_photos", each=14, seed=0)
    photos(clone.root / "my_test_photos", each=4, seed=1)
    return clone


def _ignored(folder: str, names: list[str]) -> set[str]:
    """What git does not keep: by name, or where a slash stands inside, by its place."""
    lines = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()]
    here = Path(folder).relative_to(ROOT)
    by_name = shutil.ignore_patterns(".git", *(line for line in lines if "/" not in line))
    places = {line.lstrip("/") for line in lines if "/" in line}
    return by_name(folder, names) | {name for name in names if str(here / name) in places}


def _until_it_serves(started: subprocess.Popen) -> str:
    """What it says before somebody presses Ctrl-C, which is done here."""
    first = ""
    for line in started.stdout or ():
        first += line
        if line.startswith("open http"):
            os.killpg(started.pid, signal.SIGINT)
            return first
    return ""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
