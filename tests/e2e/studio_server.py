"""A running `langgraph dev` on a workspace of its own, in the environment `make studio-setup` makes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDIO = Path(os.environ.get("ATTUNE_STUDIO_VENV", ROOT / ".venv-studio"))
SECRET = "a-secret-of-this-test"
HEADERS = {"authorization": f"Bearer {SECRET}"}
MOST_SECONDS_TO_START = 120


def needs_the_server() -> None:
    """Skip where langgraph dev is not installed."""
    if not (STUDIO / "bin" / "langgraph").exists():
        pytest.skip(
            f"langgraph dev is not installed in {STUDIO}; `make studio-test` installs it and runs this"
        )


@contextlib.contextmanager
def running(workspace: Path, folder: Path, **settings: str) -> Iterator[str]:
    """Start the server on a free port of this machine and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ATTUNE_", "OPENAI_", "LANG", "OTEL_"))
    }
    environment |= {
        "ATTUNE_WORKSPACE": str(workspace),
        "LANGSMITH_TRACING": "false",
        "LANGGRAPH_CLI_NO_ANALYTICS": "1",
        "LANGGRAPH_DISABLE_FILE_PERSISTENCE": "true",
        "PYTHONPATH": str(ROOT),
        "ATTUNE_STUDIO_SECRET": SECRET,
        **settings,
    }
    serve = [STUDIO / "bin" / "langgraph", "dev", "--no-browser", "--no-reload", "--allow-blocking"]
    log = folder / "studio.log"
    with log.open("wb") as told:
        server = subprocess.Popen(
            [*map(str, serve), "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    at = f"http://127.0.0.1:{port}"
    try:
        _wait_for(at, server, log)
        yield at
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(at: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(MOST_SECONDS_TO_START * 5):
        if server.poll() is not None:
            pytest.fail(f"langgraph dev ended at once:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{at}/ok", timeout=2).status_code == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"langgraph dev did not answer within {MOST_SECONDS_TO_START} s:\n{log.read_text()[-3000:]}")
