"""Where the rooms beside this package lie: `export/` in a clone, `ghostnet_tf/_export/` in a wheel.

A wheel has one top-level name: an `export.py` of a user's own and we do not meet there.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (PACKAGE / "_export").is_dir()


def folder(room: str) -> Path:
    """The folder of `room`, such as "kernels"."""
    return PACKAGE / f"_{room}" if IS_INSTALLED else PACKAGE.parent / room


def module(room: str) -> str:
    """What `room` is called when it is imported by a program started in PACKAGE.parent."""
    return f"ghostnet_tf._{room}" if IS_INSTALLED else room


def reach(room: str, name: str) -> ModuleType:
    """The module `name` of `room`, imported from wherever we are."""
    if not IS_INSTALLED and not _is_first(room):
        _call_it_ours(room)
        return import_module(f"ghostnet_tf._{room}.{name}")
    return import_module(f"{module(room)}.{name}")


def command(verb: str) -> list[str]:
    """`ghostnet VERB` as a program of its own, run by this Python."""
    return [sys.executable, str(PACKAGE / "__main__.py"), verb]


def _is_first(room: str) -> bool:
    """Whether `import room` finds ours, and not a user's own file of that name or nothing."""
    try:
        found = find_spec(room)
    except ValueError:  # something made by hand stands in sys.modules
        return False
    places = (found.submodule_search_locations or ()) if found else ()
    return str(folder(room)) in {str(Path(place).resolve()) for place in places}


def _call_it_ours(room: str) -> None:
    """Let a clone's `room` be imported under the name that it has in a wheel."""
    name, here = f"ghostnet_tf._{room}", folder(room)
    if name in sys.modules:
        return
    spec = spec_from_file_location(
        name, here / "__init__.py", submodule_search_locations=[str(here)]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
