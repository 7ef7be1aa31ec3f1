"""The review queue's columns and indexes, filled for what stands already; and what autonomy classes have earned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MINOR = {"assist", "cold_start", "low_confidence", "spot_check"}
"""Reasons that are minor in the rule book of this release; what was written before does not say so itself."""

_BATCH = 500

_INDEXES = {
    "ix_proposals_queue": (
        "status created_at id level value_cents snoozed_until assignee campaign_id asset_id contact_id subject"
    ),
    "ix_proposals_decided": "decided_at status version created_at campaign_id asset_id asked_level id",
    "ix_proposals_class": "campaign_id asset_id asked_level decided_at status version",
}


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    moment = sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("level", sa.Integer(), nullable=False, server_default="2"))
        batch_op.add_column(sa.Column("asked_level", sa.Integer(), nullable=False, server_default="2"))
        batch_op.add_column(sa.Column("asset_id", text(), nullable=True))
        batch_op.add_column(sa.Column("value_cents", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("subject", text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("reason", text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("more_reasons", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("is_clean", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("not_before", moment(), nullable=True))
        batch_op.add_column(sa.Column("snoozed_until", moment(), nullable=True))
        batch_op.add_column(sa.Column("assignee", text(), nullable=True))
        for name, columns in _INDEXES.items():
            batch_op.create_index(name, columns.split(), unique=False)
        batch_op.drop_index("ix_proposals_status")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index("ix_reviews_at", ["at"], unique=False)
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_kind", ["kind", "seq"], unique=False)
    op.create_table(
        "autonomy",
        sa.Column("campaign_id", text(), nullable=False),
        sa.Column("asset_id", text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("reason", text(), nullable=False),
        sa.Column("decided_then", sa.Integer(), nullable=False),
        sa.Column("at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "asset_id", "level"),
    )
    _fill()


def _fill() -> None:
    connection = op.get_bind()
    moment = sqlmodel.sql.sqltypes.UTCDateTime()
    proposals = sa.table(
        "proposals",
        sa.column("id"),
        sa.column("record", sa.JSON()),
        *(sa.column(name) for name in ("level", "asked_level", "asset_id", "value_cents", "subject")),
        *(sa.column(name) for name in ("reason", "more_reasons", "is_clean")),
        sa.column("not_before", moment),
    )
    decisions = sa.table(
        "decisions",
        *(sa.column(name) for name in ("id", "asset_id", "action_key")),
        sa.column("alternatives", sa.JSON()),
    )
    last = ""
    while True:
        page = sa.select(proposals.c.id, proposals.c.record).where(proposals.c.id > last)
        rows = connection.execute(page.order_by(proposals.c.id).limit(_BATCH)).all()
        if not rows:
            return
        wanted = [row.record["decision_id"] for row in rows]
        found = connection.execute(sa.select(decisions).where(decisions.c.id.in_(wanted)))
        decided = {row.id: row for row in found}
        for row in rows:
            columns = _columns(row.record, decided.get(row.record["decision_id"]))
            connection.execute(sa.update(proposals).where(proposals.c.id == row.id).values(**columns))
        last = rows[-1].id


def _columns(record: dict[str, Any], decision: Any) -> dict[str, Any]:
    reasons = record["stakes"]["reasons"]
    level = _level(reasons)
    value = None
    if decision is not None:
        for key, _probability, cents, _spread in decision.alternatives:
            if key == decision.action_key:
                value = cents
    findings = record["verdict"]["findings"]
    return {
        "level": level,
        # An edit adds its own reason only: without it the level is the one a person was first asked at.
        "asked_level": _level([reason for reason in reasons if reason["code"] != "edited"]),
        "asset_id": decision.asset_id if decision is not None else None,
        "value_cents": value,
        "subject": record["message"]["subject"],
        "reason": min(reasons, key=_gravity)["text"] if reasons else "",
        "more_reasons": max(len(reasons) - 1, 0),
        "is_clean": all(finding["severity"] == "warn" for finding in findings),
        "not_before": datetime.fromisoformat(record["not_before"]),
    }


def _level(reasons: list[dict[str, Any]]) -> int:
    if any(reason.get("is_locked") and reason["code"] != "edited" for reason in reasons):
        return 3
    return 1 if all(reason["code"] in _MINOR for reason in reasons) else 2


def _gravity(reason: dict[str, Any]) -> int:
    if reason["code"] == "edited":
        return 2
    return 0 if reason.get("is_locked") else 3 if reason["code"] in _MINOR else 1


def downgrade() -> None:
    op.drop_table("autonomy")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_kind")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_index("ix_reviews_at")
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        for name in _INDEXES:
            batch_op.drop_index(name)
        batch_op.create_index("ix_proposals_status", ["status"], unique=False)
        for name in (
            "level asked_level asset_id value_cents subject reason more_reasons is_clean not_before "
            "snoozed_until assignee"
        ).split():
            batch_op.drop_column(name)
