"""`attune policy check`: what every rule says of one mail on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.cli.doors import doors
from app.cli.main import main
from app.deliver import deliver_due
from app.policy_check import check
from app.runs import begin, carry_on
from app.wiring import House
from domain.errors import InvalidFile, NotFound
from evals.crowd import campaign
from memory.crm.statements import CONTACTS, writing
from tests.settled import settle


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = settle(tmp_path / "ws", 3)
    yield house
    house.close()


async def one_mail(house: House) -> Path:
    run, _ = begin(house, campaign(), is_dry_run=False)
    await carry_on(house, run)
    await deliver_due(house)
    return min(house.workspace.mailbox.rglob("*.eml"))


def rules_of(house: House, mail: Path, to: str) -> set[str]:
    return {finding.rule_id for finding in check(house, mail, to, None).findings}


async def test_a_mail_of_ours_is_judged_with_what_is_on_record_and_passes(house: House) -> None:
    mail = await one_mail(house)
    entry = next(e for e in house.outbox.entries() if e.message.message_id.encode() in mail.read_bytes())
    report = check(house, mail, entry.contact_id, None)
    assert {finding.rule_id for finding in report.findings} <= {"C-18"}  # the hour is the machine's
    assert entry.id in report.known_as
    assert {"C-01", "C-02", "C-05", "C-07", "C-21", "C-25"} <= set(report.passed)
    assert check(house, mail, entry.message.to_address.upper(), None).contact == report.contact


async def test_a_changed_mail_is_told_from_the_one_on_record(house: House, tmp_path: Path) -> None:
    mail = await one_mail(house)
    entry = next(e for e in house.outbox.entries() if e.message.message_id.encode() in mail.read_bytes())
    changed = tmp_path / "changed.eml"
    changed.write_bytes(mail.read_bytes().replace(b"Subject: ", b"Subject: Re: ", 1))
    found = rules_of(house, changed, entry.contact_id)
    assert {"C-05", "A-02"} <= found
    stranger = tmp_path / "stranger.eml"
    stranger.write_bytes(b"Bcc: x@evil.example\r\n" + mail.read_bytes())
    assert "C-25" in rules_of(house, stranger, entry.contact_id)


async def test_another_contact_gets_its_own_answer(house: House) -> None:
    mail = await one_mail(house)
    other = next(
        c
        for c, _ in house.audience.contacts_with_accounts()
        if (c.email or "?").encode() not in mail.read_bytes()
    )
    assert "A-02" in rules_of(house, mail, other.id)


async def test_what_is_no_mail_and_who_is_no_contact_say_so(house: House, tmp_path: Path) -> None:
    junk = tmp_path / "junk.eml"
    junk.write_text("hello", encoding="utf-8")
    known = house.audience.contacts_with_accounts()[0][0]
    with pytest.raises(InvalidFile, match="not a mail"):
        check(house, junk, known.id, None)
    with pytest.raises(InvalidFile, match="cannot be read"):
        check(house, tmp_path / "gone.eml", known.id, None)
    with pytest.raises(NotFound, match="contact"):
        check(house, await one_mail(house), "nobody@nowhere.example", None)


async def test_the_command_prints_json_and_exits_by_what_was_found(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = await one_mail(house)
    entry = next(e for e in house.outbox.entries() if e.message.message_id.encode() in mail.read_bytes())
    workspace = str(house.workspace.folder)
    monkeypatch.setattr(
        "sys.argv",
        ["attune", "-w", workspace, "policy", "check", str(mail), "--to", entry.contact_id, "--json"],
    )
    with pytest.raises(SystemExit) as left:
        main()
    doors.close()
    said = json.loads(capsys.readouterr().out)
    assert left.value.code == (1 if said["stops"] else 0)
    assert said["on_record"].endswith(entry.id)


async def test_a_blackout_is_told_by_its_own_id(house: House) -> None:
    mail = await one_mail(house)
    entry = next(e for e in house.outbox.entries() if e.message.message_id.encode() in mail.read_bytes())
    days = "blackouts:\n  - {from: 2026-11-01, to: 2026-11-30, why: stocktaking, id: T-07}\n"
    house.workspace.team_rules_file.write_text(days)
    house.__dict__.pop("rules", None)
    (found,) = [one for one in check(house, mail, entry.contact_id, None).findings if one.rule_id == "T-07"]
    assert found.reason.startswith("nothing goes out to this contact from 2026-11-01 to 2026-11-30")
    assert "C-18" not in rules_of(house, mail, entry.contact_id)


async def test_what_code_writes_below_a_mail_is_no_place_a_draft_named(house: House, tmp_path: Path) -> None:
    mail = await one_mail(house)
    entry = next(e for e in house.outbox.entries() if e.message.message_id.encode() in mail.read_bytes())
    dotted = "ana.adler@co0.example"
    with writing(house.engine) as connection:
        whose = CONTACTS.c.id == entry.contact_id
        connection.execute(update(CONTACTS).where(whose).values(email=dotted))
    stranger = tmp_path / "stranger.eml"
    raw = mail.read_bytes().replace(entry.message.to_address.encode(), dotted.encode())
    stranger.write_bytes(re.sub(rb"(?m)^X-Attune-Id: .*\r\n", b"", raw))
    spans = [one.span for one in check(house, stranger, entry.contact_id, None).findings if one.span]
    assert "ana.adler" not in spans
    stranger.write_bytes(re.sub(rb"(?m)^Subject: ", b"Subject: See harbor.lines ", stranger.read_bytes()))
    spans = [one.span for one in check(house, stranger, entry.contact_id, None).findings if one.span]
    assert "harbor.lines" in spans
