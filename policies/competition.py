"""Two messages, one place: at the cap of contact pressure the one expected to be worth more goes out (C-26).

One ledger over every campaign and channel: what was sent, and what is on its way. Asked when a message is
decided, so that the loser costs no model call, and again in the sending transaction. Where a worth is not
known nobody can say which is the better one: what is already on its way stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.base import Noun
from domain.dossier import OpenMessage
from policies.pressure import PressureLimit


class Contest(Noun):
    """Whether a message keeps its place, and in words why not. `gives_way` are the ones it takes it from."""

    wins: bool
    reason: str = ""
    gives_way: tuple[OpenMessage, ...] = ()


def compete(
    value_cents: float | None,
    planned_at: datetime,
    rivals: Sequence[OpenMessage],
    sent_at: Sequence[datetime],
    limits: Sequence[PressureLimit],
) -> Contest:
    """Tell whether a message may have a place among those on their way to the same contact.

    Args:
        value_cents: what it is expected to be worth; None where nothing is believed.
        planned_at: UTC time it would go out.
        rivals: the other messages on their way to this contact.
        sent_at: UTC times of messages already sent.
        limits: every limit that holds for this contact.

    """
    if _fit((*sent_at, *(rival.planned_at for rival in rivals), planned_at), limits):
        return Contest(wins=True)
    if not _fit((*sent_at, planned_at), limits):
        return Contest(wins=False, reason=f"{_words(limits)}, and what was already sent leaves no place")
    beaten: list[OpenMessage] = []
    kept = sorted(rivals, key=lambda rival: (rival.value_cents is None, -(rival.value_cents or 0.0)))
    while kept and not _fit((*sent_at, *(rival.planned_at for rival in kept), planned_at), limits):
        beaten.append(kept.pop(_weakest(kept, sent_at, planned_at, limits)))
    worth = [rival.value_cents for rival in beaten]
    known = [value for value in worth if value is not None]
    if value_cents is None or len(known) < len(worth) or value_cents <= sum(known):
        best = max(beaten, key=lambda rival: (rival.value_cents is None, rival.value_cents or 0.0))
        return Contest(wins=False, reason=_loses(value_cents, best, limits))
    return Contest(wins=True, gives_way=tuple(beaten))


def from_now_on(rivals: Iterable[OpenMessage], now: datetime) -> tuple[OpenMessage, ...]:
    """The rivals with the earliest time each can still go out: one that is overdue would go now."""
    return tuple(
        rival if rival.planned_at >= now else rival.model_copy(update={"planned_at": now}) for rival in rivals
    )


def must_give_way(
    value_cents: float | None,
    now: datetime,
    rivals: Iterable[OpenMessage],
    sent_at: Sequence[datetime],
    limits: Sequence[PressureLimit],
) -> str | None:
    """Return why a message about to be sent leaves its place to an approved one worth more, or None.

    Asked inside the sending transaction. Only an approved rival counts: one that waits for a person may never go.
    """
    better = [
        rival
        for rival in from_now_on(rivals, now)
        if rival.is_approved
        and rival.value_cents is not None
        and (value_cents is None or rival.value_cents > value_cents)
    ]
    if not better:
        return None
    contest = compete(value_cents, now, better, sent_at, limits)
    return None if contest.wins else contest.reason


def _weakest(
    kept: Sequence[OpenMessage],
    sent_at: Sequence[datetime],
    planned_at: datetime,
    limits: Sequence[PressureLimit],
) -> int:
    """The place of the rival to take out first: the least worth of those that stand in the way alone."""
    in_the_way = [
        at for at, rival in enumerate(kept) if not _fit((*sent_at, rival.planned_at, planned_at), limits)
    ]
    return max(in_the_way, default=len(kept) - 1)


def _fit(times: Iterable[datetime], limits: Sequence[PressureLimit]) -> bool:
    """Tell whether messages at these times keep within every limit, wherever its window is laid."""
    ordered = sorted(times)
    return all(
        sum(ordered[first] <= at < ordered[first] + limit.window for at in ordered) <= limit.most
        for limit in limits
        for first in range(len(ordered))
    )


def _loses(value_cents: float | None, best: OpenMessage, limits: Sequence[PressureLimit]) -> str:
    ours, theirs = _worth(value_cents), _worth(best.value_cents)
    return (
        f"{_words(limits)}, and the place goes to the message of campaign {best.campaign_id!r} "
        f"planned for {best.planned_at:%Y-%m-%d %H:%M} UTC: it is expected to be worth {theirs}, this one {ours}"
    )


def _words(limits: Sequence[PressureLimit]) -> str:
    return f"one contact hears from us {' and '.join(limit.in_words for limit in limits)}"


def _worth(value_cents: float | None) -> str:
    return "an unknown sum" if value_cents is None else f"{value_cents / 100:,.2f}"
