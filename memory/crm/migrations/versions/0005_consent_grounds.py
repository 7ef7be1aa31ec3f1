"""What an implied consent or a soft opt-in rests on: purchase or inquiry, order, goods, opt-out offered."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TEXTS = ("ground", "ground_ref", "goods")


def upgrade() -> None:
    with op.batch_alter_table("consents", schema=None) as batch_op:
        for name in _TEXTS:
            batch_op.add_column(sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("opt_out_offered", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_column("opt_out_offered")
        for name in reversed(_TEXTS):
            batch_op.drop_column(name)
