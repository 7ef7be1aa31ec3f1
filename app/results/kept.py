"""Results at hand: counted when asked for in a small workspace, counted ahead by upkeep in a large one.

Counting a hundred thousand contacts takes long (`docs/results.md`), and no page shall wait for it. So what upkeep
counted is kept as a fact of the workspace, sums only, and the page says how old it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import ValidationError

from app.funnels import Funnel, funnel_of
from app.metrics import NothingDecided
from app.results.beliefs import ENOUGH_CONTACTS, MOST_CONTACTS, Beliefs, By, beliefs_of
from app.results.campaign import CampaignResults, results_of
from domain.base import Noun, UtcDatetime
from domain.errors import AttuneError
from memory.crm.results import Freshness, ResultsReader

if TYPE_CHECKING:
    from app.wiring import House
    from domain.campaign import Campaign

LIVE_DECISIONS, LIVE_CAMPAIGNS = 10_000, 10
"""Up to so many decisions, of so many campaigns, a page counts for itself: about a second."""

RECOUNT_EVERY = timedelta(minutes=15)
"""How often upkeep counts anew in a large workspace, where something has happened."""

REST = 20
"""But it rests so many times as long as it took: counting has at most a twentieth of one core."""

LASTS = timedelta(hours=1)
"""So old, what was counted is counted again even where nothing was heard: windows close with time."""

FACT = "results"
MOST_CAMPAIGNS = 200

NounT = TypeVar("NounT", bound=Noun)


class Counted(Noun):
    """What was counted (None: nothing to count), when, in how many seconds, and what was known then."""

    at: UtcDatetime
    seconds: float
    freshness: Freshness
    found: dict[str, Any] | None


class BeingCounted(AttuneError):
    """Results of a large workspace were asked for before upkeep has counted them once."""

    def __init__(self) -> None:
        super().__init__(
            f"With more than {LIVE_DECISIONS:,} decisions or {LIVE_CAMPAIGNS} campaigns, results are counted in the "
            "background, and these have not been yet. `attune serve` does so within minutes; `attune metrics` counts "
            "at once."
        )


@dataclass(frozen=True)
class _Job(Generic[NounT]):
    """One thing to count: its name, what comes of it, and how."""

    name: str
    kind: type[NounT]
    count: Callable[[], NounT | None]


class ResultsShelf:
    """Gives results, and knows what may be given again. One for a process; safe for many threads."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._reader = ResultsReader(house.engine)
        self._known: dict[str, tuple[datetime, Freshness, Any]] = {}
        self._lock = threading.Lock()

    def campaigns(self) -> tuple[Campaign, ...]:
        """The campaigns that were ever run, the most recently run first."""
        return self._house.crm.campaigns(limit=MOST_CAMPAIGNS)

    def campaign(self, campaign: Campaign) -> CampaignResults | None:
        """Return a campaign's results, or None where it has decided nothing yet. Raises `BeingCounted`."""
        return self._given(self._results(campaign))

    def funnel(self) -> Funnel | None:
        """Return the funnel of everyone. Raises `BeingCounted`."""
        return self._given(self._funnel())

    def beliefs(self, campaign: Campaign, by: By) -> Beliefs | None:
        """Return what the learner believes, or None where it decided nothing yet. Raises `BeingCounted`."""
        return self._given(self._beliefs(campaign, by))

    def due(self) -> bool:
        """Tell whether there is something to count ahead."""
        freshness = self._reader.freshness()
        return _is_large(freshness) and bool(self._due(freshness))

    def recount(self) -> int:
        """Count ahead what a large workspace's pages show, where something happened; return how much was counted.

        Two processes may both do it: the later one's numbers stand, and both are right.
        """
        freshness = self._reader.freshness()
        if not _is_large(freshness):
            return 0
        due = self._due(freshness)
        for job in due:
            at, begun = self._house.clock(), time.perf_counter()
            found = job.count()
            record = Counted(
                at=at,
                seconds=round(time.perf_counter() - begun, 1),
                freshness=freshness,
                found=None if found is None else found.model_dump(mode="json"),
            )
            self._house.content.set_fact(f"{FACT}:{job.name}", record.model_dump(mode="json"))
        return len(due)

    def _due(self, freshness: Freshness) -> list[_Job[Any]]:
        """What was never counted; all of it where that is old, or is not so fresh and counting has rested."""
        jobs: list[_Job[Any]] = [self._funnel()]
        for campaign in self.campaigns():
            jobs += [self._results(campaign), *(self._beliefs(campaign, by) for by in By)]
        kept = [self._fact(job) for job in jobs]
        rest = max(RECOUNT_EVERY, timedelta(seconds=REST * sum(one.seconds for one in kept if one)))
        now = self._house.clock()
        return [
            job
            for job, one in zip(jobs, kept, strict=True)
            if one is None
            or now - one.at >= max(LASTS, rest)
            or (now - one.at >= rest and one.freshness != freshness)
        ]

    # What there is to count ------------------------------------------------------------------------------------

    def _results(self, campaign: Campaign) -> _Job[CampaignResults]:
        def count() -> CampaignResults | None:
            try:
                return results_of(self._house, campaign)
            except NothingDecided:
                return None

        return _Job(f"campaign:{campaign.id}", CampaignResults, count)

    def _funnel(self) -> _Job[Funnel]:
        return _Job("funnel", Funnel, lambda: funnel_of(self._house))

    def _beliefs(self, campaign: Campaign, by: By) -> _Job[Beliefs]:
        def count() -> Beliefs | None:
            now = self._house.clock()
            return beliefs_of(self._reader.believed(campaign.id, now, ENOUGH_CONTACTS, MOST_CONTACTS), by)

        return _Job(f"beliefs:{campaign.id}:{by.value}", Beliefs, count)

    # What may be given again -----------------------------------------------------------------------------------

    def _given(self, job: _Job[NounT]) -> NounT | None:
        now, freshness = self._house.clock(), self._reader.freshness()
        if _is_large(freshness):
            kept = self._fact(job)
            if kept is None:
                raise BeingCounted
            return None if kept.found is None else job.kind.model_validate(kept.found)
        known = self._known.get(job.name)
        if known is not None and known[1] == freshness and timedelta(0) <= now - known[0] < LASTS:
            return cast("NounT | None", known[2])
        # One at a time: the second of two who ask finds what the first one counted.
        with self._lock:
            known = self._known.get(job.name)
            if known is None or known[1] != freshness or not timedelta(0) <= now - known[0] < LASTS:
                known = (now, freshness, job.count())
                self._known[job.name] = known
        return cast("NounT | None", known[2])

    def _fact(self, job: _Job[Any]) -> Counted | None:
        """What is kept of a job; None for what an earlier release kept in another shape, so that it is counted anew."""
        record = self._house.content.get_fact(f"{FACT}:{job.name}")
        try:
            kept = None if record is None else Counted.model_validate(record)
            if kept is not None and kept.found is not None:
                job.kind.model_validate(kept.found)
        except ValidationError:
            return None
        return kept


def _is_large(freshness: Freshness) -> bool:
    """Tell whether pages wait for upkeep's counts instead of counting."""
    return freshness.decisions > LIVE_DECISIONS or freshness.campaigns > LIVE_CAMPAIGNS
