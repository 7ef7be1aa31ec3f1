"""From `attune serve` on a workspace without members to a signed-in page: the printed link, in a real browser."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.learning_workspace import open_workspace

ROOT = Path(__file__).resolve().parents[2]
ATTUNE = [sys.executable, "-u", "-c", "from app.cli import main; main()"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The link `attune serve` prints, and what else it says until it is ended."""
    open_workspace(tmp_path / "w", contacts=2).close()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "OPENAI_"))}
    process = subprocess.Popen(
        [*ATTUNE, "-w", str(tmp_path / "w"), "serve", "--port", str(free_port())],
        cwd=tmp_path,
        env={**clean, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        told.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/sign-in/link/\S+", line):
            break
    else:
        pytest.fail("it ended without printing a link: " + "".join(told))
    yield found[0], told
    process.send_signal(signal.SIGTERM)
    try:
        rest, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, "".join(told) + rest
    assert "nothing is lost" in rest


def test_the_printed_link_leads_to_a_signed_in_page(browser: Browser, served: tuple[str, list[str]]) -> None:
    link, told = served
    assert any("Nobody is a member yet" in line for line in told)
    page = browser.new_context(timezone_id="America/Chicago").new_page()
    for _ in range(50):
        try:
            page.goto(link)
            break
        except Exception:
            # The process prints the link a moment before it answers.
            page.wait_for_timeout(200)
    page.get_by_label("Your name").fill("Dana Reyes")
    page.get_by_label("E-mail").fill("dana@team.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Places")).to_be_visible()
    page.goto(link.rpartition("/sign-in")[0] + "/me")
    expect(page.get_by_label("Time zone")).to_have_value("America/Chicago")
    expect(page.get_by_role("heading", name="Dana Reyes")).to_be_visible()
    answer = page.goto(link)
    assert answer is not None
    assert answer.status == 410
