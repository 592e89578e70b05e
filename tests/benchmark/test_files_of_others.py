"""Files that we did not make: measured where the runtime can, else left out with the reason."""

import json
import shutil
from pathlib import Path

import pytest

from benchmark import run as command
from benchmark import store
from benchmark.measurement import ModelFailed, Settings
from benchmark.model import open_all, open_model
from benchmark.rows import tabulate
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from tests.benchmark.scripted import COST, QUICK, run
from tests.counts import examples
from tests.fakes.scripted_target import ScriptedTarget, model_file
from tests.mutants import mutant

THEIRS = Path(__file__).parents[1] / "files_of_others"
SMALL = Path(__file__).parent / "files" / "small_float32.tflite"
KILLERS = {71: 6, 254: 6, 922: 11}  # seed of a damaged file -> the signal that it ends in
ONCE = Settings(warmup_runs=1, min_runs=2, min_seconds=0.0)


def killer(folder: Path, seed: int) -> Path:
    path = folder / f"killer_{seed}.tflite"
    path.write_bytes(mutant((SMALL.parent / "small_static_wi8_ai8.tflite").read_bytes(), seed))
    return path


@pytest.mark.parametrize(
    "name", ["gray", "nonsquare", "rank2", "rank3", "twoin", "while", "stateful"]
)
def test_what_the_runtime_runs_is_measured(host, name):
    visit = host.visit(open_model(THEIRS / f"{name}.tflite"), ONCE)

    assert len(visit.latency_ms) >= 2 and visit.resized == 0
    # Of a loop's body nobody can say how much of it was delegated.
    assert (visit.delegation is None) == (name in ("while", "stateful"))


@pytest.mark.parametrize("name", ["dynamic_wi4", "dynamic_wi2", "weight_only_wi4"])
def test_weights_of_few_bits_are_measured(host, name):
    folder = THEIRS.parent / "export" / "files"

    visit = host.visit(open_model(folder / f"micro_{name}.tflite"), ONCE)

    n_ops = {"dynamic": 16, "weight": 20}[name.split("_")[0]]  # the latter with 4 DEQUANTIZE
    assert visit.delegation is not None and visit.delegation.total_ops == n_ops


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dynout", "the size of an output depends on what is in the input"),
        ("flex2", "the model has the operator 'FlexResizeBicubic', which is not one of the runt"),
    ],
)
def test_what_it_does_not_run_is_told_the_true_reason(host, name, reason):
    with pytest.raises(ModelFailed, match=reason) as error:
        host.visit(open_model(THEIRS / f"{name}.tflite"), ONCE)

    assert f"{name}.tflite" in str(error.value) and error.value.fix


def test_an_open_batch_is_measured_at_1_on_this_machine_and_emulated(host, emulated):
    model = open_model(THEIRS / "dynbatch.tflite")

    visit, counts = host.visit(model, ONCE), emulated("cortex-a76").visit(model, ONCE)

    assert visit.resized == counts.resized == 1
    assert counts.instructions > 100_000


def test_an_open_batch_is_said(tmp_path, capsys):
    line = [str(THEIRS / "dynbatch.tflite"), "--effort", "quick", "--out", str(tmp_path), "--json"]

    assert command.main(line) == 0

    (row,) = json.loads(capsys.readouterr().out)["targets"][0]["rows"]
    assert "leaves the batch open (-1): it was set to 1" in row["doubts"][0]["text"]
    assert "leaves the batch open" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("names", [("a", "b"), ("x/y", "x/z"), ("p/q", "r/q")])
def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path, names):
    paths = [tmp_path / name / "model_float32.tflite" for name in names]
    for path, source in zip(paths, (SMALL, THEIRS / "gray.tflite"), strict=True):
        path.parent.mkdir(parents=True)
        shutil.copy(source, path)

    models = open_all([*paths, THEIRS / "rank2.tflite"])

    folders = names if names == ("p/q", "r/q") else [name[-1] for name in names]
    assert [m.title for m in models] == [*(f"model_float32 ({f})" for f in folders), "rank2"]
    assert [m.file for m in models][:2] == [f"{f}/model_float32.tflite" for f in folders]


def test_so_are_two_with_records(tmp_path):
    ours = [model_file(tmp_path / name, "ghostnet_100") for name in "ab"]
    ours[1].path.write_bytes(ours[1].data + b"later")
    content = json.loads(ours[1].path.with_suffix(".json").read_text())
    ours[1].path.with_suffix(".json").write_text(
        json.dumps(content | {"sha256": sha256(ours[1].path.read_bytes())})
    )

    models = open_all([model.path for model in ours])
    table = tabulate(run(ScriptedTarget(COST), models, tmp_path / "results.json"), models)

    assert [row.name for row in table.rows] == ["ghostnet_100 (a)", "ghostnet_100 (b)"]


@pytest.mark.parametrize(
    "theirs",
    [
        '{"type": "micro", "wake_word": "okay", "version": 2}',
        '{"schema": 9, "recipe": ["int8"], "sha256": "0"}',
        "[1, 2]",
        "not even JSON",
    ],
)
def test_a_json_of_somebody_else_beside_a_file_is_no_record(tmp_path, theirs):
    path = tmp_path / "okay.tflite"
    shutil.copy(SMALL, path)
    path.with_suffix(".json").write_text(theirs)

    assert open_model(path).record is None


def test_a_damaged_record_of_ours_stays_an_error(tmp_path):
    ours = model_file(tmp_path, "ghostnet_100")
    beside = ours.path.with_suffix(".json")
    beside.write_text(beside.read_text()[:200])

    with pytest.raises(UserError, match="is not JSON"):
        open_model(ours.path)


# ---------------------------------------------------------------------------- files that fail


@pytest.mark.parametrize(("seed", "signal"), KILLERS.items())
def test_a_file_that_ends_the_runner_is_an_error_of_that_file(host, tmp_path, seed, signal):
    with pytest.raises(ModelFailed, match=f"killer_{seed}.*signal {signal} ended the runner"):
        host.visit(open_model(killer(tmp_path, seed)), ONCE)


def test_the_others_are_measured_all_the_same(tmp_path, capsys):
    bad = killer(tmp_path, 71)
    line = [str(bad), str(SMALL), "--effort", "quick", "--out", str(tmp_path / "out"), "--json"]

    assert command.main(line) == 2

    said = capsys.readouterr()
    (target,) = json.loads(said.out)["targets"]
    assert [row["file"] for row in target["rows"]] == [SMALL.name]
    assert f"{str(bad)!r}: signal 6 ended the runner" in said.err
    assert "signal 6 ended the runner" in target["doubts"][0]


def failing(name: str, at: int):
    """Trouble for the visits from number `at` on, of the model of that name alone."""
    target = ScriptedTarget(COST)
    visit = target.visit

    def troubled(model, settings):
        if model.record.model == name and len(target.visits) >= at:
            raise ModelFailed(f"{model.path.name} cannot be measured")
        return visit(model, settings)

    target.visit = troubled
    return target


@pytest.mark.parametrize("at", [0, 5])
def test_a_model_that_fails_in_any_round_is_left_out_of_all(tmp_path, at):
    models = [model_file(tmp_path / "build", name) for name in COST]
    path = tmp_path / "results.json"

    results = run(failing("ghostnet_100", at), models, path)

    bad, good = models
    assert [row.model for row in tabulate(results, models).rows] == [good]
    assert len(results.rounds) == QUICK.rounds
    assert all(done.visits.keys() == {good.sha256} for done in results.rounds)
    assert "cannot be measured" in results.failed[bad.sha256]
    assert store.read(path) == results


def test_a_resumed_run_leaves_out_what_failed_before(tmp_path):
    models = [model_file(tmp_path / "build", name) for name in COST]
    path = tmp_path / "results.json"
    first = run(failing("ghostnet_100", 0), models, path)

    again = run(ScriptedTarget(COST), models, path, is_resumed=True)

    assert again == first


def test_if_every_model_fails_the_first_reason_is_the_error(tmp_path):
    models = [model_file(tmp_path / "build", "ghostnet_100")]

    with pytest.raises(ModelFailed, match="cannot be measured"):
        run(failing("ghostnet_100", 0), models, tmp_path / "results.json")


@pytest.mark.parametrize("name", ["small_static_wi8_ai8", "small_float32"])
def test_a_damaged_file_is_measured_or_told_why_not(host, tmp_path, name):
    data, file = (SMALL.parent / f"{name}.tflite").read_bytes(), tmp_path / "damaged.tflite"
    ends = set()
    for seed in range(examples(8, 1000)):
        file.write_bytes(mutant(data, seed))
        try:
            ends.add(len(host.visit(open_model(file), ONCE).latency_ms) > 1)
        except UserError as error:
            assert "damaged.tflite" in str(error)
            ends.add(False)
    assert ends == {True, False}
