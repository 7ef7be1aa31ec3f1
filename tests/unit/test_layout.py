"""The house itself: names nobody else may own, settings and files that must be told about."""

from __future__ import annotations

import ast
import re
from importlib import metadata
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "policies", "learning", "prompts", "agents", "tools", "memory", "evals", "app")


def test_no_other_distribution_owns_one_of_our_rooms() -> None:
    owners = metadata.packages_distributions()
    for room in ROOMS:
        strangers = {name for name in owners.get(room, ()) if name != "attune"}
        assert not strangers, (
            f"{room}/ is also installed by {strangers}: install Attune into its own environment"
        )


def test_every_setting_is_in_the_example_file() -> None:
    told = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    names = {
        name.upper() if name.startswith("openai_") else f"ATTUNE_{name.upper()}"
        for name in Settings.model_fields
    }
    assert told == names


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_takes_a_standard_library_name_and_each_says_why_it_exists(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        if "versions" in path.parts:
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, f"{path} has no docstring"
        assert "TO BE DESCRIBED" not in docstring, path


def test_the_locks_name_no_host_and_hash_everything() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", text, re.MULTILINE)
        assert len(pinned) > 50
        blocks = re.split(r"\n(?=[a-z0-9])", text)
        assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n", 1)[0])
