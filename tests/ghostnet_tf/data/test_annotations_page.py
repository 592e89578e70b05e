"""What docs/annotations.md shows is what is read."""

import re
from pathlib import Path

from ghostnet_tf.data import yolo_yaml
from ghostnet_tf.data.masks import MaskClasses

PAGE = Path(__file__).resolve().parents[3] / "docs" / "annotations.md"
EXAMPLES = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_yaml_of_the_page_is_read():
    told = yolo_yaml.settings(EXAMPLES[0].split("\n"), {"train", "val", "names"}, "'data.yaml'")

    assert told["names"].value == ["dog", "cat"] and told["val"].value == "images/val"


def test_the_class_file_of_the_page_is_read():
    classes = MaskClasses.parsed(EXAMPLES[1].split("\n"), "'classes.txt'")

    assert classes.names == ("Sky", "Building", "Pole") and classes.ignored == {11, 255}
    assert classes.colours[2] == (192, 192, 128) and len(EXAMPLES) == 2
