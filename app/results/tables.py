"""Results as tables: the same rows behind every chart, on the page and in the file to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.funnels import Funnel
from app.lift_words import ONE_OF
from app.results.arm_tables import arms, lifts
from app.results.beliefs import EVERYONE, SILENCE, Beliefs
from app.results.campaign import CampaignResults
from app.results.changes import Change
from app.results.shapes import ARMS, Column, ResultTable, Value
from learning.attribution import Rule


def tables_of(results: CampaignResults, titles: Mapping[str, str]) -> dict[str, ResultTable]:
    """Return a campaign's tables by name; `titles` are those of content."""
    made = (
        arms(results),
        lifts(results),
        curve(results),
        credit(results, titles),
        handled(results),
        costs(results),
    )
    return {table.name: table for table in made}


def curve(results: CampaignResults) -> ResultTable:
    """The learning curves' points."""
    currency = results.metrics.currency
    return ResultTable(
        name="curve",
        title="Learning curves, by who decided",
        columns=(
            Column(title="Who decided"),
            Column(title="Four weeks up to the week of", kind="day"),
            Column(title="Messages", kind="count"),
            Column(title="Answered", kind="count"),
            Column(title="Share answered", kind="share"),
            Column(title="Share from", kind="share"),
            Column(title="Share to", kind="share"),
            Column(title="Decisions", kind="count"),
            Column(title="Worth a decision", kind="money", currency=currency),
            Column(title="Worth from", kind="money", currency=currency),
            Column(title="Worth to", kind="money", currency=currency),
        ),
        rows=tuple(
            (
                ARMS[point.arm],
                point.week,
                point.messages,
                point.answered,
                point.share,
                point.low,
                point.high,
                point.decisions,
                point.cents,
                point.cents_low,
                point.cents_high,
            )
            for arm in ARMS
            for point in results.curve
            if point.arm is arm
        ),
        note="Empty where fewer than 30 messages, or contacts, would speak.",
    )


def credit(results: CampaignResults, titles: Mapping[str, str]) -> ResultTable:
    """Revenue credited to content, by rule."""
    found = results.credit
    rules = {Rule.LAST: "Last touch", Rule.POSITION: "Position-based", Rule.TIME_DECAY: "Time decay"}
    rows: list[tuple[Value, ...]] = [
        (titles.get(line.asset_id, line.asset_id), line.touches, *(line.cents[rule] for rule in rules))
        for line in found.lines
    ]
    if rows:
        sums = (round(sum(line.cents[rule] for line in found.lines)) for rule in rules)
        rows.append(("All content", sum(line.touches for line in found.lines), *sums))
    return ResultTable(
        name="attribution",
        title="Revenue by the content that was there before it",
        columns=(
            Column(title="Content"),
            Column(title="Messages before a purchase", kind="count"),
            *(Column(title=title, kind="whole", currency=found.currency) for title in rules.values()),
        ),
        rows=tuple(rows),
    )


def handled(results: CampaignResults) -> ResultTable:
    """Who handled decisions, week by week."""
    heads = ("Decisions", "Sent alone", "Silent alone", "Kept back by a rule", "Approved as it stood")
    more = ("Approved after edits", "Rejected", "Waiting", "Expired")
    return ResultTable(
        name="handled",
        title="Decisions handled alone or by a person, by week",
        columns=(
            Column(title="Week of", kind="day"),
            *(Column(title=head, kind="count") for head in (*heads, *more)),
            Column(title="Share alone", kind="share"),
        ),
        rows=tuple(
            (
                week.week,
                week.decisions,
                week.alone,
                week.silent,
                week.blocked,
                week.as_it_stood,
                week.edited,
                week.rejected,
                week.waiting,
                week.expired,
                week.share_alone,
            )
            for week in results.handled
        ),
    )


def costs(results: CampaignResults) -> ResultTable:
    """What it cost, and one more outcome."""
    found, goal = results.costs, results.metrics.goal.value
    extra = found.extra
    return ResultTable(
        name="costs",
        title="What it cost",
        columns=(
            Column(title="What"),
            Column(title="How many", kind="number"),
            Column(title="Cost", kind="money", currency=found.currency),
            Column(title="From", kind="money", currency=found.currency),
            Column(title="To", kind="money", currency=found.currency),
        ),
        rows=(
            ("Messages sent", found.messages, found.contact_cents, None, None),
            (
                f"Calls to models ({found.model_currency})",
                found.model_calls,
                None if found.is_unpriced else found.model_cents,
                None,
                None,
            ),
            (f"One more {ONE_OF[goal]}", extra.extra, extra.cents, extra.low, extra.high),
        ),
        note="A cost of one more outcome is given only where the lift is told to be better.",
    )


def conversions(funnel: Funnel) -> ResultTable:
    """The funnel of everyone."""
    return ResultTable(
        name="funnel",
        title="From stage to stage",
        columns=(
            Column(title="Stage"),
            Column(title="Entered", kind="count"),
            Column(title="Converted", kind="count"),
            Column(title="Share within 90 days", kind="share"),
            Column(title="From", kind="share"),
            Column(title="To", kind="share"),
        ),
        rows=tuple(
            (
                f"{STAGES[line.stage.value]} to {STAGES[line.next_stage.value]}",
                line.entered,
                line.converted,
                line.share,
                line.low,
                line.high,
            )
            for line in funnel.conversions
        ),
    )


STAGES = {
    "subscriber": "subscriber",
    "lead": "lead",
    "mql": "MQL",
    "sql": "SQL",
    "opportunity": "opportunity",
    "customer": "customer",
}


def pipeline(funnel: Funnel) -> ResultTable:
    """Pipeline velocity, a currency a row."""
    heads = ("Won of closed", "From", "To")
    rows = []
    for line in funnel.pipeline:
        rates = (line.win_rate, line.win_rate_low, line.win_rate_high)
        units = (
            line.value_cents,
            line.cycle_days,
            line.cents_per_day,
            line.cents_per_day_low,
            line.cents_per_day_high,
        )
        rows.append((line.currency, line.open_deals, line.closed_deals, *rates, *units))
    return ResultTable(
        name="pipeline",
        title="Pipeline velocity",
        columns=(
            Column(title="Currency"),
            Column(title="Open deals", kind="count"),
            Column(title="Closed deals", kind="count"),
            *(Column(title=head, kind="share") for head in heads),
            Column(title="Mean value", kind="whole"),
            Column(title="Cycle", kind="days"),
            Column(title="A day", kind="whole"),
            Column(title="A day from", kind="whole"),
            Column(title="A day to", kind="whole"),
        ),
        rows=tuple(rows),
        note="Each currency stands alone: nothing is converted or added up.",
    )


def beliefs(found: Beliefs, titles: Mapping[str, str], currency: str) -> ResultTable:
    """What the learner believes, a content and segment a row."""
    return ResultTable(
        name="beliefs",
        title="What each content is believed to be worth",
        columns=(
            Column(title="Content"),
            Column(title=f"Segment ({found.by.value})"),
            Column(title="Expected worth a message", kind="money", currency=currency),
            Column(title="Doubt (one standard deviation)", kind="money", currency=currency),
            Column(title="Contacts", kind="count"),
            Column(title="State of knowledge"),
        ),
        rows=tuple(
            (
                content_name(cell.asset_id, titles),
                cell.segment,
                cell.cents,
                cell.doubt_cents,
                cell.contacts,
                cell.knowledge.value,
            )
            for cell in sorted(
                found.cells, key=lambda cell: (cell.segment != EVERYONE, cell.segment, -cell.cents)
            )
        ),
    )


def content_name(asset_id: str, titles: Mapping[str, str]) -> str:
    """A content's title, or what silence is called."""
    return "Silence: send nothing" if asset_id == SILENCE else titles.get(asset_id, asset_id)


def changes(found: Sequence[Change]) -> ResultTable:
    """What was changed and noticed."""
    return ResultTable(
        name="changes",
        title="Changes and shifts",
        columns=(
            Column(title="When", kind="moment"),
            Column(title="What kind"),
            Column(title="What"),
            Column(title="By"),
            Column(title="Line of the audit chain", kind="count"),
        ),
        rows=tuple((one.at, one.lane.value, one.words, one.by or None, one.seq) for one in reversed(found)),
    )
