"""Published weights over a network that fails in every way: whole and right, or absent."""

import contextlib
import os
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights import download, source
from ghostnet_tf.weights.download import FILES, File, fetch, git_blob
from tests.ghostnet_tf import torch_writer

MARK = "blocks.0.0.ghost1.primary_conv.0.weight"  # enough to be taken for a GhostNet's
TENSORS = {MARK: np.arange(4000, dtype=np.float32)}
PTH = torch_writer.as_zip(TENSORS)
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 20000000\n"


class Answers(BaseHTTPRequestHandler):
    """The path says what goes wrong."""

    body = PTH

    def do_GET(self):  # the name that http.server wants
        fault = self.path.strip("/").split("/")[0]
        body = {"html": HTML, "lfs": LFS, "short": PTH[:-50], "empty": b""}.get(fault, self.body)
        status = int(fault) if fault.isdigit() else 200
        self.send_response(status)
        length = {"dropped": len(body) + 1000}.get(fault, len(body))
        if fault != "unsaid":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault in ("dropped", "unsaid") else body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy stands between a test and its own machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def check(path: Path) -> None:
    assert source._look(path, "x", "x.pth").foreign


def file_at(url: str, git_blob: str | None = None) -> File:
    return File("ghostnet_100_x.pth", url, git_blob)


def test_what_is_whole_and_right_is_kept_and_not_asked_for_again(server, tmp_path, capsys):
    folder = tmp_path / "not" / "there"
    file = file_at(f"{server}/fine/x.pth", git_blob(PTH))

    path = fetch(file, folder, check)

    assert path == folder / "ghostnet_100_x.pth" and path.read_bytes() == PTH
    assert os.listdir(folder) == [path.name]
    said = capsys.readouterr()
    assert said.out == "" and f"downloading {file.url}\n" in said.err
    gone = File(file.name, f"{server}/404/x.pth", file.git_blob)
    assert fetch(gone, folder, check) == path
    assert capsys.readouterr().err == ""


def test_the_sha256_is_printed_where_no_identity_is_known(server, tmp_path, capsys):
    path = fetch(file_at(f"{server}/fine/x.pth"), tmp_path, check)

    sha256 = "of which the authors publish no identity"
    assert f"got {path}: SHA-256 {source.sha256(PTH)}, {sha256}\n" in capsys.readouterr().err


FAULTS = {  # what the server does -> what is said of it
    "404": "could not be downloaded: the server answers 404",
    "500": "could not be downloaded: the server answers 500",
    "dropped": "could not be downloaded: the connection broke off",
    "unsaid": "gave no weights: 'ghostnet_100_x.pth' is refused: "
    "the archive cannot be read: File is not a zip file",
    "short": "gave no weights: 'ghostnet_100_x.pth' is refused: "
    "the archive cannot be read: File is not a zip file",
    "html": "gave no weights: 'ghostnet_100_x.pth' is a web page, not weights",
    "lfs": "gave no weights: 'ghostnet_100_x.pth' is a Git LFS pointer, not weights",
    "empty": "gave no weights: 'ghostnet_100_x.pth' is empty",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(fault, server, tmp_path):
    file = file_at(f"{server}/{fault}/x.pth")

    with pytest.raises(UserError) as error:
        fetch(file, tmp_path, check)

    assert str(error.value) == f"{file.url} {FAULTS[fault]}"
    path = tmp_path / file.name
    assert error.value.fix == f"fetch it elsewhere and put it at {str(path)!r}"
    assert os.listdir(tmp_path) == []


def test_another_file_than_the_published_one_is_refused(server, tmp_path):
    """Weights they are, but not these."""
    file = file_at(f"{server}/fine/x.pth", "0" * 40)

    with pytest.raises(UserError, match=f"git blob id is {git_blob(PTH)}, not 0000"):
        fetch(file, tmp_path, check)
    assert os.listdir(tmp_path) == []

    (tmp_path / file.name).write_bytes(PTH)  # put there by hand
    with pytest.raises(UserError, match="is not the published file") as error:
        fetch(file, tmp_path, check)
    assert error.value.fix == f"delete it, or put {file.url} in its place"


def test_no_network_says_which_file_from_where_and_to_where(tmp_path):
    file = file_at("http://127.0.0.1:1/x.pth")

    with pytest.raises(UserError) as error:
        fetch(file, tmp_path, check)

    assert str(error.value) == f"{file.url} could not be downloaded: no connection to the server"
    assert error.value.fix == f"fetch it elsewhere and put it at {str(tmp_path / file.name)!r}"
    assert os.listdir(tmp_path) == []


def test_a_server_without_end_is_stopped(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", -1)

    with pytest.raises(UserError, match=r"/fine/x\.pth gave more than -1 bytes"):
        fetch(file_at(f"{server}/fine/x.pth"), tmp_path, check)

    assert os.listdir(tmp_path) == []


def test_a_server_that_falls_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_S", 0.05)
    import socket

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.pth"
        with pytest.raises(UserError, match=r"no answer within 0\.05 s"):
            fetch(file_at(url), tmp_path, check)


def test_an_interruption_leaves_nothing(server, tmp_path):
    def interrupted(path: Path) -> None:
        assert path.parent == tmp_path
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(file_at(f"{server}/fine/x.pth"), tmp_path, interrupted)

    assert os.listdir(tmp_path) == []


def test_git_names_a_file_by_this_id():
    """`printf 'hello\\n' | git hash-object --stdin`"""
    assert git_blob(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize(("name", "model"), FILES)
def test_a_published_name_finds_its_file_in_the_cache(name, model, tmp_path, monkeypatch):
    """As it stands after a download, or after being put there by hand."""
    monkeypatch.setenv("GHOSTNET_CACHE", str(tmp_path))
    file = FILES[name, model]
    paddle = {"_ghostbottleneck_0.ghost_module_1.primary_conv._conv.weight": TENSORS[MARK]}
    data = {
        ".pth": PTH,
        ".safetensors": safetensors.numpy.save(TENSORS),
        ".pdparams": pickle.dumps(paddle, 4),
    }[Path(file.name).suffix]
    monkeypatch.setitem(
        FILES, (name, model), File(file.name, file.url, file.git_blob and git_blob(data))
    )
    (tmp_path / file.name).write_bytes(data)

    found = weights.find(name, model)

    assert found.name == name and found.path == tmp_path / file.name
    assert found.foreign and found.foreign.naming.dialect == ("B" if "paddle" in name else "A")


def test_weights_that_are_not_published_for_a_network_are_refused():
    with pytest.raises(
        UserError, match="'imagenet' weights are published for ghostnet_100, not fo"
    ):
        weights.find("imagenet", "ghostnet_050")
    with pytest.raises(UserError, match="for ghostnet_050, ghostnet_100, ghostnet_130, not for mo"):
        weights.find("paddle", "mobilenetv2_100")
    with pytest.raises(UserError) as error:
        weights.find("imagnet", "ghostnet_100")
    assert "imagenet or timm or paddle or seeded" in error.value.fix


def test_the_official_file_is_pinned_by_the_authors_own_id():
    assert FILES["imagenet", "ghostnet_100"].git_blob == "26da9f2807cd5ba95c607cec01ceb9700d94e0ae"
