import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import artifact_name
from ghostnet_tf.base.sides import sides, size_named, spelled


@pytest.mark.parametrize(
    ("typed", "size", "both"),
    [
        ("96", 96, (96, 96)),
        ("96x160", (96, 160), (96, 160)),
        ("160X96", (160, 96), (160, 96)),
        ("96x96", 96, (96, 96)),
    ],
)
def test_a_size_is_what_was_typed_height_first(typed, size, both):
    assert size_named(typed) == size and sides(size) == both
    assert size_named(spelled(size)) == size


@pytest.mark.parametrize(
    "typed", ["", "x", "96x", "x96", "9 6", "-96", "96.5", "96x1x3", "٩٦", "9" * 9]
)
def test_what_is_no_size_is_refused(typed):
    with pytest.raises(UserError, match="is no size of an image") as refused:
        size_named(typed)
    assert "96x160: height, then width" in refused.value.fix


def test_a_files_name_says_both_sides_where_they_differ():
    assert artifact_name("a", "b", [360, 480], "float32") == "a_b_360x480_float32.tflite"
    assert artifact_name("a", "b", 96, "float32") == "a_b_96_float32.tflite"
