"""Everything that is kept of one person, as a folder or zip: JSON for a program, one page for the person.

What is decided about someone belongs to it with its reasons (GDPR Art. 15(1)(h)); what is kept of colleagues and the
company's deals does not, beyond the name of the company and the person's own part in a deal.
"""

from __future__ import annotations

import html
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from domain.errors import AttuneError
from memory.crm.erasure import Traces, by_contact, traces_of
from memory.crm.statements import (
    ACCOUNTS,
    BUYING_ROLES,
    CONSENTS,
    CONTACTS,
    DEALS,
    DECISIONS,
    DRAFTS,
    EVENTS,
    IDENTITIES,
    MEMORIES,
    OUTBOX,
    PRIVACY_REQUESTS,
    PROPOSALS,
    REVIEWS,
    RUN_CONTACTS,
    SUPPRESSIONS,
)

if TYPE_CHECKING:
    from sqlalchemy import Table

    from app.wiring import House

_THEIRS: tuple[tuple[str, Table, str], ...] = (
    ("What we know of you", CONTACTS, "id"),
    ("What other systems call you", IDENTITIES, "internal_id"),
    ("Consents", CONSENTS, "contact_id"),
    ("Stops", SUPPRESSIONS, "contact_id"),
    ("What happened", EVENTS, "contact_id"),
    ("What we remember in words", MEMORIES, "contact_id"),
    ("Your part in purchases", BUYING_ROLES, "contact_id"),
    ("Decisions about you, with their reasons", DECISIONS, "contact_id"),
    ("How campaign runs ended for you", RUN_CONTACTS, "contact_id"),
    ("Messages to you", OUTBOX, "contact_id"),
    ("Messages a person was asked about", PROPOSALS, "contact_id"),
    ("What was drafted for you", DRAFTS, "contact_id"),
    ("What you asked for", PRIVACY_REQUESTS, "contact_id"),
)
"""Headings for the reader, the table, and the column that says whose a row is."""

_MAYBE = (("Mail from you", "inbound"), ("What mail providers told us", "webhook_events"))
"""Tables of parts that may not be there."""

Sections = dict[str, list[dict[str, Any]]]


def gather(house: House, contact_id: str) -> Sections:
    """Return everything kept of a contact, merged shells included, section by section."""
    found: Sections = {}
    with house.engine.connect() as connection:
        traces = traces_of(connection, contact_id)
        for heading, table, whose in _THEIRS:
            query = select(table).where(table.c[whose].in_(traces.contact_ids))
            if table is IDENTITIES:
                query = query.where(table.c.noun == "contact")
            found[heading] = [dict(row) for row in connection.execute(query).mappings()]
        reviews = select(REVIEWS).where(REVIEWS.c.proposal_id.in_(traces.proposal_ids))
        found["What reviewers did with messages to you"] = [
            dict(row) for row in connection.execute(reviews).mappings()
        ]
        for heading, name in _MAYBE:
            found[heading] = _maybe(connection, name, traces)
        company = select(ACCOUNTS.c.name, ACCOUNTS.c.domain, ACCOUNTS.c.industry, ACCOUNTS.c.country)
        found["Your company"] = [
            dict(row)
            for row in connection.execute(company.where(ACCOUNTS.c.id.in_(traces.account_ids))).mappings()
        ]
        parts = [row["deal_id"] for row in found["Your part in purchases"]]
        deals = select(DEALS.c.id, DEALS.c.name, DEALS.c.stage).where(DEALS.c.id.in_(parts))
        found["Purchases you have a part in"] = [dict(row) for row in connection.execute(deals).mappings()]
    mentioned = len(house.conversations.naming(traces.contact_ids))
    found["Conversations of our team with the assistant that showed you"] = (
        [{"how_many": mentioned}] if mentioned else []
    )
    outlook = house.outlooks.get(contact_id)
    found["What is expected of you"] = [outlook.model_dump(mode="json")] if outlook else []
    return found


def _maybe(connection: Connection, name: str, traces: Traces) -> list[dict[str, Any]]:
    table = SQLModel.metadata.tables.get(name)
    theirs = None if table is None else by_contact(table, traces)
    if table is None or theirs is None:
        return []
    return [dict(row) for row in connection.execute(select(table).where(theirs)).mappings()]


def as_json(sections: Sections) -> str:
    """The sections as one JSON document."""
    return json.dumps(sections, ensure_ascii=False, indent=2, default=_plain) + "\n"


def write(house: House, contact_id: str, sections: Sections, to: Path) -> Path:
    """Write the export, whole or not at all: a zip where the name ends in `.zip`, else a new folder.

    Raises:
        AttuneError: something stands there already, or it cannot be written.
    """
    if to.exists():
        raise AttuneError(f"{to} is there already. Nothing was written. Name another with --to.")
    files = dict(_files(house, contact_id, sections))
    try:
        if to.suffix == ".zip":
            _write_zip(to, files)
        else:
            _write_folder(to, files)
    except OSError as problem:
        raise AttuneError(f"{to} cannot be written ({problem.strerror}). Nothing was exported.") from problem
    return to


def _files(house: House, contact_id: str, sections: Sections) -> Iterator[tuple[str, bytes]]:
    yield "index.html", page(sections, house.sender.organisation, house.clock()).encode()
    yield "everything.json", as_json(sections).encode()
    wanted = {str(row["message_id"]).strip("<>") for row in sections["Messages to you"]}
    folder = house.workspace.mailbox
    for path in sorted(folder.glob("*.eml")) if folder.exists() else ():
        if path.stem in wanted:
            yield f"messages/{path.name}", path.read_bytes()


def page(sections: Mapping[str, Sequence[Mapping[str, Any]]], organisation: str, now: datetime) -> str:
    """One page without script or outside files, in plain words; everything in it is escaped."""
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>What we keep of you</title>',
        "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse;margin:0 0 1em}td{border:1px solid #ccc;padding:.2em .5em;"
        "vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}</style>",
        f"<h1>What {html.escape(organisation)} keeps of you</h1>",
        f"<p>As of {now:%Y-%m-%d %H:%M} UTC. The same for a program: <a href='everything.json'>everything.json</a>. "
        "Messages that were written to a local mailbox are in the folder <code>messages</code>.</p><ul>",
    ]
    parts += [
        f'<li><a href="#s{number}">{html.escape(heading)}</a> ({len(rows)})</li>'
        for number, (heading, rows) in enumerate(sections.items())
    ]
    parts.append("</ul>")
    for number, (heading, rows) in enumerate(sections.items()):
        parts.append(f'<h2 id="s{number}">{html.escape(heading)}</h2>')
        parts += [_table(row) for row in rows] or ["<p>Nothing.</p>"]
    return "\n".join([*parts, "</html>\n"])


def _table(row: Mapping[str, Any]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name.replace('_', ' '))}</td><td>{html.escape(_words(value))}</td></tr>"
        for name, value in row.items()
        if value not in (None, "", [], {}, ())
    )
    return f"<table>{cells}</table>"


def _words(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1, default=_plain)
    return str(_plain(value))


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _write_zip(to: Path, files: Mapping[str, bytes]) -> None:
    handle, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, content in files.items():
                archive.writestr(inside, content)
        draft.replace(to)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _write_folder(to: Path, files: Mapping[str, bytes]) -> None:
    draft = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}."))
    for inside, content in files.items():
        (draft / inside).parent.mkdir(exist_ok=True)
        (draft / inside).write_bytes(content)
    draft.rename(to)
