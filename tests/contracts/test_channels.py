"""What every channel promises, and what SMTP answers when the server or the wire misbehaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from domain.errors import NotSent, SendUnknown
from domain.message import Message
from domain.ports import Channel
from tests.fakes.channel import FakeChannel
from tools.channels.mailbox import MailboxChannel
from tools.channels.smtp import SmtpChannel

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)


def message(**changes: Any) -> Message:
    return Message(
        contact_id="c_1",
        to_address="dana@northwind.example",
        to_name="Dana Ruiz",
        from_address="anna@acme.example",
        from_name="Anna Berg",
        reply_to="replies@acme.example",
        subject="Zoë: quotes — 50% = yes?",
        text=".a line that starts with a dot\n\nÜber-long " + "word " * 400 + "\n.\n",
        html='<p>Hello <a href="https://acme.example/?a=1&amp;b=2">there</a></p>',
        headers=(
            ("List-Unsubscribe", "<https://acme.example/u?c=m_1.abc>, <mailto:replies@acme.example>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("X-Attune-Id", "quotes/m_1"),
        ),
        message_id="<m_1@acme.example>",
    ).model_copy(update=changes)


class Server:
    """A scripted mail server: what it answers, and what it took."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.at_recipient = "250 OK"
        self.at_body: str | Callable[[SMTP], Any] = "250 taken"
        self.drops_at_data = False
        self.never = asyncio.Event()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if callable(self.at_body):
            self.taken.append(envelope.content)
            return str(await self.at_body(server))
        if self.at_body.startswith("2"):
            self.taken.append(envelope.content)
        return self.at_body


def _hang_up(protocol: SMTP) -> None:
    assert protocol.transport is not None
    protocol.transport.close()


class Dropping(SMTP):
    """Closes the connection at DATA, before it asks for the body, when the server says so."""

    async def smtp_DATA(self, arg: str) -> None:
        if self.event_handler.drops_at_data:
            _hang_up(self)
            return
        await super().smtp_DATA(arg)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    handler = Server()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        lambda: Dropping(handler, hostname="mx.example", loop=loop), "127.0.0.1", 0
    )
    yield handler, listening.sockets[0].getsockname()[1]
    handler.never.set()
    listening.close()
    await listening.wait_closed()


@pytest.fixture(params=["fake", "mailbox", "smtp"])
def channel(request: pytest.FixtureRequest, tmp_path: Path, server: tuple[Server, int]) -> Channel:
    made: dict[str, Channel] = {
        "fake": FakeChannel(lambda: NOW),
        "mailbox": MailboxChannel(tmp_path / "out", lambda: NOW),
        "smtp": SmtpChannel("127.0.0.1", server[1], tls="none", timeout_seconds=5, clock=lambda: NOW),
    }
    return made[request.param]


async def test_a_sent_message_gives_its_receipt(channel: Channel) -> None:
    receipt = await channel.send(message())
    assert (receipt.provider, receipt.provider_message_id) == (channel.name, "<m_1@acme.example>")
    assert receipt.accepted_at == NOW


async def test_find_never_says_wrongly_where_a_message_is(channel: Channel) -> None:
    assert await channel.find(message()) in {False, None}
    await channel.send(message())
    assert await channel.find(message()) in {True, None}
    assert await channel.find(message(message_id="<m_2@acme.example>")) in {False, None}


@pytest.mark.parametrize(
    "subject", ["Hi=?UTF-8?Q?=0A?=Bcc: x@y.example", "Hi\nBcc: x@y.example", "Hi\u2028Bcc: x@y.example"]
)
async def test_a_subject_that_carries_a_header_is_provably_not_sent(channel: Channel, subject: str) -> None:
    with pytest.raises(NotSent, match="C-25") as refused:
        await channel.send(message(subject=subject))
    assert not refused.value.is_transient
    assert await channel.find(message()) in {False, None}


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=SMTP_POLICY)


def says_the_same(raw: bytes) -> bool:
    mail, meant = read(raw), message()
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return bool(
        mail["Subject"] == meant.subject
        and plain.get_content().replace("\r\n", "\n") == meant.text
        and html.get_content().strip() == meant.html
    )


async def test_the_mailbox_holds_one_whole_file_a_message(tmp_path: Path) -> None:
    box = MailboxChannel(tmp_path, lambda: NOW)
    await box.send(message())
    again = await box.send(message())
    assert again.detail.endswith("was there already")
    files = list(tmp_path.iterdir())
    assert [f.name for f in files] == ["m_1@acme.example.eml"]
    assert says_the_same(files[0].read_bytes())


async def test_many_senders_of_one_message_leave_one_file(tmp_path: Path) -> None:
    box = MailboxChannel(tmp_path, lambda: NOW)
    await asyncio.gather(*(box.send(message()) for _ in range(16)))
    assert len(list(tmp_path.iterdir())) == 1


async def test_the_mailbox_never_replaces_another_message(tmp_path: Path) -> None:
    box = MailboxChannel(tmp_path, lambda: NOW)
    await box.send(message())
    with pytest.raises(NotSent, match="another message"):
        await box.send(message(text="Something else."))
    assert says_the_same((tmp_path / "m_1@acme.example.eml").read_bytes())


async def test_a_message_id_cannot_lead_out_of_the_mailbox(tmp_path: Path) -> None:
    box = MailboxChannel(tmp_path / "box", lambda: NOW)
    path = box.path_of(message(message_id="<../../etc/passwd@acme.example>"))
    assert path.parent == tmp_path / "box"


async def test_a_folder_that_cannot_be_written_is_not_sent_for_now(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotSent) as failed:
        await MailboxChannel(tmp_path / "file", lambda: NOW).send(message())
    assert failed.value.is_transient


def smtp(port: int, **options: Any) -> SmtpChannel:
    return SmtpChannel("127.0.0.1", port, tls="none", clock=lambda: NOW, **{"timeout_seconds": 5, **options})


async def test_smtp_delivers_the_very_words(server: tuple[Server, int]) -> None:
    handler, port = server
    receipt = await smtp(port).send(message())
    assert receipt.detail == "250 taken"
    assert len(handler.taken) == 1
    assert says_the_same(handler.taken[0])


@pytest.mark.parametrize(
    ("answer", "is_transient"),
    [
        ("421 closing", True),
        ("450 busy", True),
        ("451 later", True),
        ("550 unknown", False),
        ("552 full", False),
    ],
)
@pytest.mark.parametrize("where", ["at_recipient", "at_body"])
async def test_a_refusal_is_provably_not_sent(
    server: tuple[Server, int], where: str, answer: str, is_transient: bool
) -> None:
    handler, port = server
    setattr(handler, where, answer)
    with pytest.raises(NotSent, match=answer) as refused:
        await smtp(port).send(message())
    assert refused.value.is_transient is is_transient
    assert handler.taken == []


async def test_a_drop_before_the_body_may_be_tried_again(server: tuple[Server, int]) -> None:
    handler, port = server
    handler.drops_at_data = True
    with pytest.raises(NotSent) as failed:
        await smtp(port).send(message())
    assert failed.value.is_transient
    assert handler.taken == []


async def test_a_drop_after_the_final_dot_leaves_it_unknown(server: tuple[Server, int]) -> None:
    handler, port = server

    async def drop(protocol: SMTP) -> str:
        _hang_up(protocol)
        return "250 never heard"

    handler.at_body = drop
    with pytest.raises(SendUnknown, match="not sent again"):
        await smtp(port).send(message())
    assert len(handler.taken) == 1


async def test_a_stall_after_the_final_dot_leaves_it_unknown(server: tuple[Server, int]) -> None:
    handler, port = server

    async def stall(_: SMTP) -> str:
        await handler.never.wait()
        return "250 too late"

    handler.at_body = stall
    with pytest.raises(SendUnknown, match="Timed out"):
        await smtp(port, timeout_seconds=0.05).send(message())


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_server_that_never_greets_is_not_sent_for_now() -> None:
    with silent_port() as port, pytest.raises(NotSent) as failed:
        await smtp(port, timeout_seconds=0.05).send(message())
    assert failed.value.is_transient


async def test_no_server_at_all_is_not_sent_for_now() -> None:
    with silent_port() as port:
        pass
    with pytest.raises(NotSent) as failed:
        await smtp(port).send(message())
    assert failed.value.is_transient


async def test_a_server_without_tls_gets_nothing_where_tls_is_asked(server: tuple[Server, int]) -> None:
    handler, port = server
    with pytest.raises(NotSent):
        await SmtpChannel("127.0.0.1", port, tls="starttls", timeout_seconds=5, clock=lambda: NOW).send(
            message()
        )
    assert handler.taken == []


def test_a_password_never_travels_in_the_clear() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        SmtpChannel("mx.example", 25, "anna", "secret", tls="none")


async def test_the_fake_fails_as_told_and_tells_the_truth_after() -> None:
    fake = FakeChannel(lambda: NOW)
    fake.fail_next(NotSent("busy", is_transient=True))
    fake.fail_next(SendUnknown("broke"), but_take_it=True)
    with pytest.raises(NotSent):
        await fake.send(message())
    assert await fake.find(message()) is False
    with pytest.raises(SendUnknown):
        await fake.send(message())
    assert await fake.find(message()) is True
