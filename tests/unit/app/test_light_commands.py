"""Commands that decide and draft nothing start without the libraries that do: those take seconds to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("langgraph", "sklearn", "scipy.stats", "pandas", "chromadb", "dbos")


@pytest.mark.parametrize("opened", ["app.cli.main", "app.wiring"])
def test_the_house_opens_without_heavy_libraries(opened: str) -> None:
    script = f"import sys, {opened}; print([name for name in {HEAVY!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
