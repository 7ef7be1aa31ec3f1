"""Holds the records the audit chain speaks of against it: decisions by run, messages as sent, reviews as given.

The chain proves that its own lines are as they were written; here the rows they are about are hashed again. Rows of
an erased person are gone: the erasure's line keeps the hashes of their decisions and the ids of their messages, so
that the rest can still be told from a row somebody took away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, select

from domain.decision import Decision
from domain.message import Message
from domain.review import Review
from memory.crm import codec
from memory.crm.statements import AUDIT, BATCH_ROWS, DECISIONS, OUTBOX, REVIEWS

COVERS_ROWS = "rows"
"""Says that a run's line was made of whole decisions; older lines cover the action and its propensity only."""


def decision_sha256(decision: Decision) -> str:
    """The hash of one whole decision."""
    return hashlib.sha256(decision.model_dump_json().encode()).hexdigest()


def together(hashes: Iterable[str]) -> str:
    """One hash of many, whatever their order."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def review_sha256(review: Review) -> str:
    """The hash of one whole review, its words included."""
    return hashlib.sha256(review.model_dump_json().encode()).hexdigest()


def erased_detail(
    connection: Connection, contact_ids: Iterable[str], messages: Iterable[str]
) -> dict[str, Any]:
    """What an erasure's line keeps of the rows it takes away: hashes and ids, by which nobody is known."""
    leaves: dict[str, list[str]] = {}
    query = select(DECISIONS).where(DECISIONS.c.contact_id.in_(list(contact_ids)))
    for row in connection.execute(query).mappings():
        leaves.setdefault(row["run_id"], []).append(decision_sha256(codec.decision_of(row)))
    return {"decisions": leaves, "messages": sorted(messages)}


def faults(engine: Engine) -> Iterator[str]:
    """Yield what is not as the chain says, in plain words; one run, message or review at a time in memory."""
    runs, sent, reviews, erased, gone = _told(engine)
    for run_id, told in runs.items():
        now = together([*_decisions(engine, run_id), *erased.get(run_id, ())])
        if now != told:
            yield f"decisions of run {run_id} are not those that were taken"
    with engine.connect() as connection:
        for outbox_id, sha256 in sent.items():
            row = connection.execute(select(OUTBOX).where(OUTBOX.c.id == outbox_id)).mappings().first()
            if row is None:
                if outbox_id not in gone:
                    yield f"message {outbox_id} is gone"
            elif _message_sha256(row["message"]) != sha256 or row["message_sha256"] != sha256:
                yield f"message {outbox_id} is not the one that was sent"
        yield from _reviews(connection, reviews)


def _told(
    engine: Engine,
) -> tuple[dict[str, str], dict[str, str], dict[str, str], dict[str, list[str]], set[str]]:
    runs: dict[str, str] = {}
    sent: dict[str, str] = {}
    reviews: dict[str, str] = {}
    erased: dict[str, list[str]] = {}
    gone: set[str] = set()
    kinds = ("decisions", "send", "review", "privacy")
    query = (
        select(AUDIT.c.kind, AUDIT.c.subject, AUDIT.c.detail)
        .where(AUDIT.c.kind.in_(kinds))
        .order_by(AUDIT.c.seq)
    )
    with engine.connect() as connection:
        for kind, subject, detail in connection.execute(query.execution_options(yield_per=BATCH_ROWS)):
            if kind == "decisions" and detail.get("covers") == COVERS_ROWS:
                runs[subject] = str(detail["sha256"])
            elif kind == "send":
                sent[subject] = str(detail["sha256"])
            elif kind == "review" and "review" in detail:
                reviews[str(detail["review"])] = subject
            elif detail.get("act") == "erasure":
                for run_id, leaves in detail.get("decisions", {}).items():
                    erased.setdefault(run_id, []).extend(leaves)
                gone.update(detail.get("messages", ()))
    return runs, sent, {key: value for key, value in reviews.items() if value not in gone}, erased, gone


def _decisions(engine: Engine, run_id: str) -> Iterator[str]:
    query = select(DECISIONS).where(DECISIONS.c.run_id == run_id).execution_options(yield_per=BATCH_ROWS)
    with engine.connect() as connection:
        for row in connection.execute(query).mappings():
            try:
                yield decision_sha256(codec.decision_of(row))
            except ValueError:
                yield "unreadable"


def _message_sha256(record: Any) -> str:
    try:
        return Message.model_validate(record).sha256
    except ValueError:
        return "unreadable"


def _reviews(connection: Connection, told: dict[str, str]) -> Iterator[str]:
    standing: dict[str, set[str]] = {}
    for row in connection.execute(select(REVIEWS)).mappings():
        try:
            standing.setdefault(row["proposal_id"], set()).add(review_sha256(codec.review_of(row)))
        except ValueError:
            continue
    for sha256, proposal_id in told.items():
        if sha256 not in standing.get(proposal_id, set()):
            yield f"a review of proposal {proposal_id} is not as it was given"
