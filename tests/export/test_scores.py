"""What a classifier's outputs are, from the graph through the record to every answer."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from colours import SIZE, colour_model, photo, saved
from keras import layers

import ghostnet_tf as gn
from export import evaluate, predict
from export.classifier import open_classifier
from export.flatbuffer import Flatbuffer
from export.from_keras import to_float32
from export.network import Network
from export.pipeline import export
from export.quantize import quantize
from export.ranges import Ranges
from export.scores import by_class, scores_of, shares
from export.verify import main as verify
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import load, record_path
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing

HOW = Preprocessing(SIZE, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3)


def network(*stack) -> keras.Model:
    x = image = keras.Input((SIZE, SIZE, 3))
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x, name="own")


def of_colours(columns: list[list[float]], activation: str | None, bias: float = 0) -> keras.Model:
    """A dense layer over the mean colour, from -1 to 1: (3,) -> (columns,)."""
    dense = layers.Dense(len(columns), activation=activation)
    model = network(layers.GlobalAveragePooling2D(), dense)
    dense.set_weights([np.array(columns).T, np.full(len(columns), bias)])
    return model


REDDISH = [[2.0, -2.0, -2.0]]  # blue: -4 + 2; its sigmoid
BLUE = 1 / (1 + np.exp(2.0))  # of pixels (0, 0, 255): -1, -1, 1 -> -2 + 2 - 2
ENDINGS = [
    ([layers.Dense(2)], "logits"),
    ([layers.Dense(2, activation="softmax")], "softmax"),
    ([layers.Dense(2, activation="sigmoid")], "sigmoid"),
    ([layers.Dense(1, activation="sigmoid")], "sigmoid"),
    ([layers.Dense(2), layers.Softmax()], "softmax"),
    ([layers.Dense(2), layers.Activation("sigmoid"), layers.Reshape((2, 1))], "sigmoid"),
    ([layers.Dense(2, activation="relu")], "logits"),
    ([layers.Dense(2, activation="tanh")], "unknown"),
    ([layers.Dense(1), layers.Activation("tanh")], "unknown"),
    ([layers.Dense(2), keras.ops.tanh, layers.Reshape((2, 1))], "unknown"),
    ([layers.Dense(2, activation="tanh"), layers.Dense(2)], "logits"),
    ([layers.Dense(2, activation="swish")], "logits"),  # a LOGISTIC, and a MUL
    ([layers.Softmax(), layers.Dense(2)], "logits"),
    ([layers.Dense(2), keras.ops.softmax], "softmax"),
    ([layers.Dense(2), keras.ops.sigmoid], "sigmoid"),
]


@pytest.mark.parametrize(("last", "scores"), ENDINGS)
def test_the_graph_says_what_the_outputs_are_in_float32_and_in_int8(last, scores):
    float32 = to_float32(network(layers.Flatten(), *last), SIZE)
    spans = {float32.graph.names[tensor]: (-4.0, 4.0) for tensor in float32.graph.activations()}
    ranges = Ranges("minmax", spans, spans, {}, 8, "")

    assert scores_of(float32.graph) == scores
    for recipe in ("float16", "static_wi8_ai8", "static_wi8_ai8_int8io"):
        assert scores_of(quantize(float32, recipe, ranges).graph) == scores


def test_several_outputs_are_no_scores():
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Flatten()(image)
    both = keras.Model(image, [layers.Dense(2, activation="softmax")(x), layers.Dense(1)(x)])

    assert scores_of(to_float32(both, SIZE).graph) == "logits"


@pytest.mark.parametrize(
    ("outputs", "n_labels", "scores", "expected"),
    [
        ([1.0, 1.0], 2, "logits", [0.5, 0.5]),
        ([0.5, 0.5, 0.5], 3, "sigmoid", [0.5, 0.5, 0.5]),
        ([0.9, 0.1], 2, "softmax", [0.9, 0.1]),
        ([0.9], 2, "sigmoid", [0.1, 0.9]),
        ([0.9], 1, "sigmoid", [0.9]),
        ([2.0], 2, "logits", [0.1192029, 0.8807971]),
        ([2.0], 1, "logits", [0.8807971]),
        ([1000.0], 2, "logits", [0.0, 1.0]),
        ([-0.9, 0.5, 0.1], 3, "unknown", [-0.9, 0.5, 0.1]),
        ([0.9], 2, "unknown", [-0.9, 0.9]),
    ],
)
def test_probabilities_are_made_once(outputs, n_labels, scores, expected):
    row = by_class(np.array([outputs]), n_labels, scores)[0]

    np.testing.assert_allclose(shares(row, scores), expected, atol=1e-7)


class Exported:
    """A network of ours as a file, with what the commands say of it."""

    def __init__(self, folder, model, labels, capsys, **says):
        self.folder, self.capsys = folder, capsys
        how = {"recipes": "float32", "preprocessing": HOW, **says}
        (self.path,) = gn.export(model, folder, labels=labels, **how)

    def predict(self, colour: str) -> dict[str, float]:
        assert (
            predict.main([str(self.path), str(photo(self.folder / "x.png", colour)), "--json"]) == 0
        )
        (answer,) = json.loads(self.capsys.readouterr().out)["photos"]
        return {one["name"]: one["probability"] for one in answer["top"]}

    def top1(self, photos) -> float:
        assert evaluate.main([str(self.path), "--labelled", str(photos), "--json"]) == 0
        return json.loads(self.capsys.readouterr().out)["files"][0]["top1"]


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_tells_two_classes_apart(activation, tmp_path, capsys):
    model = of_colours(REDDISH, activation)
    file = Exported(tmp_path, model, ["c_other", "c_red"], capsys)
    photos = tmp_path / "photos"
    for i, colour in enumerate(["blue", "green", "cyan"]):
        photo(photos / "c_other" / f"{i}.png", colour)
    photo(photos / "c_red" / "0.png", "red")
    photo(photos / "c_red" / "1.png", "yellow")  # 2 - 2 + 2 > 0
    photo(photos / "c_red" / "2.png", "cyan")  # is not red

    expected = {"c_other": 1 - BLUE, "c_red": BLUE}
    assert file.predict("blue") == pytest.approx(expected, abs=1e-4)
    assert list(file.predict("red")) == ["c_red", "c_other"]
    assert dict(gn.TFLiteModel(file.path).predict(tmp_path / "x.png"))["c_red"] > 0.99
    assert file.top1(photos) == pytest.approx(5 / 6)
    assert verify([str(file.path)]) == 0
    capsys.readouterr()
    record_path(file.path).unlink()  # the metadata inside and the graph say the same
    assert file.predict("blue") == pytest.approx(expected, abs=1e-4)


def test_each_of_several_classes_is_there_or_not(tmp_path, capsys):
    model = of_colours([[0, 0, 0], [0, 0, 0], [2, -2, -2]], "sigmoid")
    file = Exported(tmp_path, model, ["a", "b", "red"], capsys)

    assert load(file.path)[1].scores == "sigmoid"
    assert file.predict("blue") == pytest.approx({"a": 0.5, "b": 0.5, "red": BLUE}, abs=1e-4)
    folders = [photo(tmp_path / "photos" / name / "0.png", "red") for name in ("a", "b")]
    with pytest.raises(UserError, match="answers each class for itself") as refused:
        evaluate.main([str(file.path), "--labelled", str(folders[0].parents[1])])
    assert "scores='softmax'" in refused.value.fix


def test_accuracy_of_several_classes_is_refused_before_anything_is_written(tmp_path):
    model = of_colours([[1, 0, 0], [0, 1, 0]], "sigmoid")
    photos = tmp_path / "photos"
    for name in ("a", "b"):
        photo(photos / name / "0.png", "red")

    with pytest.raises(UserError, match="answers each class for itself"):
        how = {"recipes": "float32", "labels": ["a", "b"], "preprocessing": HOW}
        gn.export(model, tmp_path / "out", labelled=photos, **how)
    assert not (tmp_path / "out").exists()
    with pytest.warns(UserWarning, match="ends in sigmoid, not in softmax"):
        (path,) = gn.export(model, tmp_path / "out", labelled=photos, scores="softmax", **how)
    accuracy = load(path)[1].accuracy
    assert accuracy is not None and accuracy.top1 == 0.5


def test_a_softmax_is_left_alone_without_a_word_said(tmp_path, capsys):
    file = Exported(tmp_path, of_colours([[2, -2, -2], [0, 0, 0]], "softmax"), ["r", "o"], capsys)

    assert load(file.path)[1].scores == "softmax"
    assert file.predict("red")["r"] == pytest.approx(1 / (1 + np.exp(-6)), abs=1e-4)


def test_a_softmax_that_no_operator_shows_is_believed_and_doubted(tmp_path, capsys):
    def by_hand(x):
        squares = keras.ops.square(x)
        return squares / keras.ops.sum(squares, axis=-1, keepdims=True)

    model = of_colours([[1, 0, 0], [0, 2, 0]], None)
    with pytest.warns(UserWarning, match="ends in logits, not in softmax"):
        file = Exported(tmp_path, network(model, by_hand), ["r", "g"], capsys, scores="softmax")

    assert file.predict("red") == pytest.approx({"g": 0.8, "r": 0.2}, abs=1e-4)


def test_probabilities_cannot_be_called_logits(tmp_path):
    with pytest.raises(UserError, match="ends in a softmax: its outputs are probabilities"):
        how = {"recipes": "float32", "preprocessing": HOW, "scores": "logits"}
        gn.export(of_colours([[1, 0, 0], [0, 1, 0]], "softmax"), tmp_path, **how)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("recipe", ["float32", "float16"])
def test_values_of_a_tanh_are_shown_as_they_are(recipe, tmp_path, capsys):
    columns = [[2.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.5, 0.5, -0.5]]  # of blue: -2, 2 and -1.5
    (path,) = gn.export(
        of_colours(columns, "tanh"), tmp_path, recipes=recipe, labels=list("abc"), preprocessing=HOW
    )
    sea = photo(tmp_path / "sea.png", "blue")

    assert predict.main([str(path), str(sea)]) == 0

    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == ["    0.964  b", "   -0.905  c", "   -0.964  a"]
    assert err.count("no probabilities") == 1 and "%" not in out
    assert load(path)[1].scores == "unknown" and verify([str(path)]) == 0
    with pytest.warns(UserWarning, match="no probabilities"):
        found = gn.TFLiteModel(path).predict(sea, top=1)
    assert found == [("b", pytest.approx(np.tanh(2), abs=1e-3))]


def test_values_of_a_tanh_are_no_logits_whoever_says_so(tmp_path):
    with pytest.raises(UserError, match="ends in a tanh") as refused:
        how = {"recipes": "float32", "labels": ["a", "b"], "preprocessing": HOW}
        gn.export(of_colours(REDDISH, "tanh"), tmp_path, scores="logits", **how)

    assert "leave scores= out" in refused.value.fix and not list(tmp_path.iterdir())


def test_a_softmax_over_one_output_is_refused(tmp_path):
    with pytest.raises(UserError, match="which is 1 for every photo") as refused:
        how = {"recipes": "float32", "labels": ["a", "b"], "preprocessing": HOW}
        gn.export(of_colours(REDDISH, "softmax"), tmp_path, **how)

    assert "sigmoid" in refused.value.fix and not list(tmp_path.iterdir())


def test_an_old_record_that_says_nothing_is_read_by_its_graph(tmp_path, capsys):
    path = saved(tmp_path, colour_model(softmax=True))
    content = json.loads(record_path(path).read_text())
    del content["scores"]
    record_path(path).write_text(json.dumps(content))

    assert open_classifier(path).scores == "softmax"


@pytest.mark.parametrize("n_labels", [2, 4, 6])
@pytest.mark.parametrize("recipe", ["float32", "static_wi8_ai8"])
def test_labels_of_the_wrong_number_are_refused_before_anything_is_written(
    n_labels, recipe, tmp_path
):
    """However the network came: this is what `export` and `from-onnx` end in."""
    names = tuple(f"class {i}" for i in range(n_labels))
    net = Network(
        model=of_colours([[1, 0, 0]] * 5, None),
        name="own", weights="seeded", weights_sha256="", preprocessing=HOW,
        labels=Labels(names, names),
    )  # fmt: skip
    with pytest.raises(UserError, match=f"{n_labels} labels cannot name the 5 classes"):
        export(net, [recipe], out=tmp_path / "out")
    with pytest.raises(UserError, match=f"{n_labels} labels cannot name the 5 classes"):
        export(replace(net, model=net.converted()), [recipe], out=tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_labels_for_outputs_that_are_no_classes_are_refused(tmp_path):
    model = network(layers.Conv2D(2, 3))
    with pytest.raises(UserError, match="labels name"):
        how = {"recipes": "float32", "labels": ["a", "b"], "preprocessing": HOW}
        gn.export(model, tmp_path, **how)

    assert not list(tmp_path.iterdir())


def test_int8_keeps_probabilities_that_are_smaller_than_its_steps(tmp_path):
    """A softmax over a thousand classes that are all alike: .001 each; int8 has steps of .004."""
    model = of_colours([[1e-3, 0, 0]] * 1000, "softmax")
    net = Network(model=model, name="own", weights="seeded", weights_sha256="", preprocessing=HOW)

    (file,) = export(net, ["static_wi8_ai8"], out=tmp_path / "out").files

    assert file.record.parity_db and file.record.parity_db > 40
    assert Flatbuffer(file.path.read_bytes()).graph.ops[-1].name == "SOFTMAX"


def test_outputs_that_a_record_calls_by_another_name_are_noticed(tmp_path, capsys):
    path = saved(tmp_path, colour_model(softmax=True))
    content = json.loads(record_path(path).read_text())
    record_path(path).write_text(json.dumps({**content, "scores": "sigmoid"}))

    assert verify([str(path)]) == 1
    assert "scores: softmax in the file, sigmoid in the record" in capsys.readouterr().out


@pytest.mark.parametrize("row", [[-0.7, 0.3], [0.2, 1.4], [88.0, 3.0]])
@pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
def test_what_is_no_probability_is_not_shown_as_one(row, scores):
    with pytest.raises(UserError, match=f"said to be probabilities .{scores}., and reach from"):
        shares(np.array(row), scores)


@pytest.mark.parametrize(
    "shape, why",
    [
        ((32, 32, 1), "images of 1 channels; its preprocessing makes 3"),
        ((32, 32, 4), r"takes \(None, 32, 32, 4\); an image is \(N, H, W, 3\) in RGB"),
        ((8,), r"takes \(None, 8\); an image is \(N, H, W, 3\) in RGB"),
    ],
)
def test_preprocessing_of_what_takes_no_rgb_image_is_refused(shape, why, tmp_path):
    x = image = keras.Input(shape)
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)), name="own")

    with pytest.raises(UserError, match=why) as refused:
        gn.export(model, tmp_path, preprocessing=HOW)
    assert refused.value.fix and not list(tmp_path.iterdir())


def test_a_network_without_an_input_is_refused(tmp_path):
    with pytest.raises(UserError, match="has no input shape yet") as refused:
        gn.export(keras.Sequential([layers.Dense(2)]), tmp_path, preprocessing=HOW)
    assert "keras.Input" in refused.value.fix
