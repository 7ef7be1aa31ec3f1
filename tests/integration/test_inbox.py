"""What people send us: matched to its thread, an opt-out obeyed, a machine's answer no reply, never answered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app import loop
from app.cli import inboxes
from app.cli.doors import doors
from app.inbox import fetch_inbox, inbox_store, take_mail
from app.privacy.erasing import erase_person
from app.privacy.retention import prune
from app.wiring import House
from domain.delivery import InboundKind, InboundRecord, MailEvent, MailEventKind
from domain.errors import InboxUnavailable, ReviewRejected, SettingsInvalid
from domain.events import EventKind
from domain.message import OutboxStatus
from domain.people import SuppressionReason
from memory.crm.inbox import KEPT, STOPPED
from policies.contactable import may_contact
from tests.contracts.test_smtp_trust import Certificate
from tests.door import DANA, OUTBOX_ID, caller, open_door, token
from tests.letters import BOUNCE, OURS, OUT_OF_OFFICE, REPLY, raw, says
from tools.inbox.imap import ImapInbox
from tools.inbox.letters import read_mail


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    keys = {
        "mailgun_signing_key": SecretStr("key"),
        "inbound_username": "in",
        "inbound_password": SecretStr("pw"),
    }
    house = open_door(tmp_path / "w", **keys)
    yield house
    house.close()


def take(house: House, mail: bytes) -> InboundRecord | None:
    return take_mail(house, read_mail(mail, "test", house.clock()))


def rule(house: House) -> str | None:
    refusal = may_contact(house.crm.dossier(DANA.id).standing, None, house.clock(), house.rules)
    return refusal.rule_id if refusal else None


def kinds(house: House) -> list[EventKind]:
    return [event.kind for event in house.journal.timeline(DANA.id)]


def test_a_reply_reaches_the_journal_in_its_thread_once(house: House) -> None:
    record = take(house, raw(REPLY))
    assert record is not None
    assert (record.kind, record.outbox_id, record.contact_id) == (InboundKind.REPLY, OUTBOX_ID, DANA.id)
    assert take(house, raw(REPLY)) is None
    (event,) = [event for event in house.journal.timeline(DANA.id) if event.kind is EventKind.EMAIL_REPLIED]
    assert (event.text or "").startswith("This looks useful.")
    assert event.properties["decision_id"] == "d_dana"
    assert rule(house) is None


def test_a_mail_that_names_no_message_of_ours_teaches_nothing(house: House) -> None:
    record = take(house, says("I want to buy everything!", In_Reply_To=""))
    assert record is not None
    assert (record.kind, record.contact_id, record.outbox_id) == (InboundKind.REPLY, DANA.id, None)
    assert EventKind.EMAIL_REPLIED not in kinds(house)


@pytest.mark.parametrize(
    "words", ["STOP", "Please unsubscribe me.", "Bitte tragen Sie mich aus Ihrem Verteiler aus."]
)
def test_an_opt_out_in_plain_words_stops_everything(house: House, words: str) -> None:
    record = take(house, says(words))
    assert record is not None
    assert record.kind is InboundKind.OPT_OUT
    assert not record.waits
    assert rule(house) == "C-03"
    assert EventKind.EMAIL_REPLIED not in kinds(house)


def test_the_mail_our_header_offers_is_an_opt_out_of_that_message_whoever_sends_it(house: House) -> None:
    mail = says(
        "",
        Subject=f"unsubscribe {OUTBOX_ID}",
        In_Reply_To="",
        From="assistant@else.example",
        Precedence="bulk",
    )
    assert take(house, mail) is not None
    assert rule(house) == "C-03"


def test_an_unclear_mail_stops_and_waits_for_a_person_who_may_say_it_was_none(house: House) -> None:
    record = take(house, says("No thanks, wrong person."))
    assert record is not None
    assert record.waits
    assert rule(house) == "C-03"
    assert EventKind.EMAIL_REPLIED not in kinds(house)
    store = inbox_store(house)
    assert [one.id for one in store.records(only_waiting=True)] == [record.id]
    after = store.settle(record.id, KEPT, "rita")
    assert (after.settled_as, after.settled_by) == ("kept", "rita")
    assert rule(house) is None
    assert EventKind.EMAIL_REPLIED in kinds(house)
    with pytest.raises(ReviewRejected):
        store.settle(record.id, STOPPED, "rita")


def test_an_unclear_mail_a_person_takes_for_an_opt_out_stops_for_good(house: House) -> None:
    record = take(house, says("No thanks, wrong person."))
    assert record is not None
    inbox_store(house).settle(record.id, STOPPED, "rita")
    (stop,) = house.crm.dossier(DANA.id).standing.suppressions
    assert stop.reason is SuppressionReason.UNSUBSCRIBED


def test_of_two_unclear_mails_the_last_one_settled_ends_the_pause(house: House) -> None:
    first = take(house, says("No thanks, wrong person."))
    second = take(
        house, says("I am not interested, no thanks, wrong address.", From="assistant@else.example")
    )
    assert first is not None
    assert second is not None
    assert first.waits
    assert second.waits
    store = inbox_store(house)
    store.settle(first.id, KEPT, "rita")
    assert [one.id for one in store.records(only_waiting=True)] == [second.id]
    assert rule(house) == "C-03"
    store.settle(second.id, KEPT, "rita")
    assert rule(house) is None


def test_a_pause_the_person_chose_outlives_the_settling(house: House) -> None:
    chosen = {"act": "save", "pause": "30", "topic": ["demo", "guide", "news"]}
    caller(house).post(f"/preferences?c={token(house)}", data=chosen)
    record = take(house, says("No thanks, wrong person."))
    assert record is not None
    inbox_store(house).settle(record.id, KEPT, "rita")
    assert [stop.source for stop in house.crm.dossier(DANA.id).standing.suppressions] == ["preference page"]


def test_an_automatic_answer_is_no_reply_and_no_opt_out(house: House) -> None:
    record = take(house, raw(OUT_OF_OFFICE))
    assert record is not None
    assert record.kind is InboundKind.AUTOMATIC
    assert rule(house) is None
    assert EventKind.EMAIL_REPLIED not in kinds(house)


def test_whatever_comes_nothing_is_put_into_the_outbox(house: House) -> None:
    before = house.outbox.counts()
    for mail in (raw(REPLY), raw(OUT_OF_OFFICE), raw(BOUNCE), says("STOP"), says("no thanks")):
        take(house, mail)
    assert house.outbox.counts() == before


def test_a_bounce_report_of_our_message_stops_its_address(house: House) -> None:
    take(house, raw(BOUNCE))
    assert EventKind.EMAIL_BOUNCED in kinds(house)
    assert rule(house) in {"C-19", "C-20"}


def test_a_bounce_report_anybody_could_write_stops_nobody(house: House) -> None:
    take(house, raw(BOUNCE.replace(OURS, "<guessed@tidewater.example>")))
    take(house, raw(BOUNCE.replace("bounce-1", "bounce-2").replace("dana@northwind", "victim@northwind")))
    assert rule(house) is None


def test_a_bounce_report_settles_a_message_of_unknown_fate(house: House) -> None:
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET status = 'unknown'")
    take(house, raw(BOUNCE))
    assert house.outbox.get(OUTBOX_ID).status is OutboxStatus.SENT


def mailgun_form(
    house: House, once: str, fields: dict[str, str] | None = None, key: bytes = b"key"
) -> dict[str, str]:
    stamp = str(int(house.clock().timestamp()))
    signature = hmac.new(key, f"{stamp}{once}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": once, "signature": signature, **(fields or {})}


def test_a_mail_mailgun_posts_is_taken_whole_or_in_fields_and_a_forged_one_is_not(house: House) -> None:
    client = caller(house)
    whole = mailgun_form(house, "t1", {"body-mime": REPLY.replace("\n", "\r\n")})
    assert client.post("/inbound/mailgun", data=whole).json() == {"new": 1, "repeats": 0}
    fields = mailgun_form(
        house,
        "t2",
        {
            "from": "Dana <dana@northwind.example>",
            "recipient": "replies@tidewater.example",
            "subject": "Re: hi",
            "body-plain": "STOP",
            "Message-Id": "<posted-2@northwind.example>",
            "In-Reply-To": OURS,
        },
    )
    files = {name: (None, value) for name, value in fields.items()}
    assert client.post("/inbound/mailgun", files=files).json() == {"new": 1, "repeats": 0}
    assert rule(house) == "C-03"
    assert client.post("/inbound/mailgun", data=mailgun_form(house, "t3", key=b"other")).status_code == 403
    again = {**whole, "body-mime": whole["body-mime"].replace("useful", "awful")}
    assert client.post("/inbound/mailgun", data=again).status_code == 403


def test_a_token_of_mailgun_that_came_with_an_event_brings_no_mail(house: House) -> None:
    client = caller(house)
    signature = mailgun_form(house, "t9")
    told = {"id": "e1", "event": "delivered", "timestamp": 1.0, "recipient": "dana@northwind.example"}
    assert client.post("/webhooks/mailgun", json={"signature": signature, "event-data": told}).is_success
    forged = {**signature, "from": "dana@northwind.example", "subject": "hi", "body-plain": "STOP"}
    assert client.post("/inbound/mailgun", data=forged).status_code == 403
    assert rule(house) is None


def test_what_others_send_of_somebody_erased_is_not_kept(house: House) -> None:
    loop.run(erase_person(house, DANA.id))
    assert take(house, raw(BOUNCE)) is None
    told = says("Dana@Northwind.example has left. Please unsubscribe me.", From="ben@northwind.example")
    record = take(house, told)
    assert record is not None
    assert record.kind is InboundKind.OPT_OUT
    assert record.text.strip() == "[erased] has left. Please unsubscribe me."
    assert [one.id for one in inbox_store(house).records()] == [record.id]


def test_who_opted_out_in_every_way_and_is_erased_is_not_in_the_audit(house: House) -> None:
    client = caller(house)
    client.post(f"/preferences?c={token(house)}", data={"act": "save", "pause": "30"})
    take(house, says("No thanks, wrong person."))
    take(house, raw(BOUNCE))
    client.post(f"/unsubscribe?c={token(house)}")
    kinds_told = [line.kind for line in house.audit.lines()]
    assert (kinds_told.count("stop"), kinds_told.count("preferences")) == (3, 1)
    assert loop.run(erase_person(house, DANA.id)).leftovers == ()


def much_later(house: House, days: int) -> House:
    at = house.clock() + timedelta(days=days)
    return House(settings=house.settings, workspace=house.workspace, clock=lambda: at)


def test_old_mail_is_blanked_unless_somebody_has_still_to_read_it_and_is_still_known_for_a_repeat(
    house: House,
) -> None:
    read, unread = says("No thanks, wrong person."), says("I am not interested, no thanks, wrong address.")
    settled, waiting, reply = take(house, read), take(house, unread), take(house, raw(REPLY))
    assert settled is not None
    assert waiting is not None
    assert reply is not None
    inbox_store(house).settle(settled.id, KEPT, "rita")
    event = MailEvent(
        provider="ses",
        event_id="e1",
        kind=MailEventKind.OPENED,
        at=house.clock(),
        outbox_id=OUTBOX_ID,
        raw={"to": "dana"},
    )
    house.delivery.take("ses", [event])
    for days, mails, webhooks in ((364, 0, 0), (366, 2, 1), (366, 0, 0)):
        later = much_later(house, days)
        done = loop.run(prune(later))
        later.close()
        assert (done["mails"], done["webhooks"]) == (mails, webhooks)
    store = inbox_store(house)
    for record in (store.get(settled.id), store.get(reply.id)):
        assert (record.from_address, record.subject, record.text, record.hold_reason) == ("", "", "", None)
        assert record.contact_id == DANA.id
    assert store.get(waiting.id) == waiting
    assert [row["raw"] for row in house.delivery.events_of(OUTBOX_ID)] == [{}]
    assert take(house, raw(REPLY)) is None
    assert house.delivery.take("ses", [event]).repeats == 1


def test_a_mail_postmark_posts_is_taken_with_its_password_only(house: House) -> None:
    client = caller(house)
    told = {
        "FromFull": {"Email": "dana@northwind.example"},
        "To": "replies@tidewater.example",
        "Subject": "Re: A guide for you",
        "TextBody": "STOP",
        "Headers": [
            {"Name": "Message-ID", "Value": "<pm-1@northwind.example>"},
            {"Name": "In-Reply-To", "Value": OURS},
        ],
    }
    assert client.post("/inbound/postmark", json=told, auth=("in", "wrong")).status_code == 403
    assert rule(house) is None
    assert client.post("/inbound/postmark", json=told, auth=("in", "pw")).json() == {"new": 1, "repeats": 0}
    assert rule(house) == "C-03"
    assert client.post("/inbound/postmark", json={"RawEmail": REPLY}, auth=("in", "pw")).json()["new"] == 1
    assert client.post("/inbound/postmark", content=b"[]", auth=("in", "pw")).status_code == 400


def test_a_mail_sendgrid_posts_is_taken_whole_or_in_fields(house: House) -> None:
    client = caller(house)
    whole: Any = {
        "email": (None, raw(REPLY)),
        "envelope": (None, json.dumps({"from": "dana@northwind.example"})),
    }
    assert client.post("/inbound/sendgrid", files=whole, auth=("in", "pw")).json()["new"] == 1
    fields = {
        "headers": f"Message-ID: <sg-1@northwind.example>\nIn-Reply-To: {OURS}\n",
        "from": "Dana <dana@northwind.example>",
        "to": "replies@tidewater.example",
        "subject": "Re: A guide",
        "html": "<p>Please unsubscribe me.</p>",
    }
    posted = {name: (None, value) for name, value in fields.items()}
    assert client.post("/inbound/sendgrid", files=posted, auth=("in", "pw")).json()["new"] == 1
    assert rule(house) == "C-03"
    assert client.post("/inbound/sendgrid", content=b"x", auth=("in", "pw")).status_code == 400


class Imap(socketserver.StreamRequestHandler):
    """As much of an IMAP server as reading a folder takes."""

    mails: list[bytes]
    validity = 7

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            verb = command.upper()
            if verb.startswith("CAPABILITY"):
                self.say("* CAPABILITY IMAP4rev1")
            elif verb.startswith("LOGIN") and '"secret"' not in command:
                self.say(f"{tag} NO wrong password")
                continue
            elif verb.startswith(("SELECT", "STORE", "UID STORE")):
                self.server.wrote = True  # type: ignore[attr-defined]
            elif verb.startswith("EXAMINE"):
                self.say(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] ok")
            elif verb.startswith("STATUS"):
                self.say(f'* STATUS "INBOX" (UIDVALIDITY {self.validity})')
            elif verb.startswith("UID SEARCH"):
                first = int(verb.split("UID ")[-1].split(":")[0].strip("()"))
                uids = [uid for uid in range(1, len(self.mails) + 1) if uid >= first] or [len(self.mails)]
                self.say(f"* SEARCH {' '.join(map(str, uids))}")
            elif verb.startswith("UID FETCH"):
                uid = int(verb.split()[2])
                mail = self.mails[uid - 1]
                self.say(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(mail)}}}")
                self.wfile.write(mail + b")\r\n")
            elif verb.startswith("LOGOUT"):
                self.say(f"* BYE\r\n{tag} OK bye")
                return
            self.say(f"{tag} OK done")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def imap(house: House, tmp_path: Path) -> Iterator[tuple[House, type[Imap], socketserver.TCPServer]]:
    import ssl

    certificate = Certificate(tmp_path)
    handler = type("Folder", (Imap,), {"mails": [raw(REPLY), raw(OUT_OF_OFFICE)]})

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        wrote = False

        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            plain, address = super().get_request()
            return certificate.context.wrap_socket(plain, server_side=True), address

        def handle_error(self, request: object, client_address: object) -> None:
            return  # a client that trusts nobody hangs up during the handshake

    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = ssl.create_default_context(cafile=certificate.file)
        house.__dict__["inbox"] = ImapInbox(
            "127.0.0.1", server.server_address[1], "anna", "secret", clock=house.clock, tls_context=context
        )
        yield house, handler, server
        server.shutdown()


def test_a_mailbox_is_read_once_and_left_as_it_is(
    imap: tuple[House, type[Imap], socketserver.TCPServer],
) -> None:
    house, handler, server = imap
    assert fetch_inbox(house) == {InboundKind.REPLY: 1, InboundKind.AUTOMATIC: 1}
    assert fetch_inbox(house) == {}
    handler.mails.append(says("STOP"))
    assert fetch_inbox(house) == {InboundKind.OPT_OUT: 1}
    assert rule(house) == "C-03"
    assert not server.wrote  # type: ignore[attr-defined]


def test_a_folder_numbered_anew_is_read_again_and_nothing_counts_twice(
    imap: tuple[House, type[Imap], socketserver.TCPServer],
) -> None:
    house, handler, _ = imap
    fetch_inbox(house)
    handler.validity = 8
    assert fetch_inbox(house) == {None: 2}
    assert kinds(house).count(EventKind.EMAIL_REPLIED) == 1


def test_a_reading_that_stops_early_goes_on_where_it_was(
    imap: tuple[House, type[Imap], socketserver.TCPServer],
) -> None:
    house, _, _ = imap
    assert fetch_inbox(house, limit=1) == {InboundKind.REPLY: 1}
    assert fetch_inbox(house, limit=1) == {InboundKind.AUTOMATIC: 1}


def test_a_mailbox_that_refuses_us_or_nobody_vouches_for_is_one_clear_line(
    imap: tuple[House, type[Imap], socketserver.TCPServer],
) -> None:
    house, _, server = imap
    port = server.server_address[1]
    house.__dict__["inbox"] = ImapInbox("127.0.0.1", port, "anna", "secret", timeout_seconds=5)
    with pytest.raises(InboxUnavailable, match="ATTUNE_IMAP"):
        fetch_inbox(house)
    del house.__dict__["inbox"]
    with pytest.raises(SettingsInvalid, match="ATTUNE_IMAP_HOST"):
        fetch_inbox(house)
    assert base64.b64encode(b"secret").decode() not in str(house.settings)


def test_the_command_line_lists_shows_and_settles_what_waits(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = take(house, says("No thanks, wrong person.\x1b[2J"))
    assert record is not None
    monkeypatch.setattr(doors, "house", lambda: house)
    inboxes.list_inbox(waiting=True, limit=20, skip=0, as_json=True)
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["kind"], listed["waits"]) == (record.id, "unsure", True)
    inboxes.show(record.id, as_json=False)
    shown = capsys.readouterr().out
    assert "wrong person" in shown
    assert "\x1b[2J" not in shown
    inboxes.settle(record.id, is_opt_out=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["settled_as"] == "stopped"
    inboxes.list_inbox(waiting=True, limit=20, skip=0, as_json=False)
    assert "Nothing waits for a person." in capsys.readouterr().out
