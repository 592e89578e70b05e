import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.labels import CIFAR10, IMAGENET, TINYIMAGENET, Labels, labels


def test_each_table_has_as_many_classes_as_its_data_set():
    assert (len(IMAGENET), len(TINYIMAGENET), len(CIFAR10)) == (1000, 200, 10)


def test_the_tables_follow_the_order_of_sorted_folders():
    assert list(IMAGENET.ids) == sorted(IMAGENET.ids)
    assert list(TINYIMAGENET.ids) == sorted(TINYIMAGENET.ids)


def test_imagenet_begins_with_the_tench_and_not_with_background():
    assert IMAGENET.names[0] == "tench"
    assert (IMAGENET.ids[-1], IMAGENET.names[-1]) == ("n15075141", "toilet tissue")


def test_two_classes_may_share_a_name_but_never_an_id():
    assert IMAGENET.names.count("crane") == 2

    with pytest.raises(UserError, match="'n2' stands twice"):
        Labels(("n1", "n2", "n2"), ("a", "b", "c"))


@pytest.mark.parametrize("classes", [999, 1001])
def test_one_label_too_many_or_too_few_is_refused_and_background_suspected(classes):
    with pytest.raises(UserError, match=f"1000 labels .* {classes} classes") as error:
        IMAGENET.expect(classes)
    assert "background" in error.value.fix


def test_1001_labels_are_refused_for_a_1000_class_model():
    with_background = Labels(("bg", *IMAGENET.ids), ("background", *IMAGENET.names))

    with pytest.raises(UserError, match="1001 labels cannot name the 1000 classes"):
        with_background.expect(1000)


def test_labels_that_fit_are_handed_back():
    assert TINYIMAGENET.expect(200) is TINYIMAGENET


def test_a_file_of_the_user_is_read_with_or_without_ids(tmp_path):
    (tmp_path / "mine.tsv").write_text("n1\tcat, house cat\nn2\tdog\n")
    (tmp_path / "bare.txt").write_text("cat\ndog\n")

    assert labels(str(tmp_path / "mine.tsv")) == Labels(("n1", "n2"), ("cat, house cat", "dog"))
    assert labels(str(tmp_path / "bare.txt")) == Labels.of_folders(("cat", "dog"))


def test_an_empty_line_is_refused_because_it_would_shift_the_classes(tmp_path):
    (tmp_path / "hole.txt").write_text("cat\n\ndog\n")

    with pytest.raises(UserError, match=r"line 2 of .*hole.txt' is empty"):
        labels(str(tmp_path / "hole.txt"))


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"\xff\xfe\x00TFL3")

    with pytest.raises(UserError, match=r"model.tflite' are not in UTF-8"):
        labels(str(tmp_path / "model.tflite"))


def test_a_misspelt_table_is_answered_with_the_right_one():
    with pytest.raises(UserError, match="no label table 'tinyimagnet'") as error:
        labels("tinyimagnet")
    assert "tinyimagenet" in error.value.fix
