"""What every test of a phone does."""

from pathlib import Path

from benchmark.plan import settings_of
from benchmark.session import measure
from benchmark.targets.phone import PhoneTarget, open_phones
from ghostnet_tf.base.effort import EFFORTS

QUICK = EFFORTS["quick"]


def targets(server, phone, tool, core=None, **more) -> list[PhoneTarget]:
    return open_phones(phone.serial, core, 0.0, command=server, tool=tool, **more)


def measured(target, models, path: Path, is_resumed=False, tool="runner"):
    settings = settings_of(QUICK, tool=tool)
    return measure(target, models, QUICK, settings, path, is_resumed=is_resumed)
