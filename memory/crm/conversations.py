"""Whose conversation with the assistant is whose, and whom each has shown; what was said stands in the checkpoints."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select, update

from domain.assistant import Asker, Conversation, Door
from domain.base import utc_now
from domain.errors import NotFound
from domain.ports import Clock
from memory.crm.statements import CONVERSATION_CONTACTS, CONVERSATIONS, insert_all, insert_new, writing

TITLE_LONGEST = 120


def unguessable() -> str:
    """A new conversation's id."""
    return f"t_{secrets.token_hex(16)}"


def shown_in(contact_ids: Sequence[str]) -> Select[tuple[str]]:
    """The ids of conversations that have shown one of these contacts."""
    shown = CONVERSATION_CONTACTS.c
    return select(shown.conversation_id).where(shown.contact_id.in_(contact_ids))


class ConversationStore:
    """Keeps conversations in the CRM's database. Implements `domain.assistant_ports.Conversations`."""

    def __init__(
        self, engine: Engine, clock: Clock = utc_now, new_id: Callable[[], str] = unguessable
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._new_id = new_id

    def begin(self, asker: Asker, title: str = "") -> Conversation:
        """Begin one. Its id cannot be guessed, unless an evaluation says what it is."""
        now = self._clock()
        begun = Conversation(
            id=self._new_id(),
            member_id=asker.member_id,
            title=_tidy(title),
            door=asker.door,
            began_at=now,
            last_at=now,
        )
        with writing(self._engine) as connection:
            insert_all(connection, CONVERSATIONS, [begun.model_dump() | {"door": begun.door.value}])
        return begun

    def get(self, conversation_id: str, member_id: str) -> Conversation:
        """One of this member's own. Raises `NotFound`, for another's too."""
        with self._engine.connect() as connection:
            return _get(connection, conversation_id, member_id)

    def of(self, member_id: str, limit: int = 50, offset: int = 0) -> tuple[Conversation, ...]:
        """One member's, the latest first."""
        table = CONVERSATIONS.c
        query = select(CONVERSATIONS).where(table.member_id == member_id)
        page = query.order_by(table.last_at.desc(), table.id).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            return tuple(_conversation(row) for row in connection.execute(page).mappings())

    def waiting_by(self, member_id: str, door: Door) -> int:
        """How many of one member's that began at this door wait for a yes."""
        table = CONVERSATIONS.c
        query = select(func.count()).where(
            table.member_id == member_id, table.door == door.value, table.is_waiting.is_(True)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def note(
        self,
        conversation_id: str,
        *,
        title: str | None = None,
        contact_ids: Sequence[str] = (),
        is_waiting: bool | None = None,
    ) -> None:
        """Remember what changed, and that it was used now.

        Raises:
            NotFound: it was removed meanwhile, by its member or because somebody it had shown was erased.

        """
        changed: dict[str, Any] = {"last_at": self._clock()}
        if title is not None:
            changed["title"] = _tidy(title)
        if is_waiting is not None:
            changed["is_waiting"] = is_waiting
        rows = [
            {"conversation_id": conversation_id, "contact_id": contact_id}
            for contact_id in dict.fromkeys(contact_ids)
        ]
        with writing(self._engine) as connection:
            used = update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id).values(changed)
            if not connection.execute(used).rowcount:
                raise _missing(conversation_id)
            insert_new(connection, CONVERSATION_CONTACTS, rows)

    def rename(self, conversation_id: str, member_id: str, title: str) -> Conversation:
        """Call it something else. Raises `NotFound`."""
        with writing(self._engine) as connection:
            held = _get(connection, conversation_id, member_id)
            named = held.model_copy(update={"title": _tidy(title)})
            same = CONVERSATIONS.c.id == conversation_id
            connection.execute(update(CONVERSATIONS).where(same).values(title=named.title))
        return named

    def forget(self, conversation_id: str, member_id: str) -> None:
        """Remove its record; its checkpoints go first. Raises `NotFound`."""
        with writing(self._engine) as connection:
            _get(connection, conversation_id, member_id)
            _remove(connection, [conversation_id])

    def contacts_of(self, conversation_id: str) -> tuple[str, ...]:
        """The ids of contacts it has shown."""
        shown = CONVERSATION_CONTACTS.c
        query = select(shown.contact_id).where(shown.conversation_id == conversation_id)
        with self._engine.connect() as connection:
            return tuple(connection.execute(query.order_by(shown.contact_id)).scalars())

    def naming(self, contact_ids: Sequence[str], words: Sequence[str] = ()) -> tuple[str, ...]:
        """The ids of everybody's conversations that have shown one of these contacts, or whose title has a word."""
        wanted = [word.lower() for word in words if word]
        with self._engine.connect() as connection:
            found: set[Any] = set(connection.execute(shown_in(contact_ids)).scalars())
            if wanted:
                # Here and not in the query: SQLite knows no capitals beyond ASCII.
                titles = connection.execute(select(CONVERSATIONS.c.id, CONVERSATIONS.c.title)).all()
                found |= {one for one, title in titles if any(word in title.lower() for word in wanted)}
        return tuple(sorted(found))

    def not_used_since(self, before: datetime) -> tuple[str, ...]:
        """The ids of everybody's conversations that nobody went on with since then."""
        table = CONVERSATIONS.c
        with self._engine.connect() as connection:
            query = select(table.id).where(table.last_at < before).order_by(table.id)
            return tuple(connection.execute(query).scalars())

    def ids(self) -> frozenset[str]:
        """The ids of everybody's conversations."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(select(CONVERSATIONS.c.id)).scalars())

    def remove(self, conversation_ids: Sequence[str]) -> int:
        """Remove records, whoever's they are; their checkpoints go first. Return how many there were."""
        with writing(self._engine) as connection:
            return _remove(connection, conversation_ids)


def _get(connection: Connection, conversation_id: str, member_id: str) -> Conversation:
    table = CONVERSATIONS.c
    query = select(CONVERSATIONS).where(table.id == conversation_id, table.member_id == member_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise _missing(conversation_id)
    return _conversation(row)


def _remove(connection: Connection, conversation_ids: Sequence[str]) -> int:
    shown = delete(CONVERSATION_CONTACTS)
    connection.execute(shown.where(CONVERSATION_CONTACTS.c.conversation_id.in_(conversation_ids)))
    return connection.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.id.in_(conversation_ids))).rowcount


def _conversation(row: Any) -> Conversation:
    told = {name: row[name] for name in Conversation.model_fields if name != "door"}
    return Conversation(**told, door=Door(row["door"]))


def _missing(conversation_id: str) -> NotFound:
    return NotFound("conversation of yours", conversation_id, "Begin a new one.")


def _tidy(title: str) -> str:
    return " ".join(title.split())[:TITLE_LONGEST]
