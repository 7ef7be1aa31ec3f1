"""What a demo may replace: an earlier demo where that is asked for, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.demo import MARKER, furnish
from app.settings import Settings
from domain.errors import AttuneError


def try_demo(folder: Path) -> None:
    furnish(Settings(_env_file=None), folder, with_model=False, tell=lambda _: None)


def test_a_second_demo_keeps_the_first_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("sample", encoding="utf-8")
    (tmp_path / "attune.db").write_text("reviews", encoding="utf-8")
    with pytest.raises(AttuneError, match=f"attune demo {tmp_path} --again"):
        try_demo(tmp_path)
    assert (tmp_path / "attune.db").read_text(encoding="utf-8") == "reviews"


def test_what_is_no_demo_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(AttuneError, match="not an earlier demo"):
        furnish(Settings(_env_file=None), tmp_path, with_model=False, tell=lambda _: None, again=True)
    assert (tmp_path / "book.txt").exists()
