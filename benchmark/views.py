"""What a command leaves of its findings: a page, text and JSON, of which it prints one."""

from collections.abc import Sequence
from pathlib import Path

from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.terminal import note, out

from . import as_json, markdown, report
from .findings import Findings


def show(found: Sequence[Findings], folder: Path, is_json: bool) -> None:
    """report.html, report.md and report.json in `folder`; text or JSON on stdout."""
    page = folder / "report.html"
    text, document = markdown.document(found), as_json.text(found)
    write_atomic(page, report.html(found).encode())
    write_atomic(page.with_suffix(".md"), text.encode())
    write_atomic(page.with_suffix(".json"), document.encode())
    out(*(document if is_json else text).rstrip("\n").split("\n"))
    note(f"wrote {page}")
