"""Who is signed in: browsers' sessions and programs' tokens, each kept as the SHA-256 of its secret only."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, RowMapping, Update, delete, select, update
from sqlalchemy.exc import OperationalError

from domain.base import utc_now
from domain.errors import NotFound
from domain.ports import Clock
from domain.staff import ApiToken, Member, Session
from memory.crm.audit import AuditChain
from memory.crm.engine import BUSY_TIMEOUT_MS, is_sqlite
from memory.crm.staff import sha256_of
from memory.crm.statements import API_TOKENS, MEMBERS, SESSIONS, insert_all, writing
from policies.rights import SESSION_FOR, has_ended

NOTE_WAIT_MS = 50
SEEN_EVERY = timedelta(minutes=5)
"""A session in use is written down so often, not at every click."""

TOKEN_PREFIX = "attune_"  # noqa: S105 (the public start of every token, so that scanners of leaks know it)
_MEMBER = [column.label(f"of_{column.name}") for column in MEMBERS.c]
_BY_SESSION = select(SESSIONS, *_MEMBER).join(MEMBERS, MEMBERS.c.id == SESSIONS.c.member_id)
_BY_TOKEN = select(API_TOKENS, *_MEMBER).join(MEMBERS, MEMBERS.c.id == API_TOKENS.c.member_id)


class SessionStore:
    """Keeps sessions and API tokens."""

    def __init__(self, engine: Engine, audit: AuditChain, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._audit = audit
        self._clock = clock

    def begin(
        self,
        member: Member,
        way: str,
        browser: str = "",
        instead_of: str | None = None,
        made_by: str | None = None,
    ) -> str:
        """Sign a member in and return the new secret; the session held before ends, so none is carried over (W-04).

        `made_by`: the id of the other member whose link it began by.
        """
        secret, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "id": sha256_of(secret),
            "member_id": member.member_id,
            "way": way,
            "made_by": made_by,
            "browser": browser[:200],
            "began_at": now,
            "seen_at": now,
        }
        with writing(self._engine) as connection:
            if instead_of:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.id == sha256_of(instead_of)))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.began_at < now - SESSION_FOR))
            insert_all(connection, SESSIONS, [row])
            _seen(connection, member.member_id, now)
            whose = {"link_of": made_by} if made_by else {}
            self._told(connection, member.member_id, "signed in", way=way, **whose)
        return secret

    def who(self, secret: str) -> tuple[Session, Member] | None:
        """Return whose session this is, or None where it is nobody's, has ended, or its member left."""
        with self._engine.connect() as connection:
            row = connection.execute(_BY_SESSION.where(SESSIONS.c.id == sha256_of(secret))).mappings().first()
        if row is None:
            return None
        session, member, now = session_of(row), _member_in(row), self._clock()
        if not member.is_active or has_ended(session, now):
            return None
        if now - session.seen_at >= SEEN_EVERY:
            used = update(SESSIONS).where(SESSIONS.c.id == session.session_id).values(seen_at=now)
            self._note(used, member.member_id, now)
        return session, member

    def of(self, member_id: str) -> tuple[Session, ...]:
        """Return a member's sessions that still hold, the one used last first."""
        query = select(SESSIONS).where(SESSIONS.c.member_id == member_id).order_by(SESSIONS.c.seen_at.desc())
        with self._engine.connect() as connection:
            found = [session_of(row) for row in connection.execute(query).mappings()]
        return tuple(session for session in found if not has_ended(session, self._clock()))

    def end(self, session_id: str, member_id: str) -> None:
        """Sign out one browser of this member."""
        with writing(self._engine) as connection:
            mine = SESSIONS.c.id == session_id, SESSIONS.c.member_id == member_id
            if connection.execute(delete(SESSIONS).where(*mine)).rowcount:
                self._told(connection, member_id, "signed out")

    def end_all(self, member_id: str, by: str) -> int:
        """Sign a member out everywhere, as they or an admin asked; return how many browsers that were."""
        with writing(self._engine) as connection:
            many = connection.execute(delete(SESSIONS).where(SESSIONS.c.member_id == member_id)).rowcount
            told = {"did": "signed out everywhere", "by": by}
            self._audit.append_in(connection, "team", member_id, told)
        return many

    def make_token(
        self, member: Member, name: str, lasts: timedelta | None = None, *, by: str | None = None
    ) -> tuple[ApiToken, str]:
        """Return a new API token and its secret, which is not kept; without `lasts` it works until revoked.

        `by`: who made it for them, where somebody else did.
        """
        secret, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self._clock()
        token = ApiToken(
            token_id=f"k_{secrets.token_hex(6)}",
            member_id=member.member_id,
            name=name.strip(),
            made_at=now,
            expires_at=now + lasts if lasts else None,
        )
        row = token.model_dump(exclude={"token_id"}) | {
            "id": token.token_id,
            "token_sha256": sha256_of(secret),
        }
        with writing(self._engine) as connection:
            insert_all(connection, API_TOKENS, [row])
            told = {"did": "token made", "by": by or member.member_id, "token": token.token_id}
            self._audit.append_in(connection, "team", member.member_id, told)
        return token, secret

    def tokens(self, member_id: str) -> tuple[ApiToken, ...]:
        """Return a member's tokens, those that work first."""
        order = API_TOKENS.c.revoked_at.is_not(None), API_TOKENS.c.made_at.desc()
        query = select(API_TOKENS).where(API_TOKENS.c.member_id == member_id).order_by(*order)
        with self._engine.connect() as connection:
            return tuple(token_of(row) for row in connection.execute(query).mappings())

    def revoke(self, token_id: str, member_id: str) -> None:
        """Make a token of this member good for nothing. Raises `NotFound`."""
        mine = API_TOKENS.c.id == token_id, API_TOKENS.c.member_id == member_id
        with writing(self._engine) as connection:
            done = update(API_TOKENS).where(*mine, API_TOKENS.c.revoked_at.is_(None))
            if not connection.execute(done.values(revoked_at=self._clock())).rowcount:
                raise NotFound("API token of yours", token_id)
            self._told(connection, member_id, "token revoked", token=token_id)

    def who_by_token(self, secret: str) -> tuple[ApiToken, Member] | None:
        """Return whose token this is, or None where it is nobody's, was revoked, or its member left."""
        query = _BY_TOKEN.where(API_TOKENS.c.token_sha256 == sha256_of(secret))
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        token, member, now = token_of(row), _member_in(row), self._clock()
        if not token.is_good(now) or not member.is_active:
            return None
        if token.used_at is None or now - token.used_at >= SEEN_EVERY:
            used = update(API_TOKENS).where(API_TOKENS.c.id == token.token_id).values(used_at=now)
            self._note(used, member.member_id, now)
        return token, member

    def _note(self, used: Update, member_id: str, now: datetime) -> None:
        """Write down that somebody is here, unless another writes for long: no page waits for this."""
        with self._engine.connect() as connection:
            if is_sqlite(self._engine):
                connection.exec_driver_sql(f"PRAGMA busy_timeout={NOTE_WAIT_MS}")
            try:
                connection.execute(used)
                _seen(connection, member_id, now)
                connection.commit()
            except OperationalError:
                connection.rollback()
            finally:
                if is_sqlite(self._engine):
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    def _told(self, connection: Connection, member_id: str, did: str, **detail: str) -> None:
        self._audit.append_in(connection, "team", member_id, {"did": did, "by": member_id, **detail})


def session_of(row: RowMapping) -> Session:
    """One row of sessions as the noun."""
    told = {name: row[name] for name in Session.model_fields if name != "session_id"}
    return Session(session_id=row["id"], **told)


def token_of(row: RowMapping) -> ApiToken:
    """One row of API tokens as the noun; the secret's hash stays behind."""
    told = {name: row[name] for name in ApiToken.model_fields if name != "token_id"}
    return ApiToken(token_id=row["id"], **told)


def _member_in(row: RowMapping) -> Member:
    names = ("email", "name", "role", "zone", "joined_at", "seen_at", "left_at")
    told = {name: row[f"of_{name}"] for name in names}
    return Member(member_id=row["of_id"], has_password=row["of_password_hash"] is not None, **told)


def _seen(connection: Connection, member_id: str, at: datetime) -> None:
    connection.execute(update(MEMBERS).where(MEMBERS.c.id == member_id).values(seen_at=at))
