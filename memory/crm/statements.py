"""The statements every store shares: write transactions, and bulk inserts that know both dialects.

Stores speak SQLAlchemy core, not the ORM: a run writes a hundred thousand rows at once, and core is
eight times faster there. The tables themselves stay SQLModel classes (`tables.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, Table, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from memory.crm import tables

BATCH_ROWS = 5_000
"""Rows a statement: large enough to be fast, small enough that memory stays flat."""


def table_of(model: type[SQLModel]) -> Table:
    """Return the core table behind a SQLModel class."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


ACCOUNTS = table_of(tables.AccountTable)
CONTACTS = table_of(tables.ContactTable)
CONTACT_CARDS = table_of(tables.ContactCardTable)
ACCOUNT_CARDS = table_of(tables.AccountCardTable)
IDENTITIES = table_of(tables.IdentityTable)
DEALS = table_of(tables.DealTable)
DEAL_STAGES = table_of(tables.DealStageTable)
BUYING_ROLES = table_of(tables.BuyingRoleTable)
EVENTS = table_of(tables.EventTable)
ASSETS = table_of(tables.AssetTable)
CLAIMS = table_of(tables.ClaimTable)
CAMPAIGNS = table_of(tables.CampaignTable)
CONSENTS = table_of(tables.ConsentTable)
SUPPRESSIONS = table_of(tables.SuppressionTable)
RUNS = table_of(tables.RunTable)
DECISIONS = table_of(tables.DecisionTable)
LEARNERS = table_of(tables.LearnerTable)
RUN_CONTACTS = table_of(tables.RunContactTable)
OUTBOX = table_of(tables.OutboxTable)
PROPOSALS = table_of(tables.ProposalTable)
REVIEWS = table_of(tables.ReviewTable)
AUTONOMY = table_of(tables.AutonomyTable)
DRAFTS = table_of(tables.DraftTable)
WEBHOOK_EVENTS = table_of(tables.WebhookEventTable)
WEBHOOK_TOKENS = table_of(tables.WebhookTokenTable)
INBOUND = table_of(tables.InboundTable)
CAMPAIGN_STATES = table_of(tables.CampaignStateTable)
SCHEDULED_RUNS = table_of(tables.ScheduledRunTable)
TALLIES = table_of(tables.TallyTable)
AUDIT = table_of(tables.AuditTable)
MEMORIES = table_of(tables.MemoryTable)
ERASED = table_of(tables.ErasedTable)
PRIVACY_REQUESTS = table_of(tables.PrivacyRequestTable)
MEMBERS = table_of(tables.MemberTable)
TICKETS = table_of(tables.TicketTable)
SESSIONS = table_of(tables.SessionTable)
API_TOKENS = table_of(tables.ApiTokenTable)
CONVERSATIONS = table_of(tables.ConversationTable)
CONVERSATION_CONTACTS = table_of(tables.ConversationContactTable)
WORKSPACE = table_of(tables.WorkspaceTable)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open one write transaction: committed at the end, rolled back by any exception.

    SQLite takes its write lock at once (`BEGIN IMMEDIATE`), so what is read inside cannot change
    before what is written. On PostgreSQL the caller locks the rows it depends on. Within `sharing`, the
    transaction is the one that is shared, and ends with it.
    """
    shared = _shared.get()
    if shared is not None and shared.engine is engine:
        yield shared
        return
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


_shared: ContextVar[Connection | None] = ContextVar("shared", default=None)


@contextmanager
def sharing(connection: Connection) -> Iterator[None]:
    """Let every `writing` of this connection's engine, called inside, use this transaction."""
    token = _shared.set(connection)
    try:
        yield
    finally:
        _shared.reset(token)


def is_postgres(connection: Connection) -> bool:
    """Tell whether row and advisory locks are there to be taken."""
    return connection.dialect.name == "postgresql"


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows that break no uniqueness, leave the others out, and return how many went in."""
    statement = _insert_new(connection.dialect.name, table)
    # Without the option an insert's row count is not kept and reads as -1 on PostgreSQL.
    counting = {"preserve_rowcount": True}
    new = 0
    for batch in batches(rows):
        new += connection.execute(
            statement, [dict(row) for row in batch], execution_options=counting
        ).rowcount
    return new


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    adding: Sequence[str] = (),
    keeping: Sequence[str] = (),
) -> None:
    """Insert rows, or change those whose `keys` stand already.

    Args:
        connection: a transaction's connection.
        table: where the rows belong.
        rows: all with the same columns.
        keys: the columns that make a row the same row.
        adding: columns that are summed instead of replaced.
        keeping: columns that are only set when a row is new.

    """
    if not rows:
        return
    statement = _upsert(
        connection.dialect.name, table, tuple(rows[0]), tuple(keys), tuple(adding), tuple(keeping)
    )
    for batch in batches(rows):
        connection.execute(statement, [dict(row) for row in batch])


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that are known to be new; a repeated one is an error."""
    for batch in batches(rows):
        connection.execute(table.insert(), [dict(row) for row in batch])


def batches(rows: Sequence[Any], size: int = BATCH_ROWS) -> Iterator[Sequence[Any]]:
    """Cut a sequence into parts of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def is_one_of(column: Column[Any] | ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    """`column IN values` for a short list that never changes: unlike IN it is rendered once, not every time."""
    return or_(*(column == value for value in values))


# Building a statement takes several times as long as running it, so each shape is built once.


@cache
def _insert_new(dialect: str, table: Table) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _upsert(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    keys: tuple[str, ...],
    adding: tuple[str, ...],
    keeping: tuple[str, ...],
) -> Any:
    insert = _insert(dialect, table)
    changes = {
        name: table.c[name] + insert.excluded[name] if name in adding else insert.excluded[name]
        for name in names
        if name not in keys and name not in keeping
    }
    return insert.on_conflict_do_update(index_elements=list(keys), set_=changes)


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)
