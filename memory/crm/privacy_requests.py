"""Requests under people's rights: kept with their deadline until they are answered, and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, select, update

from domain.errors import NotFound
from domain.rights import PrivacyRequest, RequestKind
from memory.crm.statements import PRIVACY_REQUESTS, insert_new, writing

Tell = Callable[[Connection], None]
"""Writes the audit's line inside the transaction it tells of."""

_ORDER = (PRIVACY_REQUESTS.c.done_at.is_not(None), PRIVACY_REQUESTS.c.due_at, PRIVACY_REQUESTS.c.id)


class PrivacyRequests:
    """Keeps requests in the CRM's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, request: PrivacyRequest, tell: Tell) -> PrivacyRequest:
        """Store a request and tell it, in one transaction. An open one of its person and kind is returned instead."""
        with writing(self._engine) as connection:
            waiting = _find(connection, request.person_hash, request.kind)
            if waiting is not None:
                return waiting
            row = {name: getattr(request, name) for name in PrivacyRequest.model_fields}
            insert_new(connection, PRIVACY_REQUESTS, [{**row, "kind": request.kind.value}])
            tell(connection)
        return request

    def get(self, request_id: str) -> PrivacyRequest:
        """Return one request. Raises `NotFound`."""
        found = self._read(select(PRIVACY_REQUESTS).where(PRIVACY_REQUESTS.c.id == request_id))
        if not found:
            raise NotFound("privacy request", request_id, "See `attune privacy list`.")
        return found[0]

    def listed(
        self, *, only_open: bool = False, limit: int = 50, offset: int = 0
    ) -> tuple[PrivacyRequest, ...]:
        """Return requests: open ones first, the nearest deadline on top."""
        query = select(PRIVACY_REQUESTS).order_by(*_ORDER).limit(limit).offset(offset)
        if only_open:
            query = query.where(PRIVACY_REQUESTS.c.done_at.is_(None))
        return self._read(query)

    def of(self, contact_id: str) -> tuple[PrivacyRequest, ...]:
        """Return one contact's requests, in the same order."""
        theirs = PRIVACY_REQUESTS.c.contact_id == contact_id
        return self._read(select(PRIVACY_REQUESTS).where(theirs).order_by(*_ORDER))

    def of_person(self, person_hash: str) -> tuple[PrivacyRequest, ...]:
        """Return the requests of one person by keyed hash, in the same order: after an erasure nothing else tells."""
        theirs = PRIVACY_REQUESTS.c.person_hash == person_hash
        return self._read(select(PRIVACY_REQUESTS).where(theirs).order_by(*_ORDER))

    def close(self, request_id: str, outcome: str, at: datetime, tell: Tell) -> PrivacyRequest:
        """Mark a request answered, and tell it in the same transaction. Raises `NotFound`."""
        with writing(self._engine) as connection:
            close_in(connection, request_id, outcome, at)
            tell(connection)
        return self.get(request_id)

    def _read(self, query: Select[*tuple[object, ...]]) -> tuple[PrivacyRequest, ...]:
        with self._engine.connect() as connection:
            return tuple(
                PrivacyRequest.model_validate(dict(row)) for row in connection.execute(query).mappings()
            )


def close_in(connection: Connection, request_id: str, outcome: str, at: datetime) -> None:
    """Mark a request answered inside the caller's transaction."""
    connection.execute(
        update(PRIVACY_REQUESTS)
        .where(PRIVACY_REQUESTS.c.id == request_id)
        .values(done_at=at, outcome=outcome)
    )


def _find(connection: Connection, person_hash: str, kind: RequestKind) -> PrivacyRequest | None:
    query = select(PRIVACY_REQUESTS).where(
        PRIVACY_REQUESTS.c.person_hash == person_hash,
        PRIVACY_REQUESTS.c.kind == kind.value,
        PRIVACY_REQUESTS.c.done_at.is_(None),
    )
    row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else PrivacyRequest.model_validate(dict(row))
