"""Data of another task, given to `train` without `--task`."""

import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.tasks.classify.other_task import refuse_other_task
from tests.ghostnet_tf.data.test_damaged_annotations import InMemory

BOTH = [f"{i}" for i in range(3)]
OTHERS = {
    "keywords": [f"{word}/{i}.wav" for word in ("yes", "no") for i in BOTH],
    "detect": [*(f"JPEGImages/{i}.jpg" for i in BOTH), *(f"Annotations/{i}.xml" for i in BOTH)],
    "segment": [*(f"images/{i}.jpg" for i in BOTH), *(f"masks/{i}.png" for i in BOTH)],
}
CLASSES = {
    "two classes": [f"{name}/{i}.jpg" for name in ("cat", "dog") for i in BOTH],
    "people with masks": [f"{name}/{i}.png" for name in ("mask", "no_mask") for i in BOTH],
    "a class called images": [f"{n}/{n}{i}.png" for n in ("images", "masks") for i in BOTH],
    "texts beside photos": [*(f"cat/{i}.jpg" for i in BOTH), "dog/a.jpg", "cat/about.txt", "x.xml"],
}


@pytest.mark.parametrize("task", OTHERS)
def test_another_task_is_named(task):
    with pytest.raises(UserError, match=r"holds (sounds|photos with)") as refused:
        refuse_other_task(InMemory(dict.fromkeys(OTHERS[task], b"")))

    assert f"task={task!r}" in str(refused.value.fix)


@pytest.mark.parametrize("files", CLASSES.values(), ids=CLASSES)
def test_class_folders_are_no_other_task(files):
    refuse_other_task(InMemory(dict.fromkeys(files, b"")))
