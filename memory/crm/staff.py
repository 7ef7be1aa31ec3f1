"""The team in the database: members, and the one-time links by which they come in. Every change is in the audit chain.

Of links only the SHA-256 is kept: who reads the database gets in nowhere. Audit lines hold ids, never addresses.

Over 400 lines on purpose: every way in and out of the team stands in one place, to be read against the others.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Select, func, or_, select, text, update
from sqlalchemy import delete as delete_from

from domain.base import utc_now
from domain.errors import LinkSpent, NotFound, TeamRefused
from domain.ports import Clock
from domain.staff import Identity, Member, Role, Ticket, TicketKind, folded_email, is_address
from memory.crm.audit import AuditChain
from memory.crm.statements import API_TOKENS, MEMBERS, SESSIONS, TICKETS, insert_all, is_postgres, writing
from policies.rights import FIRST_RUN_FOR, INVITATION_FOR, SIGN_IN_FOR

_LOCK_KEY = 0x7465616D
"""PostgreSQL advisory lock of those who change the team: `team` in ASCII."""

_LASTS = {
    TicketKind.FIRST_RUN: FIRST_RUN_FOR,
    TicketKind.SIGN_IN: SIGN_IN_FOR,
    TicketKind.INVITATION: INVITATION_FOR,
}
FORGET_TICKETS_AFTER = timedelta(days=90)
"""Addresses of people who never came are not kept for good; that they were invited stays in the audit chain."""

_ACTIVE = MEMBERS.c.left_at.is_(None)
_NEW_LINK = "Ask an admin for a new one, or make one on the server: `attune team link EMAIL`."


def sha256_of(token: str) -> str:
    """The one form in which a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


class StaffStore:
    """Keeps members and one-time links."""

    def __init__(self, engine: Engine, audit: AuditChain, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._audit = audit
        self._clock = clock

    def members(self, *, only_active: bool = False) -> tuple[Member, ...]:
        """Return the team: those here first, by name."""
        query = select(MEMBERS).order_by(MEMBERS.c.left_at.is_not(None), MEMBERS.c.name, MEMBERS.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(_ACTIVE) if only_active else query).mappings()
            return tuple(member_of(row) for row in rows)

    def is_empty(self) -> bool:
        """Tell whether nobody was ever a member."""
        with self._engine.connect() as connection:
            return _is_empty(connection)

    def member(self, member_id: str) -> Member:
        """Return one member. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return _member(connection, member_id)

    def by_email(self, email: str) -> Member | None:
        """Return the member of this address, also one who left."""
        found = self._row(select(MEMBERS).where(MEMBERS.c.email == folded_email(email)))
        return None if found is None else member_of(found)

    def password_hash(self, member_id: str) -> str | None:
        """Return the Argon2id hash of an active member's password, or None where there is none."""
        found = self._row(select(MEMBERS).where(MEMBERS.c.id == member_id, _ACTIVE))
        return None if found is None else found["password_hash"]

    def join(
        self, email: str, name: str, role: Role, zone: str, *, how: str, by: str | None = None
    ) -> Member:
        """Take somebody in, or back. Raises `TeamRefused` where the address is an active member's."""
        with self._alone() as connection:
            return self._join(connection, email, name, role, zone, how=how, by=by)

    def change(self, member_id: str, by: str, *, name: str | None = None, zone: str | None = None) -> Member:
        """Change what a member looks after themselves."""
        told = {"name": name, "zone": zone}
        return self._update(member_id, by, {key: value for key, value in told.items() if value is not None})

    def set_role(self, member_id: str, role: Role, by: str) -> Member:
        """Give a role. Raises `TeamRefused` where no admin would be left."""
        return self._update(member_id, by, {"role": role.value}, told={"role": role.value})

    def set_password(
        self, member_id: str, password_hash: str | None, by: str, *, keep_session: str
    ) -> Member:
        """Set or remove a password; every other session of the member ends."""
        ends = SESSIONS.c.member_id == member_id, SESSIONS.c.id != keep_session
        with self._alone() as connection:
            _member(connection, member_id)
            connection.execute(_of(member_id).values(password_hash=password_hash))
            connection.execute(delete_from(SESSIONS).where(*ends))
            self._told(connection, member_id, "password" if password_hash else "password removed", by)
            return _member(connection, member_id)

    def leave(self, member_id: str, by: str) -> Member:
        """Let a member go: sessions end, tokens and links stop working. Raises `TeamRefused` for the last admin."""
        now = self._clock()
        with self._alone() as connection:
            _keep_an_admin(connection, _member(connection, member_id))
            connection.execute(_of(member_id).values(left_at=now, password_hash=None))
            connection.execute(delete_from(SESSIONS).where(SESSIONS.c.member_id == member_id))
            for table, column in ((API_TOKENS, "revoked_at"), (TICKETS, "withdrawn_at")):
                theirs = table.c.member_id == member_id, table.c[column].is_(None)
                connection.execute(update(table).where(*theirs).values({column: now}))
            self._told(connection, member_id, "left", by)
            return _member(connection, member_id)

    def first_run_link(self) -> str:
        """Return the token of the link that makes the first admin; links printed before stop working.

        Raises:
            TeamRefused: there are members already.
        """
        with self._alone() as connection:
            if not _is_empty(connection):
                raise TeamRefused("This workspace has members already. See `attune team list`.")
            earlier = TICKETS.c.kind == TicketKind.FIRST_RUN.value, TICKETS.c.used_at.is_(None)
            connection.execute(update(TICKETS).where(*earlier).values(withdrawn_at=self._clock()))
            return self._issue(connection, TicketKind.FIRST_RUN, Role.ADMIN)[1]

    def sign_in_link(self, member: Member, by: str) -> str:
        """Return the token of a link that signs this member in once."""
        if not member.is_active:
            raise TeamRefused(f"{member.email} has left the team. Invite them anew: `attune team invite`.")
        with self._alone() as connection:
            return self._issue(connection, TicketKind.SIGN_IN, member.role, member=member, by=by)[1]

    def invite(self, email: str, role: Role, by: str) -> tuple[Ticket, str]:
        """Return an invitation and its link's token, which is not kept. One for the same address is withdrawn."""
        email = folded_email(email)
        with self._alone() as connection:
            _refuse_twice(connection, email)
            open_one = (
                TICKETS.c.kind == TicketKind.INVITATION.value,
                TICKETS.c.email == email,
                TICKETS.c.used_at.is_(None),
            )
            connection.execute(update(TICKETS).where(*open_one).values(withdrawn_at=self._clock()))
            return self._issue(connection, TicketKind.INVITATION, role, email=email, by=by)

    def withdraw(self, ticket_id: str, by: str) -> None:
        """Make an invitation good for nothing. Raises `NotFound`."""
        with self._alone() as connection:
            mine = TICKETS.c.id == ticket_id, TICKETS.c.used_at.is_(None)
            if not connection.execute(
                update(TICKETS).where(*mine).values(withdrawn_at=self._clock())
            ).rowcount:
                raise NotFound("open invitation", ticket_id)
            self._told(connection, ticket_id, "invitation withdrawn", by)

    def invitations(self) -> tuple[Ticket, ...]:
        """Return the invitations that can still be used, the newest first."""
        now = self._clock()
        query = select(TICKETS).where(
            TICKETS.c.kind == TicketKind.INVITATION.value,
            TICKETS.c.used_at.is_(None),
            TICKETS.c.withdrawn_at.is_(None),
            TICKETS.c.expires_at > now,
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(TICKETS.c.made_at.desc())).mappings()
            return tuple(ticket_of(row) for row in rows)

    def ticket(self, token: str) -> Ticket:
        """Return what a link is good for, changing nothing. Raises `LinkSpent`."""
        found = self._row(select(TICKETS).where(TICKETS.c.token_sha256 == sha256_of(token)))
        return self._good(found)

    def use(self, token: str, *, email: str = "", name: str = "", zone: str = "UTC") -> Member:
        """Let somebody in by a link, once; first-run links and invitations make the member.

        Args:
            token: what the link holds.
            email: of the first admin; an invitation has its own.
            name: of the new member.
            zone: where the new member reads times.

        Raises:
            LinkSpent: it was used, withdrawn or is too old.
            TeamRefused: the first admin is there already, or the address is a member's.
        """
        mine = TICKETS.c.token_sha256 == sha256_of(token)
        with self._alone() as connection:
            ticket = self._good(connection.execute(select(TICKETS).where(mine)).mappings().first())
            connection.execute(update(TICKETS).where(mine).values(used_at=self._clock()))
            if ticket.kind is TicketKind.SIGN_IN:
                member = _member(connection, ticket.member_id or "")
                if not member.is_active:
                    raise LinkSpent(_NEW_LINK)
                return member
            if ticket.kind is TicketKind.FIRST_RUN and not _is_empty(connection):
                raise LinkSpent("This workspace has its first admin already.")
            address = ticket.email or email
            how = ticket.kind.value
            return self._join(connection, address, name, ticket.role, zone, how=how, by=ticket.made_by)

    def recognise(self, identity: Identity, domains: Collection[str], role: Role, zone: str) -> Member:
        """Let somebody in whom the identity provider vouches for: a member, somebody invited, or of our domains.

        Args:
            identity: who it says this is; its address is verified.
            domains: of whose addresses anybody may join.
            role: of those who join so.
            zone: where a new member reads times.

        Raises:
            TeamRefused: none of the three, they have left and were not invited anew, or the address belongs to
                another person there now.
        """
        email = folded_email(identity.email)
        invited = (
            TICKETS.c.kind == TicketKind.INVITATION.value,
            TICKETS.c.email == email,
            TICKETS.c.used_at.is_(None),
            TICKETS.c.withdrawn_at.is_(None),
            TICKETS.c.expires_at > self._clock(),
        )
        with self._alone() as connection:
            if _is_empty(connection):
                raise TeamRefused("The first admin comes in by the one-time link that `attune serve` prints.")
            mine = MEMBERS.c.subject == identity.subject
            known = connection.execute(select(MEMBERS).where(mine, _ACTIVE)).mappings().first()
            if known is not None:
                return member_of(known)
            there = (
                connection.execute(select(MEMBERS).where(MEMBERS.c.email == email, _ACTIVE))
                .mappings()
                .first()
            )
            if there is not None:
                if there["subject"] is not None:
                    raise TeamRefused(
                        f"{email} belongs to somebody else at the identity provider than before. Ask an admin."
                    )
                return self._bound(connection, there["id"], identity)
            ticket = connection.execute(select(TICKETS).where(*invited)).mappings().first()
            left = select(MEMBERS.c.id).where(or_(MEMBERS.c.email == email, mine))
            if ticket is None and connection.execute(left).first() is not None:
                # Who was let go still has their account at the provider: their domain alone brings nobody back.
                raise TeamRefused(f"{email} has left the team. Ask an admin for an invitation.")
            if ticket is None and email.rpartition("@")[2] not in domains:
                raise TeamRefused(f"{email} is neither a member nor invited. Ask an admin of your team.")
            if ticket is not None:
                used = update(TICKETS).where(TICKETS.c.id == ticket["id"])
                connection.execute(used.values(used_at=self._clock()))
            given = Role(ticket["role"]) if ticket else role
            how, by = ("invitation", ticket["made_by"]) if ticket else ("domain", None)
            name = identity.name.strip()[:100] or email
            member = self._join(connection, email, name, given, zone, how=how, by=by)
            return self._bound(connection, member.member_id, identity)

    def _bound(self, connection: Connection, member_id: str, identity: Identity) -> Member:
        # Whoever had this subject and left must not keep it from the one who came back.
        had = update(MEMBERS).where(MEMBERS.c.subject == identity.subject)
        connection.execute(had.values(subject=None))
        connection.execute(_of(member_id).values(subject=identity.subject))
        self._told(connection, member_id, "single sign-on", member_id)
        return _member(connection, member_id)

    def _good(self, row: RowMapping | None) -> Ticket:
        if row is None or not ticket_of(row).is_good(self._clock()):
            raise LinkSpent(_NEW_LINK)
        return ticket_of(row)

    def _join(
        self,
        connection: Connection,
        email: str,
        name: str,
        role: Role,
        zone: str,
        *,
        how: str,
        by: str | None,
    ) -> Member:
        email, name = folded_email(email), name.strip()
        there = _refuse_twice(connection, email)
        row = {
            "email": email,
            "name": name,
            "role": role.value,
            "zone": zone,
            "left_at": None,
            "subject": None,
        }
        member_id = there.member_id if there else f"m_{secrets.token_hex(6)}"
        if there:
            connection.execute(_of(member_id).values(**row, joined_at=self._clock()))
        else:
            insert_all(connection, MEMBERS, [{"id": member_id, **row, "joined_at": self._clock()}])
        self._told(connection, member_id, "joined", by, role=role.value, how=how)
        return _member(connection, member_id)

    def _update(
        self, member_id: str, by: str, values: dict[str, Any], told: dict[str, str] | None = None
    ) -> Member:
        with self._alone() as connection:
            member = _member(connection, member_id)
            if values.get("role", Role.ADMIN.value) != Role.ADMIN.value:
                _keep_an_admin(connection, member)
            if values:
                connection.execute(_of(member_id).values(**values))
                did = "role" if "role" in values else "profile"
                self._told(connection, member_id, did, by, **(told or {"changed": ", ".join(sorted(values))}))
            return _member(connection, member_id)

    def _issue(
        self,
        connection: Connection,
        kind: TicketKind,
        role: Role,
        *,
        email: str | None = None,
        member: Member | None = None,
        by: str | None = None,
    ) -> tuple[Ticket, str]:
        token, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "id": f"t_{secrets.token_hex(6)}",
            "token_sha256": sha256_of(token),
            "kind": kind.value,
            "email": email,
            "role": role.value,
            "member_id": member.member_id if member else None,
            "made_by": by,
            "made_at": now,
            "expires_at": now + _LASTS[kind],
            "used_at": None,
            "withdrawn_at": None,
        }
        connection.execute(delete_from(TICKETS).where(TICKETS.c.expires_at < now - FORGET_TICKETS_AFTER))
        insert_all(connection, TICKETS, [row])
        subject = member.member_id if member else str(row["id"])
        self._told(connection, subject, f"{kind.value} link", by, role=role.value)
        found = connection.execute(select(TICKETS).where(TICKETS.c.id == row["id"])).mappings().one()
        return ticket_of(found), token

    def _told(self, connection: Connection, subject: str, did: str, by: str | None, **detail: str) -> None:
        self._audit.append_in(connection, "team", subject, {"did": did, "by": by, **detail})

    def _row(self, query: Select[Any]) -> RowMapping | None:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().first()

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        with writing(self._engine) as connection:
            if is_postgres(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            yield connection


def member_of(row: RowMapping) -> Member:
    """One row of members as the noun; the password's hash stays behind."""
    told = {name: row[name] for name in ("email", "name", "role", "zone", "joined_at", "seen_at", "left_at")}
    return Member(member_id=row["id"], has_password=row["password_hash"] is not None, **told)


def ticket_of(row: RowMapping) -> Ticket:
    """One row of tickets as the noun; the token's hash stays behind."""
    told = {name: row[name] for name in Ticket.model_fields if name != "ticket_id"}
    return Ticket(ticket_id=row["id"], **told)


def _of(member_id: str) -> Any:
    return update(MEMBERS).where(MEMBERS.c.id == member_id)


def _member(connection: Connection, member_id: str) -> Member:
    row = connection.execute(select(MEMBERS).where(MEMBERS.c.id == member_id)).mappings().first()
    if row is None:
        raise NotFound("member", member_id, "See `attune team list`.")
    return member_of(row)


def _is_empty(connection: Connection) -> bool:
    return not connection.execute(select(func.count()).select_from(MEMBERS)).scalar_one()


def _refuse_twice(connection: Connection, email: str) -> Member | None:
    """Return the member who left under this address, or None; refuse one who is here, and what is no address."""
    if not is_address(email):
        raise TeamRefused(f"{email[:100]!r} is no e-mail address. Nothing was changed.")
    row = connection.execute(select(MEMBERS).where(MEMBERS.c.email == email)).mappings().first()
    if row is not None and row["left_at"] is None:
        raise TeamRefused(f"{email} is a member already. Nothing was changed. See `attune team list`.")
    return None if row is None else member_of(row)


def _keep_an_admin(connection: Connection, member: Member) -> None:
    others = MEMBERS.c.role == Role.ADMIN.value, _ACTIVE, MEMBERS.c.id != member.member_id
    left = connection.execute(select(func.count()).where(*others)).scalar_one()
    if member.role is Role.ADMIN and member.is_active and not left:
        raise TeamRefused(
            f"{member.email} is the only admin: nobody could manage the team. Nothing was changed. "
            "Make someone else an admin first."
        )
