"""Cards, what contacts and accounts are found by (derived: they are made when first asked for); events by topic."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WORDS = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "contact_cards",
        sa.Column("name_key", _WORDS(), nullable=False),
        sa.Column("contact_id", _WORDS(), nullable=False),
        sa.Column("words", _WORDS(), nullable=False),
        sa.Column("stage", _WORDS(), nullable=False),
        sa.Column("country", _WORDS(), nullable=True),
        sa.Column("owner", _WORDS(), nullable=True),
        sa.Column("account_id", _WORDS(), nullable=True),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name_key", "contact_id"),
        sa.UniqueConstraint("contact_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_cards_account_id", "contact_cards", ["account_id"], unique=False)
    op.create_table(
        "account_cards",
        sa.Column("name_key", _WORDS(), nullable=False),
        sa.Column("account_id", _WORDS(), nullable=False),
        sa.Column("words", _WORDS(), nullable=False),
        sa.Column("industry", _WORDS(), nullable=True),
        sa.Column("country", _WORDS(), nullable=True),
        sa.Column("owner", _WORDS(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name_key", "account_id"),
        sa.UniqueConstraint("account_id"),
        sqlite_with_rowid=False,
    )


    has_topic = sa.text("topic IS NOT NULL")
    op.create_index(
        "ix_events_topic",
        "events",
        ["topic", "kind", "at"],
        unique=False,
        sqlite_where=has_topic,
        postgresql_where=has_topic,
    )


def downgrade() -> None:
    op.drop_index("ix_events_topic", table_name="events")
    op.drop_table("account_cards")
    op.drop_table("contact_cards")
