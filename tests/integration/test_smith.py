"""What reaches LangSmith, by a stand-in of it on this machine: nothing unless asked, and then no word of anybody's."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CANARY = b"zqxfirst"
# A client waits for ever for a server that does not say all of these.
BATCHES = {
    "use_multipart_endpoint": True,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 2,
    "scale_down_nempty_trigger": 4,
}
# One contact, asked about by a pause: in a process of its own, for LangSmith reads its variables once.
PAUSED = """
import sys
from pathlib import Path
from langchain_core.tracers.langchain import wait_for_all_tracers
from app import loop
from app.drills.settling import settle
from app.runs import begin, carry_on
from domain.campaign import Autonomy
from evals.crowd import campaign
from memory.crm.statements import CONTACTS, writing

house = settle(Path(sys.argv[1]), 1, trace_text=sys.argv[2] == "shown")
with writing(house.engine) as connection:
    connection.execute(CONTACTS.update().values(first_name="Zqxfirst"))
run, _ = begin(house, campaign().model_copy(update={"autonomy": Autonomy.ASSIST}), is_dry_run=False)
loop.run(carry_on(house, run))
assert len(house.proposals.waiting()) == 1
house.close()
wait_for_all_tracers()
"""


class StandIn:
    """Takes what a LangSmith client posts."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        taken = self.taken

        class Taker(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(json.dumps({"version": "0.10", "batch_ingest_config": BATCHES}).encode())

            def do_POST(self) -> None:
                taken.append(self.rfile.read(int(self.headers["content-length"])))
                self._answer(b"{}")

            do_PATCH = do_POST

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def smith() -> Iterator[StandIn]:
    standing = StandIn()
    yield standing
    standing.close()


def told(smith: StandIn, folder: Path, text: str, **environment: str) -> bytes:
    known = {"LANGSMITH_API_KEY": "k", "LANGSMITH_ENDPOINT": smith.url, "PYTHONPATH": str(ROOT)}
    known |= {"LANGSMITH_DISABLE_RUN_COMPRESSION": "true", "PATH": "/usr/bin:/bin"}
    child = [sys.executable, "-c", PAUSED, str(folder / "ws"), text]
    subprocess.run(child, check=True, cwd=ROOT, env=known | environment, capture_output=True, timeout=120)
    return b"".join(smith.taken).lower()


def test_nothing_is_told_unless_asked(smith: StandIn, tmp_path: Path) -> None:
    assert told(smith, tmp_path, "hidden") == b""


def test_steps_are_told_without_a_word_of_the_person_though_a_pause_is_told_as_an_error(
    smith: StandIn, tmp_path: Path
) -> None:
    taken = told(smith, tmp_path, "hidden", LANGSMITH_TRACING="true")
    assert b'"name":"outreach"' in taken
    assert b"graphinterrupt" in taken
    for secret in (CANARY, b"person0@", b"subject"):
        assert secret not in taken, secret


def test_asked_for_the_text_is_told(smith: StandIn, tmp_path: Path) -> None:
    taken = told(smith, tmp_path, "shown", LANGSMITH_TRACING="true")
    assert CANARY in taken
    assert b"person0@" in taken
