"""Campaign states, claims of scheduled runs, tallies; one open run a campaign; held messages stay unique."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OPEN_BEFORE = sa.text("status IN ('pending', 'approved', 'sending', 'unknown')")
_OPEN = sa.text("status IN ('pending', 'approved', 'held', 'sending', 'unknown')")
_HARM = sa.text("kind = 'email_complained' OR kind = 'email_bounced'")
_OPEN_RUN = sa.text("status IN ('deciding', 'running')")


def _index_open_messages(where: sa.TextClause) -> None:
    op.drop_index("ux_outbox_open", table_name="outbox")
    columns = ["campaign_id", "contact_id"]
    op.create_index(
        "ux_outbox_open", "outbox", columns, unique=True, sqlite_where=where, postgresql_where=where
    )


def upgrade() -> None:
    op.create_table(
        "campaign_states",
        sa.Column("campaign_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_table(
        "scheduled_runs",
        sa.Column("campaign_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scheduled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claimed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claimed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "scheduled_at"),
    )
    op.create_table(
        "tallies",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "starts_at"),
    )
    _index_open_messages(_OPEN)
    op.create_index(
        "ix_events_harm", "events", ["kind", "at"], sqlite_where=_HARM, postgresql_where=_HARM
    )
    # Where several were left open, only the newest could ever be carried on: the others are given up.
    op.execute(
        "UPDATE runs SET status = 'stopped' WHERE status IN ('deciding', 'running') AND EXISTS ("
        "SELECT 1 FROM runs newer WHERE newer.campaign_id = runs.campaign_id "
        "AND newer.is_dry_run = runs.is_dry_run AND newer.status IN ('deciding', 'running') "
        "AND (newer.started_at > runs.started_at "
        "OR (newer.started_at = runs.started_at AND newer.id > runs.id)))"
    )
    columns = ["campaign_id", "is_dry_run"]
    op.create_index(
        "ux_runs_open", "runs", columns, unique=True, sqlite_where=_OPEN_RUN, postgresql_where=_OPEN_RUN
    )


def downgrade() -> None:
    op.drop_index("ux_runs_open", table_name="runs")
    op.drop_index("ix_events_harm", table_name="events")
    op.execute("UPDATE outbox SET status = 'withdrawn' WHERE status = 'held'")
    _index_open_messages(_OPEN_BEFORE)
    op.drop_table("tallies")
    op.drop_table("scheduled_runs")
    op.drop_table("campaign_states")
