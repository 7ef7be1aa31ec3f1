"""What the providers that post mail share: a form's fields, and a mail put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from urllib.parse import parse_qs

from domain.delivery import InboundMail, WebhookRequest
from tools.inbox.letters import read_mail

MOST_FIELDS = 200
_CARRIED = frozenset(
    {
        "message-id",
        "in-reply-to",
        "references",
        "date",
        "auto-submitted",
        "precedence",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "list-id",
        "list-post",
        "return-path",
    }
)


def form_fields(request: WebhookRequest) -> dict[str, bytes]:
    """The fields of a posted form, multipart or urlencoded; of files only their content.

    Raises:
        ValueError: it is neither, or has too many fields.

    """
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        read = parse_qs(
            request.body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS, keep_blank_values=True
        )
        return {name: values[0].encode("utf-8", "replace") for name, values in read.items()}
    if not kind.startswith("multipart/form-data"):
        raise ValueError("it is no form")
    head = f"Content-Type: {kind.splitlines()[0]}\r\n\r\n".encode("ascii", "replace")
    form = message_from_bytes(head + request.body, policy=default)
    parts = form.get_payload()
    if not isinstance(parts, list) or len(parts) > MOST_FIELDS:
        raise ValueError("its form cannot be read")
    fields: dict[str, bytes] = {}
    for part in parts:
        if isinstance(part, str):
            continue
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields.setdefault(name, content)
    return fields


def put_together(
    headers: Iterable[tuple[str, str]],
    *,
    from_line: str,
    to_line: str,
    subject: str,
    text: str,
    markup: str,
    source: str,
    now: datetime,
) -> InboundMail:
    """Build a mail of its parts and read it as if it had come whole."""
    mail = EmailMessage()
    lines = {name.lower(): _line(value) for name, value in headers if name.lower() in _CARRIED}
    raw_head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    raw_head += f"From: {_line(from_line)}\r\nTo: {_line(to_line)}\r\nSubject: {_line(subject)}\r\n"
    mail.set_content(text or "", charset="utf-8")
    if markup and not text.strip():
        mail.set_content(markup, subtype="html", charset="utf-8")
    body = BytesIO()
    BytesGenerator(body).flatten(mail)
    return read_mail(raw_head.encode("utf-8", "replace") + body.getvalue(), source, now)


def _line(value: str) -> str:
    return " ".join(value.split())
