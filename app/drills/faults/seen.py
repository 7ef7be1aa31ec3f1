"""What a fault left behind: counted from what arrived outside, held against what the database says."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.drills.sink import arrived
from app.workspace import Workspace


@dataclass
class Seen:
    """The invariants' counts over all trials of one fault; all but `unknown` have to be 0."""

    trials: int = 0
    duplicates: int = 0
    lost: int = 0
    after_opt_out: int = 0
    unapproved: int = 0
    unknown: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether every invariant held."""
        return not (self.duplicates or self.lost or self.after_opt_out or self.unapproved or self.problems)

    @property
    def integrity(self) -> str:
        """`ok`, or how much was wrong with the stores."""
        return "ok" if not self.problems else f"{len(self.problems)} problems"


@dataclass(frozen=True)
class Fault:
    """One fault: how it is tried, and how often in full and in a sample."""

    id: str
    title: str
    full: int
    sample: int
    attempt: Callable[[int, Path, int], Seen]
    """Takes how many trials, an empty folder and a seed."""


def look(folder: Path, sink: Path, seen: Seen, *, contacts: int | None = None) -> None:
    """Count what one workspace on SQLite and the world outside say after a fault.

    Args:
        folder: the workspace.
        sink: where its messages arrived.
        seen: is added to.
        contacts: how many a run had to end for; None where that is not what is tried.

    """
    messages = Counter(message_id for message_id, _ in arrived(sink))
    seen.duplicates += sum(many - 1 for many in messages.values())
    with sqlite3.connect(Workspace(folder).database) as crm:
        status = dict(crm.execute("SELECT message_id, status FROM outbox"))
        outcomes = dict(crm.execute("SELECT outcome, count(*) FROM run_contacts GROUP BY outcome"))
        seen.unapproved += crm.execute(_UNAPPROVED).fetchone()[0]
        seen.after_opt_out += crm.execute(_AFTER_OPT_OUT).fetchone()[0]
        whole = crm.execute("PRAGMA integrity_check").fetchone()[0]
    for message_id in messages:
        if status.get(message_id) not in {"sent", "unknown"}:
            seen.lost += 1
            seen.problems.append(f"{message_id} arrived, the outbox says {status.get(message_id)}")
    seen.lost += sum(state == "sent" and message_id not in messages for message_id, state in status.items())
    seen.unknown += sum(state == "unknown" for state in status.values())
    if stuck := sum(state == "sending" for state in status.values()):
        seen.problems.append(f"{stuck} messages are still marked as being sent")
    if contacts is not None:
        ended = sum(many for outcome, many in outcomes.items() if outcome not in {"queued", "parked"})
        seen.lost += contacts - ended
    if parked := outcomes.get("parked"):
        seen.problems.append(f"{parked} contacts parked")
    if whole != "ok":
        seen.problems.append(f"integrity check: {whole}")
    if broken := broken_audit(folder):
        seen.problems.append(f"audit chain broken at line {broken}")


def broken_audit(folder: Path) -> int | None:
    """Return the first broken line of a workspace's audit chain, or None."""
    from memory.crm.audit import AuditChain
    from memory.crm.engine import open_engine

    engine = open_engine(f"sqlite:///{Workspace(folder).database}")
    try:
        return AuditChain(engine).verify()
    finally:
        engine.dispose()


_UNAPPROVED = """
SELECT count(*) FROM outbox o
LEFT JOIN proposals p ON p.outbox_id = o.id
LEFT JOIN drafts d ON d.decision_id = o.decision_id
WHERE o.status IN ('sent', 'unknown', 'sending') AND (
  o.approved_sha256 IS NOT o.message_sha256
  OR p.status IN ('waiting', 'rejected', 'expired')
  OR (p.id IS NULL AND json_array_length(json_extract(d.record, '$.stakes.reasons')) > 0)
  OR (p.status = 'approved' AND NOT EXISTS (
    SELECT 1 FROM reviews r
    WHERE r.proposal_id = p.id AND r.act = 'approve' AND r.message_sha256 = o.message_sha256)))
"""
"""Messages that may have left although the stakes asked for a person who did not approve exactly these words."""

_AFTER_OPT_OUT = """
SELECT count(*) FROM outbox o JOIN suppressions s ON s.address = json_extract(o.message, '$.to_address')
WHERE o.status IN ('sent', 'unknown', 'sending') AND s.since < o.sent_at
"""
