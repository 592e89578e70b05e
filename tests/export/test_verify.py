import json
from pathlib import Path

import numpy as np
import pytest
from colours import IDS, RGB, colour_model, colour_record, saved

from export import verification
from export.graph import Graph
from export.metadata import attach_metadata
from export.verification import verify
from export.verify import main
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.record import record_path, save
from tests.mutants import mutant

SMALL_INT8 = Path(__file__).parents[1] / "benchmark" / "files" / "small_static_wi8_ai8.tflite"
HASH = "the bytes are those that the record describes"
RUNS = "it loads and runs"
CONTRACT = "it keeps the promises of its recipe"
GRAPH = "its graph is the one in the record"
LABELS = "it has one label for every output"
PREPROCESSING = "its preprocessing makes what its input takes"
METADATA = "its metadata can be read and contradicts nothing"


def results(path) -> dict[str, str]:
    return {check.claim: check.result for check in verify(path)}


def failed(path) -> dict[str, str]:
    return {check.claim: check.why[0] for check in verify(path) if check.result == "FAILED"}


def edit_record(path, **changes):
    content = json.loads(record_path(path).read_text()) | changes
    record_path(path).write_text(json.dumps(content))


def not_a_number() -> bytes:
    graph = Graph(colour_model())
    dense = next(op for op in graph.ops if op.name == "FULLY_CONNECTED")
    graph.set_constant(dense, 1, np.full(graph.shape(dense.inputs[1]), np.nan))
    return graph.to_bytes()


def test_a_file_as_it_was_exported_passes_every_check(tmp_path, capsys):
    path = saved(tmp_path)

    assert failed(path) == {}
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.count("passed") == len(results(path)) == 8


def test_one_flipped_bit_in_a_weight_fails_the_hash_and_nothing_else(tmp_path):
    # Such a file loads and runs: only the hash can notice.
    path = saved(tmp_path)
    data = bytearray(path.read_bytes())
    data[data.index(np.array([1, -1, -1], np.float32).tobytes())] ^= 1
    path.write_bytes(data)

    assert failed(path).keys() == {HASH}
    assert main([str(path)]) == 1


def test_a_truncated_file_fails_and_does_not_crash(tmp_path, capsys):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:700])

    assert main([str(path)]) == 1
    assert {HASH, RUNS, GRAPH, METADATA} <= failed(path).keys()
    assert "FAILED    it loads and runs" in capsys.readouterr().out


def test_weights_that_answer_nan_fail(tmp_path):
    assert failed(saved(tmp_path, not_a_number())) == {
        RUNS: "it answers a grey image with NaN or infinity"
    }


def test_a_file_that_breaks_its_recipes_promise_is_told_why(tmp_path):
    path = saved(tmp_path, parameters=1_000_000)

    (check,) = [check for check in verify(path) if check.result == "FAILED"]

    assert check.claim == CONTRACT
    assert "weights are missing" in " ".join(check.why)


def test_a_record_of_another_graph_fails(tmp_path):
    path = saved(tmp_path, partitions=2)

    assert failed(path) == {GRAPH: "partitions: 1 in the file, 2 in the record"}


@pytest.mark.parametrize(
    ("change", "claims"),
    [
        ({"labels": ["background", *RGB], "label_ids": ["bg", *IDS]}, {LABELS, METADATA}),
        ({"labels": [*list(RGB)[1:], "red"]}, {METADATA}),  # off by one, and as many as before
        ({"label_ids": [*IDS[1:], IDS[0]]}, {METADATA}),
        ({"recipe": "int8"}, {CONTRACT}),
    ],
)
def test_an_edited_record_is_contradicted(tmp_path, change, claims):
    path = saved(tmp_path)
    edit_record(path, **change)

    assert failed(path).keys() == claims


def test_another_mean_in_the_record_is_contradicted_by_the_metadata(tmp_path):
    path = saved(tmp_path)
    edit_record(path, preprocessing=colour_record().preprocessing | {"mean": [0.485, 0.456, 0.406]})

    assert "mean: (127.5, 127.5, 127.5) in the file" in failed(path)[METADATA]


def test_preprocessing_for_another_size_fails(tmp_path):
    path = saved(tmp_path, preprocessing=colour_record().preprocessing | {"size": 16})

    assert failed(path).keys() == {PREPROCESSING}


def test_a_file_without_metadata_fails(tmp_path):
    path, _ = save(tmp_path, colour_record(), colour_model())

    assert failed(path) == {METADATA: "there is none"}


def test_a_backbone_needs_no_labels(tmp_path):
    assert failed(saved(tmp_path, labels=(), label_ids=())) == {}


def test_without_a_record_the_other_checks_are_made_and_the_missing_ones_named(tmp_path, capsys):
    path = saved(tmp_path)
    record_path(path).unlink()

    with pytest.raises(UserError, match=r"7 of 8 checks could not be made: there is no record"):
        main([str(path)])

    out = capsys.readouterr().out
    made, unmade = out.split("could not be checked: there is no record ")
    assert made == "passed    it loads and runs\n"
    claims = [claim for claim, result in results(path).items() if result != "passed"]
    assert [line.strip() for line in unmade.splitlines()[1:]] == claims and len(claims) == 7
    assert "not made" not in out


def damaged_label(path: Path) -> None:
    data = path.read_bytes()
    at = data.rindex(b"magenta")
    path.write_bytes(data[:at] + b"\xff\xfe" + data[at + 2 :])


def damaged_text(path: Path) -> None:
    data = path.read_bytes()
    at = data.index(b"labels.txt")  # in the metadata, before the archive at the end
    path.write_bytes(data[:at] + b"\xff\xfe" + data[at + 2 :])


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize("damage", [damaged_label, damaged_text, cut_short])
@pytest.mark.parametrize("has_record", [True, False])
def test_damaged_metadata_fails_in_words_of_ours(damage, has_record, tmp_path, capsys):
    path = saved(tmp_path)
    damage(path)
    if not has_record:
        record_path(path).unlink()

    assert main([str(path)]) == 1

    told = capsys.readouterr().out
    assert "the metadata inside the file is damaged: " in failed(path)[METADATA]
    assert "codec" not in told
    assert has_record or "record" not in told.split("could not be checked")[0]


@pytest.mark.parametrize("keep", [700, 1000])
def test_of_a_damaged_file_without_a_record_nothing_is_said_of_one(keep, tmp_path, capsys):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    record_path(path).unlink()

    assert main([str(path)]) == 1

    told = capsys.readouterr().out.split("could not be checked")[0]
    assert "FAILED    it loads and runs" in told and "record" not in told


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"hello", "copy the .json that was exported"),
        (b'{"schema": 99, "parity_db": 1}', "export the file again with this version"),
        (b'{"label_ids": "\xff"}', "export the file again with this version"),
    ],
)
def test_a_bad_record_has_a_way_out(content, fix, tmp_path):
    path = saved(tmp_path)
    record_path(path).write_bytes(content)

    with pytest.raises(UserError, match="7 of 8 checks could not be made") as refused:
        main([str(path)])

    assert fix in refused.value.fix and "codec" not in str(refused.value)


def test_several_files_are_all_checked_and_told_apart(tmp_path, capsys):
    good, other = saved(tmp_path), saved(tmp_path / "other", partitions=2)

    assert main([str(good), str(other)]) == 1

    first, second = capsys.readouterr().out.split(f"{other}\n")
    assert first.startswith(f"{good}\n") and first.count("passed") == 8
    assert second.count("passed") == 7 and "FAILED    its graph" in second


def test_after_a_file_that_cannot_be_read_the_others_are_checked(tmp_path, capsys):
    good, none = saved(tmp_path), tmp_path / "none.tflite"

    with pytest.raises(UserError, match="1 of 2 files cannot be read") as error:
        main([str(none), str(good), "--json"])

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert error.value.exit_code == 2 and "there is no file" in err
    assert [file["file"] for file in document["files"]] == [str(good)]
    assert document["skipped"] == 1 and str(none) in document["unreadable"][0]


def test_of_several_files_a_failure_outranks_one_that_cannot_be_read(tmp_path):
    assert main([str(tmp_path / "none.tflite"), str(saved(tmp_path, partitions=2))]) == 1


def test_a_failure_outranks_a_check_that_could_not_be_made(tmp_path):
    path, _ = save(tmp_path, colour_record(), attach_metadata(not_a_number(), colour_record()))
    record_path(path).unlink()

    assert main([str(path)]) == 1


def test_a_missing_file_is_the_users_to_fix(tmp_path):
    with pytest.raises(UserError, match="there is no file"):
        main([str(tmp_path / "none.tflite")])


def test_json_says_the_same_as_the_table(tmp_path, capsys):
    path = saved(tmp_path, partitions=2)

    assert main([str(path), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert {check["claim"]: check["result"] for check in document["checks"]} == results(path)
    assert document["files"] == [{"file": str(path), "checks": document["checks"]}]
    assert document["file"] == str(path)


def test_json_of_several_files_has_them_in_order(tmp_path, capsys):
    paths = [saved(tmp_path), saved(tmp_path / "other", partitions=2)]

    assert main([*map(str, paths), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert [file["file"] for file in document["files"]] == [*map(str, paths)]
    for path, file in zip(paths, document["files"], strict=True):
        assert {check["claim"]: check["result"] for check in file["checks"]} == results(path)
    assert document.keys() == {"files", "skipped", "unreadable"}


def test_each_check_is_printed_when_it_is_made(tmp_path, capsys, monkeypatch):
    path = saved(tmp_path)
    printed: list[str] = []

    def slow(evidence):
        printed.append(capsys.readouterr().out)
        return []

    monkeypatch.setitem(verification.CHECKS, METADATA, slow)

    assert main([str(path)]) == 0
    assert printed[0].count("passed") == 6  # those before it


@pytest.mark.parametrize("seed", [71, 254, 922])
def test_a_file_that_ends_the_runtime_fails_and_the_other_checks_are_made(tmp_path, capsys, seed):
    path = saved(tmp_path)
    path.write_bytes(mutant(SMALL_INT8.read_bytes(), seed))
    edit_record(path, sha256=sha256(path.read_bytes()))  # a hash vouches for nobody

    assert main([str(path)]) == 1

    out = capsys.readouterr().out
    assert f"passed    {HASH}\n" in out and f"FAILED    {RUNS}\n" in out
    assert out.count("ends the runtime that runs it (SIG") >= 3
