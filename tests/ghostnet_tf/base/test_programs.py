"""What is compiled when it is first needed."""

import os
import shutil

import pytest

from ghostnet_tf.base.programs import make

RULE = "host: $(OUT)/it\n\n$(OUT)/it: source\n\t@cp source $(OUT)/it\n.PHONY: host\n"


@pytest.mark.skipif(not (shutil.which("make") and shutil.which("cc")), reason="no make, or no cc")
def test_what_takes_long_is_said_and_only_where_it_is_done(tmp_path, capsys):
    (tmp_path / "Makefile").write_text(RULE)
    (tmp_path / "source").write_text("1")
    out = tmp_path / "out"
    out.mkdir()
    said = []

    for content in ("1", "1", "22"):
        if content != (tmp_path / "source").read_text():
            (tmp_path / "source").write_text(content)
            make_newer(tmp_path / "source", out / "it")
        make("the thing", tmp_path, "host", out)
        said.append(capsys.readouterr().err)
        assert (out / "it").read_text() == content

    compiling = "compiling the thing for host, once; it takes up to a minute\n"
    assert said == [compiling, "", compiling]


def make_newer(path, than):
    """Newer than another file, whatever the clock of this disk can tell apart."""
    later = than.stat().st_mtime + 10
    os.utime(path, (later, later))
