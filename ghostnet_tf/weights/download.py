"""Published weights from where their authors keep them, into a folder of this machine."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import make_in_cache, sha256, user_path
from ghostnet_tf.base.terminal import note

TIMEOUT_S = 30  # without a byte
WHOLE_S = 1800  # until all of a file is here: the largest at 17 kB/s
MAX_BYTES = 200_000_000  # the largest of these files has about 30 MB
AUTHORS = "https://github.com/huawei-noah/Efficient-AI-Backbones/raw/master"
PADDLE = "https://paddle-imagenet-models-name.bj.bcebos.com/dygraph"


TIMM = ("ghostnet_100", "ghostnetv2_100", "ghostnetv2_130", "ghostnetv2_160", "ghostnetv3_100",
        "repghostnet_050", "repghostnet_058", "repghostnet_080", "repghostnet_100",
        "repghostnet_111", "repghostnet_130", "repghostnet_150", "repghostnet_200")  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file of published weights."""

    name: str  # in the cache
    url: str
    git_blob: str | None = None  # SHA-1 of b"blob <size>\0" and the content; None: not known


# fmt: off
FILES = {  # what a user types, and for which network -> the file
    ("imagenet", "ghostnet_100"): File(
        "ghostnet_100_imagenet.pth", f"{AUTHORS}/ghostnet_pytorch/models/state_dict_73.98.pth",
        "26da9f2807cd5ba95c607cec01ceb9700d94e0ae"),
    **{("timm", name): File(
        f"{name}_timm.safetensors",
        f"https://huggingface.co/timm/{name}.in1k/resolve/main/model.safetensors")
       for name in TIMM},
    ("paddle", "ghostnet_050"): File(
        "ghostnet_050_paddle.pdparams", f"{PADDLE}/GhostNet_x0_5_pretrained.pdparams"),
    ("paddle", "ghostnet_100"): File(
        "ghostnet_100_paddle.pdparams", f"{PADDLE}/GhostNet_x1_0_pretrained.pdparams"),
    ("paddle", "ghostnet_130"): File(
        "ghostnet_130_paddle.pdparams", f"{PADDLE}/GhostNet_x1_3_pretrained.pdparams"),
    ("paddle_ssld", "ghostnet_130"): File(
        "ghostnet_130_paddle_ssld.pdparams", f"{PADDLE}/GhostNet_x1_3_ssld_pretrained.pdparams"),
}
# fmt: on
NAMES = tuple(dict.fromkeys(name for name, _ in FILES))


def find(weights: str, model_name: str) -> File:
    """The file behind one of `NAMES` for the network of that name."""
    if file := FILES.get((weights, model_name)):
        return file
    models = [model for name, model in FILES if name == weights]
    raise UserError(
        f"{weights!r} weights are published for {', '.join(models)}, not for {model_name}",
        fix=option("model", models[0]),
    )


def fetch(file: File, folder: Path, check: Callable[[Path], object]) -> Path:
    """The file, downloaded unless it is there already; whole and checked, or absent.

    `check` reads it as weights and raises UserError where it is none.
    """
    path = folder / file.name
    if path.is_file():
        _refuse_another(file, path, f"delete it, or put {file.url} in its place")
        return path
    make_in_cache(folder)
    import pooch

    from ghostnet_tf.weights.transfer import Limits, pieces

    pooch.get_logger().setLevel("WARNING")  # what was got is said below, in our words
    note(f"downloading {file.url}")
    by_hand = f"fetch it elsewhere and put it at {str(path)!r}"
    limits = Limits(MAX_BYTES, TIMEOUT_S, WHOLE_S)

    def checked(fname: str, action: Any, pooch: Any, *, check_only: bool | None = None) -> None:
        """Into the temporary file, which pooch gives its final name only after this."""
        url, temporary = fname, str(action)  # pooch's names for them
        with open(temporary, "wb") as out:
            for piece in pieces(url, limits, by_hand):
                out.write(piece)
        try:
            check(user_path(temporary))
        except UserError as error:
            what = str(error).replace(temporary, file.name)
            raise UserError(f"{url} gave no weights: {what}", by_hand) from None
        _refuse_another(file, user_path(temporary), by_hand)

    pooch.retrieve(file.url, None, file.name, folder, downloader=checked)
    known = "" if file.git_blob else ", of which the authors publish no identity"
    note(f"got {path}: SHA-256 {sha256(path.read_bytes())}{known}")
    return path


def git_blob(data: bytes) -> str:
    """What git calls a file of this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _refuse_another(file: File, path: Path, fix: str) -> None:
    if file.git_blob and (found := git_blob(path.read_bytes())) != file.git_blob:
        raise UserError(
            f"{file.name} is not the published file: its git blob id is {found}, "
            f"not {file.git_blob}",
            fix,
        )
