"""Somebody's ONNX through the command: real faces, timm's GhostNet from torch, and faults."""

import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

import onnx
from onnx import TensorProto, helper

from export import from_onnx
from export.contract import GHOSTNET_OPS
from export.onnx import convert, onnx_file, worker
from export.parity import snr_db
from export.runtime import Runtime
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import UserError
from tests.export.onnx_nets import external, network, quantized, torch_export_of_timm
from tests.seeded_tensors import images, tensor

DATA = os.environ.get("GHOSTNET_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
CASES = Path(__file__).parent / "cases"
PFLD = Path(DATA or "") / "pfld_ghost"
TIMM_LOGITS = Path(__file__).parents[2] / "ghostnet_tf" / "goldens" / "timm_logits.npz"
AS_TRAINED = "--channels bgr --mean .5 .5 .5 --std .5 .5 .5 --crop 1 --resample bilinear".split()
IMAGENET = "--channels rgb --preprocessing imagenet".split()
T95 = 2.0796  # Student's t, 21 degrees of freedom, 97.5 %


# ------------------------------------------------------------------------------ a real network


@pytest.fixture(scope="module")
def faces() -> dict[str, np.ndarray]:
    with np.load(PFLD / "golden_43_faces.npz") as golden:
        return dict(golden)


@pytest.fixture(scope="module")
def pfld(tmp_path_factory, faces) -> dict[str, Path]:
    """recipe -> file, calibrated on the first 21 faces."""
    folder = tmp_path_factory.mktemp("pfld")
    (folder / "photos").mkdir()
    for i, crop in enumerate(faces["crops_rgb_uint8"][:21]):
        Image.fromarray(crop).save(folder / "photos" / f"{i:02}.png")
    recipes = ("float32", "static_wi8_ai8")
    model, photos = PFLD / "PFLD_GhostNet_112_1_opt_sim.onnx", str(folder / "photos")
    arguments = [*AS_TRAINED, "--name", "pfld", "--photos", photos, "--recipe", *recipes]
    assert from_onnx.main([str(model), *arguments, "--out", str(folder)]) == 0
    return {recipe: folder / f"pfld_onnx_112_{recipe}.tflite" for recipe in recipes}


def error_of(outputs: Any, faces: dict[str, np.ndarray], which: slice = slice(None)) -> np.ndarray:
    """(faces,) mean distance of 68 landmarks, in distances between the eyes' outer corners."""
    points = np.asarray(outputs).reshape(-1, 98, 2)[:, faces["map98to68"]]
    truth = faces["gt68_norm"][which]
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    return np.linalg.norm(points - truth, axis=2).mean(1) / eyes


@needs_data
def test_the_landmarks_of_a_real_ghostnet_are_those_that_were_stored(pfld, faces):
    pixels = faces["crops_rgb_uint8"].astype(np.float32)
    runtime = Runtime(pfld["float32"].read_bytes())

    of_goldens = runtime.run(pixels / 255)
    as_trained = runtime.run((pixels - 127.5) / 127.5)
    with_red_for_blue = runtime.run(pixels[..., ::-1] / 255)

    assert snr_db(faces["PFLD_GhostNet_112_1_opt_sim_out"], of_goldens) > 100
    assert error_of(of_goldens, faces).mean() == pytest.approx(0.0557, abs=5e-5)
    assert error_of(as_trained, faces).mean() == pytest.approx(0.0544, abs=5e-5)
    assert error_of(with_red_for_blue, faces).mean() == pytest.approx(0.0617, abs=5e-5)


@needs_data
def test_int8_finds_the_landmarks_of_unseen_faces_within_five_percent(pfld, faces):
    unseen = slice(21, None)
    images = (faces["crops_rgb_uint8"][unseen].astype(np.float32) - 127.5) / 127.5
    errors = {
        recipe: error_of(Runtime(path.read_bytes()).run(images), faces, unseen)
        for recipe, path in pfld.items()
    }

    worse = errors["static_wi8_ai8"] - errors["float32"]

    upper = worse.mean() + T95 * worse.std(ddof=1) / len(worse) ** 0.5
    assert len(worse) == 22 and upper < 0.05 * errors["float32"].mean()


@needs_data
def test_its_files_pass_a_colleagues_verification_and_say_where_they_come_from(pfld):
    for path in pfld.values():
        assert {check.result for check in verify(path)} == {PASSED}
        record = json.loads(path.with_suffix(".json").read_text())
        assert record["partitions"] == 1 and record["delegated_ops"] == record["total_ops"]
        assert record["parameters"] == 804_444 and record["weights"] == "onnx"
        assert record["preprocessing"]["mean"] == [0.5, 0.5, 0.5] and not record["labels"]
        assert {"onnx", "onnxruntime", "onnxsim", "onnx2tf"} <= record["versions"].keys()
        assert record["top1_agreement"] is None


# --------------------------------------------------------------------------- torch's exporter


def test_timms_ghostnet_as_torch_exports_it_gives_timms_logits(tmp_path, capsys):
    path = tmp_path / "timm ghostnet.onnx"
    path.write_bytes(torch_export_of_timm(tensor))
    slices = [n for n in onnx.load_model(path).graph.node if n.op_type == "Slice"]

    arguments = [*IMAGENET, "--labels", "imagenet", "--recipe", "fp32", "--ghostop", "--json"]
    assert from_onnx.main([str(path), *arguments, "--out", str(tmp_path)]) == 0

    file, fused = json.loads(capsys.readouterr().out)["files"]
    assert len(slices) == 32  # of every Ghost module: these are what onnx2tf alone stumbles over
    assert file["path"] == str(tmp_path / "timm_ghostnet_onnx_64_float32.tflite")
    assert file["ops"] == GHOSTNET_OPS
    assert file["parameters"] == 2_587_292 and file["partitions"] == 1
    assert len(file["labels"]) == 1000 and file["parity_db"] > 100
    outputs = Runtime(Path(file["path"]).read_bytes()).run(images(2, 64))
    assert snr_db(np.load(TIMM_LOGITS)["050"], outputs) > 100
    # onnx2tf's graph takes Ghost operators as ours does: 32 modules, 9 depthwise and
    # 39 ordinary convolutions, head and classifier
    assert fused["path"] == str(tmp_path / "timm_ghostnet_onnx_64_float32_ghostop.tflite")
    assert fused["operators"]["count"] == 82
    assert fused["operators"]["plain_sha256"] == file["sha256"]
    assert [check.result for check in verify(fused["path"])] == [PASSED] * 8


def test_outputs_keep_their_order_and_maps_become_channels_last(tmp_path):
    path = tmp_path / "two.onnx"
    path.write_bytes(
        network(image=("n", 3, "h", "w"), outputs=("logits", "map")).SerializeToString()
    )

    converted, size = convert.from_onnx(path, is_bgr=True, size=32)

    x = images(3, 32)
    logits, maps = converted.run(x)
    ours, our_maps = Runtime(converted.float32).run(x)
    assert size == 32 and logits.shape == (3, 5) and maps.shape == (3, 16, 16, 4)
    assert snr_db(logits, ours) > 100 and snr_db(maps, our_maps) > 100
    as_rgb = convert.runner(
        path.read_bytes(), onnx_file.Signature("image", 32, ("logits",), 0), is_bgr=False
    )
    assert snr_db(as_rgb(x[..., ::-1])[0], ours) > 100
    assert snr_db(as_rgb(x)[0], ours) < 40


# ------------------------------------------------------------------------------------ faults


def node(kind: str, inputs: list[str], outputs: list[str], name: str, **also: Any) -> Any:
    return helper.make_node(kind, inputs, outputs, name, **also)


# fault -> (the network, --size, what is said)
FAULTS: dict[str, tuple[Any, int | None, str]] = {
    "vendor's operator": (
        network([node("Fused", ["image"], ["logits"], "my_op", domain="com.vendor")]),
        None,
        "node 'my_op' (Fused) is an operator of 'com.vendor', not of ONNX itself",
    ),
    "lost tensor": (
        network([node("Relu", ["nowhere"], ["logits"], "my_relu")]),
        None,
        "model.onnx' is refused: Nodes in a graph must be topologically sorted",
    ),
    "unheard-of operator": (
        network([node("Frobnicate", ["image"], ["logits"], "my_op")]),
        None,
        "model.onnx' is refused: No Op registered for Frobnicate",
    ),
    "two images": (
        network(inputs=("image", "mask")),
        None,
        "the network takes 2 inputs ('image', 'mask'); one image is expected",
    ),
    "half precision": (network(kind=TensorProto.FLOAT16), None, "input 'image' is not float32"),
    "2 channels": (network(image=(1, 2, 16, 16)), None, "input 'image' has shape (1, 2, 16, 16)"),
    "batch of 8": (network(image=(8, 3, 16, 16)), None, "input 'image' takes 8 images at a time"),
    "open sides": (
        network(image=("n", 3, "h", "w")),
        None,
        "input 'image' has shape ('?', 3, '?', '?'): its height and width are open",
    ),
    "another size": (network(), 32, "input 'image' is 16 x 16 pixels, not 32"),
    "the sides swapped": (
        network(image=(1, 3, 16, 24)),
        (24, 16),
        "input 'image' is 16 x 24 pixels, not 24x16",
    ),
    "shape of the content": (
        network(
            [
                node("NonZero", ["image"], ["places"], "my_nonzero"),
                node("Cast", ["places"], ["any"], "to_float", to=TensorProto.FLOAT),
            ],
            outputs=("any",),
        ),
        None,
        "the shape of what node 'my_nonzero' (NonZero) gives depends on the image",
    ),
    "unsupported operator": (
        network(
            [
                node("Constant", [], ["rois"], "rois", value_floats=[0.0, 0.0, 0.0, 4.0, 4.0]),
                node("Constant", [], ["sides"], "sides", value_ints=[1, 5]),
                node("Reshape", ["rois", "sides"], ["boxes"], "boxes"),
                node("MaxRoiPool", ["image", "boxes"], ["map"], "my_roi", pooled_shape=[2, 2]),
            ],
            outputs=("map",),
        ),
        None,
        "onnx2tf does not know the operator of node 'my_roi' (MaxRoiPool), opset 13",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_taken_is_named(fault, tmp_path):
    model, size, said = FAULTS[fault]
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())

    with pytest.raises(UserError) as refused:
        whole = onnx_file.read(path)
        simplified = worker.simplify(whole, onnx_file.signature(whole, size))
        worker.refuse_unknown_operators(simplified)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value) and refused.value.fix


@pytest.mark.parametrize(
    ("kind", "node"),
    [
        ("maps", "(QuantizeLinear)"),
        ("weights", "(DequantizeLinear)"),
        ("integers", "(QuantizeLinear)"),
        ("operators", "(QuantizeLinear)"),
        ("the case", "'xq' (QuantizeLinear)"),
    ],
)
def test_a_quantized_network_is_refused_and_the_float_one_asked_for(kind, node, tmp_path):
    path = CASES / "qdq.onnx"
    if kind != "the case":
        path = tmp_path / "m.onnx"
        path.write_bytes(quantized(kind).SerializeToString())

    with pytest.raises(UserError, match=r"onnx' is quantized already: node ") as refused:
        onnx_file.read(path)

    assert node in str(refused.value)
    assert refused.value.fix.startswith("export the float32 network, before its quantization")


@pytest.mark.parametrize("image", [(1, 3, 16, 24), (1, 3, 24, 16), (1, 24, 16, 3), None])
def test_an_image_that_is_not_square_has_its_height_first(image):
    model = network(image=image) if image else onnx_file.read(CASES / "nonsq.onnx")
    height, width = (48, 96) if image is None else [side for side in image[1:] if side != 3]

    assert onnx_file.signature(model, None).size == (height, width)


def test_open_sides_take_the_size_that_was_told():
    open_sides = network(image=("n", 3, "h", "w"))

    assert onnx_file.signature(open_sides, (16, 24)).size == (16, 24)
    assert onnx_file.signature(open_sides, 32).size == 32


DAMAGED = {
    "empty": b"",
    "a web page": b"<!DOCTYPE html><html></html>",
    "cut off": network().SerializeToString()[:300],
    "a pickle": b"\x80\x04.",
    "a zip": b"PK\x03\x04" + bytes(30),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_no_onnx_is_refused(case, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(DAMAGED[case])

    with pytest.raises(UserError, match=r"model\.onnx' is no readable ONNX file: it begins with"):
        onnx_file.read(path)


def test_a_changed_byte_is_an_error_or_another_network_never_a_crash(tmp_path):
    healthy, rng = network().SerializeToString(), np.random.default_rng(0)
    path = tmp_path / "model.onnx"
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(healthy)
        damaged[rng.integers(len(healthy))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            onnx_file.signature(onnx_file.read(path), None)
        except UserError:
            n_refused += 1

    assert 10 < n_refused < 290  # most bytes are numbers of a kernel


def test_files_that_are_not_there_or_too_large_are_named(tmp_path):
    with pytest.raises(UserError, match="there is no file"):
        onnx_file.read(tmp_path / "none.onnx")
    (tmp_path / "large.onnx").write_bytes(bytes(101))
    with pytest.raises(UserError, match="is larger than 100 bytes"):
        onnx_file.read(tmp_path / "large.onnx", max_bytes=100)


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../secret", "link", ""])
def test_data_outside_of_the_models_folder_is_refused(location, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(432))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(
        UserError, match=r"tensor 'kernel' would be read from .* outside the folder"
    ):
        onnx_file.read(external(location, folder))


def test_data_beside_the_model_is_taken_in_whole_or_refused(tmp_path):
    (tmp_path / "data").write_bytes(np.ones((4, 3, 3, 3), np.float32).tobytes())

    model = onnx_file.read(external("data", tmp_path))

    (kernel,) = [t for t in model.graph.initializer if t.name == "kernel"]
    assert not kernel.external_data and np.frombuffer(kernel.raw_data, np.float32).sum() == 108
    with pytest.raises(UserError, match="lies in 'lost', which is not there"):
        onnx_file.read(external("lost", tmp_path))
    (tmp_path / "data").write_bytes(bytes(100))
    with pytest.raises(UserError, match=r"model\.onnx"):
        onnx_file.read(external("data", tmp_path))
    with pytest.raises(UserError, match=r"the data files of 'model\.onnx' exceed 1,000 bytes"):
        (tmp_path / "data").write_bytes(bytes(5000))
        onnx_file.read(external("data", tmp_path), max_bytes=1000)


def test_the_node_at_which_onnx2tf_gives_up_is_named(tmp_path, monkeypatch):
    def gives_up(**_: Any) -> None:
        print("\x1b[35monnx_op_type\x1b[0m: Conv\x1b[35m onnx_op_name\x1b[0m: a/b")
        sys.exit(1)

    monkeypatch.setattr(worker, "refuse_unknown_operators", lambda model: None)
    monkeypatch.setitem(sys.modules, "onnx2tf", types.SimpleNamespace(convert=gives_up))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")  # as the worker would leave it: put back after

    with pytest.raises(UserError, match=r"onnx2tf fails at node 'a/b' \(Conv\): 1"):
        worker.convert(network())


def test_a_converter_that_crashes_takes_nothing_with_it(tmp_path, monkeypatch):
    def dies(*_: Any, **__: Any) -> Any:
        return types.SimpleNamespace(returncode=-11, stderr="")

    monkeypatch.setattr(convert.subprocess, "run", dies)

    with pytest.raises(UserError, match=r"'x\.onnx' made the converter crash \(signal 11\)"):
        convert.worked(tmp_path / "x.onnx", None)


def test_colours_are_turned_round_in_a_first_convolution_or_not_at_all():
    class Begins:
        inputs = (0,)

        @staticmethod
        def readers(tensor: int):
            return (types.SimpleNamespace(name="SUB", inputs=(0, 1)),)

    with pytest.raises(UserError, match=r"'x\.onnx' begins with SUB, so its colours cannot be"):
        convert.turn_round(Begins(), "x.onnx")  # type: ignore[arg-type]


# ----------------------------------------------------------------------------- the command line

REFUSED = {
    "nothing told": (
        [],
        "the input of 'm.onnx' is not known: --mean --std --crop --resample --chan",
    ),
    "no channels": (["--preprocessing", "imagenet"], "is not known: --channels"),
    "no crop": ([*AS_TRAINED[:10], "--resample", "bilinear"], "is not known: --crop"),
    "told twice": ([*IMAGENET, "--crop", "1"], "--preprocessing imagenet says what --crop says"),
    "no such recipe": ([*IMAGENET, "--recipe", "int4"], "there is no recipe 'int4'"),
    "no such file": (IMAGENET, "there is no file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_arguments_are_refused_with_a_way_out(case):
    arguments, said = REFUSED[case]

    with pytest.raises(UserError) as refused:
        from_onnx.main(["m.onnx", *arguments])

    assert said in str(refused.value) and refused.value.fix


def test_without_the_extra_the_command_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.onnx").touch()
    monkeypatch.setattr(from_onnx, "find_spec", lambda name: None if "sim" in name else name)

    with pytest.raises(UserError, match=r"packages that are not installed: onnxsim$") as refused:
        from_onnx.main(["m.onnx", *IMAGENET])

    assert "-m pip install --no-deps -r requirements-onnx.txt" in refused.value.fix
    assert refused.value.exit_code == 2
