"""No test is timed: timings belong to the benchmark, and machines are shared."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items):
    """The longest files begin first, or all but one worker would wait for them at the end."""
    items.sort(key=lambda item: "kernels" not in item.path.parts)
