"""What tasks that learn from photos have in common."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.zoo import parse_model
from ghostnet_tf.tasks.task import task
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.weights.checkpoint import CheckpointInfo


def test_settings_that_a_task_has_no_use_for_are_refused():
    detect, keywords = task("detect"), task("keywords")
    info = CheckpointInfo(detect.model, ("disc",), parse_model(detect.model).sight)
    weighted = replace(schedules.load("detect"), class_weights=True)

    with pytest.raises(UserError, match="there are no class weights"):
        detect.learning(info, weighted, np.empty(0, object))
    sized = replace(schedules.load("keywords"), sizes=((0, 96),))
    with pytest.raises(UserError, match="sounds have no size"):
        keywords.network(keywords.model, None, ("yes", "no"), sized)


@pytest.mark.parametrize("name", ["classify", "detect", "segment"])
def test_a_schedule_without_sizes_is_refused(name):
    one = task(name)
    entry = parse_model(one.model)
    info = CheckpointInfo(one.model, ("disc", "square"), entry.sight)
    schedule = replace(schedules.load(one.schedule), sizes=((0, 64),), epochs=4)

    kept = one.keeping(info, schedule)(Image.new("RGB", (640, 480)))
    assert kept.dtype == np.uint8 and 64 <= min(kept.shape[:2]) < 200
    with pytest.raises(UserError, match="the schedule has no sizes, and photos need one"):
        one.keeping(info, replace(schedule, sizes=()))
