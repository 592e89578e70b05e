"""What a command leaves of its findings: a page, text and JSON, of which it prints one."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ghostnet_tf.base.files import write_atomic

from . import as_json, markdown, report
from .findings import Findings


def show(found: Sequence[Findings], out: Path, is_json: bool) -> None:
    """report.html, report.md and report.json in `out`; text or JSON on stdout."""
    page = out / "report.html"
    text, document = markdown.document(found), as_json.text(found)
    write_atomic(page, report.html(found).encode())
    write_atomic(page.with_suffix(".md"), text.encode())
    write_atomic(page.with_suffix(".json"), document.encode())
    print(document if is_json else text, end="")
    print(f"wrote {page}", file=sys.stderr)
