"""What pyproject.toml cannot say: which folder of a clone becomes which package of a wheel.

A wheel puts one name into site-packages. `export/`, `benchmark/` and `kernels/` become parts of
`ghostnet_tf` there, so that a folder or file of that name of a user's own and ours do not meet.
"""

import tempfile

from setuptools import find_packages, setup

MOVED = ("export", "benchmark", "kernels")
SAMPLES = "ghostnet_tf._web_demo.samples"  # our drawings: the first photos to try a file on


def parts(room: str) -> list[str]:
    """The packages of a room as the wheel names them."""
    return [f"ghostnet_tf._{room}", *(f"ghostnet_tf._{room}.{p}" for p in find_packages(room))]


with tempfile.TemporaryDirectory() as scratch:
    setup(
        packages=[
            *find_packages(include=["ghostnet_tf", "ghostnet_tf.*"]),
            *(package for room in MOVED for package in parts(room)),
            SAMPLES,
        ],
        package_dir={
            **{f"ghostnet_tf._{room}": room for room in MOVED},
            SAMPLES: "web_demo/samples",
        },
        # build/ is for models, and what an earlier build left there would come into the wheel.
        options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
    )
