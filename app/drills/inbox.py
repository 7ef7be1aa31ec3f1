"""How fast the inbox is with much in it: pages and acts over HTTP, one after the other; `python -m app.drills.inbox`.

A crowd is settled, one run asks a person about as many of its messages as are wanted, and the web app is served from a
process of its own. What is timed is what a reviewer's browser waits for, from the request to the last byte.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from app import loop
from app.drills.settling import settle
from app.runs import begin, carry_on
from app.wiring import House
from domain.campaign import Autonomy
from domain.review_queue import QueueFilter, QueueLine
from domain.staff import Role
from evals.crowd import campaign

MOST_PAGE_SECONDS = 1.0
MOST_ACT_SECONDS = 0.3


@dataclass
class Browser:
    """One signed-in reviewer, and what each kind of request took."""

    client: httpx.Client
    csrf: str
    took: dict[str, list[float]] = field(default_factory=dict)

    def look(self, what: str, path: str) -> None:
        """Ask for a page and note how long it took."""
        self._timed(what, lambda: self.client.get(path), 200)

    def act(self, what: str, line: QueueLine, path: str, **form: str) -> None:
        """Post one of a proposal's forms and note how long it took. A recheck answers at once, an act leads on."""
        told = {"csrf": self.csrf, "sha": line.message_sha256, "query": "", **form}
        expect = 200 if path == "recheck" else 303
        self._timed(what, lambda: self.client.post(f"/inbox/{line.proposal_id}/{path}", data=told), expect)

    def _timed(self, what: str, ask: Callable[[], httpx.Response], expect: int) -> None:
        began = time.perf_counter()
        answer = ask()
        self.took.setdefault(what, []).append(time.perf_counter() - began)
        if answer.status_code != expect:
            raise SystemExit(f"{what}: {answer.status_code} instead of {expect}: {answer.text[:300]}")


def main() -> int:
    """Measure and print one table; 1 where a bound was not kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--proposals", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=100, help="how often each thing is done")
    parser.add_argument("--workspace", type=Path, help="made there, and used again where it stands already")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-inbox-") as folder:
        house = _prepared(given.workspace or Path(folder) / "ws", given.contacts, given.proposals)
        took = _measure(house, given.times)
        waiting, known = house.review_queue.counts(house.clock()).waiting, house.crm.counts()["contacts"]
        house.close()
    return _tell(took, f"{known:,} contacts, {waiting:,} proposals still waiting")


def _prepared(folder: Path, contacts: int, proposals: int) -> House:
    if (folder / "link.key").exists():
        house = settle(folder, 0)
        if house.review_queue.counts(house.clock()).waiting:
            return house
        house.close()
    house = settle(folder, contacts)
    plan = campaign(proposals).model_copy(update={"autonomy": Autonomy.ASSIST})
    run, _ = begin(house, plan, is_dry_run=False)
    loop.run(carry_on(house, run))
    return house


def _measure(house: House, times: int) -> dict[str, list[float]]:
    from app.web.guard import csrf_token

    reviewer = house.staff.by_email("drill@attune.example") or house.staff.join(
        "drill@attune.example", "Drill", Role.ADMIN, "UTC", how="drill"
    )
    from memory.crm.sessions import SessionStore

    secret = SessionStore(house.engine, house.audit, house.clock).begin(reviewer, "drill")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = multiprocessing.get_context("fork").Process(
            target=_serve, args=(house, listening), daemon=True
        )
        server.start()
        try:
            headers = {"cookie": f"__Host-attune={secret}", "accept": "text/html", "origin": url}
            with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
                browser = Browser(client, csrf_token(secret))
                _walk(house, browser, times)
        finally:
            server.terminate()
            server.join()
    return browser.took


def _serve(house: House, listening: socket.socket) -> None:
    import uvicorn

    from app.web import make_app

    # The engine's connections must not be shared with the parent: this process opens its own.
    own = House(house.settings, house.workspace, house.clock)
    config = uvicorn.Config(make_app(own), log_level="error", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


def _walk(house: House, browser: Browser, times: int) -> None:
    """What a reviewer does, over and over; the first round warms up and is not counted."""
    queue = house.review_queue.page(QueueFilter(), house.clock()).lines
    first = queue[0]
    browser.look("warm-up", f"/inbox/{first.proposal_id}")
    edited = _words(house, first)
    browser.act("warm-up", first, "recheck", **edited)
    browser.act("warm-up", first, "edit", do="save", **edited)
    browser.took.clear()
    pages = {
        "inbox, first page": "/inbox",
        "inbox, a page in the middle": "/inbox?page=40",
        "inbox, most worth first": "/inbox?sort=value",
        "inbox, found by words": "/inbox?q=person4+co1",
        "figures": "/inbox/figures",
        "earned autonomy": "/autonomy",
    }
    for number in range(times):
        for what, path in pages.items():
            browser.look(what, path)
        each = house.review_queue.page(QueueFilter(), house.clock(), 2 + number % 40).lines
        look, snoozed, assigned, approved, rejected, changed = each[:6]
        browser.look("one proposal", f"/inbox/{look.proposal_id}")
        browser.look("its message", f"/inbox/{look.proposal_id}/message")
        words = _words(house, changed)
        browser.act("recheck while typing", changed, "recheck", **words)
        browser.act("edit", changed, "edit", do="save", **words)
        browser.act("put off", snoozed, "snooze", until="hours")
        browser.act("give to somebody", assigned, "assign", to="")
        browser.act("approve", approved, "approve")
        browser.act("reject", rejected, "reject", reason="wrong moment")


def _words(house: House, line: QueueLine) -> dict[str, str]:
    """An edit of a proposal that is another one each time the drill is run."""
    draft = house.proposals.get(line.proposal_id).draft
    return {"subject": f"A plain subject, take {draft.revision + 2}", "body": draft.body}


ACTS = {"recheck while typing", "edit", "put off", "give to somebody", "approve", "reject"}


def _tell(took: dict[str, list[float]], title: str) -> int:
    table = Table(title=title)
    for column in ("what", "times", "median, ms", "p95, ms", "slowest, ms"):
        table.add_column(column, justify="left" if column == "what" else "right")
    is_kept = True
    for what, seconds in took.items():
        p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
        numbers = (statistics.median(seconds), p95, max(seconds))
        table.add_row(what, str(len(seconds)), *(f"{1_000 * number:,.0f}" for number in numbers))
        is_kept = is_kept and p95 < (MOST_ACT_SECONDS if what in ACTS else MOST_PAGE_SECONDS)
    Console(width=110).print(table)
    bounds = f"pages within {MOST_PAGE_SECONDS:g} s, acts within {1_000 * MOST_ACT_SECONDS:g} ms, 95 of 100"
    print(f"bounds ({bounds}) {'kept' if is_kept else 'NOT kept'}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
