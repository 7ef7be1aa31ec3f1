"""What a demo may replace: an earlier demo where that is asked for, nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from app.cli.doors import doors
from app.cli.screen import with_workspace
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


def test_the_command_that_makes_it_anew_names_its_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "named", Path("demo"))
    (tmp_path / MARKER).write_text("sample", encoding="utf-8")
    with pytest.raises(AttuneError) as refused:
        try_demo(tmp_path)
    assert f"`attune demo {tmp_path} --again`" in with_workspace(str(refused.value))
    assert "-w demo review list`" in with_workspace("`attune review list`")


@pytest.mark.parametrize(("again", "ran"), [("", ""), ("AGAIN=1", "demo --again\n")])
def test_a_second_make_demo_ends_well_and_keeps_the_first(tmp_path: Path, again: str, ran: str) -> None:
    (tmp_path / "Makefile").write_bytes((Path(__file__).parents[3] / "Makefile").read_bytes())
    for name in (
        "requirements.lock",
        "pyproject.toml",
        "demo/sample-market.txt",
        ".venv/bin/python",
        ".venv/.ready",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    attune = tmp_path / ".venv/bin/attune"
    attune.write_text('#!/bin/sh\necho "$@" >> ran\n')
    attune.chmod(0o755)
    made = subprocess.run(
        ["make", "--no-print-directory", "demo", *again.split()],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    told = "The demo in demo/ is kept. See it: `make serve`, or `.venv/bin/attune -w demo review list`. A new one: "
    assert made.stdout == ("" if again else f"{told}`make demo AGAIN=1`.\n")
    assert (tmp_path / "ran").exists() is bool(ran)
    assert not ran or (tmp_path / "ran").read_text() == ran


def test_what_is_no_demo_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(AttuneError, match="not an earlier demo"):
        furnish(Settings(_env_file=None), tmp_path, with_model=False, tell=lambda _: None, again=True)
    assert (tmp_path / "book.txt").exists()
