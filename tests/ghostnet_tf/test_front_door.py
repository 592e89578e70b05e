"""What `import ghostnet_tf as gn` gives a person who knows Keras."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import ghostnet_tf as gn
from ghostnet_tf.base.record import load
from ghostnet_tf.data.preprocess import IMAGENET

ROOT = Path(__file__).resolve().parents[2]
LIGHTHOUSE = ROOT / "web_demo/samples/lighthouse.png"
HEAVY = {"keras", "tensorflow", "numpy", "PIL", "pooch", "rich", "ai_edge_litert"}


def answer(code: str, *arguments: object) -> str:
    """What a Python of its own prints."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def bundled():
    return gn.create_model("ghostnet_050", weights="tinyimagenet")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "x.keras"
    model = gn.create_model("ghostnet_025", classes=2, labels=["cat", "dog"], size=64)
    model.save(path)
    return path


@pytest.fixture(scope="module")
def tflite(bundled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tflite")
    return gn.TFLiteModel(gn.export(bundled, folder, recipes="float32")[0])


def classifier(*first: layers.Layer, activation: str | None = None, classes: int = 3):
    """A small network of one's own."""
    keras.utils.set_random_seed(1)
    stack = [
        keras.Input((32, 32, 3)),
        *first,
        layers.Conv2D(4, 3, strides=2, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(classes, activation=activation),
    ]
    return keras.Sequential(stack, name="theirs")


class TestTheImport:
    def test_it_loads_nothing_heavy(self):
        code = f"import sys, ghostnet_tf; print({HEAVY} & {{*sys.modules}})"

        assert answer(code) == "set()"

    def test_it_takes_no_second(self):
        code = "import time; a = time.process_time(); import ghostnet_tf; "
        code += "print(time.process_time() - a)"

        assert float(answer(code)) < 0.5

    @pytest.mark.parametrize("name", sorted(gn.PUBLIC))
    def test_every_public_name_is_there_and_says_what_it_is(self, name):
        assert name in dir(gn)
        assert getattr(gn, name).__doc__

    def test_type_checkers_are_told_the_same_names(self):
        tree = ast.parse((ROOT / "ghostnet_tf/__init__.py").read_text())
        tests = {
            ast.unparse(node.test): node.body for node in tree.body if isinstance(node, ast.If)
        }
        told = [node for node in tests["TYPE_CHECKING"] if isinstance(node, ast.ImportFrom)]

        assert {node.names[0].name: node.module for node in told} == {
            name: f"ghostnet_tf.{module}" for name, module in gn.PUBLIC.items()
        }

    def test_an_unknown_name_is_an_ordinary_error(self):
        with pytest.raises(AttributeError, match="no attribute 'create_modell'"):
            gn.create_modell  # noqa: B018

    def test_no_module_takes_the_place_of_a_public_name(self):
        modules = {file.stem for file in (ROOT / "ghostnet_tf").iterdir()}

        assert not modules & {*gn.PUBLIC}


class TestCreateModel:
    def test_classes_come_from_the_weights(self, bundled):
        assert bundled.output_shape == (None, 200)

    def test_a_wrong_number_of_classes_is_answered_with_the_right_one(self):
        with pytest.raises(gn.UserError) as caught:
            gn.create_model("ghostnet_050", weights="tinyimagenet", classes=10)

        assert "classes=200" in caught.value.fix

    def test_a_mistyped_name_is_answered_with_the_nearest(self):
        with pytest.raises(gn.UserError) as caught:
            gn.create_model("gostnet_050")

        assert "ghostnet_050" in caught.value.fix

    def test_labels_may_be_a_list_of_names(self):
        names = ["cat", "dog"]
        model = gn.create_model("ghostnet_025", classes=2, labels=names)

        assert model.ghostnet_info.labels.names == ("cat", "dog")

    def test_an_unnamed_number_of_classes_has_no_labels(self):
        assert gn.create_model("ghostnet_025", classes=7).ghostnet_info.labels is None


class TestListModels:
    def test_it_says_what_a_network_costs(self):
        (listed,) = gn.list_models("ghostnet_100")

        assert (listed.parameters, listed.macs) == (5_182_508, 141_150_512)
        assert "5.18 M parameters" in repr(gn.list_models("ghostnet_100"))

    def test_it_says_which_weights_there_are(self):
        weights = {listed.name: listed.weights for listed in gn.list_models("*")}

        assert "tinyimagenet" in weights["ghostnet_050"]
        assert "imagenet" in weights["ghostnet_100"]
        assert weights["vgg16"] == ()

    def test_a_pattern_chooses(self):
        names = [listed.name for listed in gn.list_models("ghostnet_*")]

        assert names == ["ghostnet_050", "ghostnet_100", "ghostnet_130"]
        assert gn.list_models("none*") == ()


class TestPreprocessInput:
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)

    def test_pixels_are_normalised_as_in_every_other_place(self, bundled):
        expected = bundled.ghostnet_info.preprocessing.normalise(self.pixels)

        np.testing.assert_array_equal(gn.preprocess_input(self.pixels, bundled), expected)

    @pytest.mark.parametrize("kind", ["float32", "int64"])
    def test_any_type_of_number_is_taken(self, kind):
        found = gn.preprocess_input(self.pixels.astype(kind), "ghostnet_100")

        assert found.dtype == np.float32
        np.testing.assert_allclose(found, IMAGENET.normalise(self.pixels), atol=1e-6)

    def test_it_runs_inside_tf_data(self, bundled):
        tf = pytest.importorskip("tensorflow")
        data = tf.data.Dataset.from_tensors(self.pixels)

        (found,) = data.map(lambda x: gn.preprocess_input(x, bundled))

        expected = bundled.ghostnet_info.preprocessing.normalise(self.pixels)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)

    def test_photos_are_resized_and_cropped_too(self, bundled):
        how = bundled.ghostnet_info.preprocessing
        opened = Image.open(LIGHTHOUSE)

        found = gn.preprocess_input([str(LIGHTHOUSE), LIGHTHOUSE, opened], bundled)

        expected = how.images([opened.convert("RGB")])[0]
        np.testing.assert_array_equal(found, [expected] * 3)
        np.testing.assert_array_equal(gn.preprocess_input(LIGHTHOUSE, how), [expected])

    def test_a_network_around_one_of_ours_knows(self, bundled):
        image = keras.Input((96, 96, 3))
        around = keras.Model(image, bundled(image))

        expected = gn.preprocess_input(self.pixels, bundled)
        np.testing.assert_array_equal(gn.preprocess_input(self.pixels, around), expected)

    def test_a_strangers_network_is_asked(self):
        with pytest.raises(gn.UserError, match="does not say") as caught:
            gn.preprocess_input(self.pixels, classifier())

        assert "gn.Preprocessing" in caught.value.fix

    def test_grey_images_are_refused(self):
        with pytest.raises(gn.UserError, match="not RGB"):
            gn.preprocess_input(np.zeros((1, 8, 8, 1)), "ghostnet_100")

    def test_a_photo_that_is_missing_is_named(self):
        with pytest.raises(gn.UserError, match=r"'none\.png'"):
            gn.preprocess_input("none.png", "ghostnet_100")


class TestSavedModels:
    def test_another_process_loads_one(self, saved):
        code = "import sys, ghostnet_tf as gn; m = gn.load_model(sys.argv[1]); "
        code += "print(m.ghostnet_info.labels.names, gn.preprocess_input('web_demo/icon.png', m)"
        code = code.replace("'web_demo/icon.png'", repr(str(LIGHTHOUSE))) + ".shape)"

        assert answer(code, saved) == "('cat', 'dog') (1, 64, 64, 3)"

    def test_keras_loads_one_where_it_was_there_first(self, saved):
        code = "import sys, keras, ghostnet_tf; m = keras.models.load_model(sys.argv[1]); "
        code += "print(m.ghostnet_info.labels.names)"

        assert answer(code, saved) == "('cat', 'dog')"


class TestExport:
    def test_unchanged_bundled_weights_keep_what_is_known_of_them(self, bundled, tmp_path):
        (path,) = gn.export(bundled, tmp_path, recipes="float32")

        record = load(path)[1]
        assert path.name == "ghostnet_050_tinyimagenet_96_float32.tflite"
        assert record.accuracy is not None
        assert record.family == "ghostnet"
        assert record.scores == "logits"

    def test_a_network_without_its_classifier_has_files_of_its_own(self, tmp_path):
        how = {"weights": "tinyimagenet", "include_top": False}
        maps, pooled = (gn.create_model("ghostnet_050", pooling=p, **how) for p in (None, "avg"))

        paths = [gn.export(model, tmp_path, recipes="float32")[0] for model in (maps, pooled)]

        assert [path.name for path in paths] == [
            "ghostnet_050_features_tinyimagenet_96_float32.tflite",
            "ghostnet_050_features_avg_pool_tinyimagenet_96_float32.tflite",
        ]

    def test_other_weights_do_not_replace_a_file_in_silence(self, tmp_path):
        model = classifier()
        how = {
            "recipes": "fp32",
            "labels": ["a", "b", "c"],
            "preprocessing": gn.Preprocessing(32, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3),
        }
        (path,) = gn.export(model, tmp_path, **how)
        before = path.read_bytes()
        model.layers[-1].bias.assign([1.0, 2.0, 3.0])

        with pytest.raises(gn.UserError, match="made from other weights") as refused:
            gn.export(model, tmp_path, **how)

        assert "overwrite=True" in refused.value.fix and path.read_bytes() == before
        gn.export(model, tmp_path, overwrite=True, **how)
        assert path.read_bytes() != before

    def test_trained_weights_are_ones_own(self, tmp_path):
        model = gn.create_model("ghostnet_050", weights="tinyimagenet", classes=2, new_head=True)
        sha256s = []
        for _ in range(2):
            (path,) = gn.export(model, tmp_path, recipes="float32", labels=["a", "b"])
            sha256s.append(load(path)[1].weights_sha256)
            model.layers[-1].bias.assign([1.0, 2.0])

        assert path.name == "ghostnet_050_own_96_float32.tflite"
        assert load(path)[1].labels == ("a", "b")
        assert len({*sha256s}) == 2

    def test_its_record_counts_what_was_frozen_too(self, tmp_path):
        keras.utils.set_random_seed(1)
        backbone = keras.Sequential(
            [layers.Conv2D(4, 3, 2), layers.BatchNormalization(), layers.ReLU()], name="backbone"
        )
        image = keras.Input((32, 32, 3))
        x = layers.GlobalAveragePooling2D()(backbone(image))
        model = keras.Model(image, layers.Dense(5, name="classifier")(x), name="own")
        backbone.trainable = False
        how = gn.Preprocessing(32, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3)

        (path,) = gn.export(model, tmp_path, "float32", preprocessing=how)

        record, head = load(path)[1], 5 * 4 + 5
        assert record.parameters == (4 * 27 + 4) + 2 * 4 + head
        assert record.trainable_parameters == head

    def test_one_that_normalises_inside_sees_the_pixels(self, tmp_path):
        model = classifier(layers.Rescaling(1 / 255), activation="softmax")

        (path,) = gn.export(
            model,
            tmp_path,
            recipes="float32",
            labels=["a", "b", "c"],
            normalises_inside=True,
            scores="softmax",
        )

        tflite = gn.TFLiteModel(path)
        photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
        expected = model.predict(photo[None].astype("float32"), verbose=0)[0]
        found = dict(tflite.predict(photo, top=3))
        np.testing.assert_allclose([found[name] for name in "abc"], expected, atol=1e-5)
        assert load(path)[1].scores == "softmax"
        assert load(path)[1].preprocessing["std"] == [1 / 255] * 3

    def test_logits_are_squashed_and_a_sigmoid_is_not(self, tmp_path):
        photo = np.full((32, 32, 3), 200, np.uint8)
        totals = {}
        for scores in ("logits", "sigmoid"):
            model = classifier(activation=None if scores == "logits" else scores)
            (path,) = gn.export(
                model,
                tmp_path,
                recipes="float32",
                labels=["a", "b", "c"],
                preprocessing=IMAGENET.at(32),
                scores=scores,
                weights=scores,
            )
            totals[scores] = sum(share for _, share in gn.TFLiteModel(path).predict(photo))

        assert totals["logits"] == pytest.approx(1, abs=1e-4)
        assert totals["sigmoid"] != pytest.approx(1, abs=0.05)

    @pytest.mark.parametrize(
        ("model", "says", "warning"),
        [
            ((layers.Rescaling(1 / 255),), {}, "say normalises_inside=True"),
            ((layers.Normalization(mean=0.5, variance=0.2),), {}, "say normalises_inside=True"),
        ],
    )
    def test_a_graph_that_says_otherwise_is_a_warning(self, model, says, warning, tmp_path):
        how = {"preprocessing": IMAGENET.at(32), "labels": ["a", "b", "c"]}

        with pytest.warns(UserWarning, match=warning):
            gn.export(classifier(*model, **says), tmp_path, recipes="float32", **how)

    def test_so_is_an_argument_that_the_graph_does_not_bear_out(self, tmp_path):
        with pytest.warns(UserWarning, match="no layer was found"):
            gn.export(classifier(), tmp_path, recipes="float32", normalises_inside=True)

    @pytest.mark.parametrize("scores", ["softmax", "sigmoid"])
    def test_values_beyond_0_and_1_cannot_be_called_probabilities(self, scores, tmp_path):
        how = {"preprocessing": IMAGENET.at(32), "scores": scores}

        with pytest.raises(
            gn.UserError, match=rf"probabilities \({scores}\), and reach"
        ) as refused:
            gn.export(classifier(), tmp_path, recipes="float32", **how)

        assert f"without scores='{scores}'" in refused.value.fix
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("says", "error"),
        [
            ({}, "does not say how it wants its photos"),
            ({"preprocessing": IMAGENET.at(32), "recipes": "float33"}, "no recipe 'float33'"),
            ({"preprocessing": IMAGENET.at(32), "labels": ["a"]}, "cannot name the 3 classes"),
            ({"preprocessing": IMAGENET.at(32), "scores": "odds"}, "no kind of scores 'odds'"),
            ({"preprocessing": IMAGENET.at(32), "name": "../x"}, "part of a file's name"),
            ({"preprocessing": IMAGENET.at(32), "photos": "none"}, "no folder or zip 'none'"),
            ({"preprocessing": IMAGENET}, r"was built for \(None, 32, 32, 3\)"),
        ],
    )
    def test_what_is_missing_is_named_and_nothing_is_written(self, says, error, tmp_path):
        with pytest.raises(gn.UserError, match=error):
            gn.export(classifier(), tmp_path, **{"recipes": "float32", **says})

        assert not list(tmp_path.iterdir())


class TestTFLiteModel:
    def test_a_path_an_open_photo_and_pixels_are_one(self, tflite):
        opened = Image.open(LIGHTHOUSE).convert("RGB")

        answers = tflite.predict([str(LIGHTHOUSE), LIGHTHOUSE, opened, np.asarray(opened)], top=2)

        assert answers == [tflite.predict(LIGHTHOUSE, top=2)] * 4
        assert "lighthouse" in answers[0][0][0]
        assert len(answers[0]) == 2
        assert 1 >= answers[0][0][1] > answers[0][1][1] > 0

    def test_it_gives_the_keras_models_scores(self, tflite, bundled):
        images = gn.preprocess_input([LIGHTHOUSE], bundled)

        expected = bundled.predict(images, verbose=0)
        np.testing.assert_allclose(tflite.scores(images), expected, atol=1e-3)

    def test_no_photos_have_no_answers(self, tflite):
        assert tflite.predict([]) == []

    @pytest.mark.parametrize("photo", [np.zeros((8, 8, 3)), np.zeros((8, 8), np.uint8)])
    def test_an_array_that_is_no_photo_is_refused(self, tflite, photo):
        with pytest.raises(gn.UserError, match="is no photo"):
            tflite.predict(photo)

    def test_top_must_be_one_or_more(self, tflite):
        with pytest.raises(gn.UserError, match="top is 0"):
            tflite.predict(LIGHTHOUSE, top=0)
