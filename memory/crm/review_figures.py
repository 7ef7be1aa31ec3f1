"""Figures of reviewers' work: what they decided, how fast, and how often they agree with the agents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Engine, func, select

from domain.review import ProposalStatus, ReviewAct
from domain.review_queue import ReviewerFigures, ReviewFigures
from memory.crm.statements import PROPOSALS, REVIEWS

_P, _R = PROPOSALS.c, REVIEWS.c

SLOW = 0.9
"""The quantile called slow."""


class ReviewFigureReader:
    """Counts what reviewers did."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, now: datetime, days: int) -> ReviewFigures:
        """Return the figures of the last so many days.

        A time to decision runs from when a person was first asked to the decision; a reviewer's own from the last
        change of what they decided about.
        """
        since = now - timedelta(days=days)
        decided = select(_P.id, _P.status, _P.version, _P.created_at, _P.decided_at).where(
            _P.decided_at > since
        )
        acts = (
            select(_R.proposal_id, _R.act, _R.reviewer, _R.at)
            .where(_R.proposal_id.in_(select(_P.id).where(_P.decided_at > since)))
            .order_by(_R.proposal_id, _R.id)
        )
        counted = select(_R.reviewer, _R.act, func.count()).where(_R.at > since).group_by(_R.reviewer, _R.act)
        with self._engine.connect() as connection:
            rows = connection.execute(decided).all()
            given = connection.execute(acts).all()
            by_act: dict[tuple[str, str], int] = {
                (reviewer, act): many for reviewer, act, many in connection.execute(counted)
            }
        by_status: dict[str, int] = defaultdict(int)
        for row in rows:
            by_status[row.status] += 1
        settled = [r for r in rows if r.status != ProposalStatus.EXPIRED.value]
        waits = sorted((row.decided_at - row.created_at).total_seconds() for row in settled)
        asked = {row.id: row.created_at for row in rows}
        return ReviewFigures(
            days=days,
            approved=by_status[ProposalStatus.APPROVED.value],
            unedited=sum(r.status == ProposalStatus.APPROVED.value and r.version == 1 for r in rows),
            rejected=by_status[ProposalStatus.REJECTED.value],
            expired=by_status[ProposalStatus.EXPIRED.value],
            edits=_acts(by_act, ReviewAct.EDIT),
            hints=_acts(by_act, ReviewAct.ANSWER),
            median_seconds=median(waits) if waits else None,
            slow_seconds=waits[min(int(SLOW * len(waits)), len(waits) - 1)] if waits else None,
            reviewers=_reviewers(by_act, _own_waits(given, asked)),
        )


def _acts(by_act: dict[tuple[str, str], int], act: ReviewAct) -> int:
    return sum(many for (_, one), many in by_act.items() if one == act.value)


def _own_waits(
    given: Sequence[tuple[str, str, str, datetime]], asked: dict[str, datetime]
) -> dict[str, list[float]]:
    waits: dict[str, list[float]] = defaultdict(list)
    changed = dict(asked)
    for proposal_id, act, reviewer, at in given:
        if act in {ReviewAct.APPROVE.value, ReviewAct.REJECT.value}:
            waits[reviewer].append((at - changed[proposal_id]).total_seconds())
        changed[proposal_id] = at
    return waits


def _reviewers(
    by_act: dict[tuple[str, str], int], waits: dict[str, list[float]]
) -> tuple[ReviewerFigures, ...]:
    found = [
        ReviewerFigures(
            reviewer=name,
            approved=by_act.get((name, ReviewAct.APPROVE.value), 0),
            edited=by_act.get((name, ReviewAct.EDIT.value), 0),
            rejected=by_act.get((name, ReviewAct.REJECT.value), 0),
            asked_again=by_act.get((name, ReviewAct.ANSWER.value), 0),
            median_seconds=median(waits[name]) if waits.get(name) else None,
        )
        for name in sorted({name for name, _ in by_act})
    ]
    return tuple(sorted(found, key=lambda one: (-one.decided, one.reviewer)))
