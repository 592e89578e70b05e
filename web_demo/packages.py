"""Installs the packages of package-lock.json: python web_demo/packages.py"""

import shutil
import subprocess
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base.errors import UserError, run

PAGE = Path(__file__).resolve().parent


def main() -> int:
    lock, installed = PAGE / "package-lock.json", PAGE / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return 0
    npm = shutil.which("npm")
    if not npm:
        raise UserError(
            "the web demo needs npm, and there is none",
            fix="install Node.js 18 or later: apt install nodejs npm, or brew install node",
        )
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(  # noqa: S603
        command, cwd=PAGE, capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        reasons = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise UserError(
            f"npm could not install the web demo's packages: {reasons[0]}",
            fix=f"is the package index within reach? Try: cd {PAGE.name} && npm ci",
        )
    installed.touch()
    return 0


if __name__ == "__main__":
    run(main)
