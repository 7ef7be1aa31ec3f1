from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, compat32
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotSent
from domain.message import Message
from tests.header_injections import must_be_accepted, must_be_refused
from tools.channels.mime import to_mime

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
NAMES = ["content-type", "date", "from", "list-unsubscribe", "message-id", "mime-version", "subject", "to"]
LONG_LINK = f"<https://acme.example/u?c={'m' * 120}>, <mailto:replies@acme.example?subject=unsubscribe>"


def message(**changes: Any) -> Message:
    return Message(
        contact_id="c_1",
        to_address="dana@northwind.example",
        to_name="Dana Ruíz, Jr",
        from_address="anna@acme.example",
        from_name="Anna Berg",
        subject="Quotes",
        text="Hello.\n",
        html="<p>Hello.</p>",
        headers=(("List-Unsubscribe", LONG_LINK),),
        message_id="<m_1@acme.example>",
    ).model_copy(update=changes)


def header_names(raw: bytes) -> list[str]:
    """As the most lenient reader sees them."""
    return sorted(name.lower() for name, _ in message_from_bytes(raw, policy=compat32).items())


def test_a_mail_has_every_header_once_and_crlf_lines_of_lawful_length() -> None:
    raw = to_mime(message(text="word " * 3000), NOW)
    assert header_names(raw) == NAMES
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\r\nDate: Tue, 24 Nov 2026 15:00:00 +0000\r\n" in raw


def test_the_body_lines_are_as_short_as_quoted_printable_asks() -> None:
    _, _, body = to_mime(message(text="über " * 500), NOW).partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76


def test_a_long_opt_out_link_stays_whole_and_plain() -> None:
    raw = to_mime(message(), NOW)
    link = LONG_LINK.split(", ", maxsplit=1)[0].encode()
    assert link in raw
    assert message_from_bytes(raw, policy=SMTP)["List-Unsubscribe"] == LONG_LINK


@pytest.mark.parametrize(
    "subject",
    [
        "Größe " * 20 + "Ende",
        "ثم نفس سقطت وبالتحديد،, جزيرتي باستخدام أن دنو. إذ هنا؟",
        "4️⃣ 5️⃣ 6️⃣ 7️⃣ 8️⃣ 9️⃣ 🔟 👨‍👩‍👦 end",
    ],
)
def test_a_long_subject_in_any_script_keeps_its_spaces(subject: str) -> None:
    raw = to_mime(message(subject=subject), NOW)
    assert message_from_bytes(raw, policy=SMTP)["Subject"] == subject
    folded = raw.partition(b"Subject: ")[2].partition(b"\r\nDate:")[0]
    assert max(map(len, folded.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": "A plain subject, with marks: 50% & more!", "to_name": "Dana Ruiz"},
        {"subject": "word " * 30, "to_name": "D" * 80},
        {"subject": "Größe", "to_name": 'Dana "Di" Ruíz'},
        {"reply_to": "a.b@acme.example", "headers": (("X-Attune-Id", "m_1"),)},
    ],
)
def test_plain_headers_are_written_as_the_standard_library_writes_them(changes: dict[str, Any]) -> None:
    meant = message(**changes)
    mail = EmailMessage(policy=SMTP.clone(max_line_length=76))
    mail["From"] = Address(meant.from_name, addr_spec=meant.from_address)
    mail["To"] = Address(meant.to_name, addr_spec=meant.to_address)
    if meant.reply_to:
        mail["Reply-To"] = meant.reply_to
    if meant.subject.isascii():
        mail["Subject"] = meant.subject
    for line in mail.as_bytes().strip().split(b"\r\n"):
        assert b"\r\n" + line in b"\r\n" + to_mime(meant, NOW)


@given(text=st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=300))
def test_any_words_read_back_as_they_were_written(text: str) -> None:
    read = message_from_bytes(to_mime(message(text=f"{text}\n.\nFrom us \n"), NOW), policy=SMTP)
    back = read.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert back.replace("\r\n", "\n") == f"{text}\n.\nFrom us \n"


def test_the_same_message_gives_the_same_bytes() -> None:
    assert to_mime(message(), NOW) == to_mime(message(), NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hi=?UTF-8?Q?=0A?=Bcc: x@y"},
        {"to_name": "Dana=?UTF-8?Q?=0A?=Bcc: x@y"},
        {"from_name": "Anna\r\nBcc: x@y"},
        {"to_address": "a@b.example, c@d.example"},
        {"to_address": "dána@northwind.example"},
        {"reply_to": "a@b.example\nBcc: x@y"},
        {"headers": (("Bcc", "x@y.example"),)},
        {"headers": (("Subject", "two"),)},
        {"headers": (("X-Attune-Id", "a"), ("X-Attune-Id", "b"))},
        {"headers": (("X-Attune-Id", "a\nBcc: x@y"),)},
        {"message_id": "<m_1@acme.example>\r\nBcc: x@y"},
    ],
)
def test_what_could_add_or_double_a_header_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(NotSent) as refused:
        to_mime(message(**change), NOW)
    assert not refused.value.is_transient


def test_the_trick_with_an_encoded_line_break_emits_no_bcc() -> None:
    """The same subject through Python alone does emit one; if that ever stops, this still holds."""
    try:
        raw = to_mime(message(subject="Hi=?UTF-8?Q?=0A?=Bcc: x@y"), NOW)
    except NotSent:
        raw = b""
    assert b"bcc" not in raw.lower()


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_mime(message(), NOW.replace(tzinfo=None))


@given(subject=st.text(max_size=120), name=st.text(max_size=60))
def test_whatever_the_words_the_header_set_stays_or_nothing_is_made(subject: str, name: str) -> None:
    try:
        raw = to_mime(message(subject=subject, to_name=name), NOW)
    except NotSent as refused:
        assert not refused.is_transient
        return
    assert header_names(raw) == NAMES
    assert "".join(str(message_from_bytes(raw, policy=SMTP)["Subject"]).split()) == "".join(subject.split())


@pytest.mark.parametrize("subject", must_be_accepted())
def test_a_subject_that_only_looks_odd_passes_whole(subject: str) -> None:
    raw = to_mime(message(subject=subject), NOW)
    assert header_names(raw) == NAMES
    assert message_from_bytes(raw, policy=SMTP)["Subject"] == subject


@pytest.mark.parametrize("subject", must_be_refused())
def test_a_subject_that_would_bring_a_header_is_refused(subject: str) -> None:
    with pytest.raises(NotSent, match="C-25"):
        to_mime(message(subject=subject), NOW)
