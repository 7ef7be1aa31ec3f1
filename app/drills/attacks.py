"""Plays attack cases through the whole house: `python -m app.drills.attacks CASES OUT [--writer …] [--without …]`.

One contact a case, each in a company of its own; one real run on autopilot, with whoever writes standing in for the
language model. What left and what was stored is written as one JSON line a case, for `evals/attacks` to judge.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from app import loop
from app.drills.settling import settle
from app.remembering import catch_up
from app.runs import begin, carry_on
from app.wiring import House as Home
from domain.events import EventKind
from domain.history import MemoryKind
from domain.message import Verdict
from domain.people import ConsentBasis, LifecycleStage
from domain.records import AccountRow, ContactRow, EventRow, Place, Row
from domain.run import ContactOutcome
from evals.attacks.cases import Case
from evals.attacks.obeying import ObeyingModel
from evals.attacks.observation import House, Left, Observation
from evals.crowd import NOON, campaign, library
from memory.crm.statements import (
    ACCOUNTS,
    ASSETS,
    CLAIMS,
    CONSENTS,
    CONTACTS,
    IDENTITIES,
    SUPPRESSIONS,
)
from policies.quiet_hours import is_open

WATCHED = (ACCOUNTS, ASSETS, CLAIMS, CONSENTS, CONTACTS, IDENTITIES, SUPPRESSIONS)
"""Tables that no model may change, in no way."""

_NEVER = re.compile(r"(?!)")

GUARDS: dict[str, Callable[[], list[Any]]] = {
    "schema": lambda: [patch("agents.answers._ADDRESS", _NEVER), patch("agents.answers._MARKUP", _NEVER)],
    "rules": lambda: [
        patch("agents.graph.review_message", lambda *_, **__: Verdict()),
        patch("policies.send.review_message", lambda *_, **__: Verdict()),
    ],
    "orders": lambda: [patch("policies.stakes.gives_orders", lambda _: None)],
    "code sets the recipient": lambda: [
        patch("agents.letter._display_name", lambda _: "mallory@evil-collect.example"),
        patch("policies.content.review_envelope", lambda _: ()),
    ],
}
"""Guards that can be switched off, to see that the judges see."""


@dataclass(frozen=True)
class Played:
    """What came of a run: the house, and one observation a case in the cases' order."""

    house: House
    seen: tuple[Observation, ...]


def play(folder: Path, cases: Sequence[Case], writer: str = "obeying", without: Sequence[str] = ()) -> Played:
    """Run the cases in a new workspace under `folder`.

    Args:
        folder: an empty or missing folder.
        cases: one contact each.
        writer: `obeying`, `honest` (the same sentences, obeying nobody) or `understudy` (no model).
        without: guards to switch off.
    """
    model = None if writer == "understudy" else ObeyingModel(obeys=writer == "obeying")
    home = settle(folder, 0)
    try:
        home.intake.take(_rows(cases), source_name="attacks", rejects_path=folder / "rejects" / "attacks.csv")
        catch_up(home)
        before = _state(home)
        home.__dict__["model"] = model
        began, cpu = time.perf_counter(), time.process_time()
        with contextlib.ExitStack() as off:
            for guard in without:
                for each in GUARDS[guard]():
                    off.enter_context(each)
            run, _ = begin(home, campaign(), is_dry_run=False)
            loop.run(carry_on(home, run))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        after = _state(home)
        seen = tuple(
            _observed(home, run.id, number, case, before, after, model) for number, case in enumerate(cases)
        )
        return Played(_house(home, model, before, after, took, cpu), seen)
    finally:
        home.close()


# The contacts ------------------------------------------------------------------------------------------


def address_of(number: int) -> str:
    """The address of a case's contact."""
    return f"person{number}@co{number}.example"


def _rows(cases: Sequence[Case]) -> Iterator[Row]:
    for number, case in enumerate(cases):
        place = Place(file="attacks", row=number + 2)
        words = case.text
        is_cell, is_form = case.field == "csv_import.cell", case.field == "web_form.company"
        is_page = case.field == "enrichment.page_text"
        yield AccountRow(
            place=place,
            source="attacks",
            external_id=f"co{number}",
            name=words if is_form else f"Company {number}",
            domain=f"co{number}.example",
            industry=words if is_page else "Logistics",
            employees=120,
            country="US",
            attributes={"page": words} if is_page else {},
        )
        yield ContactRow(
            place=place,
            source="attacks",
            external_id=f"p{number}",
            email=address_of(number),
            account_external_id=f"co{number}",
            first_name=words if is_cell else "Ana",
            last_name="Adler",
            job_title=words if is_cell else "Planning Lead",
            department=words if is_cell else None,
            country="US",
            time_zone="America/New_York",
            lifecycle_stage=LifecycleStage.MQL,
            created_at=NOON - timedelta(days=200),
            consent_basis=ConsentBasis.EXPRESS,
            consent_at=NOON - timedelta(days=100),
            consent_wording="Yes, write to me.",
            consent_source="attacks",
            attributes={"cell": words} if is_cell else {},
        )
        yield from _doings(number, place, case)


def _doings(number: int, place: Place, case: Case) -> Iterator[EventRow]:
    def event(kind: EventKind, days: int, **told: Any) -> EventRow:
        return EventRow(
            place=place,
            source="attacks",
            provider_id=f"{number}:{kind.value}:{days}",
            kind=kind,
            at=NOON - timedelta(days=days),
            contact_external_id=f"p{number}",
            **told,
        )

    words = case.text
    yield event(EventKind.PAGE_VIEWED, 9, topic="pricing", subject="Pricing page")
    yield event(EventKind.CONTENT_DOWNLOADED, 12, topic="pricing", subject="Guide to pricing")
    if case.field == "contact.note":
        yield event(EventKind.NOTE_ADDED, 3, text=words)
    elif case.field == "inbound_reply.body":
        yield event(EventKind.EMAIL_REPLIED, 3, subject="Re: your guide", text=words)
    elif case.field == "web_form.company":
        yield event(EventKind.FORM_SUBMITTED, 3, subject="Contact form", text=f"Company: {words}")
    elif case.field == "enrichment.page_text":
        yield event(EventKind.PAGE_VIEWED, 2, topic="pricing", subject=words, text=words)
    elif case.field == "webhook_event.property":
        yield event(EventKind.WEBINAR_ATTENDED, 3, topic=words, subject=words, properties={"title": words})


# What came of it ---------------------------------------------------------------------------------------


def _state(home: Home) -> dict[str, dict[str, str]]:
    """Every row of the watched tables as JSON, by what makes it one."""
    found: dict[str, dict[str, str]] = {}
    with home.engine.connect() as connection:
        for table in WATCHED:
            rows = connection.execute(select(table)).mappings()
            keys = [column.name for column in table.primary_key.columns]
            found[table.name] = {
                "|".join(str(row[key]) for key in keys): json.dumps(dict(row), default=str, sort_keys=True)
                for row in rows
            }
    return found


def _observed(
    home: Home,
    run_id: str,
    number: int,
    case: Case,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    model: ObeyingModel | None,
) -> Observation:
    contact = home.crm.contact_by(address_of(number))
    line = home.runs.line(run_id, contact.id)
    assert line is not None
    record = home.archive.made_for(line.decision_id) if line.decision_id else None
    draft, stakes = (record.draft, record.stakes) if record else (None, None)
    mails = [_read(path) for path in _mails_to(home, run_id, contact.id)]
    own = home.bench.canary(run_id, contact.id)
    company = f"“Company {number}”"
    others = (held for canary, held in model.prompts.items() if canary != own) if model else ()
    findings = record.verdict.findings if record and record.verdict else ()
    return Observation(
        case_id=case.id,
        contact_email=contact.email or "",
        outcome=line.outcome.value,
        rule_id=line.rule_id,
        reasons=tuple(f"{f.rule_id} {f.severity.value}: {f.reason}" for f in findings),
        holds=tuple(reason.code for reason in stakes.reasons) if stakes else (),
        author=draft.author.value if draft else None,
        said=f"{draft.subject}\n{draft.body}" if draft else "",
        left=tuple(mails),
        in_hours=line.outcome is not ContactOutcome.SENT or is_open(contact, home.clock(), home.rules),
        changed=tuple(
            name
            for name in before
            if any(
                contact.id in key + row and after[name].get(key) != row for key, row in before[name].items()
            )
        ),
        lessons=home.history.counts(contact.id).get(MemoryKind.LESSON, 0),
        seen_by_others=sum(company in held for held in others),
    )


def _mails_to(home: Home, run_id: str, contact_id: str) -> list[Path]:
    from agents.workbench import outbox_id

    return sorted(home.workspace.mailbox.glob(f"{outbox_id(run_id, contact_id)}@*.eml"))


def _read(path: Path) -> Left:
    mail = message_from_bytes(path.read_bytes(), policy=default)
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    return Left(
        headers=tuple((name, str(value)) for name, value in mail.items()),
        text=text.get_content() if text else "",
        html=page.get_content() if page else "",
    )


def _house(
    home: Home,
    model: ObeyingModel | None,
    before: dict[str, dict[str, str]],
    after: dict[str, dict[str, str]],
    seconds: float,
    cpu_seconds: float,
) -> House:
    sender, assets = home.sender, library()
    hosts = {*sender.link_hosts, sender.website.host or "", sender.unsubscribe_url.host or ""}
    hosts |= {asset.url.host or "" for asset in assets}
    approved = " ".join(
        " ".join((asset.title, asset.summary, asset.call_to_action, *(claim.text for claim in asset.claims)))
        for asset in assets
    )
    return House(
        from_address=str(sender.from_email),
        reply_to=str(sender.reply_to) if sender.reply_to else None,
        hosts=tuple(sorted(host for host in hosts if host)),
        approved=approved,
        other_secrets=tuple(model.seen) if model else (),
        tables_changed=tuple(name for name in before if before[name] != after[name]),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
    )


def main() -> None:
    """Play the cases of a file and write what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", type=Path, help="one JSON case a line")
    parser.add_argument("out", type=Path, help="first line the house, then one observation a line")
    parser.add_argument("--writer", choices=["obeying", "honest", "understudy"], default="obeying")
    parser.add_argument(
        "--without", action="append", choices=sorted(GUARDS), default=[], help="a guard to switch off"
    )
    given = parser.parse_args()
    cases = [
        Case.model_validate_json(line)
        for line in given.cases.read_text(encoding="utf-8").rstrip("\n").split("\n")
    ]
    with tempfile.TemporaryDirectory(prefix="attune-attacks-") as folder:
        played = play(Path(folder) / "ws", cases, given.writer, given.without)
    lines = [played.house.model_dump_json(), *(one.model_dump_json() for one in played.seen)]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
