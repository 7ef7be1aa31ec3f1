"""What a class of messages was told to say when it was granted; unknown for grants of before, which rest."""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("autonomy", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("words_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="")
        )


def downgrade() -> None:
    with op.batch_alter_table("autonomy", schema=None) as batch_op:
        batch_op.drop_column("words_sha256")
