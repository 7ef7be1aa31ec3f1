"""The team: members, their one-time links, sessions and API tokens."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "members",
        _text("id"),
        _text("email"),
        _text("name"),
        _text("role"),
        _text("zone"),
        _text("password_hash", nullable=True),
        _text("subject", nullable=True),
        _time("joined_at"),
        _time("seen_at", nullable=True),
        _time("left_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("subject"),
    )
    op.create_table(
        "tickets",
        _text("id"),
        _text("token_sha256"),
        _text("kind"),
        _text("email", nullable=True),
        _text("role"),
        _text("member_id", nullable=True),
        _text("made_by", nullable=True),
        _time("made_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
        _time("withdrawn_at", nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_table(
        "sessions",
        _text("id"),
        _text("member_id"),
        _text("way"),
        _text("browser"),
        _time("began_at"),
        _time("seen_at"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "api_tokens",
        _text("id"),
        _text("token_sha256"),
        _text("member_id"),
        _text("name"),
        _time("made_at"),
        _time("expires_at", nullable=True),
        _time("used_at", nullable=True),
        _time("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    for table in ("tickets", "sessions", "api_tokens"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_member_id"), ["member_id"], unique=False)


def downgrade() -> None:
    for table in ("api_tokens", "sessions", "tickets", "members"):
        op.drop_table(table)
