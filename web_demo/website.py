"""Writes the page as a folder for any static host: python web_demo/website.py [--into DIR]

Large files are gzip in it, which the page itself unpacks; a service worker adds the headers that
isolate a page, and keeps every file under its SHA-256. How to publish it: web_demo/README.md.
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import refuse_unwritable, sha256, user_path, write_together
from ghostnet_tf.base.terminal import out
from web_demo.gzipped import pack
from web_demo.served import PAGE, check

INTO = PAGE.parent / "build" / "web_site"
LIST = "site.json"  # what we wrote, so that the next time we remove that and nothing else
SCHEMA = 1
PACKED = (".wasm", ".tflite")
OWN = ("index.html", "style.css", "icon.svg", "js/*.js", "samples/*.png")
# Of the packages, what a browser may ask for. GitHub Pages and `git add` leave out node_modules.
FROM, TO = "node_modules", "packages"
PACKAGES = (
    "@litertjs/core/dist/index.js",
    "@litertjs/core/wasm/litert_wasm_internal.*",
    "@litertjs/core/wasm/litert_wasm_compat_internal.*",
    "@litertjs/core/wasm/litert_wasm_threaded_internal.*",
    "@litertjs/wasm-utils/dist/index.js",
    "@noble/hashes/sha2.js",
    "@noble/hashes/_md.js",
    "@noble/hashes/_u64.js",
    "@noble/hashes/utils.js",
    "@noble/hashes/LICENSE",
)


def main(argv: Sequence[str] | None = None) -> int:
    parser = doors.Parser(description="Writes the page as a folder for any static host.")
    parser.add_argument("--into", type=user_path, default=INTO, metavar="DIR")
    parser.add_argument("--models", type=user_path, default=PAGE / "models", metavar="DIR")
    args = parser.parse_args(argv)
    check(args.models)
    refuse_unwritable(args.into)
    old = written_before(args.into)
    files = site(args.models)
    write_together({args.into / name: data for name, data in files.items()})
    for name in old - files.keys():
        (args.into / name).unlink(missing_ok=True)
    size_mb = sum(map(len, files.values())) / 1e6
    out(f"wrote {len(files)} files, {size_mb:.1f} MB, into {args.into}")
    out("that folder can be published: how, says web_demo/README.md")
    return 0


def site(models: Path) -> dict[str, bytes]:
    """Path in the folder -> bytes; the same for the same files."""
    files, sizes = packed(dict(sources(models)))
    page, files["js/site.js"] = files["index.html"].decode(), site_js(sizes)
    files["index.html"] = with_packages(page).encode()
    hashes = {name: sha256(data) for name, data in sorted(files.items())}
    worker = (PAGE / "sw.js").read_text(encoding="utf-8")
    files["sw.js"] = replaced(worker, "FILES = {};", f"FILES = {text(hashes)};").encode()
    files[".nojekyll"] = b""  # GitHub Pages shall change nothing
    files[LIST] = (text({"schema": SCHEMA, "files": sorted({*files, LIST})}) + "\n").encode()
    return files


def sources(models: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that a browser may ask for, as it lies here, and the notices."""
    for pattern in OWN:
        for path in sorted(PAGE.glob(pattern)):
            yield path.relative_to(PAGE).as_posix(), path.read_bytes()
    manifest = (models / "manifest.json").read_bytes()
    yield "models/manifest.json", manifest
    for name in json.loads(manifest)["models"]:
        for path in (models / name, (models / name).with_suffix(".tflite")):
            yield f"models/{path.name}", path.read_bytes()
    for pattern in PACKAGES:
        found = sorted((PAGE / FROM).glob(pattern))
        if not found:
            raise UserError(f"{FROM}/{pattern} is not there", fix="make web-packages")
        for path in found:
            yield f"{TO}/{path.relative_to(PAGE / FROM).as_posix()}", path.read_bytes()
    yield "LICENSE", (PAGE.parent / "LICENSE").read_bytes()


def packed(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, tuple[int, int]]]:
    """Large files under NAME.packed, and for each the bytes of that and the bytes in it.

    A host that knows `.gz` would say that the browser shall unpack it, another one would not.
    """
    all_files, sizes = dict(files), {}
    for name in [name for name in files if name.endswith(PACKED)]:
        data = all_files.pop(name)
        small = pack(data)
        all_files[f"{name}.packed"] = small
        sizes[name] = (len(small), len(data))
    return all_files, sizes


def site_js(sizes: Mapping[str, tuple[int, int]]) -> bytes:
    lines = (
        "// Where this site's files lie.",
        f'export const PACKAGES = new URL("../{TO}/", import.meta.url);',
        'export const WORKER = new URL("../sw.js", import.meta.url);',
        f"export const PACKED = {text(sizes)};",
    )
    return ("\n".join(lines) + "\n").encode()


def with_packages(page: str) -> str:
    """The page with the site's import map, and that map's hash in its security policy."""
    page = page.replace(f'"./{FROM}/', f'"./{TO}/')
    imports = re.search(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    assert imports
    digest = base64.b64encode(hashlib.sha256(imports[1].encode()).digest()).decode()
    return re.sub(r"'sha256-[^']*'", lambda _: f"'sha256-{digest}'", page, count=1)


def replaced(whole: str, old: str, new: str) -> str:
    assert whole.count(old) == 1, old
    return whole.replace(old, new)


def text(content: object) -> str:
    return json.dumps(content, indent=1)


def written_before(into: Path) -> set[str]:
    """The names that an earlier call wrote there; a page of somebody else is not written over."""
    listed = into / LIST
    if not listed.exists():
        if (into / "index.html").exists():
            raise UserError(
                f"there is a page in {str(into)!r}, and it is not ours; nothing was written",
                fix="--into another folder",
            )
        return set()
    try:
        names = json.loads(listed.read_bytes())["files"]
        return {name for name in names if re.fullmatch(r"(?:[@\w-][@\w.-]*/)*[\w.-]*\w", name)}
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{str(listed)!r} is damaged", fix="remove that folder") from None


if __name__ == "__main__":
    run(main)
