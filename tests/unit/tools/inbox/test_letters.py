"""A mail is read for who wrote what, in answer to what; nothing in it can make the reading fail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import BounceClass, InboundMail
from tests.letters import BOUNCE, HTML_REPLY, OURS, OUT_OF_OFFICE, REPLY, raw, says
from tools.inbox.letters import read_mail, words_of

NOW = datetime(2026, 3, 11, tzinfo=UTC)


def read(mail: bytes) -> InboundMail:
    return read_mail(mail, "test", NOW)


def test_a_reply_is_its_own_words_its_writer_and_what_it_answers() -> None:
    mail = read(raw(REPLY))
    assert (mail.from_address, mail.subject) == ("dana@northwind.example", "Re: A guide for you")
    assert mail.text.startswith("This looks useful.")
    assert "Unsubscribe" not in mail.text
    assert mail.references == (OURS, "<older@else.example>")
    assert mail.at == datetime(2026, 3, 10, 14, tzinfo=UTC)
    assert not mail.is_automatic
    assert mail.bounces == ()


def test_the_words_of_html_are_read_and_what_it_quotes_is_not() -> None:
    mail = read(raw(HTML_REPLY))
    assert mail.text == "Schön, danke.\nBis bald"
    assert words_of("a<br>b<script>c</script><p>d &amp; e</p>") == "a\nb\nd & e"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Auto_Submitted", "auto-replied"),
        ("Auto_Submitted", "auto-generated; x=y"),
        ("Precedence", "bulk"),
        ("X_Autoreply", "yes"),
        ("List_Id", "<list.example>"),
        ("Return_Path", "<>"),
        ("From", "MAILER-DAEMON@mx.example"),
        ("Subject", "Out of office: Re: A guide for you"),
        ("Subject", "Automatische Antwort: A guide"),
        ("Subject", "Réponse automatique : guide"),
    ],
)
def test_what_a_machine_wrote_is_no_reply(header: str, value: str) -> None:
    assert read(says("Thanks", **{header: value})).is_automatic


def test_a_person_who_says_no_to_auto_submitted_is_a_person() -> None:
    assert not read(says("Thanks", Auto_Submitted="no")).is_automatic
    assert read(raw(OUT_OF_OFFICE)).why_automatic == "Auto-Submitted: auto-replied"


def test_a_bounce_report_names_the_address_the_class_and_our_message() -> None:
    mail = read(raw(BOUNCE))
    (bounced,) = mail.bounces
    assert (bounced.address, bounced.bounce) == ("dana@northwind.example", BounceClass.HARD)
    assert "5.1.1" in bounced.detail
    assert OURS in mail.references


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [("5.7.1", "failed", BounceClass.BLOCK), ("4.2.2", "delayed", BounceClass.SOFT)],
)
def test_a_refused_message_and_a_full_mailbox_are_not_a_gone_address(
    status: str, action: str, expected: BounceClass
) -> None:
    text = BOUNCE.replace("5.1.1", status).replace("Action: failed", f"Action: {action}")
    assert [bounced.bounce for bounced in read(raw(text)).bounces] == [expected]


def test_a_person_who_quotes_a_report_has_not_bounced() -> None:
    quoted = "\n".join(f"> {line}" for line in BOUNCE.splitlines())
    assert read(says(f"Is this yours?\n\n{quoted}")).bounces == ()


def test_the_same_mail_by_two_ways_is_one_mail() -> None:
    again = read_mail(b"Received: by elsewhere\r\n" + raw(REPLY), "other", NOW)
    assert again.id == read(raw(REPLY)).id
    assert read(b"no headers").id != read(b"other words").id


def test_a_date_ahead_of_us_is_not_believed() -> None:
    assert read(says("Hi", Date="Tue, 10 Mar 2126 15:00:00 +0000")).at == NOW
    assert read(says("Hi", Date="yesterday")).at == NOW


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reading_fail(noise: bytes) -> None:
    read(noise)
    read(raw(REPLY)[:200] + noise)
    read(raw(BOUNCE).replace(b"5.1.1", noise))


@given(st.text(max_size=200))
def test_no_words_make_the_reading_fail(noise: str) -> None:
    text = f"From: {noise}\r\nSubject: {noise}\r\nDate: {noise}\r\nReferences: {noise}\r\n\r\n{noise}"
    read(text.encode("utf-8", "surrogatepass"))
