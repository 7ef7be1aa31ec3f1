"""Proposals: what waits for a person. An act counts once, and only for what the person looked at.

A proposal and its pending outbox entry are born, revised and settled together, so a message can
neither leave without its approval nor be approved without being able to leave.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select, update

from domain.errors import NotFound, ReviewRejected
from domain.message import OutboxEntry, OutboxStatus
from domain.review import Proposal, ProposalStatus, Review, ReviewAct
from memory.crm import codec
from memory.crm.outbox import put_entry
from memory.crm.statements import DECISIONS, OUTBOX, PROPOSALS, REVIEWS, insert_new, is_postgres, writing

_SETTLED = {
    ReviewAct.APPROVE: ProposalStatus.APPROVED,
    ReviewAct.REJECT: ProposalStatus.REJECTED,
}


class ProposalStore:
    """Implements `domain.ports.Proposals` on the CRM tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, proposal: Proposal, entry: OutboxEntry) -> Proposal:
        """Store a proposal and its pending outbox entry together; a known id returns what is stored.

        Raises:
            DuplicateSend: where another message of this run or campaign already has the place.
            ValueError: where entry and proposal are not about the same message.

        """
        if entry.status is not OutboxStatus.PENDING or entry.message.sha256 != proposal.message_sha256:
            raise ValueError(
                f"proposal {proposal.id} needs a pending outbox entry of the very message it is about"
            )
        with writing(self._engine) as connection:
            stored = _find(connection, proposal.id)
            if stored is not None:
                return codec.proposal_of(stored)
            put_entry(connection, entry)
            insert_new(connection, PROPOSALS, [_new_row(connection, proposal, entry.id)])
            return codec.proposal_of(_row(connection, proposal.id))

    def get(self, proposal_id: str) -> Proposal:
        """Return one proposal. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return codec.proposal_of(_row(connection, proposal_id))

    def outbox_id(self, proposal_id: str) -> str:
        """Return the id of the proposal's outbox entry. Raises `NotFound`."""
        with self._engine.connect() as connection:
            return str(_row(connection, proposal_id)["outbox_id"])

    def revise(self, proposal: Proposal, expected_sha256: str) -> Proposal:
        """Replace message, draft and verdict of a waiting proposal; the version goes up by one.

        Raises:
            ReviewRejected: where it no longer waits, its message is another by now, or the new one is
                not addressed to the same contact.

        """
        if proposal.message.sha256 != proposal.message_sha256:
            raise ValueError(f"proposal {proposal.id}: message_sha256 is not the hash of its message")
        with writing(self._engine) as connection:
            if _row(connection, proposal.id, lock=True)["message_sha256"] == proposal.message_sha256:
                # The same revision again, as a step repeated after a crash makes it.
                return codec.proposal_of(_row(connection, proposal.id))
            row = _waiting(connection, proposal.id, expected_sha256)
            stored = codec.proposal_of(row)
            if (proposal.contact_id, proposal.message.to_address) != (
                stored.contact_id,
                stored.message.to_address,
            ):
                raise ReviewRejected(f"Proposal {proposal.id}: an edit cannot change who it is written to.")
            kept = proposal.model_copy(
                update={"status": stored.status, "version": stored.version + 1, "decided_at": None}
            )
            _write(connection, kept, row["outbox_id"])
            return codec.proposal_of(_row(connection, proposal.id))

    def settle(self, review: Review, proposal: Proposal) -> Proposal:
        """Record the review and its effect on the outbox entry in one transaction, once.

        Approving approves the outbox entry for exactly this message; rejecting withdraws it. An edit or
        an answer is recorded and leaves the proposal waiting: the caller revises it. The very same
        review again, as a step repeated after a crash makes it, changes nothing.

        Raises:
            ReviewRejected: where someone was faster, or the message changed since the reviewer looked.

        """
        if review.proposal_id != proposal.id:
            raise ValueError(f"review of {review.proposal_id} given for proposal {proposal.id}")
        settled = _SETTLED.get(review.act)
        with writing(self._engine) as connection:
            if _is_recorded(connection, review):
                return codec.proposal_of(_row(connection, proposal.id))
            row = _waiting(connection, proposal.id, review.message_sha256)
            if settled is not None:
                _settle(connection, row, settled, review)
            connection.execute(REVIEWS.insert().values(**codec.review_row(review)))
            return codec.proposal_of(_row(connection, proposal.id))

    def waiting(
        self, limit: int = 50, offset: int = 0, campaign_id: str | None = None
    ) -> tuple[Proposal, ...]:
        """Return proposals that wait for a person, the longest waiting first."""
        return self.proposals(ProposalStatus.WAITING, limit=limit, offset=offset, campaign_id=campaign_id)

    def proposals(
        self,
        status: ProposalStatus | None = None,
        *,
        run_id: str | None = None,
        campaign_id: str | None = None,
        contact_id: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[Proposal, ...]:
        """Return proposals, oldest first."""
        query = select(PROPOSALS).order_by(PROPOSALS.c.created_at, PROPOSALS.c.id).limit(limit).offset(offset)
        asked = {
            "status": None if status is None else status.value,
            "run_id": run_id,
            "campaign_id": campaign_id,
            "contact_id": contact_id,
        }
        for name, value in asked.items():
            if value is not None:
                query = query.where(PROPOSALS.c[name] == value)
        with self._engine.connect() as connection:
            return tuple(codec.proposal_of(row) for row in connection.execute(query).mappings())

    def counts(self, campaign_id: str | None = None) -> dict[ProposalStatus, int]:
        """Return how many proposals stand where."""
        query = select(PROPOSALS.c.status, func.count()).group_by(PROPOSALS.c.status)
        if campaign_id is not None:
            query = query.where(PROPOSALS.c.campaign_id == campaign_id)
        with self._engine.connect() as connection:
            return {ProposalStatus(status): many for status, many in connection.execute(query)}

    def waiting_by_campaign(self) -> dict[str, int]:
        """Return how many proposals of each campaign wait for a person."""
        query = select(PROPOSALS.c.campaign_id, func.count()).where(
            PROPOSALS.c.status == ProposalStatus.WAITING.value
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(PROPOSALS.c.campaign_id))}

    def reviews_of(self, proposal_id: str) -> tuple[Review, ...]:
        """Return everything reviewers did with a proposal, in order."""
        query = select(REVIEWS).where(REVIEWS.c.proposal_id == proposal_id).order_by(REVIEWS.c.id)
        with self._engine.connect() as connection:
            return tuple(codec.review_of(row) for row in connection.execute(query).mappings())

    def expire(self, proposal_id: str, detail: str, at: datetime) -> Proposal:
        """Close a proposal nobody decided in time and withdraw its message; a decided one stays."""
        with writing(self._engine) as connection:
            row = _row(connection, proposal_id, lock=True)
            if row["status"] == ProposalStatus.WAITING.value:
                _close(connection, row, ProposalStatus.EXPIRED, at)
                _move_entry(connection, row, at, status=OutboxStatus.WITHDRAWN.value, detail=detail)
            return codec.proposal_of(_row(connection, proposal_id))


def _new_row(connection: Connection, proposal: Proposal, outbox_id: str) -> dict[str, Any]:
    """Every column of a proposal that is asked for the first time; worth and content are its decision's."""
    decided = connection.execute(_DECIDED, {"id": proposal.decision_id}).mappings().first()
    decision = None if decided is None else codec.decision_of(decided)
    columns = codec.queue_columns(proposal)
    return {
        **codec.proposal_row(proposal, outbox_id),
        **columns,
        "asked_level": columns["level"],
        "asset_id": decision.action.asset_id if decision else None,
        "value_cents": decision.value_cents if decision else None,
        "snoozed_until": None,
        "assignee": None,
    }


# Built once: a run asks this for every message, and building a statement costs more than running it.
_DECIDED = select(DECISIONS).where(DECISIONS.c.id == bindparam("id"))


def _is_recorded(connection: Connection, review: Review) -> bool:
    """Tell whether this very review stands already; the proposal is locked, so nobody adds it meanwhile."""
    _row(connection, review.proposal_id, lock=True)
    same = [REVIEWS.c[name] == value for name, value in codec.review_row(review).items() if value is not None]
    return connection.execute(select(REVIEWS.c.id).where(*same).limit(1)).first() is not None


def _settle(connection: Connection, row: codec.Row, settled: ProposalStatus, review: Review) -> None:
    _close(connection, row, settled, review.at)
    if settled is ProposalStatus.APPROVED:
        changes = {"status": OutboxStatus.APPROVED.value, "approved_sha256": row["message_sha256"]}
    else:
        detail = f"rejected by {review.reviewer}: {review.reason}"
        changes = {"status": OutboxStatus.WITHDRAWN.value, "detail": detail}
    _move_entry(connection, row, review.at, **changes)


def _close(connection: Connection, row: codec.Row, status: ProposalStatus, at: datetime) -> None:
    connection.execute(
        update(PROPOSALS).where(PROPOSALS.c.id == row["id"]).values(status=status.value, decided_at=at)
    )


def _move_entry(connection: Connection, row: codec.Row, at: datetime, **changes: Any) -> None:
    moved = connection.execute(
        update(OUTBOX)
        .where(
            OUTBOX.c.id == row["outbox_id"],
            OUTBOX.c.status == OutboxStatus.PENDING.value,
            OUTBOX.c.message_sha256 == row["message_sha256"],
        )
        .values(updated_at=at, **changes)
    )
    if moved.rowcount != 1:
        raise ReviewRejected(
            f"Proposal {row['id']}: its message {row['outbox_id']} no longer waits in the outbox. "
            "Nothing was changed. See `attune outbox list`."
        )


def _write(connection: Connection, proposal: Proposal, outbox_id: str) -> None:
    columns = codec.proposal_row(proposal, outbox_id) | codec.queue_columns(proposal)
    # Another message than the one that was put off.
    columns["snoozed_until"] = None
    connection.execute(update(PROPOSALS).where(PROPOSALS.c.id == proposal.id).values(**columns))
    message = proposal.message
    moved = connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id, OUTBOX.c.status == OutboxStatus.PENDING.value)
        .values(
            message=message.model_dump(mode="json"),
            message_id=message.message_id,
            message_sha256=message.sha256,
            not_before=proposal.not_before,
            approved_sha256=None,
        )
    )
    if moved.rowcount != 1:
        raise ReviewRejected(f"Proposal {proposal.id}: its message no longer waits in the outbox.")


def _waiting(connection: Connection, proposal_id: str, seen_sha256: str) -> codec.Row:
    """Return the locked row of a proposal that waits and still is what was looked at."""
    row = _row(connection, proposal_id, lock=True)
    if row["status"] != ProposalStatus.WAITING.value:
        raise ReviewRejected(_already(connection, row))
    if row["message_sha256"] != seen_sha256:
        raise ReviewRejected(
            f"Proposal {proposal_id} changed since you looked (it is version {row['version']} now). "
            f"Nothing was recorded. Look again with `attune review show {proposal_id}`."
        )
    return row


def _already(connection: Connection, row: codec.Row) -> str:
    last = connection.execute(
        select(REVIEWS.c.reviewer)
        .where(REVIEWS.c.proposal_id == row["id"], REVIEWS.c.act.in_([act.value for act in _SETTLED]))
        .order_by(REVIEWS.c.id.desc())
        .limit(1)
    ).scalar()
    by = f" by {last}" if last else ""
    return f"Proposal {row['id']} is already {row['status']}{by}. Nothing was recorded."


def _find(connection: Connection, proposal_id: str, *, lock: bool = False) -> codec.Row | None:
    query = select(PROPOSALS).where(PROPOSALS.c.id == proposal_id)
    if lock and is_postgres(connection):
        query = query.with_for_update()
    return connection.execute(query).mappings().first()


def _row(connection: Connection, proposal_id: str, *, lock: bool = False) -> codec.Row:
    row = _find(connection, proposal_id, lock=lock)
    if row is None:
        raise NotFound("proposal", proposal_id, "See `attune review list`.")
    return row
