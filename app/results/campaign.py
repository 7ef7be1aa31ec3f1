"""One campaign's results, counted in one go: what a page, a file and a chat answer are all read from."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from app.metrics import CampaignMetrics, NothingDecided, first_decisions, measure
from app.outcomes import gather
from app.results.costs import Costs, costs_of
from app.results.credit import Credit, credited
from app.results.curve import CurvePoint, curve_of
from app.results.handled import HandledWeek, handled_weeks
from app.results.headline import Headline, Pace, headline_of
from domain.base import Noun, UtcDatetime
from domain.campaign import Autonomy
from memory.crm.results import Freshness, ResultsReader

if TYPE_CHECKING:
    from datetime import datetime

    from app.wiring import House
    from domain.campaign import Campaign

PACE_WEEKS = 4
_STALE_AFTER = timedelta(days=3)


class CampaignResults(Noun):
    """Everything the results pages say of one campaign.

    open_windows: contacts of the arms whose goal window is still running, so that more may come. seconds: how long
    counting took.
    """

    headline: Headline
    metrics: CampaignMetrics
    autonomy: Autonomy
    holdout_share: float
    curve: tuple[CurvePoint, ...]
    credit: Credit
    costs: Costs
    handled: tuple[HandledWeek, ...]
    pace: Pace
    open_windows: int
    freshness: Freshness
    decided_from: UtcDatetime
    decided_until: UtcDatetime
    seconds: float

    @property
    def is_stale(self) -> bool:
        """Tell whether nothing was heard for so long that outcomes are probably missing."""
        heard = self.freshness.heard_at
        return heard is None or self.metrics.computed_at - heard > _STALE_AFTER


def results_of(house: House, campaign: Campaign, now: datetime | None = None) -> CampaignResults:
    """Count a campaign's results; seconds for a hundred thousand contacts, see `docs/results.md`.

    Args:
        house: the opened workspace.
        campaign: as stored by its last run.
        now: UTC; what happened later is not seen. The house's clock if None.

    Raises:
        NothingDecided: no run but dry ones has decided yet.
    """
    begun = time.perf_counter()
    moment = now or house.clock()
    reader = ResultsReader(house.engine)
    freshness = reader.freshness()
    gathered = gather(house, campaign, moment)
    if not gathered.lines:
        raise NothingDecided(campaign.id)
    metrics, firsts = measure(gathered), first_decisions(gathered)
    pace = Pace.of(firsts.start, moment, PACE_WEEKS)
    return CampaignResults(
        headline=headline_of(metrics, pace),
        metrics=metrics,
        autonomy=campaign.autonomy,
        holdout_share=campaign.holdout_share + house.settings.global_holdout_share,
        curve=curve_of(gathered),
        credit=credited(gathered),
        costs=costs_of(gathered, metrics, firsts, reader.model_calls(campaign.id), house.model_currency),
        handled=handled_weeks(reader.handled(campaign.id, moment)),
        pace=pace,
        open_windows=int((~firsts.closed).sum()),
        freshness=freshness,
        decided_from=gathered.lines[0].decided_at,
        decided_until=gathered.lines[-1].decided_at,
        seconds=round(time.perf_counter() - begun, 2),
    )
