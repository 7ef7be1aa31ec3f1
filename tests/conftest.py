"""Every test: few examples a property by default, many with `HYPOTHESIS_PROFILE=thorough`; the longest tests first."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# A fifth of the suite's time went to looking for garbage among modules and tests, which are none.
gc.set_threshold(100_000, 50, 1_000)


def pytest_collection_finish() -> None:
    """Leave alone what was collected: it lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first: a worker that takes one up at the end keeps the other waiting."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
