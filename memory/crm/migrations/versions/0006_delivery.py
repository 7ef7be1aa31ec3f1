"""What comes back: webhook events, one-time tokens, inbound mail; pauses; the provider's id of a message."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    op.create_table(
        "webhook_events",
        sa.Column("id", text(), nullable=False),
        sa.Column("provider", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("at", moment(), nullable=False),
        sa.Column("address", text(), nullable=True),
        sa.Column("outbox_id", text(), nullable=True),
        sa.Column("contact_id", text(), nullable=True),
        sa.Column("bounce", text(), nullable=True),
        sa.Column("url", text(), nullable=True),
        sa.Column("is_machine", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.Column("received_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_tokens",
        sa.Column("provider", text(), nullable=False),
        sa.Column("token", text(), nullable=False),
        sa.Column("body_sha256", text(), nullable=False),
        sa.Column("received_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "token"),
    )
    op.create_table(
        "inbound",
        sa.Column("id", text(), nullable=False),
        sa.Column("source", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("from_address", text(), nullable=False),
        sa.Column("subject", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("at", moment(), nullable=False),
        sa.Column("received_at", moment(), nullable=False),
        sa.Column("contact_id", text(), nullable=True),
        sa.Column("outbox_id", text(), nullable=True),
        sa.Column("hold_reason", text(), nullable=True),
        sa.Column("settled_at", moment(), nullable=True),
        sa.Column("settled_by", text(), nullable=True),
        sa.Column("settled_as", text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, columns in (
        ("webhook_events", ("address", "contact_id", "outbox_id")),
        ("inbound", ("contact_id", "from_address", "outbox_id")),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("until", moment(), nullable=True))
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("provider_message_id", text(), nullable=True))
        batch_op.create_index("ix_outbox_provider_message_id", ["provider_message_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_provider_message_id")
        batch_op.drop_column("provider_message_id")
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.drop_column("until")
    for table in ("inbound", "webhook_tokens", "webhook_events"):
        op.drop_table(table)
