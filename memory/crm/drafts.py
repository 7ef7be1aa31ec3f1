"""What was made for each decision: evidence, brief, plan, draft, verdict, stakes, message.

Checkpoints are deleted when a contact's way ends; this is what remains to be inspected.
"""

from __future__ import annotations

from sqlalchemy import Engine, select

from domain.review import DraftRecord
from memory.crm.statements import DRAFTS, upsert, writing


class DraftStore:
    """Implements `domain.ports.DraftArchive` on the CRM tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, record: DraftRecord) -> None:
        """Store the record, replacing an earlier one of the same decision."""
        row = {
            "decision_id": record.decision_id,
            "run_id": record.run_id,
            "contact_id": record.contact_id,
            "record": record.model_dump(mode="json"),
            "kept_at": record.kept_at,
        }
        with writing(self._engine) as connection:
            upsert(connection, DRAFTS, [row], keys=["decision_id"])

    def made_for(self, decision_id: str) -> DraftRecord | None:
        """Return what was made for a decision, or None if nothing was."""
        query = select(DRAFTS.c.record).where(DRAFTS.c.decision_id == decision_id)
        with self._engine.connect() as connection:
            record = connection.execute(query).scalar_one_or_none()
        return None if record is None else DraftRecord.model_validate(record)

    def samples(self, run_id: str, limit: int = 3) -> tuple[DraftRecord, ...]:
        """Return some of a run's records that got as far as a draft."""
        query = select(DRAFTS.c.record).where(DRAFTS.c.run_id == run_id).order_by(DRAFTS.c.decision_id)
        with self._engine.connect() as connection:
            records = [
                DraftRecord.model_validate(row) for row in connection.execute(query.limit(limit)).scalars()
            ]
        return tuple(record for record in records if record.draft is not None)
