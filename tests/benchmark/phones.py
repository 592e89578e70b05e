"""What every test of a phone does."""

from pathlib import Path

from benchmark.session import measure
from benchmark.targets.phone import PhoneTarget, open_phones
from ghostnet_tf.base.effort import EFFORTS

QUICK = EFFORTS["quick"]


def targets(server, phone, kit, core=None, **more) -> list[PhoneTarget]:
    return open_phones(phone.serial, core, 0.0, command=server, kit=kit, **more)


def measured(target, models, path: Path, is_resumed=False, tool="runner"):
    return measure(target, models, QUICK, QUICK.settings(tool=tool), path, is_resumed)
