"""Results for whoever asks the assistant: the same numbers, words and tables as the pages and files have."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.amounts import money, whole_money
from app.assistant.campaign_meant import campaign_that_ran
from app.assistant.campaigns import campaign_ref
from app.assistant.learning import learned
from app.assistant.result_tables import answer_table, arm_table, lift_table
from app.assistant.words import day, day_begins, known, moment
from app.funnels import Funnel, funnel_of
from app.lift_words import WHAT_NAMES, is_worth_a_line, revenue_words, sentence, side_by_side
from app.metrics import CampaignMetrics, NothingDecided, metrics_of
from app.results import notes, tables
from app.results.headline import Pace, headline_of
from app.results.kept import BeingCounted, ResultsShelf
from app.results.shapes import ARMS
from domain.assistant import (
    AnswerColumn,
    AnswerPicture,
    AnswerTable,
    Asker,
    ToolAnswer,
)
from domain.campaign import Campaign
from domain.decision import Arm
from tools.results import LearningShow, ResultFunnel, ResultShow

if TYPE_CHECKING:
    from app.results.campaign import CampaignResults
    from app.wiring import House

MOST_ROWS = 20
MOST_LIFTS = 6
MOST_BESIDE = 3
"""Campaigns of a list whose arms are told side by side; the table tells all."""

PICTURES = {
    "lift": "What the learner's arm brought beyond the holdout, each with its interval",
    "share": "How many messages were answered, by who decided, over time",
    "reached": "What share of contacts got to each stage, by who decided",
}
"""The charts a campaign's results are shown with, and what each is of."""


class Results:
    """Does the tools of `tools/results.py`."""

    def __init__(self, house: House) -> None:
        self._house = house

    @cached_property
    def _shelf(self) -> ResultsShelf:
        return ResultsShelf(self._house)

    def result_show(self, asker: Asker, given: ResultShow) -> ToolAnswer:
        """Show what a campaign brought, or every campaign's verdict."""
        if given.campaign is None:
            return self._every(asker, given)
        campaign = campaign_that_ran(self._house, given.campaign)
        ref = campaign_ref(campaign.id, campaign.name)
        if given.since is not None or given.until is not None:
            return self._since(asker, campaign, given)
        found = self._shelf.campaign(campaign)
        if found is None:
            return _nothing(campaign)
        titles = {asset.id: asset.title for asset in self._house.crm.assets()}
        made = tables.tables_of(found, titles)
        shown = [
            lift_table(found.metrics),
            *(answer_table(made[name]) for name in ("arms", "handled", "costs", "attribution")),
        ]
        head = found.headline
        said = (head.verdict, *head.more[:1], side_by_side(found.metrics))
        return ToolAnswer(
            words=f"{campaign.name}: {' '.join(part for part in said if part)}",
            facts=_facts(found.metrics, found.headline.word, asker)
            | known(
                decided=f"{day(found.decided_from, asker)} to {day(found.decided_until, asker)}",
                open_windows=found.open_windows,
                spent=money(found.costs.contact_cents, found.costs.currency),
                attributed_revenue=money(found.metrics.attributed_revenue_cents, found.metrics.currency),
                revenue=revenue_words(found.metrics),
                notes=list(notes.notes_of(found, self._house.label))[:4],
            ),
            tables=tuple(one for one in shown if one.rows),
            pictures=_pictures(found),
            records=(ref,),
        )

    def result_funnel(self, asker: Asker, given: ResultFunnel) -> ToolAnswer:
        """Show how contacts go from stage to stage, and the pipeline's velocity."""
        since = day_begins(given.since, asker)
        found = funnel_of(self._house, since=since) if since else self._shelf.funnel()
        if found is None or not (found.conversions or found.pipeline):
            return ToolAnswer(words="Nobody changed a stage and no deal is known yet, so there is no funnel.")
        shown = (answer_table(tables.conversions(found)), answer_table(tables.pipeline(found)))
        span = f" since {day(since, asker)}" if since else ""
        deals = _deal_words(found, span)
        return ToolAnswer(
            words=f"The funnel of everyone{span}: {_funnel_words(found)} {deals}".strip(),
            facts={
                "within_days": 90,
                **known(deals=deals),
                "stages": [_conversion_facts(one) for one in found.conversions],
                "pipeline": [_pipeline_facts(one) for one in found.pipeline],
            },
            tables=tuple(one for one in shown if one.rows),
            pictures=(
                AnswerPicture(path="/results/_/chart/funnel", words="From stage to stage, with intervals"),
            )
            if since is None and _has_chart(found)
            else (),
        )

    def learning_show(self, asker: Asker, given: LearningShow) -> ToolAnswer:
        """Show what learners believe."""
        return learned(self._house, self._shelf, asker, given)

    def _every(self, asker: Asker, given: ResultShow) -> ToolAnswer:
        found: list[tuple[Campaign, str, str, str]] = []
        brought: list[str] = []
        for campaign in self._shelf.campaigns():
            if given.since is not None or given.until is not None:
                with suppress(NothingDecided):
                    metrics = metrics_of(
                        self._house,
                        campaign,
                        since=day_begins(given.since, asker),
                        until=_end(given.until, asker),
                    )
                    if metrics.contacts:
                        found.append((campaign, *_headline(metrics), side_by_side(metrics)))
                        brought.append(revenue_words(metrics))
                continue
            try:
                results = self._shelf.campaign(campaign)
            except BeingCounted:
                found.append(
                    (campaign, "being counted", "Still being counted; look again in some minutes.", "")
                )
                continue
            if results is not None:
                head = results.headline
                found.append((campaign, head.word, head.verdict, side_by_side(results.metrics)))
                brought.append(revenue_words(results.metrics))
        if not found and (given.since or given.until):
            return ToolAnswer(
                words=f"There was no decision {_span(given)}: no campaign decided about anybody for the first time "
                "then, so that time has no results of its own.",
                facts={"campaigns": []},
            )
        if not found:
            return ToolAnswer(words="No campaign has decided anything yet, so there are no results.")
        refs = [campaign_ref(one.id, one.name) for one, *_ in found]
        rows = [
            (ref, word, f"{verdict} {beside}".strip())
            for ref, (_, word, verdict, beside) in zip(refs, found, strict=True)
        ]
        columns = (
            AnswerColumn(name="Campaign", kind="record"),
            AnswerColumn(name="Result"),
            AnswerColumn(name="In words"),
        )
        named = "; ".join(f"{one.name}: {word}" for one, word, *_ in found[:5])
        only = rows[0][2] if len(rows) == 1 else ""
        return ToolAnswer(
            words=f"{len(found)} campaign{'' if len(found) == 1 else 's'} with results, against the holdout: {named}. "
            f"{only}".strip(),
            facts={
                **known(revenue=" ".join(brought[:MOST_BESIDE])),
                "campaigns": [
                    known(
                        campaign=ref.mark,
                        result=word,
                        verdict=verdict,
                        side_by_side=beside if number < MOST_BESIDE else None,
                    )
                    for number, (ref, (_, word, verdict, beside)) in enumerate(zip(refs, found, strict=True))
                ][:MOST_ROWS],
            },
            tables=(AnswerTable(title="Results", columns=columns, rows=tuple(rows)),),
            records=tuple(refs),
        )

    def _since(self, asker: Asker, campaign: Campaign, given: ResultShow) -> ToolAnswer:
        try:
            found = metrics_of(
                self._house, campaign, since=day_begins(given.since, asker), until=_end(given.until, asker)
            )
        except NothingDecided:
            return _nothing(campaign)
        if not found.contacts:
            return ToolAnswer(
                words=f"{campaign.name} decided about nobody for the first time {_span(given)}.",
                facts={"contacts": 0},
                records=(campaign_ref(campaign.id, campaign.name),),
            )
        word, verdict = _headline(found)
        said = f"{verdict} {side_by_side(found)}".strip()
        return ToolAnswer(
            words=f"{campaign.name}, contacts first decided about {_span(given)}: {said}",
            facts=_facts(found, word, asker) | known(since=_iso(given.since), until=_iso(given.until)),
            tables=(lift_table(found), arm_table(found)),
            records=(campaign_ref(campaign.id, campaign.name),),
        )


def _nothing(campaign: Campaign) -> ToolAnswer:
    return ToolAnswer(
        words=f"{campaign.name} has decided nothing yet; dry runs do not count. There is nothing to compare.",
        facts={"decided": 0},
        records=(campaign_ref(campaign.id, campaign.name),),
    )


def _headline(metrics: CampaignMetrics) -> tuple[str, str]:
    """The verdict's word and sentence; how fast contacts come in is not asked of a part of them."""
    head = headline_of(metrics, Pace(weeks=1, contacts_a_week=0))
    return head.word, head.verdict


def _facts(found: CampaignMetrics, word: str, asker: Asker) -> dict[str, Any]:
    lifts = [one for one in found.lifts if is_worth_a_line(one, found)]
    return known(
        campaign=campaign_ref(found.campaign_id).mark,
        result=word,
        usual_practice=None
        if any(one.arm is Arm.USUAL for one in found.arms)
        else "decides for nobody, so it is not compared",
        goal=f"{found.goal.value} within {found.window_days} days",
        contacts=found.contacts,
        counted=moment(found.computed_at, asker),
        against_the_holdout=[
            {
                "arm": ARMS[one.arm],
                "what": WHAT_NAMES.get(one.what, one.what),
                "told": sentence(one, found.currency),
            }
            for one in lifts[:MOST_LIFTS]
        ],
        arms=[
            {
                "arm": ARMS[one.arm],
                "contacts": one.contacts,
                "written_to": one.written_to,
                "window_closed": one.closed_windows,
                "reached": {what: many for what, many in one.reached.items() if many},
            }
            for one in found.arms
        ],
    )


def _pictures(found: CampaignResults) -> tuple[AnswerPicture, ...]:
    from app.web.figures import CHARTS

    base = f"/results/{found.metrics.campaign_id}/chart"
    return tuple(
        AnswerPicture(path=f"{base}/{name}", words=words)
        for name, words in PICTURES.items()
        if CHARTS[name](found) is not None
    )


def _has_chart(found: Funnel) -> bool:
    from app.web.figures import conversions

    return conversions(found) is not None


def _end(until: date | None, asker: Asker) -> datetime | None:
    """The moment a day ends in the asker's zone, in UTC."""
    return day_begins(until + timedelta(days=1), asker) if until else None


def _span(given: ResultShow) -> str:
    since, until = _iso(given.since), _iso(given.until)
    if since and until:
        return f"from {since} to {until}"
    return f"since {since}" if since else f"up to {until}"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _percent(share: float | None, low: float | None, high: float | None) -> str:
    if share is None or low is None or high is None:
        return "not enough data to tell"
    return f"{share:.1%}, between {low:.1%} and {high:.1%}"


def _funnel_words(found: Funnel) -> str:
    said = [
        f"{tables.STAGES[one.stage.value]} to {tables.STAGES[one.next_stage.value]} "
        f"{_percent(one.share, one.low, one.high)}"
        for one in found.conversions
    ]
    return "; ".join(said) + "." if said else "no stage was entered."


def _deal_words(found: Funnel, span: str) -> str:
    closed = sum(one.closed_deals for one in found.pipeline)
    won, is_open = (
        sum(one.won_deals for one in found.pipeline),
        sum(one.open_deals for one in found.pipeline),
    )
    if not found.pipeline:
        return ""
    ended = f"{closed:,} closed{span}, {won:,} of them won" if closed else f"none closed{span}"
    return (
        f"Deals: {ended}; {is_open:,} {'is' if is_open == 1 else 'are'} open now. Renewals are not counted."
    )


def _conversion_facts(one: Any) -> dict[str, Any]:
    return {
        "from": tables.STAGES[one.stage.value],
        "to": tables.STAGES[one.next_stage.value],
        "entered": one.entered,
        "converted": one.converted,
        "share": _percent(one.share, one.low, one.high),
    }


def _pipeline_facts(one: Any) -> dict[str, Any]:
    def a_day(cents: float | None) -> str | None:
        return None if cents is None else whole_money(cents, one.currency)

    return known(
        currency=one.currency,
        open_deals=one.open_deals,
        closed_deals=one.closed_deals,
        won_deals=one.won_deals,
        won=_percent(one.win_rate, one.win_rate_low, one.win_rate_high),
        mean_value=a_day(one.value_cents),
        cycle_days=None if one.cycle_days is None else round(one.cycle_days),
        a_day=a_day(one.cents_per_day),
        a_day_between=[a_day(one.cents_per_day_low), a_day(one.cents_per_day_high)]
        if one.cents_per_day_low is not None
        else None,
    )
