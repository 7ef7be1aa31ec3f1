"""How many people a run left in silence, and why: read from its decisions and its ledger, nothing reckoned anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from domain.base import Noun, UtcDatetime
from domain.decision import SILENCE, Arm
from domain.run import ContactOutcome, Run
from memory.crm.results import ResultsReader, Taken

if TYPE_CHECKING:
    from app.wiring import House

MOST_RUNS = 200
"""Looked through from the newest back: a message that a member asked for is a run of its own, and decides nothing."""

MOST_WEIGHED = 5_000
"""Silences of the learner that are looked into; of more, the rest is counted apart."""

_DECIDED = {Arm.LEARNED, Arm.EXPLORE, Arm.USUAL}


class Silences(Noun):
    """What one run decided, and why so many of it got nothing.

    decided: contacts drawn or decided for, the holdout not among them. written: of these, who get a message.
    Of the silent, none_promised: by the learner, where no message was expected to be worth more than silence;
    drawn: by the learner, though one was; none_fits: by the learner, where no message was possible; unread: by the
    learner, and not looked into; by_usual, by_chance: by the arms that do not look at what is believed.
    before: an earlier silence still held. kept_back: by rules, the commonest first.
    """

    run_id: str
    campaign_id: str
    started_at: UtcDatetime
    decided: int
    written: int
    none_promised: int
    drawn: int
    none_fits: int
    unread: int
    by_usual: int
    by_chance: int
    held_out: int
    before: int
    refused: int
    rules: tuple[tuple[str, int], ...]

    @property
    def silent(self) -> int:
        """Who was decided about and gets nothing."""
        return self.decided - self.written


def has_decided(house: House, campaign_id: str) -> bool:
    """Tell whether a campaign decided anything; dry runs, and messages that members asked for, do not count."""
    return _newest(house, ResultsReader(house.engine), campaign_id) is not None


def newest_silences(house: House, campaign_id: str | None = None) -> Silences | None:
    """Return those of the newest run that decided, of one campaign or of all; None where none did."""
    reader = ResultsReader(house.engine)
    found = _newest(house, reader, campaign_id)
    return None if found is None else _silences(house, *found, reader.silences(found[0].id, MOST_WEIGHED))


def _newest(house: House, reader: ResultsReader, campaign_id: str | None) -> tuple[Run, list[Taken]] | None:
    for run in house.runs.runs(campaign_id, limit=MOST_RUNS):
        taken = [] if run.is_dry_run else reader.taken(run.id)
        if any(one.arm is not Arm.ASKED for one in taken):
            return run, taken
    return None


def _silences(
    house: House, run: Run, taken: Sequence[Taken], weighed: Sequence[Sequence[Sequence[Any]]]
) -> Silences:
    silent = Counter({one.arm: one.many for one in taken if one.is_silence})
    why = Counter(map(_why, weighed))
    counts = house.runs.counts(run.id)
    return Silences(
        run_id=run.id,
        campaign_id=run.campaign_id,
        started_at=run.started_at,
        decided=sum(one.many for one in taken if one.arm in _DECIDED),
        written=sum(one.many for one in taken if one.arm in _DECIDED and not one.is_silence),
        none_promised=why["none_promised"],
        drawn=why["drawn"],
        none_fits=why["none_fits"],
        unread=silent[Arm.LEARNED] - len(weighed) + why["unread"],
        by_usual=silent[Arm.USUAL],
        by_chance=silent[Arm.EXPLORE],
        held_out=counts.get(ContactOutcome.HELD_OUT, 0),
        before=counts.get(ContactOutcome.DECIDED_BEFORE, 0),
        refused=counts.get(ContactOutcome.REFUSED, 0),
        rules=tuple(house.runs.counts_by_rule(run.id).items()),
    )


def _why(weighed: Sequence[Sequence[Any]]) -> str:
    """Why silence was taken, by the worth of what it was weighed against."""
    worth = {str(key): value for key, _, value, _ in weighed}
    nothing = worth.pop(SILENCE.key, None)
    told = [float(value) for value in worth.values() if value is not None]
    if not worth:
        return "none_fits"
    if nothing is None or not told:
        return "unread"
    return "drawn" if max(told) > float(nothing) else "none_promised"
