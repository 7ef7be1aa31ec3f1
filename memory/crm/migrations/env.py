"""Alembic's entry: runs revisions over the connection that `memory.crm.migrate` hands in.

There is no alembic.ini and no URL here: a migration that could pick its own database could also pick
the wrong one.
"""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import memory.crm.tables  # noqa: F401  (fills SQLModel.metadata)
from memory.crm.migrate import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
